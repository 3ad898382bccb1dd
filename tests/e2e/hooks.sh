#!/bin/bash
# Hooks with a real authorization server and a real mailer: a person takes the grant back, the hook says so once; after
# the next login the other one says that all is well.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

account=alice@example.test

# said EVENT COUNT: the hook of EVENT has run so often.
said() {
	[ "$(grep -c "^$1 " "$TAP_DIR/home/said" 2>/dev/null)" -eq "$2" ]
}

revoked() {
	oidc_revoke mail-basic "$(sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/$account.grant")"
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients
cat >"$PRODUCT_CONFIG" <<-EOF2
	on_login_needed = printf '%s %s: %s; %s\n' "\$SASLFRESH_EVENT" "\$SASLFRESH_ACCOUNT" "\$SASLFRESH_REASON" "\$SASLFRESH_COMMAND" >>"$TAP_DIR/home/said"
	on_recovered = printf '%s %s: %s\n' "\$SASLFRESH_EVENT" "\$SASLFRESH_ACCOUNT" "\$SASLFRESH_REASON" >>"$TAP_DIR/home/said"
EOF2
: >"$TAP_DIR/home/said"
succeeds 'an account' product_account "$account" mail-basic
mbsync "$account" XOAUTH2 IMAPS
is "$STATUS" 0 'the mailer logs in'
is "$(cat "$TAP_DIR/home/said")" '' 'nobody is told that all is well'
product check status --check
is "$STATUS" 0 'status --check: ok'

product_expire "$account"
succeeds 'the person takes the grant back' revoked
mbsync "$account" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'the mailer cannot log in'
at_most "$ELAPSED" 8000 'and has not waited for a hook'
sentence=$(product_cached "$account" error_description)
like "$OUTPUT" 'saslfresh login' 'it says what to do'
succeeds 'the hook is run behind its back' poll 10 said login_needed 1
is "$(cat "$TAP_DIR/home/said")" \
	"login_needed $account: $sentence (saslfresh login $account); saslfresh login $account" 'with account, reason and command'
mbsync "$account" XOAUTH2 IMAPS
isnt_zero "$STATUS" 'the mailer tries again'
product refresh refresh "$account" --force
is "$STATUS" 77 'so does the timer'
succeeds 'nobody is told twice' said login_needed 1
product check status --check
is "$STATUS" 2 'status --check: critical'
like "$OUTPUT" "^SASLFRESH CRITICAL - $account: needs login: " 'in one line'
product metrics status --prometheus "$TAP_DIR/out/saslfresh.prom"
is "$STATUS" 0 'status --prometheus'
like "$(cat "$TAP_DIR/out/saslfresh.prom")" "saslfresh_account_login_needed\{account=\"$account\"\} 1" 'counts it'

oidc_mint mail-basic "$account" "$TAP_DIR/home/again"
product login login "$account" --refresh-token-file "$TAP_DIR/home/again"
is "$STATUS" 0 'after a new login'
succeeds 'the other hook is run' said recovered 1
mbsync "$account" XOAUTH2 IMAPS
is "$STATUS" 0 'the mailer logs in'
imtest "$account" XOAUTH2 TLS
is "$STATUS" 0 'another one too'
product refresh refresh "$account" --force
is "$(wc -l <"$TAP_DIR/home/said")" 2 'and nobody is told anything more'
product check status --check
is "$STATUS" 0 'status --check: ok again'

cp "$TAP_DIR/home/said" "$TAP_DIR/out/said"
no_leaks
tap_end
