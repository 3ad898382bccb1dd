#!/bin/bash
# Many at once: one refresh for all, with a server where a lost race would end the grant.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=alice@example.test

# together COUNT COMMAND...: sets RESULTS (lines of "STATUS MILLISECONDS"), RUN (where the outputs are), FAILURES, SLOWEST.
together_runs=0
together() {
	together_runs=$((together_runs + 1))
	RUN=$TAP_DIR/home/together.$together_runs
	mkdir -p "$RUN"
	RESULTS=$(product_environment "$kit/together.py" "$1" "$RUN" "${@:2}")
	FAILURES=$(awk '$1 != 0' <<<"$RESULTS" | wc -l)
	SLOWEST=$(awk '$2 > slowest { slowest = $2 } END { print slowest }' <<<"$RESULTS")
}

# What they said goes where no_leaks looks for it, but for what may hold a token by its nature.
keep_errors() {
	cat "$RUN"/*.err >"$TAP_DIR/out/together.$together_runs"
	mbsync_expurgate "$TAP_DIR/out/together.$together_runs"
}

# A place and a script for each of the mailers: odd numbers are mbsync, even ones imtest.
prepare_mailers() {
	local i mechanism
	printf 'a LOGOUT\r\n' >"$TAP_DIR/near/bye"
	for ((i = 1; i <= 20; i++)); do
		mechanism=XOAUTH2
		[ $((i % 4)) -lt 2 ] || mechanism=OAUTHBEARER
		if [ $((i % 2)) -eq 1 ]; then
			mbsync_prepare "mailer$i" "$account" "$mechanism" IMAPS
			printf 'exec %s\n' "${MBSYNC[*]@Q}"
		else
			cyrus_command imtest "$account" "$mechanism" TLS "$IMAP_PORT" "$IMAPS_PORT"
			printf '%s <%s >%s/%s.wire 2>&1; grep -q "^Authenticated\\." %s/%s.wire\n' "${CYRUS[*]@Q}" \
				"$TAP_DIR/near/bye" "$TAP_DIR/wire" "$i" "$TAP_DIR/wire" "$i"
		fi >"$TAP_DIR/home/mailer$i"
	done
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients
succeeds 'an account' product_account "$account" mail-post

# 64 commands, twice: the second round shows that the grant has outlived the first.
for round in first second; do
	product_expire "$account"
	refreshed=$(refreshes)
	oidc_set delay=1000
	together 64 "$PREFIX/bin/saslfresh" token "$account"
	keep_errors
	oidc_set delay=0
	is "$(wc -l <<<"$RESULTS")" 64 "$round round: 64 commands with an expired token"
	is "$FAILURES" 0 'none fails'
	is "$(($(refreshes) - refreshed))" 1 'one request is made'
	is "$(cat "$RUN"/*.out | sort -u | wc -l)" 1 'all print the same token'
	succeeds 'which is good' oidc_active "$(cat "$RUN/1.out")"
	at_most "$SLOWEST" 3000 "the slowest waited $SLOWEST ms: no longer than the request of 1000 ms and 2 s"
done

refreshed=$(refreshes)
together 64 "$PREFIX/bin/saslfresh" token "$account"
keep_errors
is "$FAILURES" 0 '64 commands with a fresh token'
is "$(refreshes)" "$refreshed" 'make no request'

# Not yet expired, but soon: nobody waits for the one that refreshes.
product_shorten "$account" 12
in_hard_margin_soon() { [ $((PRODUCT_ENDS - $(date +%s))) -le 5 ]; }
PRODUCT_ENDS=$(product_cached "$account" expires_at)
poll 15 in_hard_margin_soon
refreshed=$(refreshes)
oidc_set delay=1500
together 16 "$PREFIX/bin/saslfresh" token "$account"
keep_errors
oidc_set delay=0
is "$FAILURES" 0 '16 commands with a token that ends soon'
is "$(($(refreshes) - refreshed))" 1 'one refreshes'
is "$(awk '$2 < 1000' <<<"$RESULTS" | wc -l)" 15 'the others go on with the token that they have'

prepare_mailers
product_expire "$account"
refreshed=$(refreshes)
before=$(dovecot_logins)
together 20 bash "$TAP_DIR/home/mailer{}"
keep_errors
is "$FAILURES" 0 '20 mailers with an expired token: none fails' || diag "$(cat "$TAP_DIR/out/together.$together_runs")"
dovecot_saw 20 "$before" 'Dovecot saw 20 logins'
is "$(($(refreshes) - refreshed))" 1 'one request is made'

# Who is refused says so, and the first to come after that refreshes; a refusal that is reported late, of the token
# before, must not cost the new one.
product_revoke "$account" mail-post
refreshed=$(refreshes)
together 20 bash "$TAP_DIR/home/mailer{}"
keep_errors
at_most 1 "$FAILURES" '20 mailers with a revoked token: the first at least is refused'
at_most "$(($(refreshes) - refreshed))" 1 'and at most one request is made'
together 20 bash "$TAP_DIR/home/mailer{}"
keep_errors
is "$FAILURES" 0 'at the next try none fails' || diag "$(cat "$TAP_DIR/out/together.$together_runs")"
is "$(($(refreshes) - refreshed))" 1 'after one request in all'

is "$(oidc_count grant_type=refresh_token outcome=error)" 0 'no refresh was ever refused: no race was lost'
no_leaks
tap_end
