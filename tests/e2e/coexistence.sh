#!/bin/bash
# Neighbours: other plugins for XOAUTH2 beside ours, accounts with a password beside ours, and nothing configured at all.
# What doc/mailers/coexistence.md says of each is seen here; of Postfix and sendmail in their own tests.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=me@example.test
other=bob@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# in_places DIRECTORY...: libsasl2 looks there, in that order, and then where the system's plugins are.
in_places() {
	local IFS=:
	places="$*:$SASL_DIRECTORY"
}

# logs_in NAME MECHANISMS [PASSWORD]: an mbsync that looks for plugins in places.
logs_in() {
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mbsync_prepare "run$CLIENTS_RUNS" "$1" "$2" IMAPS
	[ -z "${3-}" ] || sed -i "/^User /aPass $3" "$TAP_DIR/near/run$CLIENTS_RUNS.conf"
	mailer "mbsync.$CLIENTS_RUNS" env SASL_PATH="$places" "${MBSYNC[@]}"
}

# tests_in NAME MECHANISM [PASSWORD]: an imtest that looks there; without a mechanism it leaves the choice to libsasl2.
tests_in() {
	cyrus_command imtest "$1" "$2" TLS "$IMAP_PORT" "$IMAPS_PORT"
	CYRUS=(env SASL_PATH="$places" "${CYRUS[@]:0:${#CYRUS[@]}-1}" ${3:+-w "$3"} localhost)
	printf 'a LOGOUT\r\n' >"$TAP_DIR/near/bye"
	cyrus_run
}

# etpan_in NAME MECHANISM: libetpan, which is told the mechanism and has no password.
etpan_in() {
	mailer "etpan.$TAP_COUNT" env SASL_PATH="$places" "${CLIENTS_RUN[@]}" "$TAP_DIR/libetpan" imap "$2" "$1" "$IMAPS_PORT"
}

# by METHOD NAME MECHANISMS PASSWORD DESCRIPTION [HOW]: it logs in, with that method and no other.
by() {
	local before
	before=$(dovecot_logins "method=$1")
	"${6-logs_in}" "$2" "$3" "$4"
	is "$STATUS" 0 "$5"
	dovecot_saw 1 "$before" "... by $1" "method=$1"
}

# configure LINE: a line for all accounts, or none.
configure() {
	sed -i -e '/^rank = /d' -e '/^programs = /d' "$PRODUCT_CONFIG"
	[ -z "${1-}" ] || sed -i "1i$1" "$PRODUCT_CONFIG"
}

# neighbour NAME FLAGS SSF: builds one.
neighbour() {
	mkdir -p "$TAP_DIR/$1"
	cc -shared -fPIC -DFLAGS="$2" -DSSF="$3" -o "$TAP_DIR/$1/lib$1.so" "$kit/neighbour.c" >>"$TAP_DIR/log/cc.log" 2>&1 ||
		bail "cannot build $kit/neighbour.c"
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients libetpan-dev libsasl2-modules-kdexoauth2
libetpan_build || bail "libetpan.c does not compile: $(cat "$TAP_DIR/log/libetpan.log")"
ours=$PREFIX/lib/sasl2
kde=$(dirname "$(find "$CLIENTS_ROOT" -name libkdexoauth2.so | head -n 1)")
succeeds 'an account' product_account "$account" mail-post

# ---- other plugins ----

for order in "$ours:$kde" "$kde:$ours"; do
	in_places "$order"
	loaded=$([ "$order" = "$ours:$kde" ] && echo after || echo before)
	by XOAUTH2 "$account" XOAUTH2 '' "mbsync, KDE's plugin loaded $loaded ours: ours is taken"
	by XOAUTH2 "$account" XOAUTH2 '' "imtest, KDE's plugin loaded $loaded ours" tests_in
	by XOAUTH2 "$account" XOAUTH2 '' "libetpan, KDE's plugin loaded $loaded ours" etpan_in
done

# What it is for, where ours is not: the command gives the token that it wants for a password.
by_command() {
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mbsync_prepare "run$CLIENTS_RUNS" "$1" "$2" IMAPS
	sed -i "/^User /aPassCmd \"$PREFIX/bin/saslfresh token $1\"" "$TAP_DIR/near/run$CLIENTS_RUNS.conf"
	mailer "mbsync.$CLIENTS_RUNS" env SASL_PATH="$places" "${MBSYNC[@]}"
}
in_places "$kde"
by XOAUTH2 "$account" XOAUTH2 '' "KDE's plugin alone, with PassCmd: saslfresh token" by_command
product_expire "$account"
sed -i 's/^client_secret = /&x/' "$PRODUCT_CONFIG"
by_command "$account" XOAUTH2
isnt_zero "$STATUS" '... where no token can be had mbsync fails'
like "$OUTPUT" 'no access token of .*invalid_client' '... and says why'
sed -i 's/^client_secret = x/client_secret = /' "$PRODUCT_CONFIG"

# Debian has no others; stand-ins have the flags by which libsasl2 chooses: those of KDE's, those of cyrus-sasl-xoauth2
# and sasl2-oauth, and those of sasl-xoauth2, which claims that nobody can read its tokens, and 60 bits.
neighbour modest SASL_SEC_NOANONYMOUS 0
neighbour passing 'SASL_SEC_NOANONYMOUS|SASL_SEC_PASS_CREDENTIALS' 0
for name in modest passing; do
	for order in "$ours:$TAP_DIR/$name" "$TAP_DIR/$name:$ours"; do
		in_places "$order"
		by XOAUTH2 "$account" XOAUTH2 '' "a plugin with the flags of the $name ones: ours is taken"
	done
done

neighbour boasting 'SASL_SEC_NOANONYMOUS|SASL_SEC_NOPLAINTEXT|SASL_SEC_PASS_CREDENTIALS' 60
for order in "$ours:$TAP_DIR/boasting" "$TAP_DIR/boasting:$ours"; do
	in_places "$order"
	logs_in "$account" XOAUTH2
	isnt_zero "$STATUS" 'a plugin that claims more than it has is taken before ours'
	like "$OUTPUT" 'the neighbour was taken' '... whatever the order'
	configure 'rank = first'
	by XOAUTH2 "$account" XOAUTH2 '' '... and rank = first settles it'
	configure
done

# ---- accounts with a password ----

in_places "$ours"
by PLAIN "$other" PLAIN "$DOVECOT_PASSWORD" 'an account with a password, and the mechanism named'
by XOAUTH2 "$account" XOAUTH2 '' '... while ours goes on'
logs_in "$other" '*' "$DOVECOT_PASSWORD"
isnt_zero "$STATUS" 'an account with a password, no mechanism named: ours is taken for it, and fails'
like "$OUTPUT" "there is no account $other" '... and says why'
tests_in "$other" '' "$DOVECOT_PASSWORD"
isnt_zero "$STATUS" 'imtest: the same'
like "$OUTPUT" 'user not found' "... and says so in libsasl2's words"
by PLAIN "$other" PLAIN "$DOVECOT_PASSWORD" '... while the mechanism, named, settles it' tests_in
etpan_in "$other" XOAUTH2
isnt_zero "$STATUS" 'libetpan: a name without an account'
configure 'rank = polite'
by 'PLAIN|method=LOGIN' "$other" '' "$DOVECOT_PASSWORD" 'imtest: with rank = polite the password is taken' tests_in
by PLAIN "$other" '*' "$DOVECOT_PASSWORD" 'with rank = polite its password is taken'
by XOAUTH2 "$account" XOAUTH2 '' '... and ours where the program names it'
configure 'programs = postfix'
by PLAIN "$other" '*' "$DOVECOT_PASSWORD" 'with programs = ... that do not name it, too'
logs_in "$account" XOAUTH2
isnt_zero "$STATUS" '... and then ours is not there for this program'
configure

# ---- no account ----

product_token "$account"
mv "$PRODUCT_CONFIG" "$PRODUCT_CONFIG.aside"
by PLAIN "$other" '*' "$DOVECOT_PASSWORD" 'no account configured: a password is taken as ever'
is "$OUTPUT" '' '... without a word'
logs_in "$account" XOAUTH2
like "$OUTPUT" 'mechanism\(s\) not available' '... and there is no XOAUTH2'
by 'PLAIN|method=LOGIN' "$other" '' "$DOVECOT_PASSWORD" 'imtest: the same' tests_in
tests_in "$account" XOAUTH2
like "$OUTPUT" 'no mechanism available' '... and there is no XOAUTH2'
etpan_in "$account" XOAUTH2
isnt_zero "$STATUS" 'libetpan: there is no XOAUTH2'
unlike "$OUTPUT" saslfresh '... and nothing is said of us'
in_places "$kde:$ours"
by XOAUTH2 "$account" XOAUTH2 "$TOKEN" "with KDE's plugin, which wants a token for a password, that is taken"
by XOAUTH2 "$account" XOAUTH2 "$TOKEN" '... by imtest, too' tests_in
mv "$PRODUCT_CONFIG.aside" "$PRODUCT_CONFIG"

no_leaks
tap_end
