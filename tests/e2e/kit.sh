#!/bin/bash
# The servers that the other tests stand on: do they let the right ones in, and only them?
# No saslfresh here; tokens come from curl and go to Dovecot by curl (OAUTHBEARER) and Python (XOAUTH2).

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot; do . "$kit/$part.sh"; done

user=alice@example.test

# log_in URL TOKEN [USER]: OAUTHBEARER, TLS always.
log_in() {
	oidc_curl --ssl-reqd --oauth2-bearer "$2" -u "${3-$user}:" "$1" >>"$TAP_DIR/out/curl" 2>&1
}

send_mail() {
	printf 'Subject: %s\n\n%s\n' "$3" "$3" |
		log_in_and_send "$1" "$2" >>"$TAP_DIR/out/curl" 2>&1
}

log_in_and_send() {
	oidc_curl --ssl-reqd --oauth2-bearer "$2" -u "$user:" --mail-from "$user" --mail-rcpt bob@example.test -T - "$1"
}

xoauth2() {
	/usr/bin/python3 - "$IMAPS_PORT" "$OIDC_CA" "$user" "$1" <<-'EOF' >>"$TAP_DIR/out/xoauth2" 2>&1
		import imaplib, ssl, sys
		port, ca, user, token = sys.argv[1:]
		imap = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=ssl.create_default_context(cafile=ca))
		answers = ["user=%s\x01auth=Bearer %s\x01\x01" % (user, token), ""]
		imap.authenticate("XOAUTH2", lambda challenge: answers.pop(0).encode())
		imap.logout()
	EOF
}

tls_verifies() {
	openssl s_client -connect "127.0.0.1:$IMAPS_PORT" -verify_return_error -verify_hostname localhost -CAfile "$1" \
		</dev/null >>"$TAP_DIR/out/s_client" 2>&1
}

tap_start
oidc_start
dovecot_start

for client in mail-basic mail-post mail-public; do
	succeeds "$client gets a refresh token by the code flow" oidc_mint "$client" "$user" "$TAP_DIR/home/$client"
	old=$(cat "$TAP_DIR/home/$client")
	reply=$(oidc_refresh "$client" "$old")
	token=$(oidc_field access_token <<<"$reply")
	new=$(oidc_field refresh_token <<<"$reply")
	succeeds "the access token of $client is active" oidc_active "$token"
	succeeds "Dovecot lets $client in" log_in "imaps://localhost:$IMAPS_PORT/" "$token"
	fails 'a refresh token is no access token' log_in "imaps://localhost:$IMAPS_PORT/" "$new"
	like "$(oidc_refresh "$client" "$old")" '"error":"invalid_grant"' 'a used refresh token is refused'
	fails 'and that ends the grant: the access token' oidc_active "$token"
	like "$(oidc_refresh "$client" "$new")" '"error":"invalid_grant"' 'and the newer refresh token'
done
is "$(oidc_count grant_type=refresh_token)" 9 'every refresh was counted'
is "$(oidc_count grant_type=refresh_token outcome=ok)" 3 'and which of them succeeded'

oidc_mint mail-basic "$user" "$TAP_DIR/home/crossed"
like "$(oidc_curl -d client_id=mail-basic --data-urlencode "client_secret=$OIDC_MAIL_SECRET_BASIC" -d grant_type=refresh_token \
	-d "refresh_token=$(cat "$TAP_DIR/home/crossed")" "$OIDC_ISSUER/token")" '"error":"invalid_client"' \
	'a client registered for client_secret_basic may not post its secret'

for i in 1 2 3 4 5 6 7 8; do
	oidc_refresh mail-basic "$(cat "$TAP_DIR/home/crossed")" >"$TAP_DIR/home/race.$i" &
	racers[i]=$!
done
wait "${racers[@]}"
is "$(grep -l access_token "$TAP_DIR"/home/race.* | wc -l)" 1 'of eight requests with one refresh token one is served'
fails 'and the race ends the grant' \
	oidc_active "$(cat "$(grep -l access_token "$TAP_DIR"/home/race.*)" | oidc_field access_token)"

oidc_mint mail-post "$user" "$TAP_DIR/home/grant"
reply=$(oidc_refresh mail-post "$(cat "$TAP_DIR/home/grant")")
token=$(oidc_field access_token <<<"$reply")
before=$(dovecot_logins)
succeeds 'IMAP, STARTTLS' log_in "imap://localhost:$IMAP_PORT/" "$token"
succeeds 'IMAP, TLS' log_in "imaps://localhost:$IMAPS_PORT/" "$token"
succeeds 'POP3, STLS' log_in "pop3://localhost:$POP3_PORT/" "$token"
succeeds 'POP3, TLS' log_in "pop3s://localhost:$POP3S_PORT/" "$token"
succeeds 'submission, STARTTLS' send_mail "smtp://localhost:$SUBMISSION_PORT" "$token" first-mail
succeeds 'submission, TLS' send_mail "smtps://localhost:$SUBMISSIONS_PORT" "$token" second-mail
succeeds 'IMAP, XOAUTH2' xoauth2 "$token"
succeeds 'the first mail arrived' submitted first-mail
succeeds 'the second mail arrived' submitted second-mail
fails 'a mail that was not sent did not arrive' submitted third-mail
dovecot_saw 7 "$before" 'Dovecot counts seven logins'
dovecot_saw 1 0 'one of them by XOAUTH2' method=XOAUTH2
fails 'the token of one user is not good for another' log_in "imaps://localhost:$IMAPS_PORT/" "$token" bob@example.test

succeeds 'the certificate verifies' tls_verifies "$OIDC_CA"
fails 'and not under an unknown authority' tls_verifies "$TAP_DIR/ca/unknown-ca.pem"

succeeds 'the access token alone is revoked' oidc_revoke mail-post "$token"
fails 'OAUTHBEARER with a revoked token is refused' log_in "imaps://localhost:$IMAPS_PORT/" "$token"
fails 'XOAUTH2 with a revoked token is refused' xoauth2 "$token"
like "$(tail -n 1 "$TAP_DIR/out/xoauth2")" AUTHENTICATIONFAILED "with the server's own verdict"
reply=$(oidc_refresh mail-post "$(oidc_field refresh_token <<<"$reply")")
token=$(oidc_field access_token <<<"$reply")
succeeds 'the grant lived on' xoauth2 "$token"

oidc_set ttl=2
reply=$(oidc_refresh mail-post "$(oidc_field refresh_token <<<"$reply")")
token=$(oidc_field access_token <<<"$reply")
is "$(oidc_field expires_in <<<"$reply")" 2 'a token of two seconds'
inactive() { ! oidc_active "$token"; }
succeeds 'ends by itself' poll 5 inactive
fails 'and Dovecot knows' xoauth2 "$token"

oidc_set ttl=3600 delay=700
before=$(now_ms)
reply=$(oidc_refresh mail-post "$(oidc_field refresh_token <<<"$reply")")
elapsed=$(($(now_ms) - before))
at_most 700 "$elapsed" 'a held reply comes late'
like "$reply" '"access_token"' 'and whole'
oidc_set delay=0 public=down
fails 'a server that is down' oidc_curl --no-show-error -o /dev/null "$OIDC_ISSUER/.well-known/openid-configuration"
succeeds 'is still there for Dovecot' xoauth2 "$(oidc_field access_token <<<"$reply")"
oidc_set public=up
succeeds 'and comes back' oidc_curl -o /dev/null "$OIDC_ISSUER/.well-known/openid-configuration"

leaks() { oidc_secrets | "$kit/leaks.py" "$@"; }
succeeds 'no server logs a token or a secret' leaks "$TAP_DIR"/log/*
printf 'user=%s\001auth=Bearer %s\001\001' "$user" "$token" | base64 -w 0 >"$TAP_DIR/home/planted"
is "$(leaks "$TAP_DIR/home/planted")" "$TAP_DIR/home/planted" 'the search finds a token in a SASL response'
printf 'Authorization: Basic %s' "$(printf 'mail-basic:%s' "$(oidc_encode "$OIDC_MAIL_SECRET_BASIC")" | base64 -w 0)" \
	>"$TAP_DIR/home/planted"
is "$(leaks "$TAP_DIR/home/planted")" "$TAP_DIR/home/planted" 'and a secret in HTTP Basic'
printf 'GET /?client_secret=%s' "$(oidc_encode "$OIDC_MAIL_SECRET_POST")" >"$TAP_DIR/home/planted"
is "$(leaks "$TAP_DIR/home/planted")" "$TAP_DIR/home/planted" 'and a secret in a form'
printf 'nothing here' >"$TAP_DIR/home/planted"
succeeds 'and nothing where nothing is' leaks "$TAP_DIR/home/planted"

tap_end
