#!/bin/bash
# The sandbox of the online half, read from strace: every verb that talks enters it before it talks, and runs nothing
# after that; also as a user without rights, and where the kernel has neither Landlock nor seccomp.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

a=me@example.test

# traced NAME VERB...: sets STATUS, and ONLINE: the calls of the online half.
traced() {
	local name=$1 pid
	shift
	mailer "$name" strace -f -qq -s 200 -o "$TAP_DIR/strace" -e trace=execve,connect,prctl,fork,vfork,clone,clone3,landlock_restrict_self \
		"$PREFIX/bin/saslfresh" "$@"
	pid=$(sed -n 's/^\([0-9]*\) *execve("[^"]*saslfresh-online".*/\1/p' "$TAP_DIR/strace" | head -n 1)
	ONLINE=$(grep "^$pid " "$TAP_DIR/strace")
}

# at PATTERN: the line of ONLINE where it stands first; nothing if it does not.
at() { grep -nE "$1" <<<"$ONLINE" | head -n 1 | cut -d: -f1; }

confined() { # NAME
	local files calls talks
	is "$STATUS" 0 "$1: works"
	files=$(at "$FILES")
	calls=$(at 'prctl\(PR_SET_SECCOMP.* = 0')
	talks=$(at 'connect\(.*AF_INET')
	succeeds "$1: files and calls are restricted before the first connection" \
		test "${files:-999}" -lt "${talks:-0}" -a "${calls:-999}" -lt "${talks:-0}"
	succeeds "$1: without new privileges" test "$(at 'PR_SET_NO_NEW_PRIVS, 1.* = 0')" -lt "${files:-0}"
	is "$(tail -n +"${calls:-1}" <<<"$ONLINE" | grep -cE 'execve|fork|SIGSYS')" 0 "$1: nothing is run after that"
}

tap_start
# Where the kernel has no Landlock, what comes next is looked at instead.
FILES='landlock_restrict_self\(.* = 0'
if ! python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'; then
	skip 'files are restricted' 'this kernel has no Landlock'
	FILES='prctl\(PR_SET_SECCOMP.* = 0'
fi
oidc_start
product_start
succeeds 'an account' product_account "$a" mail-post alice@example.test "revocation_endpoint = $OIDC_ISSUER/token/revocation" \
	'seal_command = tr a-z b-za' 'unseal_command = tr b-za a-z'
sed -i '/^\[account me/,/^\[/ { s/^client_secret = \(.*\)/client_secret_command = cat ~\/secret/ }' "$PRODUCT_CONFIG"
(umask 077 && printf '%s\n' "$OIDC_MAIL_SECRET_POST" >"$PRODUCT_HOME/secret")

traced refresh refresh --force "$a"
confined 'a refresh with a secret and a seal by commands'
oidc_mint mail-post alice@example.test "$PRODUCT_HOME/refresh-token"
traced login login "$a" --refresh-token-file "$PRODUCT_HOME/refresh-token"
confined 'a login'
oidc_mint mail-post alice@example.test "$PRODUCT_HOME/refresh-token"
(umask 077 && printf '{"refresh_token":"%s","client_secret":"another-secret"}' "$(cat "$PRODUCT_HOME/refresh-token")" >"$PRODUCT_HOME/foreign.json")
traced import import "$a" "$PRODUCT_HOME/foreign.json"
confined 'an import'
like "$OUTPUT" 'client_secret in the file is not the one' 'which still compares the client secret'
rm "$PRODUCT_HOME/foreign.json" "$PRODUCT_HOME/refresh-token"
traced logout logout "$a"
confined 'a logout'

# ---- a user without rights ----

oidc_mint mail-post alice@example.test "$PRODUCT_HOME/refresh-token"
chown -R 65534:65534 "$PRODUCT_HOME"
as_nobody() {
	local name=$1
	shift
	mailer "$name" setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
as_nobody nobody.login "$PREFIX/bin/saslfresh" login "$a" --refresh-token-file "$PRODUCT_HOME/refresh-token"
is "$STATUS" 0 'a user without rights logs in'
as_nobody nobody.refresh "$PREFIX/bin/saslfresh" refresh --force "$a"
is "$STATUS" 0 'and refreshes'
chown -R 0:0 "$PRODUCT_HOME"

# ---- a kernel that lacks it ----

# strace stands in for it: the calls give what an older kernel gives.
mailer lacking strace -f -qq -o "$TAP_DIR/strace" -e trace=prctl,landlock_create_ruleset -e inject=landlock_create_ruleset:error=ENOSYS \
	"$PREFIX/bin/saslfresh" refresh --force "$a"
is "$STATUS" 0 'without Landlock a refresh works'
succeeds 'which was not there' grep -q 'landlock_create_ruleset.*ENOSYS' "$TAP_DIR/strace"
like "$(cat "$TAP_DIR/strace")" 'prctl\(PR_SET_SECCOMP.* = 0' 'and the rest is used'
mailer lacking.all strace -f -qq -o "$TAP_DIR/strace" -e trace=prctl,landlock_create_ruleset -e inject=landlock_create_ruleset:error=EOPNOTSUPP \
	-e inject=prctl:error=EINVAL "$PREFIX/bin/saslfresh" refresh --force "$a"
is "$STATUS" 0 'and so it does without any'

no_leaks
tap_end
