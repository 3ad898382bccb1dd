# hooks.sh: contrib/ssmtp/hooks, the lines that call the modules, and contrib/ssmtp/add-hooks, which puts them into a source.
# With SSMTP_SRC=DIR, an unpacked sSMTP, into a copy of that. Needs tap.sh; modules is contrib/ssmtp.

# The source without what stands there for HAVE_SASL.
without_hooks() {
	awk '/^#ifdef HAVE_SASL$/ { ours = drop = 1; next }
		ours && /^#else$/ { drop = 0; next }
		ours && /^#endif$/ { ours = drop = 0; next }
		!drop' "$1"
}

# added PATCH: its lines.
added() { sed -n 's/^+\([^+]\|$\)/\1/p' "$1"; }

# What a patch may hold: its head, numbers, and lines of ours.
patches() {
	local patch name
	for patch in "$modules"/hooks/*.patch; do
		name=${patch##*/}
		is "$(sed '1,/^--- a/d' "$patch" | grep -vE '^(\+|@@ -[0-9]+,0 \+[0-9]+(,[0-9]+)? @@$)')" '' "$name: adds, and holds no line of sSMTP"
		like "$(sed '/^--- a/q' "$patch")" 'GPL-2\.0-or-later' '... says its licence'
		like "$(sed '/^--- a/q' "$patch")" '^SHA-256 [0-9a-f]{64}$' '... and to which file it belongs'
		mkdir -p "$TAP_DIR/hooks/$name"
		yes '' | head -n 2200 >"$TAP_DIR/hooks/$name/ssmtp.c"
		succeeds '... patch(1) takes it' patch -s -p1 -d "$TAP_DIR/hooks/$name" -i "$patch"
		is "$(without_hooks "$TAP_DIR/hooks/$name/ssmtp.c" | sort -u | tr -d '\n')" '' '... all of it is for HAVE_SASL alone'
		is "$(added "$patch")" "$(added "$modules/hooks/2.64.patch")" '... and says the same as that for 2.64'
	done
}

# add_hooks ARGUMENT...: sets STATUS and OUTPUT.
add_hooks() {
	STATUS=0
	OUTPUT=$("$modules/add-hooks" "$@" 2>&1) || STATUS=$?
}

refusals() {
	local place=$TAP_DIR/hooks/other
	add_hooks --help
	is "$STATUS" 0 'add-hooks --help'
	like "$OUTPUT" 'add-hooks DIR' '... says how it is called'
	add_hooks
	is "$STATUS" 64 '... and without a directory that is an error'
	mkdir -p "$place"
	add_hooks "$place"
	is "$STATUS" 1 'add-hooks: a directory without an sSMTP'
	like "$OUTPUT" "there is no $place/ssmtp\.c" '... is named'
	printf 'int main(void) { return 0; }\n' >"$place/ssmtp.c"
	add_hooks "$place"
	is "$STATUS" 1 'add-hooks: another ssmtp.c'
	like "$OUTPUT" 'is not that of 2\.64.*nothing was changed' '... is refused'
	is "$(cd "$place" && ls)" ssmtp.c '... and left alone'
}

with_source() { # DIR
	local place=$TAP_DIR/hooks/source
	cp -R "$1" "$place" || bail "cannot copy $1"
	add_hooks "$place"
	is "$STATUS" 0 'add-hooks: a real source' || diag "$OUTPUT"
	succeeds '... is as it was, as long as HAVE_SASL is not defined' cmp -s <(without_hooks "$place/ssmtp.c") "$1/ssmtp.c"
	succeeds '... and is kept as it was' cmp -s "$place/ssmtp.c.orig" "$1/ssmtp.c"
	like "$(cat "$place/ssmtp.c")" 'ssmtp_sasl_auth\(&sasl, buf\)' '... calls the modules'
	succeeds '... and has them beside it' cmp -s "$place/ssmtp_tls.h" "$modules/ssmtp_tls.h"
	cp "$place/ssmtp.c" "$TAP_DIR/hooks/once"
	: >"$place/ssmtp_tls.h"
	add_hooks "$place"
	is "$STATUS" 0 'add-hooks: a second time'
	succeeds '... the lines stay as they are' cmp -s "$place/ssmtp.c" "$TAP_DIR/hooks/once"
	succeeds '... and the modules come anew' cmp -s "$place/ssmtp_tls.h" "$modules/ssmtp_tls.h"
}

hooks_cases() {
	mkdir -p "$TAP_DIR/hooks"
	patches
	refusals
	if [ -n "${SSMTP_SRC-}" ]; then
		with_source "$SSMTP_SRC"
	else
		skip 'add-hooks: a real source' 'SSMTP_SRC names none'
	fi
}
