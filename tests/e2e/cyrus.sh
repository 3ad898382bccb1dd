#!/bin/bash
# imtest, pop3test and smtptest (Cyrus) with saslfresh against a real Dovecot and a real authorization server.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=alice@example.test

tap_start
oidc_start
dovecot_start
product_start
clients_install cyrus-clients
succeeds 'an account' product_account "$account" mail-basic

for mechanism in XOAUTH2 OAUTHBEARER; do
	for program in imtest pop3test smtptest; do
		for tls in TLS STARTTLS; do
			before=$(dovecot_logins "method=$mechanism.*TLS")
			"$program" "$account" "$mechanism" "$tls"
			is "$STATUS" 0 "$program, $mechanism over $tls"
			dovecot_saw 1 "$before" 'and Dovecot agrees' "method=$mechanism.*TLS"
		done
	done
done

# The words of each protocol's server.
for mechanism in XOAUTH2 OAUTHBEARER; do
	VERDICT='A01 NO \[AUTHENTICATIONFAILED\]'
	must_survive "imtest-$mechanism" mail-basic "$account" imtest "$mechanism" TLS
	VERDICT='-ERR \[AUTH\] Authentication failed'
	must_survive "pop3test-$mechanism" mail-basic "$account" pop3test "$mechanism" STARTTLS
	VERDICT='535 5\.7\.8 Authentication failed'
	must_survive "smtptest-$mechanism" mail-basic "$account" smtptest "$mechanism" TLS
done

no_leaks
tap_end
