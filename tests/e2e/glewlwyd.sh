#!/bin/bash
# The command and mbsync against glewlwyd, an authorization server with other habits than the one of the other tests:
# `bearer` in lower case, a refresh token that works once, and a refusal without a word (400 and an empty body).

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot glewlwyd product clients; do . "$kit/$part.sh"; done

DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'
dovecot_oauth2_settings() { glewlwyd_dovecot_settings; }

isnt() { fails "$3" test "$1" = "$2"; }

# configure [LINE...]: the account, and nothing else.
configure() {
	cat >"$PRODUCT_CONFIG" <<-EOF
		[account $user]
		client_id = $GLEWLWYD_CLIENT
		client_secret = $GLEWLWYD_SECRET
		token_endpoint = $GLEWLWYD_ISSUER/token
		scope = $GLEWLWYD_SCOPE
		hosts = localhost
		ca_file = $GLEWLWYD_CA
	EOF
	printf '%s\n' "$@" >>"$PRODUCT_CONFIG"
}

log_in() {
	glewlwyd_mint "$PRODUCT_HOME/refresh-token" || return 1
	cat "$PRODUCT_HOME/refresh-token" >>"$TAP_DIR/home/secrets"
	product "login.$TAP_COUNT" login "$user" --refresh-token-file "$PRODUCT_HOME/refresh-token"
	rm -f "$PRODUCT_HOME/refresh-token"
	remember
	[ "$STATUS" -eq 0 ]
}

granted() {
	sed -n "s/^$1 = //p" "$PRODUCT_STATE/$user.grant"
}

# The server keeps hashes alone: what is to be searched for at the end is written down while it is there.
remember() {
	[ ! -e "$PRODUCT_STATE/$user.grant" ] || granted refresh_token >>"$TAP_DIR/home/secrets"
	product_cached "$user" access_token >>"$TAP_DIR/home/secrets"
}

# renew: by force; sets REFRESHES to what it cost.
renew() {
	local before
	before=$(glewlwyd_refreshes)
	product "renew.$TAP_COUNT" refresh "$user" --force
	REFRESHES=$(($(glewlwyd_refreshes) - before))
	remember
}

expire() {
	glewlwyd_life 2
	renew
	[ "$STATUS" -eq 0 ] || bail "cannot renew: $OUTPUT"
	glewlwyd_life 3600
	EXPIRES_AT=$(product_cached "$user" expires_at)
	poll 10 expired || bail 'the token does not expire'
}

# The server compares whole seconds, and is generous with the last one.
expired() {
	[ "$(date +%s)" -gt "$EXPIRES_AT" ]
}

tap_start
glewlwyd_start
user=$GLEWLWYD_USER
OIDC_CA=$GLEWLWYD_CA
dovecot_start
product_start
clients_install isync

for method in client_secret_basic client_secret_post; do
	configure "token_endpoint_auth_method = $method"
	before=$(glewlwyd_refreshes)
	succeeds "$method: a refresh token is taken over" log_in
	is "$(($(glewlwyd_refreshes) - before))" 1 '... and proved by one refresh'
	isnt "$(granted refresh_token)" "$(tail -n 3 "$TAP_DIR/home/secrets" | head -n 1)" '... which brought another one'
	first=$(granted refresh_token)
	renew
	is "$STATUS $REFRESHES" '0 1' '... which works'
	isnt "$(granted refresh_token)" "$first" '... once'
	product_token "$user"
	is "$STATUS" 0 'token prints the access token'
	is "$TOKEN" "$(product_cached "$user" access_token)" '... from the cache'
	like "$TOKEN" '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' '... and nothing else'
	left=$(($(product_cached "$user" expires_at) - $(date +%s)))
	at_most "$left" 3600 'the server said how long it lives'
	at_most 3580 "$left" '... and that is what is kept'
done

for mechanism in XOAUTH2 OAUTHBEARER; do
	before=$(dovecot_logins "method=$mechanism")
	mbsync "$user" "$mechanism" IMAPS
	is "$STATUS$OUTPUT" 0 "$mechanism: mbsync logs in without a word"
	is "$(($(dovecot_logins "method=$mechanism") - before))" 1 "... by $mechanism"

	expire
	before=$(glewlwyd_refreshes)
	mbsync "$user" "$mechanism" IMAPS
	remember
	is "$STATUS$OUTPUT" 0 "$mechanism, expired token: mbsync logs in without a word"
	is "$(($(glewlwyd_refreshes) - before))" 1 '... after one refresh'

	product_cached "$user" access_token | tr -d '\n' >"$TAP_DIR/home/revoked"
	succeeds 'the access token is revoked' glewlwyd_revoke "$TAP_DIR/home/revoked"
	before=$(glewlwyd_refreshes)
	mbsync "$user" "$mechanism" IMAPS
	isnt_zero "$STATUS" "$mechanism, revoked token: mbsync fails"
	like "$OUTPUT" AUTHENTICATIONFAILED "... with the server's own verdict"
	is "$(product_cached "$user" rejected)" "$(product_cached "$user" access_token_hash)" '... which is remembered'
	mbsync "$user" "$mechanism" IMAPS
	remember
	is "$STATUS" 0 '... and the next login works'
	is "$(($(glewlwyd_refreshes) - before))" 1 '... after one refresh'
done

# ---- many at once: a lost race would spend a refresh token twice, and that disables the chain ----

expire
before=$(glewlwyd_refreshes)
for i in $(seq 16); do
	product_environment timeout 60 "$PREFIX/bin/saslfresh" token "$user" \
		>"$TAP_DIR/home/herd.$i" 2>"$TAP_DIR/out/herd.$i" </dev/null &
	herd[i]=$!
done
failed=0
for i in $(seq 16); do
	wait "${herd[i]}" || failed=$((failed + 1))
done
remember
is "$failed" 0 'sixteen processes with an expired token: all get one'
is "$(cat "$TAP_DIR"/home/herd.* | sort -u)" "$(product_cached "$user" access_token)" '... the same'
is "$(($(glewlwyd_refreshes) - before))" 1 '... by one refresh'
is "$(glewlwyd_refused)" 0 '... and no refresh token was spent twice'

# ---- the server refuses, without a word ----

renew
spent=$(granted refresh_token)
renew
cp -p "$PRODUCT_STATE/$user.grant" "$TAP_DIR/home/good"
sed "s/^refresh_token = .*/refresh_token = $spent/" "$TAP_DIR/home/good" >"$TAP_DIR/home/bad"
cat "$TAP_DIR/home/bad" >"$PRODUCT_STATE/$user.grant"
before=$(glewlwyd_refused)
renew
isnt_zero "$STATUS" 'a refresh token that was spent: the command fails'
is "$STATUS" 76 '... with the status for an answer that says nothing'
is "$(printf '%s\n' "$OUTPUT" | wc -l)" 1 '... and one line'
like "$OUTPUT" '^saslfresh: .*400.*empty' '... which says what came: status 400, and nothing'
is "$(($(glewlwyd_refused) - before))" 1 '... after one request'
succeeds '... and the grant is as it was' cmp "$TAP_DIR/home/bad" "$PRODUCT_STATE/$user.grant"
product_token "$user"
is "$STATUS" 0 '... and the access token serves to its end'
mbsync "$user" XOAUTH2 IMAPS
is "$STATUS$OUTPUT" 0 '... for mbsync as well'

# The second use disabled the whole chain: the good refresh token is of no use any more, and only a login mends that.
cat "$TAP_DIR/home/good" >"$PRODUCT_STATE/$user.grant"
renew
is "$STATUS" 76 'the chain is broken: the newer refresh token is refused as well'
product status status "$user"
like "$OUTPUT" "$user" 'status shows the account'
like "$OUTPUT" '400' '... and what is wrong'
succeeds 'a login mends it' log_in
mbsync "$user" OAUTHBEARER IMAPS
is "$STATUS$OUTPUT" 0 '... and mbsync logs in without a word'

# ---- the server is down ----

expire
cp -p "$PRODUCT_STATE/$user.grant" "$TAP_DIR/home/good"
glewlwyd_down
product_token "$user"
is "$STATUS$TOKEN" 75 'the server is down: token prints nothing, and the status is that of a passing failure'
like "$(cat "$TAP_DIR/out/token.$user")" "^saslfresh: .*localhost.*$GLEWLWYD_PORT" '... in one line that names the server'
succeeds '... and the grant is as it was' cmp "$TAP_DIR/home/good" "$PRODUCT_STATE/$user.grant"
glewlwyd_up
renew
is "$STATUS $REFRESHES" '0 1' 'it is back: one refresh'

# ---- the client for itself ----

# What a JSON Web Token says.
claims() {
	/usr/bin/python3 -c 'import base64, sys; print(base64.urlsafe_b64decode(sys.stdin.read().split(".")[1] + "==").decode())'
}

for method in client_secret_basic client_secret_post; do
	rm -rf "$PRODUCT_STATE"
	configure "token_endpoint_auth_method = $method" 'grant_type = client_credentials'
	sed -i 's/^scope = .*/scope = mail/' "$PRODUCT_CONFIG"
	product "own.$method" login "$user"
	remember
	is "$STATUS" 0 "$method: client credentials"
	like "$OUTPUT" 'proved by one request' '... are proved'
	is "$(ls "$PRODUCT_STATE" | grep -c '\.grant')" 0 '... and leave no grant'
	like "$(product_cached "$user" access_token | claims)" "\"client_id\": *\"$GLEWLWYD_CLIENT\"" '... but a token of the client'
	product "own.again.$method" refresh "$user" --force
	remember
	is "$STATUS" 0 '... and another one'
done

printf '%s\n' "$GLEWLWYD_SECRET" "$GLEWLWYD_PASSWORD" "$GLEWLWYD_KEY" >>"$TAP_DIR/home/secrets"
leaks() { "$kit/leaks.py" "$@" <"$TAP_DIR/home/secrets"; }
at_most 20 "$(sort -u "$TAP_DIR/home/secrets" | grep -c .)" 'there are secrets to look for'
is "$(leaks $(find "$TAP_DIR/out" "$TAP_DIR/log" -type f -size +0))" '' 'no token and no secret in any output or log'
is "$(leaks "$TAP_DIR"/wire/* | wc -l)" 2 'though the same search finds them where mbsync shows what was refused'
tap_end
