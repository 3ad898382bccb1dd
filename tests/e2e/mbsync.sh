#!/bin/bash
# mbsync (isync) with saslfresh against a real Dovecot and a real authorization server.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

user=alice@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

tap_start
oidc_start
dovecot_start
product_start
clients_install isync

for client in mail-post mail-basic mail-public; do
	succeeds "an account of client $client" product_account "$client@example.test" "$client" "$user" "user = $user"
	is "$(oidc_count grant_type=refresh_token outcome=ok)" "$(ls "$PRODUCT_STATE" | grep -c '\.grant$')" \
		'proved by one refresh'
done

for client in mail-post mail-basic mail-public; do
	account=$client@example.test
	for mechanism in XOAUTH2 OAUTHBEARER; do
		for tls in IMAPS STARTTLS; do
			before=$(dovecot_logins "method=$mechanism")
			dovecot_mail "$user" "$client-$mechanism-$tls"
			refreshed=$(refreshes)
			mbsync "$account" "$mechanism" "$tls"
			is "$STATUS" 0 "$mechanism over $tls as $client"
			is "$OUTPUT" '' 'without a word'
			succeeds 'fetches the message' fetched "$client-$mechanism-$tls"
			dovecot_saw 1 "$before" "by $mechanism indeed" "method=$mechanism"
			is "$(refreshes)" "$refreshed" 'with the token in the cache'
		done
	done
done

account=mail-post@example.test
before=$(dovecot_logins 'method=(XOAUTH2|OAUTHBEARER)')
mbsync "$account" '*' IMAPS
is "$STATUS" 0 'any mechanism: mbsync logs in'
dovecot_saw 1 "$before" 'with a token and not with PLAIN, which was offered' 'method=(XOAUTH2|OAUTHBEARER)'

VERDICT=AUTHENTICATIONFAILED
for mechanism in XOAUTH2 OAUTHBEARER; do
	must_survive "mbsync-$mechanism" mail-post "$user" mbsync "$mechanism" IMAPS
done

# A token that ends soon is renewed on the way, before anybody has to wait for it.
ends_soon() { [ $((ends - $(date +%s))) -le 4 ]; }
product_shorten "$account" 8
ends=$(product_cached "$account" expires_at)
poll 10 ends_soon
refreshed=$(refreshes)
mbsync "$account" XOAUTH2 IMAPS
is "$STATUS" 0 'a token that ends soon: mbsync logs in'
is "$(($(refreshes) - refreshed))" 1 'and it is renewed'
at_most "$(($(date +%s) + 3000))" "$(product_cached "$account" expires_at)" 'for an hour'

# A token goes to no server that is not named for its account.
elsewhere=elsewhere@example.test
succeeds 'an account for another server' product_account "$elsewhere" mail-post "$user" "user = $user"
sed -i "/^\[account $elsewhere\]/,\$ s/^hosts = .*/hosts = mail.elsewhere.test/" "$PRODUCT_CONFIG"
before=$(wc -l <"$DOVECOT_LOG")
mbsync "$elsewhere" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'its token is not for this server: mbsync fails'
like "$OUTPUT" 'localhost is not one of the servers' 'and says why'
succeeds 'the server saw it come and go' poll 5 dovecot_said "$before" 'Disconnected: .*no auth attempts'
fails 'and was not even asked' dovecot_said "$before" 'method=|oauth2'

mbsync nobody@example.test XOAUTH2 IMAPS
isnt_zero "$STATUS" 'a name without an account: mbsync fails'
like "$OUTPUT" 'no account nobody@example.test' 'and says why'

product list list
like "$OUTPUT" "$account" 'list names the account'
product status status
like "$OUTPUT" "$account" 'and so does status'

no_leaks
tap_end
