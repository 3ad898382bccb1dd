#!/bin/bash
# What goes wrong at the authorization server, seen from a mailer: an old token serves while it lives, then one sentence.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=alice@example.test

# one_sentence PATTERN DESCRIPTION: the mailer's output is one line, names the account, and matches.
one_sentence() {
	is "$(wc -l <"$TAP_DIR/out/mbsync.$CLIENTS_RUNS")" 1 "$2: one line"
	like "$OUTPUT" "$account" "$2: it names the account"
	like "$OUTPUT" "$1" "$2: it says why"
}

# configure KEY VALUE: changes a line of the user's configuration.
configure() {
	sed -i "s|^$1 = .*|$1 = $2|" "$PRODUCT_CONFIG"
}

grant_checksum() {
	sha256sum <"$PRODUCT_STATE/$account.grant"
}

in_hard_margin() {
	[ $((ends - $(date +%s))) -le 4 ]
}

# Down and up again for one mechanism.
down() {
	local mechanism=$1 refreshed sentence
	product_shorten "$account" 16
	ends=$(product_cached "$account" expires_at)
	token=$(product_cached "$account" access_token)
	oidc_set public=down
	refreshed=$(refreshes)
	mbsync "$account" "$mechanism" IMAPS
	is "$STATUS" 0 "$mechanism, server down: the token serves"
	poll 20 in_hard_margin
	mbsync "$account" "$mechanism" IMAPS
	is "$STATUS" 0 "$mechanism, server down: it serves in its last seconds"
	is "$OUTPUT" '' 'without a word'
	at_most "$ELAPSED" 4000 'without a wait'
	is "$(product_cached "$account" access_token)" "$token" 'and is still the same'
	like "$(product_cached "$account" retry_at)" '^[0-9]+$' 'the failure is remembered'

	poll 15 oidc_expired "$token" "$ends"
	mbsync "$account" "$mechanism" IMAPS
	isnt_zero "$STATUS" "$mechanism, server down, token dead: mbsync fails"
	at_most "$ELAPSED" 5000 'in a few seconds'
	one_sentence "localhost|$OIDC_PORT|onnect" "$mechanism, server down"
	sentence=$OUTPUT
	imtest "$account" "$mechanism" TLS
	isnt_zero "$STATUS" "$mechanism, server down: imtest fails"
	unlike "$OUTPUT" 'A01 AUTHENTICATE' 'and sends nothing'
	product status status "$account"
	# The same words on the terminal as in the mailer's output (cause, as remembered).
	cause=$(product_cached "$account" error_description)
	like "$cause" . 'the cause is remembered'
	like "$(tr -s ' \n' '  ' <<<"$OUTPUT")" "$(sed 's/[][().*+?{}|^$\\]/\\&/g' <<<"$cause")" 'status says it'
	like "$sentence" "$(sed 's/[][().*+?{}|^$\\]/\\&/g' <<<"$cause")" 'in the words of the mailer'

	oidc_set public=up
	product refresh refresh "$account" --force
	is "$STATUS" 0 "$mechanism, server back: refresh by hand works"
	mbsync "$account" "$mechanism" IMAPS
	is "$STATUS" 0 'and the mailer logs in'
	is "$(($(refreshes) - refreshed))" 1 'after one request in all'
	is "$(product_cached "$account" retry_at)" '' 'and the failure is forgotten'
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients
printf 'timeout = 3\nconnect_timeout = 2\n' >"$PRODUCT_CONFIG"
succeeds 'an account' product_account "$account" mail-basic

for mechanism in XOAUTH2 OAUTHBEARER; do
	down "$mechanism"
done

# A server that takes the connection and says nothing.
product_expire "$account"
kill -STOP "$OIDC_PID"
mbsync "$account" XOAUTH2 IMAPS
kill -CONT "$OIDC_PID"
isnt_zero "$STATUS" 'a server that hangs: mbsync fails'
at_most "$ELAPSED" 6000 'within the configured 3 s and a little'
one_sentence '[Tt]ime|answer' 'a server that hangs'
product refresh refresh "$account" --force
is "$STATUS" 0 'and the grant has not suffered'

# A certificate that nobody we trust has signed: nothing is sent.
product_expire "$account"
checksum=$(grant_checksum)
refreshed=$(refreshes)
configure ca_file "$TAP_DIR/ca/unknown-ca.pem"
mbsync "$account" OAUTHBEARER IMAPS
isnt_zero "$STATUS" 'an untrusted certificate: mbsync fails'
one_sentence 'certificate|SSL|TLS' 'an untrusted certificate'
is "$(refreshes)" "$refreshed" 'an untrusted certificate: nothing was sent'
is "$(grant_checksum)" "$checksum" 'an untrusted certificate: the grant is untouched'
configure ca_file "$OIDC_CA"
product refresh refresh "$account" --force
is "$STATUS" 0 'the right authority again'

# A wrong client secret is a matter of configuration, and mended by mending it.
product_expire "$account"
checksum=$(grant_checksum)
configure client_secret 'this-is-not-the-secret'
mbsync "$account" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'a wrong client secret: mbsync fails'
one_sentence 'invalid_client' 'a wrong client secret'
refreshed=$(refreshes)
mbsync "$account" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'and fails again'
is "$(refreshes)" "$refreshed" 'without asking again'
is "$(grant_checksum)" "$checksum" 'the grant is untouched'
configure client_secret "${OIDC_MAIL_SECRET_BASIC//&/\\&}"
mbsync "$account" XOAUTH2 IMAPS
is "$STATUS" 0 'with the right secret the next login works at once'

# A mail server that refuses new tokens as well: renewing is not the cure, and is not tried at every login.
VERDICT=AUTHENTICATIONFAILED
product_revoke "$account" mail-basic
mbsync "$account" XOAUTH2 IMAPS
like "$OUTPUT" "$VERDICT" 'a token is refused'
mbsync "$account" XOAUTH2 IMAPS
is "$STATUS" 0 'a new one is fetched'
product_revoke "$account" mail-basic
mbsync "$account" OAUTHBEARER IMAPS
like "$OUTPUT" "$VERDICT" 'and refused as well'
refreshed=$(refreshes)
for i in 1 2 3; do
	mbsync "$account" OAUTHBEARER IMAPS
	like "$OUTPUT" "$VERDICT" "login $i after that: the verdict of the mail server"
done
is "$(refreshes)" "$refreshed" 'and no request: never a loop'
product refresh refresh "$account" --force
mbsync "$account" OAUTHBEARER IMAPS
is "$STATUS" 0 'refresh by hand ends it'

# A grant that the user has taken back. An account of its own: the one above has been refused too often.
account=taken-back@example.test
succeeds 'another account' product_account "$account" mail-basic
refresh_token=$(sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/$account.grant")
succeeds 'the user takes the grant back' oidc_revoke mail-basic "$refresh_token"
mbsync "$account" OAUTHBEARER IMAPS
isnt_zero "$STATUS" 'a grant taken back: the token in the cache is refused'
like "$OUTPUT" 'AUTHENTICATIONFAILED' 'by the mail server'
mbsync "$account" OAUTHBEARER IMAPS
isnt_zero "$STATUS" 'then there is no new one'
one_sentence 'saslfresh login' 'a grant taken back'
refreshed=$(refreshes)
product_token "$account"
is "$STATUS" 77 'token says that a login is needed'
is "$TOKEN" '' 'and prints nothing'
is "$(wc -l <"$TAP_DIR/out/token.$account")" 1 'but one line on stderr'
is "$(refreshes)" "$refreshed" 'and the server is not asked again'
oidc_mint mail-basic "$account" "$TAP_DIR/home/again"
product login login "$account" --refresh-token-file "$TAP_DIR/home/again"
is "$STATUS" 0 'after a new login'
mbsync "$account" OAUTHBEARER IMAPS
is "$STATUS" 0 'the mailer logs in'

no_leaks
tap_end
