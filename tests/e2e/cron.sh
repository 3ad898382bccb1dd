#!/bin/bash
# The mail of a machine: what cron, mail(1), smartd, fail2ban and PHP hand to /usr/sbin/sendmail, with the lines of `saslfresh
# config-for msmtp-mta` in Debian's msmtp-mta, a real cron, users who may not renew a token, and a real Dovecot.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product system machine; do . "$kit/$part.sh"; done

system_as_root 'users are made by root'

umask 022
user=alice@example.test

# part FILE: what the recipe has for it.
part() { recipe_part "$1" <"$TAP_DIR/home/recipe"; }

# hand_over USER MARK SENDMAIL-ARGUMENT...: a mail, as a program of USER's hands it over; sets STATUS and OUTPUT.
hand_over() {
	local who=$1 mark=$2
	shift 2
	STATUS=0
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@cron> df\n\n%s\n' "$mark" |
		inside setpriv --reuid="$who" --regid="$who" --init-groups env -i PATH=/usr/bin:/bin HOME=/nonexistent \
			timeout -k 5 60 "$@" >"$TAP_DIR/out/$mark" 2>&1 || STATUS=$?
	OUTPUT=$(cat "$TAP_DIR/out/$mark")
}

# arrives USER MARK COMMAND...: and the mail arrives, from the account, whoever sends.
arrives() {
	local who=$1 mark=$2 before
	before=$(dovecot_logins method=XOAUTH2)
	hand_over "$@"
	is "$STATUS$OUTPUT" 0 "${*:3}"
	succeeds '... arrives' submitted "$mark"
	dovecot_saw 1 "$before" '... by a token' method=XOAUTH2
}

# headed MARK PATTERN DESCRIPTION: the stored mail has such a line.
headed() { like "$(grep -rlF "$1" "$SINK_DIR" | head -n 1 | xargs cat)" "$2" "$3"; }

tap_start
oidc_start
dovecot_start
product_start
system_start
system_user mailing && allowed=$USER_NAME
system_user other && other=$USER_NAME
chmod 0644 "$OIDC_CA"
system_configuration "allow = $allowed" "smtp = localhost:$SUBMISSION_PORT"
succeeds 'the administrator logs in' log_in
door_open listen "$DOOR"

machine_start
machine_install cron msmtp-mta bsd-mailx || bail "no machine with cron: $(tail -n 3 "$TAP_DIR/log/machine.log")"
saslfresh recipe config-for msmtp-mta "$user"
is "$STATUS" 0 'there are lines'
printf '%s\n' "$OUTPUT" >"$TAP_DIR/home/recipe"
unlike "$OUTPUT" 'is a person' '... for an account of the system'
{ part msmtprc; printf 'tls_trust_file %s\n' "$OIDC_CA"; } | inside install -m 0644 /dev/stdin /etc/msmtprc
part aliases | inside install -m 0644 /dev/stdin /etc/aliases
like "$(inside cat /etc/aliases)" "^default: $user" '... with an alias for everybody'

# ---- cron itself, which waits for the minute; meanwhile the rest ----

printf 'SHELL=/bin/sh\n* * * * * root echo cron-of-root\n* * * * * %s echo cron-of-%s >&2; exit 1\n' "$allowed" "$allowed" |
	inside install -m 0644 /dev/stdin /etc/cron.d/saslfresh-test
background cron nsenter -m -r -t "$MACHINE" env -C / cron -f -L 15

# ---- who calls, and how ----

arrives root from-cron /usr/sbin/sendmail -i -FCronDaemon -B8BITMIME -oem root
headed from-cron "^From: .*<?$user" '... from the account, as providers insist'
headed from-cron "^MAIL FROM:<$user>" '... which is the sender'
arrives "$allowed" from-cronie /usr/sbin/sendmail -FCronDaemon -i -odi -oem -oi -t -f root
arrives "$allowed" from-fail2ban /usr/sbin/sendmail -f fail2ban@localhost bob@example.test
headed from-fail2ban "^MAIL FROM:<$user>" '... whatever the caller says'
arrives "$allowed" from-php /usr/sbin/sendmail -t -i -fwww-data@localhost
arrives "$allowed" from-smartd mail -s 'SMART error' root

# ---- who may not ----

hand_over "$other" from-other /usr/sbin/sendmail -i root
isnt_zero "$STATUS" 'a user who is not allowed'
like "$OUTPUT" "user $(id -u "$other") is not allowed to have one" '... hears why'
fails '... and nothing is sent' submitted from-other

# ---- what happens in a year ----

expire
refreshed=$(refreshes)
arrives "$allowed" from-late /usr/sbin/sendmail -i root
is "$(($(refreshes) - refreshed))" 1 '... with a token that has expired, after one refresh'

# ---- cron ----

succeeds 'cron: the mail of a job of root arrives' poll 75 submitted cron-of-root
succeeds "cron: and that of a user's" poll 10 submitted "cron-of-$allowed"

# ---- nobody at the door ----

door_close "$DOOR"
hand_over "$allowed" from-closed /usr/sbin/sendmail -i root
is "$STATUS" 78 'with the door closed nothing is sent'
like "$OUTPUT" "user $(id -u "$allowed") cannot renew it: nobody answers at $DOOR: .*systemctl enable --now saslfresh\.socket" '... and the sentence says what opens it'
machine_stop

no_leaks
tap_end
