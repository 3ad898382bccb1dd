#!/bin/bash
# Several names on one grant: alice may open the mailbox office@example.test with her own token, and sends as its delegate
# under her own name. The authorization server says who may (the claim `shared`), Dovecot asks it.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

me=alice@example.test
shared=office@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# A second look at the same token: is the name that was given that of the mailbox that it may share?
sharing() {
	(umask 077 && dovecot_oauth2_settings | sed 's/^username_attribute = .*/username_attribute = shared/' >"$TAP_DIR/home/shared.conf")
	chmod 0644 "$TAP_DIR/home/shared.conf"
	mv "$TAP_DIR/home/shared.conf" "$TAP_DIR/shared.conf"
	printf 'passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = %s\n}\n' "$TAP_DIR/shared.conf"
}

# as USER MECHANISM: how many logins Dovecot has seen of that name.
as() { dovecot_logins "user=<$1>, method=$2"; }

files() { (cd "$PRODUCT_STATE" && ls | tr '\n' ' '); }

# configure LINE...: the account of $shared anew.
configure() {
	cp "$TAP_DIR/home/alone" "$PRODUCT_CONFIG"
	printf '%s\n' "[account $shared]" "$@" >>"$PRODUCT_CONFIG"
}

tap_start
oidc_start
dovecot_start "$(sharing)"
product_start
clients_install isync cyrus-clients msmtp

cat >"$PRODUCT_CONFIG" <<-EOF2
	on_login_needed = printf '%s\n' "\$SASLFRESH_ACCOUNT \$SASLFRESH_COMMAND" >>"$TAP_DIR/home/said"
EOF2
: >"$TAP_DIR/home/said"
succeeds 'an account' product_account "$me" mail-post "$me" "revocation_endpoint = $OIDC_ISSUER/token/revocation" \
	"imap = localhost:$IMAPS_PORT tls" "pop = localhost:$POP3S_PORT tls" "smtp = localhost:$SUBMISSIONS_PORT tls"
cp "$PRODUCT_CONFIG" "$TAP_DIR/home/alone"
configure "grant = $me" "user = $shared" "smtp_user = $me"

# ---- every service under its own name, with one token ----

refreshed=$(refreshes)
for mechanism in XOAUTH2 OAUTHBEARER; do
	dovecot_mail "$shared" "for-office-$mechanism"
	before=$(as "$shared" "$mechanism")
	mbsync "$shared" "$mechanism" IMAPS
	is "$STATUS$OUTPUT" 0 "$mechanism: mbsync opens the shared mailbox"
	succeeds '... and fetches its mail' fetched "for-office-$mechanism"
	dovecot_saw 1 "$before" '... under its name' "user=<$shared>, method=$mechanism"
	before=$(as "$shared" "$mechanism")
	pop3test "$shared" "$mechanism" TLS
	is "$STATUS" 0 '... pop3test too'
	dovecot_saw 1 "$before" '... under its name' "user=<$shared>, method=$mechanism"
	before=$(as "$me" "$mechanism")
	smtptest "$shared" "$mechanism" TLS
	is "$STATUS" 0 '... smtptest logs in'
	dovecot_saw 1 "$before" '... as the delegate' "user=<$me>, method=$mechanism"
	before=$(as "$me" "$mechanism")
	imtest "$me" "$mechanism" TLS
	is "$STATUS" 0 '... and the account itself'
	dovecot_saw 1 "$before" '... under its own name' "user=<$me>, method=$mechanism"
done
is "$(refreshes)" "$refreshed" 'all that with the token in the cache'
is "$(files)" "$me.grant $me.lock $me.token " 'which is the only one there is'

configure "grant = $me" "user = nobody@example.test"
mbsync "$shared" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'a mailbox that she may not open: mbsync fails'
like "$OUTPUT" AUTHENTICATIONFAILED "... by the server's own word"
is "$(product_cached "$me" rejected)" "$(product_cached "$me" access_token_hash)" '... the refusal is remembered with the grant'
configure "grant = $me"
refreshed=$(refreshes)
mbsync "$shared" XOAUTH2 IMAPS
is "$STATUS" 0 'without user the name of the account is sent'
is "$(($(refreshes) - refreshed))" 1 '... after the one refresh that the refusal asked for'

# ---- both at once, with a token that has expired ----

RUN=$TAP_DIR/home/together
mkdir "$RUN"
mbsync_prepare together "$shared" XOAUTH2 IMAPS
printf 'exec %s\n' "${MBSYNC[*]@Q}" >"$RUN/1.sh"
printf 'a LOGOUT\r\n' >"$TAP_DIR/near/bye"
cyrus_command imtest "$me" OAUTHBEARER TLS "$IMAP_PORT" "$IMAPS_PORT"
printf '%s <%s >%s/together 2>&1; grep -q "^Authenticated\\." %s/together\n' "${CYRUS[*]@Q}" "$TAP_DIR/near/bye" \
	"$TAP_DIR/wire" "$TAP_DIR/wire" >"$RUN/2.sh"
for ((i = 3; i <= 12; i += 2)); do
	cp "$RUN/2.sh" "$RUN/$((i + 1)).sh"
	sed -i "s|wire/together|wire/together$i|g" "$RUN/$((i + 1)).sh"
	mbsync_prepare "together$i" "$shared" OAUTHBEARER STARTTLS
	printf 'exec %s\n' "${MBSYNC[*]@Q}" >"$RUN/$i.sh"
done
for round in first second; do
	product_expire "$me"
	refreshed=$(refreshes)
	before_me=$(as "$me" .) before=$(as "$shared" .)
	oidc_set delay=700
	RESULTS=$(product_environment "$kit/together.py" 12 "$RUN" bash "$RUN/{}.sh")
	oidc_set delay=0
	cat "$RUN"/*.err >"$TAP_DIR/out/together.$round"
	is "$(awk '$1 != 0' <<<"$RESULTS" | wc -l)" 0 "$round round: six mailers under either name at once, none fails" ||
		diag "$(cat "$TAP_DIR/out/together.$round")"
	is "$(($(refreshes) - refreshed))" 1 '... after one request'
	dovecot_saw 6 "$before" '... six logins to the shared mailbox' "user=<$shared>"
	dovecot_saw 6 "$before_me" '... six to her own' "user=<$me>"
done

# ---- the command ----

configure "grant = $me" "user = $shared" "smtp_user = $me"
product_token "$me"
mine=$TOKEN
product_token "$shared"
is "$STATUS" 0 'token: works with the shared name'
is "$(printf %s "$TOKEN" | sha256sum)" "$(printf %s "$mine" | sha256sum)" '... and it is the same token'
refreshed=$(refreshes)
product refresh refresh --all --force
is "$STATUS" 0 'refresh --all'
is "$(($(refreshes) - refreshed))" 1 '... makes one request'
product refresh.shared refresh "$shared" --force
like "$OUTPUT" "^$shared: renewed" 'refresh: works with the shared name'
product_token "$me"
fails '... and renews the token of both' test "$TOKEN" = "$mine"
product list list
is "$OUTPUT" "$me"$'\n'"$shared" 'list names both'
product status status
like "$OUTPUT" "^$shared	fresh	.*grant of $me: uses the token" 'status says whose grant it is'
product status.shared status "$shared"
like "$OUTPUT" "^grant of     $me\$" '... and with the account'
like "$OUTPUT" "^user         $shared; for smtp $me\$" '... who is named where'
like "$OUTPUT" '^hosts        localhost$' '... and that the servers are the same'
product status.json status --json
like "$OUTPUT" "\"account\": \"$shared\".*\"grant_of\": \"$me\"" '... for programs too'
product status.check status --check
like "$OUTPUT" ' accounts=1 ' 'status --check counts grants'
for verb in login logout import; do
	argument=
	[ "$verb" != import ] || argument=-
	product "$verb" "$verb" "$shared" $argument
	is "$STATUS" 78 "$verb is refused"
	like "$OUTPUT" "$shared: it uses the grant of $me \\(saslfresh $verb $me\\)" '... and says for whom it is'
done
is "$(files)" "$me.grant $me.lock $me.token " 'nothing is changed by that'

# Who runs a command sends the names of the recipe.
product recipe.mbsync config-for mbsync "$shared"
like "$OUTPUT" "^User $shared\$" 'config-for mbsync: the account, the plugin does the rest'
product recipe.mutt config-for mutt "$shared"
like "$OUTPUT" "^set imap_user = \"$shared\"\$" 'config-for mutt: the shared mailbox for IMAP'
like "$OUTPUT" '^set smtp_url = "smtps://alice%40example.test@' '... the delegate for SMTP'
like "$OUTPUT" "^set from = \"$shared\"\$" '... the shared address as the sender'
product recipe.msmtp config-for msmtp "$shared"
is "$STATUS" 0 'config-for msmtp'
sed "/^tls on/atls_trust_file $OIDC_CA" <<<"$OUTPUT" >"$TAP_DIR/home/msmtprc"
chmod 0600 "$TAP_DIR/home/msmtprc"
before=$(as "$me" XOAUTH2)
printf 'Subject: from-the-office\n\nhello\n' >"$TAP_DIR/home/message"
mailer_at "$TAP_DIR/out" msmtp "$TAP_DIR/home/message" "${CLIENTS_RUN[@]}" "$CLIENTS_ROOT/usr/bin/msmtp" \
	-C "$TAP_DIR/home/msmtprc" -a "$shared" bob@example.test
is "$STATUS$OUTPUT" 0 '... sends a mail'
succeeds '... which arrives' submitted from-the-office
dovecot_saw 1 "$before" '... from the delegate' "user=<$me>, method=XOAUTH2"

# ---- the end of a grant is told once ----

product_expire "$me"
oidc_revoke mail-post "$(sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/$me.grant")"
for account in "$shared" "$me" "$shared"; do
	mbsync "$account" XOAUTH2 IMAPS
	isnt_zero "$STATUS" "the grant is taken back: $account cannot log in"
	like "$OUTPUT" "saslfresh login $me" '... and it says who must'
done
said() { [ -s "$TAP_DIR/home/said" ]; }
succeeds 'the hook is run' poll 10 said
product told status "$shared"
like "$OUTPUT" "mend: saslfresh login $me" 'status says the same'
product refresh.dead refresh --all
is "$(cat "$TAP_DIR/home/said")" "$me saslfresh login $me" 'the hook is run once, for the grant'

# ---- what cannot be ----

refused() { # DESCRIPTION PATTERN LINE...
	configure "${@:3}"
	product "refused.$TAP_COUNT" token "$shared"
	is "$STATUS" 78 "$1"
	like "$OUTPUT" "saslfresh.conf:[0-9]+: $2" '... says so'
}
refused 'a grant of nobody' "there is no account alcie@example.test .*did you mean .grant = $me" 'grant = alcie@example.test'
refused 'a client beside it' "\`client_id. and .grant. cannot both stand here .*\\[account $me\\]" "grant = $me" 'client_id = x'
refused 'a chain' "account second has no grant of its own either \\(.grant = $me" 'grant = second' '[account second]' "grant = $me"
refused 'a ring' 'account second has no grant of its own either' 'grant = second' '[account second]' "grant = $shared"

no_leaks
tap_end
