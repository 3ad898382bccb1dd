#!/bin/bash
# Postfix with the plugin, the system's configuration and no home directory, against a real Dovecot and a real
# authorization server: both mechanisms, named and not named, and everything that goes wrong in a year.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product postfix system; do . "$kit/$part.sh"; done

system_as_root 'Postfix runs as root alone'
umask 022
user=alice@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# arrived METHOD HOW-MANY-REFRESHES DESCRIPTION
arrived() {
	is "$POSTFIX_OUTCOME" sent "$3: the mail is sent"
	succeeds '... and arrives' submitted "$MARK: No space left on device"
	like "$(grep 'Login: user' "$DOVECOT_LOG" | tail -n +$((LOGINS + 1)))" "user=<$user>, method=($1)," "... after a login by $1"
	is "$(($(refreshes) - REFRESHES))" "$2" "... and $2 refresh requests"
}

tap_start
oidc_start
dovecot_start
postfix_install
product_start
system_start "$POSTFIX_OWNER"
chmod 0700 "$SYSTEM_STATE" # as `make install` leaves it
oidc_mint mail-post "$user" "$TAP_DIR/home/spare"
packages_unpack "$KIT_CACHE/kde" libsasl2-modules-kdexoauth2 2>>"$TAP_DIR/log/packages.log" || bail "cannot unpack KDE's plugin"
mkdir -m 0755 "$TAP_DIR/before" "$TAP_DIR/after"
SASL_PATH=$TAP_DIR/before:$PREFIX/lib/sasl2:$TAP_DIR/after:$(postfix_sasl_modules)
ours="[localhost]:$SUBMISSION_PORT $user:unused"
plain="[localhost]:$SUBMISSION_PORT $user:$DOVECOT_PASSWORD"

# ---- the plugin is installed, and nobody here uses it ----

postfix_start "$SUBMISSION_PORT" 'smtp_connection_cache_on_demand = no' 'smtp_sasl_auth_soft_bounce = yes'
postfix_passwords "$plain"
mail_out
arrived PLAIN 0 'no account'
unlike "$(postfix_lines)" 'saslfresh|SASL|plugin|warning|fatal' '... without a word in the log'
postfix_set smtp_sasl_mechanism_filter='xoauth2, oauthbearer'
mail_out
waits 'no mechanism available' 'no account, and the filter allows our mechanisms alone'
unlike "$(postfix_lines)" saslfresh '... and nothing is said of us'
postfix_set smtp_sasl_mechanism_filter=

system_configuration
sed -i '1i programs = mbsync, imtest' "$SYSTEM/saslfresh.conf"
postfix_reload
mail_again
arrived PLAIN 0 'an account, but not for this program'
unlike "$(postfix_lines)" 'saslfresh|SASL|plugin|warning|fatal' '... without a word in the log'

# ---- an account ----

system_configuration
postfix_passwords "$ours"
mail_out
waits "saslfresh login $user" 'an account, and nobody has logged in'
fails '... and no request was made' test "$(refreshes)" -gt 0

succeeds 'the administrator logs in' log_in
is "$(refreshes)" 1 '... which is proved by one refresh'
is "$(stat -c '%U %a' "$SYSTEM_STATE/$user.grant")" "$POSTFIX_OWNER 600" '... and the grant belongs to the user of smtp'
mail_again
arrived 'XOAUTH2|OAUTHBEARER' 0 'the mail that waited'

# ---- KDE's plugin beside ours ----

postfix_set smtp_sasl_mechanism_filter=xoauth2
for place in before after; do
	ln -s "$(find "$KIT_CACHE/kde" -name libkdexoauth2.so | head -n 1)" "$TAP_DIR/$place/libkdexoauth2.so"
	postfix_reload
	mail_out
	arrived XOAUTH2 0 "KDE's plugin, looked for $place ours"
	rm "$TAP_DIR/$place/libkdexoauth2.so"
done

# ---- each mechanism ----

for mechanism in XOAUTH2 OAUTHBEARER any; do
	if [ "$mechanism" = any ]; then
		postfix_set smtp_sasl_mechanism_filter=
		method='XOAUTH2|OAUTHBEARER'
	else
		postfix_set smtp_sasl_mechanism_filter="${mechanism,,}"
		method=$mechanism
	fi

	mail_out
	arrived "$method" 0 "$mechanism, valid token"

	expire
	mail_out
	arrived "$method" 1 "$mechanism, expired token"
	unlike "$(postfix_lines)" 'warning' '... without a warning'

	oidc_revoke mail-post "$(cached access_token)"
	mail_out
	waits 'said: 535' "$mechanism, revoked token"
	like "$(postfix_lines)" "localhost refused the access token of $user" '... and so does our sentence'
	like "$POSTFIX_REASON" '535' "... and the server's verdict is the reason of the delay"
	is "$(refreshes)" "$REFRESHES" '... and nothing is asked in the same session'
	is "$(cached rejected)" "$(cached access_token_hash)" '... and the refusal is remembered'
	like "$(cached rejected)" . '... by a hash'
	mail_again
	arrived "$method" 1 "$mechanism, the next attempt"
	mail_out
	arrived "$method" 0 "$mechanism, and the one after it"
done

# ---- the authorization server is down ----

oidc_set public=down
mail_out
arrived "$method" 0 'server down, valid token'
oidc_set public=up
expire
oidc_set public=down
grant=$(sha256sum <"$SYSTEM_STATE/$user.grant")
mail_out
waits "no access token of $user" 'server down, expired token'
like "$(postfix_lines)" "no access token of $user: localhost.*$OIDC_PORT" '... naming the server'
like "$(cached retry_at)" '^[0-9]+$' '... and when it is asked again'
is "$(sha256sum <"$SYSTEM_STATE/$user.grant")" "$grant" '... and the grant is as it was'
mail_again
waits "no access token of $user" 'server still down'
is "$(refreshes)" "$REFRESHES" '... and it is not asked again so soon'
oidc_set public=up
saslfresh force refresh "$user" --force
is "$STATUS" 0 'the server is back, and the administrator does not wait'
mail_again
arrived "$method" 0 'the mail that waited'

# ---- the grant is gone ----

oidc_revoke mail-post "$(sed -n 's/^refresh_token = //p' "$SYSTEM_STATE/$user.grant")"
mail_out
waits '535' 'the grant is revoked, and its access token with it'
mail_again
waits "saslfresh login $user" 'a new token is refused'
is "$(($(refreshes) - REFRESHES))" 1 '... after one request'
mail_again
waits "saslfresh login $user" 'the next attempt'
is "$(($(refreshes) - REFRESHES))" 0 '... makes no request'
succeeds 'somebody logs in again' log_in
mail_again
arrived "$method" 0 'the mail that waited'

# ---- twenty at once ----

expire
postfix_set 'initial_destination_concurrency=20' 'default_destination_concurrency_limit=20' 'defer_transports=smtp'
LOGINS=$(dovecot_logins "method=($method)")
before=$(refreshes)
for i in $(seq 20); do
	notice "herd-$i@cron.example.test" | postfix_send "herd-$i@cron.example.test" -i root
done
for i in $(seq 20); do
	postfix_outcome "herd-$i@cron.example.test"
	printf '%s\n' "$POSTFIX_OUTCOME"
done >"$TAP_DIR/herd"
is "$(sort "$TAP_DIR/herd" | uniq -c | xargs)" '20 deferred' 'twenty mails wait'
oidc_set delay=700
postfix_set 'defer_transports='
postfix_forget
postfix_run postqueue -f
herd_sent() {
	[ "$(postfix_lines | grep -c 'status=')" -ge 20 ]
}
poll 60 herd_sent
is "$(postfix_lines | grep -c 'status=sent')" 20 'and are sent at once, with an expired token'
is "$(postfix_lines | grep -Ec 'warning|status=deferred')" 0 '... without a warning'
is "$(($(dovecot_logins "method=($method)") - LOGINS))" 20 '... each with a login of its own'
is "$(($(refreshes) - before))" 1 '... and one refresh for all'
at_most 2 "$(postfix_lines | sed -n 's/.*postfix\/smtp\[\([0-9]*\)\].*/\1/p' | sort -u | wc -l)" '... by several processes'
oidc_set delay=0
postfix_set 'defer_transports='

# ---- an account with a password beside ours, at another server that knows PLAIN alone ----

plain_dovecot() {
	local TAP_DIR=$TAP_DIR/plain SUBMISSION_PORT DOVECOT_MECHANISMS='plain login'
	mkdir -m 0711 "$TAP_DIR" "$TAP_DIR/log"
	ln -s ../ca "$TAP_DIR/ca"
	dovecot_start
	PLAIN_PORT=$SUBMISSION_PORT PLAIN_LOG=$DOVECOT_LOG PLAIN_SINK=$SINK_DIR
}
ours_log=$DOVECOT_LOG ours_sink=$SINK_DIR
plain_dovecot
DOVECOT_LOG=$ours_log SINK_DIR=$ours_sink
postfix_set smtp_sender_dependent_authentication=yes \
	"sender_dependent_relayhost_maps=inline:{bob@isp.test=[localhost]:$PLAIN_PORT}"
postfix_passwords "bob@isp.test bob@isp.test:$DOVECOT_PASSWORD" "$ours"
mail_out -f bob@isp.test
is "$POSTFIX_OUTCOME" sent 'an account with a password beside ours: the mail is sent'
like "$(cat "$PLAIN_LOG")" 'Login: user=<bob@isp.test>, method=(PLAIN|LOGIN),' '... after a login by password'
succeeds '... at its own server' grep -rqF "$MARK: No space" "$PLAIN_SINK"
is "$(dovecot_logins)" "$LOGINS" '... and not at ours'
mail_out
arrived "$method" 0 'and ours goes on'

# At a server that offers both, libsasl2 chooses by rank and not by name. A transport of its own is the way.
postfix_set sender_dependent_relayhost_maps=
mail_out -f bob@isp.test
waits 'there is no account bob@isp\.test' 'an account with a password at a server that offers both'
postfix_run postconf -M 'password/unix=password unix - - n - - smtp -o smtp_sasl_mechanism_filter=plain,login'
postfix_set 'sender_dependent_default_transport_maps=inline:{bob@isp.test=password:}'
mail_out -f bob@isp.test
is "$POSTFIX_OUTCOME" sent '... with a transport that allows PLAIN alone: the mail is sent'
like "$(grep 'Login: user' "$DOVECOT_LOG" | tail -n +$((LOGINS + 1)))" 'user=<bob@isp.test>, method=(PLAIN|LOGIN),' '... after a login by password'
mail_out
arrived "$method" 0 'and ours goes on as before'

# ---- what `saslfresh config-for postfix` prints, in a Postfix that knows nothing of a relay ----

printf 'smtp = localhost:%s\n' "$SUBMISSION_PORT" >>"$SYSTEM/saslfresh.conf"
saslfresh config-for config-for postfix "$user"
is "$STATUS" 0 'config-for postfix prints lines'
recipe=$OUTPUT
sed -i '/^relayhost/d; /^smtp_sasl/d; /^smtp_tls/d; /^sender_dependent/d; /^smtp_sender_dependent/d' "$POSTFIX_DIR/etc/main.cf"
postfix_reload
mail_out
fails 'without them no mail gets out' test "$POSTFIX_OUTCOME" = sent
(
	postconf() { env -u MAIL_CONFIG LD_LIBRARY_PATH="$POSTFIX_LIBRARY_PATH" "$POSTFIX_ROOT/usr/sbin/postconf" -c "$POSTFIX_DIR/etc" "$@"; }
	eval "$recipe"
) >"$TAP_DIR/out/postconf" 2>&1
is "$?$(cat "$TAP_DIR/out/postconf")" 0 'postconf takes them without a word'
postfix_set "smtp_tls_CAfile=$OIDC_CA"
mail_out
arrived XOAUTH2 0 'with them, and the authority of the test'

cp "$PLAIN_LOG" "$TAP_DIR/log/dovecot-plain.log"
no_leaks
tap_end
