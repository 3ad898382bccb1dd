#!/bin/bash
# `saslfresh import`: grants that other tools have, in the files that they write, taken over at a real authorization
# server. The file of mutt_oauth2.py is written by mutt_oauth2.py and encrypted by gpg.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

user=alice@example.test
account=me@example.test

# configure CLIENT [LINE...]: the account alone, nobody logged in.
configure() {
	local client=$1
	shift
	rm -rf "$PRODUCT_STATE"
	{
		printf '[account %s]\n' "$account"
		[ "$client" = none ] || product_client "$client"
		printf '%s\n' "ca_file = $OIDC_CA" 'scope = openid offline_access mail' "$@"
	} >"$PRODUCT_CONFIG"
}
endpoint() { printf 'token_endpoint = %s/token' "$OIDC_ISSUER"; }

mint() { oidc_mint "${1-mail-public}" "$user" "$PRODUCT_HOME/minted" && RT=$(cat "$PRODUCT_HOME/minted"); }

# write NAME TEXT [MODE]
write() { (umask 077 && printf '%s\n' "$2" >"$PRODUCT_HOME/$1") && chmod "${3-0600}" "$PRODUCT_HOME/$1"; }

# takes NAME DESCRIPTION: the file is taken over, by one refresh, and left as it is.
takes() {
	local before asked
	before=$(stat -c '%Y %i' "$PRODUCT_HOME/$1" && cat "$PRODUCT_HOME/$1" | sha256sum)
	asked=$(refreshes)
	product "import.$TAP_COUNT" import "$account" "$PRODUCT_HOME/$1"
	is "$STATUS" 0 "$2"
	is "$(($(refreshes) - asked))" 1 '... proved by one refresh'
	is "$(stat -c '%Y %i' "$PRODUCT_HOME/$1" && cat "$PRODUCT_HOME/$1" | sha256sum)" "$before" '... and left as it was'
	like "$OUTPUT" 'logged in; the access token lives for (59|60) min' '... which is said'
	SAID=$OUTPUT
	product "renewed.$TAP_COUNT" refresh "$account" --force
	is "$STATUS" 0 '... and what is stored can be renewed'
}

# refuses NAME STATUS PATTERN DESCRIPTION: nothing is sent, and nothing stored.
refuses() {
	local asked
	asked=$(refreshes)
	product "refused.$TAP_COUNT" import "$account" "$PRODUCT_HOME/$1"
	is "$STATUS" "$2" "$4"
	like "$OUTPUT" "^saslfresh: cannot import the grant of $account: .*$3" '... and why'
	is "$(grep -vc '^gpg: ' <<<"$OUTPUT")" 1 '... in one line'
	is "$(($(refreshes) - asked))" 0 '... and nothing was sent'
	fails '... and nothing is stored' test -e "$PRODUCT_STATE/$account.grant"
}

# dumped VERSION [NAME...]: a dump of these accounts, all with the grant RT, and of one where nobody is logged in.
dumped() {
	local version=$1 name accounts=
	shift
	for name; do
		accounts+="{\"name\": \"$name\", \"client_id\": \"mail-public\", \"token_uri\": \"$OIDC_ISSUER/token\", \"refresh_token\": \"$RT\"}, "
	done
	printf '[%s{"name": "idle", "client_id": "x", "token_uri": "x"}]' "$accounts" | "${NODE:-node}" "$kit/pizauth.mjs" "$version" >"$PRODUCT_HOME/dump"
}
# piped NAME: an import of the dump.
piped() {
	STATUS=0
	OUTPUT=$(cat "$PRODUCT_HOME/dump" | product_environment timeout -k 5 60 "$PREFIX/bin/saslfresh" import "$account" - 2>&1) || STATUS=$?
	printf '%s\n' "$OUTPUT" >"$TAP_DIR/out/piped.$TAP_COUNT"
}

gpg_run() { HOME=$PRODUCT_HOME gpg --batch --quiet "$@" >>"$TAP_DIR/log/gpg.log" 2>&1; }
stop_agent() { HOME=$PRODUCT_HOME gpgconf --kill all >>"$TAP_DIR/log/gpg.log" 2>&1; }

tap_start
oidc_start
product_start
trap 'stop_agent; tap_exit' EXIT

# ---- the formats ----

configure mail-public "$(endpoint)" "user = $user"
mint
write sasl-xoauth2 '{
	"access_token" : "stale",
	"client_id" : "mail-public",
	"expiry" : "1700000000",
	"refresh_token" : "'"$RT"'",
	"token_endpoint" : "'"$OIDC_ISSUER"'/token",
	"user" : "'"$user"'"
}'
takes sasl-xoauth2 'the file of sasl-xoauth2'
like "$SAID" "^$account: found refresh_token, client_id, token_endpoint, user\$" '... and what was found'
unlike "$SAID" 'the file has' '... and nothing differs'
like "$SAID" "sasl-xoauth2 is as it was. Let nothing use it any more" '... and the advice'

for name in refresh_token refreshToken refresh-token; do
	configure mail-public "$(endpoint)"
	mint
	write plain "{\"$name\":\"$RT\"}"
	takes plain "JSON with $name"
done

configure mail-post "$(endpoint)"
mint mail-post
write google "{\"token\":\"x\",\"refresh_token\":\"$RT\",\"token_uri\":\"$OIDC_ISSUER/other\",\"client_id\":\"mail-post\",
\"client_secret\":\"another-secret\",\"scopes\":[\"a\",\"b\"],\"user\":\"bob@example.test\",\"expiry\":null}"
takes google 'JSON with a token_uri, lists and numbers'
like "$SAID" "^$account: the file has token_endpoint = $OIDC_ISSUER/other, the configuration $OIDC_ISSUER/token\$" '... another path'
like "$SAID" "^$account: the file has user = bob@example.test, the configuration $account\$" '... another user'
like "$SAID" 'client_secret in the file is not the one that is configured' '... another secret'
unlike "$SAID" 'another-secret' '... which is not shown'

configure mail-public "$(endpoint)"
mint
write piped "{\"refresh_token\":\"$RT\"}"
cat "$PRODUCT_HOME/piped" >"$TAP_DIR/home/input"
mkfifo -m 0600 "$TAP_DIR/home/pipe"
cat "$TAP_DIR/home/input" >"$TAP_DIR/home/pipe" &
mailer_at "$TAP_DIR/out" piped "$TAP_DIR/home/pipe" "$PREFIX/bin/saslfresh" import "$account" -
is "$STATUS" 0 'JSON from a pipe'
configure mail-public "$(endpoint)"
mint
write piped "{\"refresh_token\":\"$RT\"}"
mailer_at "$TAP_DIR/out" redirected "$PRODUCT_HOME/piped" "$PREFIX/bin/saslfresh" import "$account" -
is "$STATUS" 0 'JSON from a redirected file'

# ---- gpg ----

if command -v gpg >/dev/null; then
	mkdir -m 0700 "$PRODUCT_HOME/.gnupg"
	succeeds 'a key without a passphrase' gpg_run --passphrase '' --quick-gen-key tokens@example.test default default never

	kit_cache
	packages_unpack "$KIT_CACHE/clients" mutt 2>>"$TAP_DIR/log/packages.log" || bail 'cannot unpack mutt'
	script=$TAP_DIR/mutt_oauth2.py
	sed -e 's/YOUR_GPG_IDENTITY/tokens@example.test/' -e "/'google': {/,/},/{s|'token_endpoint': .*|'token_endpoint': '$OIDC_ISSUER/token',|
		s|'client_id': .*|'client_id': 'mail-public',|}" "$KIT_CACHE/clients/usr/share/doc/mutt/examples/mutt_oauth2.py" >"$script"
	mint
	write first "{\"registration\":\"google\",\"authflow\":\"authcode\",\"email\":\"$user\",\"access_token\":\"\",
		\"access_token_expiration\":\"\",\"refresh_token\":\"$RT\"}"
	succeeds 'a file as mutt_oauth2.py finds it' gpg_run --encrypt -r tokens@example.test -o "$PRODUCT_HOME/tokens" "$PRODUCT_HOME/first"
	rm "$PRODUCT_HOME/first"
	chmod 0600 "$PRODUCT_HOME/tokens"
	before=$(sha256sum <"$PRODUCT_HOME/tokens")
	STATUS=0
	SSL_CERT_FILE=$OIDC_CA product_environment /usr/bin/python3 "$script" "$PRODUCT_HOME/tokens" >"$TAP_DIR/home/mutt.out" 2>"$TAP_DIR/out/mutt" ||
		STATUS=$?
	is "$STATUS" 0 'mutt_oauth2.py works with it'
	fails '... and has written it anew' test "$(sha256sum <"$PRODUCT_HOME/tokens")" = "$before"
	configure mail-public "$(endpoint)" "user = $user"
	takes tokens 'the file of mutt_oauth2.py, which gpg decrypts'
	like "$SAID" "^$account: found refresh_token, user\$" '... and what was found'

	mint
	configure mail-public "$(endpoint)"
	dumped 1 other
	gpg_run --encrypt -r tokens@example.test -o "$PRODUCT_HOME/dump.gpg" "$PRODUCT_HOME/dump"
	takes dump.gpg 'a dump of pizauth that gpg decrypts'
	rm "$PRODUCT_HOME/dump"

	mint
	write clear "{\"access_token\":\"a\",\"email\":\"$user\",\"exp_date\":\"2026-01-01T00:00:00Z\",\"expires_in\":3599,
		\"refresh_token\":\"$RT\",\"scope\":\"mail\",\"service\":\"google\",\"token_type\":\"Bearer\"}"
	gpg_run --encrypt -r tokens@example.test -o "$PRODUCT_HOME/$user.oama" "$PRODUCT_HOME/clear"
	rm "$PRODUCT_HOME/clear"
	chmod 0644 "$PRODUCT_HOME/$user.oama"
	configure mail-public "$(endpoint)" "user = $user"
	takes "$user.oama" 'the file of oama, which others may read because it is encrypted'

	head -c 200 "$PRODUCT_HOME/tokens" >"$PRODUCT_HOME/cut"
	chmod 0600 "$PRODUCT_HOME/cut"
	configure mail-public "$(endpoint)"
	refuses cut 71 "cut is not JSON, and gpg cannot decrypt it \(gpg --decrypt '.*cut' tells why\)" 'a file that gpg cannot decrypt'
	mkdir "$TAP_DIR/empty"
	product_environment env PATH="$TAP_DIR/empty" "$PREFIX/bin/saslfresh" import "$account" "$PRODUCT_HOME/tokens" \
		>"$TAP_DIR/out/no-gpg" 2>&1
	is "$?" 71 'a machine without gpg'
	like "$(cat "$TAP_DIR/out/no-gpg")" 'there is no gpg to decrypt it with \(apt install gnupg\)' '... and the remedy'
	is "$(find "$PRODUCT_HOME" -newer "$script" -type f -print0 | xargs -0 grep -lF "$RT" | grep -v '/minted$')" '' 'nothing of it is on the disk in the clear'
else
	skip 'files that gpg encrypts' 'no gpg here (Debian: apt install gnupg)'
fi

# ---- what does not fit, and what is missing ----

RT=rt-that-nobody-may-see
configure mail-public "$(endpoint)"
write file "{\"refresh_token\":\"$RT\",\"client_id\":\"another\"}"
refuses file 78 'belongs to client_id another, but .*saslfresh.conf:1 has mail-public \(use .client_id = another. there\)' 'another client_id'
write file "{\"refresh_token\":\"$RT\",\"token_endpoint\":\"https://elsewhere.example.test/token\"}"
refuses file 78 'belongs to https://elsewhere.example.test/token, but account' 'another server'
configure none
write file "{\"refresh_token\":\"$RT\",\"client_id\":\"mine\",\"token_endpoint\":\"https://elsewhere.example.test/token\"}"
refuses file 78 'has no token_endpoint \(the file knows: .client_id = mine., .token_endpoint = https://elsewhere.example.test/token.\)' \
	'an account that lacks what the file knows'
configure none "$(endpoint)" 'client_id = mail-post' 'token_endpoint_auth_method = client_secret_post'
write file "{\"refresh_token\":\"$RT\",\"client_secret\":\"hidden\"}"
refuses file 78 'the file has a client_secret: put it into a file of its own' 'an account that lacks its client secret'
unlike "$OUTPUT" 'hidden' '... which is not shown'

# ---- files that are none ----

configure mail-public "$(endpoint)"
write file "{\"refresh_token\":\"$RT\"}" 0640
[ "$(id -u)" -ne 0 ] || chown nobody "$PRODUCT_HOME/file"
chmod 0644 "$PRODUCT_HOME/file"
refuses file 78 "(mode is 0644 \(chmod 0600|belongs to user)" 'a file that others may read'
rm "$PRODUCT_HOME/file"
for text in '{}' '{"refresh_token":""}' '{"refresh_token":null}' '{"access_token":"x"}'; do
	write file "$text"
	refuses file 78 'the file has no refresh_token' "$text"
done
for text in '{"refresh_token":1}' '{"refresh_token":["x"]}' '{"refresh_token":"a\nb"}' '{"refresh_token":"x","client_id":{}}'; do
	write file "$text"
	refuses file 78 'in the file is no text, is too long' "$text"
done
write file '{"refresh_token":"x"'
refuses file 78 'the file is not a JSON object' 'JSON that is cut off'
: >"$PRODUCT_HOME/file"
refuses file 78 'the file is empty' 'an empty file'
write file "{\"refresh_token\":\"$(head -c 16385 /dev/zero | tr '\0' x)\"}"
refuses file 78 'is too long' 'a refresh token of one octet too many'
write file "{\"refresh_token\":\"x\",\"pad\":\"$(head -c 65536 /dev/zero | tr '\0' x)\"}"
refuses file 78 'larger than 65536 octets' 'a file that is too large'
refuses nowhere 71 'nowhere: No such file' 'a file that is not there'
refuses .config 71 'is not a regular file' 'a directory'

mint
write file "{\"refresh_token\":\"$RT\"}"
oidc_refresh mail-public "$RT" >/dev/null
product dead import "$account" "$PRODUCT_HOME/file"
is "$STATUS" 77 'a refresh token that was spent elsewhere'
like "$OUTPUT" "^saslfresh: cannot import the grant of $account: localhost says invalid_grant .*\(it was used or revoked, or belongs to another client\)\$" '... is told'
fails '... and nothing is stored' test -e "$PRODUCT_STATE/$account.grant"

product nobody import nobody@example.test "$PRODUCT_HOME/file"
is "$STATUS" 78 'an account that is not there'
product few import "$account"
is "$STATUS" 64 'no file is a wrong usage'

rm -f "$PRODUCT_HOME"/{minted,file}

# ---- pizauth: a dump comes through a pipe, as `pizauth dump` gives it ----

for names in "$account" 'other' "other $account"; do
	mint
	configure mail-public "$(endpoint)"
	dumped 1 $names
	piped
	is "$STATUS" 0 "pizauth, accounts $names: taken over"
	like "$OUTPUT" 'found refresh_token, client_id, token_endpoint' '... with what it knows'
	product "renewed.$TAP_COUNT" refresh "$account" --force
	is "$STATUS" 0 '... and what is stored can be renewed'
done
mint
configure none
dumped 1 other
piped
like "$OUTPUT" "the file knows: .client_id = mail-public., .token_endpoint = $OIDC_ISSUER/token" 'pizauth: an account that lacks all is told what the dump knows'
configure mail-public "$(endpoint)"
asked=$(refreshes)
for case in '1 a b/has no account .*, but a, b' '1/no account in the dump of pizauth has a refresh token' '2 a/another version of pizauth'; do
	dumped ${case%%/*}
	piped
	is "$STATUS" 78 "pizauth, ${case%%/*}: refused"
	like "$OUTPUT" "${case#*/}" '... and why'
done
for cut in 1 9 60; do
	CUT=$cut dumped 1 "$account"
	piped
	is "$STATUS" 78 "pizauth: $cut octets are missing"
	like "$OUTPUT" 'dump of pizauth is cut off' '... which is told'
done
is "$(refreshes)" "$asked" 'nothing was sent'
fails 'and nothing is stored' test -e "$PRODUCT_STATE/$account.grant"

no_leaks
tap_end
