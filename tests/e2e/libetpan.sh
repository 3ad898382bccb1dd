#!/bin/bash
# libetpan, the library of Claws Mail, with saslfresh against a real Dovecot and a real authorization server.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=alice@example.test

tap_start
oidc_start
dovecot_start
product_start
clients_install libetpan-dev
libetpan_build || bail "libetpan.c does not compile: $(cat "$TAP_DIR/log/libetpan.log")"
succeeds 'an account' product_account "$account" mail-public

for mechanism in XOAUTH2 OAUTHBEARER; do
	for protocol in imap pop3 smtp; do
		before=$(dovecot_logins "method=$mechanism.*TLS")
		libetpan "$account" "$mechanism" "$protocol"
		is "$STATUS" 0 "$protocol, $mechanism"
		dovecot_saw 1 "$before" 'and Dovecot agrees' "method=$mechanism.*TLS"
	done
	VERDICT='Authentication failed'
	must_survive "libetpan-imap-$mechanism" mail-public "$account" libetpan "$mechanism" imap
	must_survive "libetpan-smtp-$mechanism" mail-public "$account" libetpan "$mechanism" smtp
	must_survive "libetpan-pop3-$mechanism" mail-public "$account" libetpan "$mechanism" pop3
done

no_leaks
tap_end
