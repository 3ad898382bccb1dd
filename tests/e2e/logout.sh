#!/bin/bash
# `saslfresh logout` at a real authorization server: what is revoked is dead there, and what could not be revoked is kept.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

user=alice@example.test

granted() { sed -n "s/^refresh_token = //p" "$PRODUCT_STATE/$1.grant"; }

# files ACCOUNT: the suffixes of what is there.
files() { (cd "$PRODUCT_STATE" && ls -d "$1".* 2>/dev/null | sed "s/^$1//" | tr '\n' ' '); }

# section ACCOUNT SED-COMMAND: changes the account's section.
section() { sed -i "/^\[account $1\]/,/^\[/ $2" "$PRODUCT_CONFIG"; }

tap_start
oidc_start
product_start
mkdir -m 0700 "$PRODUCT_HOME/.config/saslfresh/providers"
printf 'title = Ours\naccount_page = https://accounts.example.test/access\n' >"$PRODUCT_HOME/.config/saslfresh/providers/ours.conf"

for client in mail-post mail-basic mail-public; do
	account=$client@example.test
	succeeds "an account of client $client" product_account "$account" "$client" "$user" \
		"revocation_endpoint = $OIDC_ISSUER/token/revocation"
	refresh_token=$(granted "$account")
	product_token "$account"
	succeeds 'its access token is good' oidc_active "$TOKEN"
	product "logout.$client" logout "$account"
	is "$STATUS" 0 "$client: logout"
	like "$OUTPUT" "^$account: revoked at $OIDC_ISSUER/token/revocation, and forgotten\$" 'says what it did'
	like "$(oidc_refresh "$client" "$refresh_token")" '"error":"invalid_grant"' 'the refresh token is dead at the server'
	fails 'and so is the access token' oidc_active "$TOKEN"
	is "$(files "$account")" '.lock ' 'the grant and the token are gone, the lock file stays'
	product "token.$client" token "$account"
	is "$STATUS" 77 'there is no token to be had'
	like "$OUTPUT" "saslfresh login $account" 'and the sentence says how to get one'
	product "again.$client" logout "$account"
	is "$STATUS $OUTPUT" "0 $account: nobody is logged in; there is nothing to forget" 'a second logout has nothing to do'
done

fresh=fresh@example.test
printf '[account %s]\nclient_id = mail-public\ntoken_endpoint = %s/token\n' "$fresh" "$OIDC_ISSUER" >>"$PRODUCT_CONFIG"
product fresh logout "$fresh"
is "$STATUS $OUTPUT" "0 $fresh: nobody is logged in; there is nothing to forget" 'an account that never was logged in'
is "$(files "$fresh")" '' 'not even a lock file is made'

# ---- a login of today, after the logout of yesterday ----

oidc_mint mail-post "$user" "$PRODUCT_HOME/refresh-token"
product relogin login mail-post@example.test --refresh-token-file "$PRODUCT_HOME/refresh-token"
is "$STATUS" 0 'one can log in again'
product_token mail-post@example.test
is "$STATUS" 0 'and has a token'

# ---- no revocation_endpoint ----

page=page@example.test
succeeds 'an account without a revocation_endpoint' product_account "$page" mail-public "$user" 'provider = ours'
refresh_token=$(granted "$page")
product page logout "$page"
is "$STATUS" 0 'is logged out'
like "$OUTPUT" 'forgotten here; .* no revocation_endpoint' 'here alone, which is said'
like "$OUTPUT" 'https://accounts.example.test/access$' 'with the page where access is taken back'
is "$(files "$page")" '.lock ' 'its files are gone'
like "$(oidc_refresh mail-public "$refresh_token")" '"access_token"' 'at the server the refresh token lives on'

# ---- the server does not agree ----

# refused NAME STATUS PATTERN: mail-post is not logged out, and nothing is lost.
refused() {
	local before
	before=$(cat "$PRODUCT_STATE/mail-post@example.test".{grant,token})
	product "refused.$TAP_COUNT" logout mail-post@example.test
	is "$STATUS" "$2" "$1: the exit status"
	like "$OUTPUT" "^saslfresh: .*$3" "$1: the sentence"
	like "$OUTPUT" 'nothing is forgotten: .*\(saslfresh logout mail-post@example.test --forget removes it here alone\)$' "$1: and what can be done"
	is "$(wc -l <<<"$OUTPUT")" 1 "$1: in one line"
	is "$(cat "$PRODUCT_STATE/mail-post@example.test".{grant,token})" "$before" "$1: nothing has changed"
}

oidc_set public=down
refused 'a server that is down' 75 'localhost cannot be reached'
oidc_set public=up
cp "$PRODUCT_CONFIG" "$TAP_DIR/home/good.conf"
section mail-post@example.test 's/^client_secret = .*/client_secret = wrong/'
refused 'a wrong client secret' 78 'invalid_client'
cp "$TAP_DIR/home/good.conf" "$PRODUCT_CONFIG"
section mail-post@example.test 's/^client_id = .*/client_id = another/'
refused 'the client_id of another client' 78 'issued to client_id mail-post, but .* has another'
cp "$TAP_DIR/home/good.conf" "$PRODUCT_CONFIG"
section mail-post@example.test 's/^client_secret = .*/client_secret_file = ~\/nowhere/'
refused 'a client secret that is not there' 78 'there is no .*/nowhere'
cp "$TAP_DIR/home/good.conf" "$PRODUCT_CONFIG"
section mail-post@example.test 's/revocation$/nowhere/'
refused 'an endpoint that is not there' 78 'localhost says invalid_request'
cp "$TAP_DIR/home/good.conf" "$PRODUCT_CONFIG"
product alive refresh mail-post@example.test --force
is "$STATUS" 0 'after all that the grant still works'

oidc_set public=down
product forget logout mail-post@example.test --forget
is "$STATUS" 0 'with --forget a server that is down is no obstacle'
like "$OUTPUT" 'forgotten here, but not revoked: localhost cannot be reached' 'and that is said'
is "$(files mail-post@example.test)" '.lock ' 'the files are gone'
oidc_set public=up

# ---- files that are damaged ----

torn=torn@example.test
succeeds 'another account' product_account "$torn" mail-public "$user" "revocation_endpoint = $OIDC_ISSUER/token/revocation"
printf 'version = 1\n' >"$PRODUCT_STATE/$torn.grant"
product torn logout "$torn"
is "$STATUS" 71 'a torn grant cannot be revoked'
is "$(files "$torn")" '.grant .lock .token ' 'and is kept'
product torn.forget logout --forget "$torn"
is "$STATUS" 0 'and forgotten on demand'
is "$(files "$torn")" '.lock ' 'whole'

succeeds 'a grant that a kill left behind' product_account left@example.test mail-public "$user" \
	"revocation_endpoint = $OIDC_ISSUER/token/revocation"
refresh_token=$(granted left@example.test)
mv "$PRODUCT_STATE/left@example.test.grant" "$PRODUCT_STATE/left@example.test.grant.new"
rm "$PRODUCT_STATE/left@example.test.token"
product left logout left@example.test
is "$STATUS" 0 'is adopted'
like "$(oidc_refresh mail-public "$refresh_token")" '"error":"invalid_grant"' 'and revoked'
is "$(files left@example.test)" '.lock ' 'and removed'

no_leaks
tap_end
