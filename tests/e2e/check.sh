#!/bin/bash
# `saslfresh check`: a real Dovecot (IMAP, POP, submission), a real authorization server, a real Postfix's postconf, and
# scripted servers for what those do not do.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
. "$kit/tap.sh"
. "$kit/ca.sh"
. "$kit/packages.sh"
. "$kit/oidc.sh"
. "$kit/dovecot.sh"
. "$kit/product.sh"

user=alice@example.test

tap_start
oidc_start
dovecot_start
product_start

account=all@accounts.test
succeeds 'an account' product_account $account mail-post "$user" "user = $user" \
	"imap = localhost:$IMAP_PORT" "pop = localhost:$POP3S_PORT tls" "smtp = localhost:$SUBMISSION_PORT"
product check check "$account"
printf '%s\n' "$OUTPUT" >&2
is "$STATUS" 0 'check'
tap_end
