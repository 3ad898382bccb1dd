#!/bin/bash
# A chrooted Postfix, whose smtp(8) cannot read, cannot run anything and knows no home directory: it gets its access
# token through the door, and nothing else. Real listeners, a real Dovecot, a real authorization server.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
. "$kit/tap.sh"
. "$kit/ca.sh"
. "$kit/packages.sh"
. "$kit/oidc.sh"
. "$kit/dovecot.sh"
. "$kit/product.sh"
. "$kit/postfix.sh"
. "$kit/system.sh"

if [ "$(id -u)" -ne 0 ]; then
	sudo -n true 2>/dev/null || skip_all 'Postfix runs as root alone: run this as root or with sudo'
	readarray -t kept < <(env | grep -Ei '^(PATH|SASLFRESH_PREFIX|KIT_CACHE|NODE|NODE_EXTRA_CA_CERTS|npm_config_[a-z_]*|[a-z]*_proxy)=')
	exec sudo -n env "${kept[@]}" "$0"
fi

umask 022
user=alice@example.test
MAILS=0

# mail_out: one more mail as cron sends it, and its first attempt.
mail_out() {
	MAILS=$((MAILS + 1))
	MARK=mail-$MAILS@cron.example.test
	LOGINS=$(dovecot_logins)
	REFRESHES=$(refreshes)
	postfix_forget
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron\n\n%s: No space left on device\n' "$MARK" |
		postfix_send "$MARK" -i -FCronDaemon -B8BITMIME -oem root
	postfix_outcome "$MARK"
}

mail_again() {
	LOGINS=$(dovecot_logins)
	REFRESHES=$(refreshes)
	postfix_forget
	postfix_retry "$MARK"
	postfix_outcome "$MARK"
}

# arrived HOW-MANY-REFRESHES DESCRIPTION
arrived() {
	is "$POSTFIX_OUTCOME" sent "$2: the mail is sent"
	succeeds '... and arrives' submitted "$MARK: No space left on device"
	dovecot_saw 1 "$LOGINS" '... after one login' "user=<$user>, method=(XOAUTH2|OAUTHBEARER),"
	is "$(($(refreshes) - REFRESHES))" "$1" "... and $1 refresh requests"
}

# waits SENTENCE DESCRIPTION
waits() {
	is "$POSTFIX_OUTCOME" deferred "$2: the mail waits"
	like "$(postfix_lines)" "$1" '... and the log says why'
}

tap_start
oidc_start
dovecot_start
postfix_install
product_start
system_start
SASL_PATH=$PREFIX/lib/sasl2:$(postfix_sasl_modules)
smtp_uid=$(id -u "$POSTFIX_OWNER")
system_configuration "allow = $POSTFIX_OWNER"
succeeds 'the administrator logs in' log_in
is "$(stat -c '%U %a' "$SYSTEM_STATE/$user.grant")" "$OWNER 600" '... and the grant belongs to the owner of the state'
postfix_start "$SUBMISSION_PORT" 'smtp_connection_cache_on_demand = no' 'smtp_sasl_auth_soft_bounce = yes'
postfix_passwords "[localhost]:$SUBMISSION_PORT $user:unused"
install -d -m 0755 "$POSTFIX_DIR/queue/etc"
cp /etc/hosts /etc/nsswitch.conf /etc/services "$POSTFIX_DIR/queue/etc/"
inner=$POSTFIX_DIR/queue$DOOR
install -d -m 0755 -o "$OWNER" "${inner%/*}"
postfix_run postconf -F smtp/unix/chroot=y
postfix_reload

mail_out
waits "user $smtp_uid in a chroot cannot renew it: nobody answers at $DOOR: .*master\\.cf" 'no door in the chroot'
door_open systemd "$DOOR" "$inner"
mail_again
arrived 0 'chroot=y, a door'
tap_end
