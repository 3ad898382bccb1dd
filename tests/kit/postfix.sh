# postfix.sh: a private Postfix for one test: it sends through one relay on the loopback address, and receives from its
# own sendmail alone; nothing listens. Needs tap.sh, ca.sh, oidc.sh (for its kit_cache), packages.sh, and root.
#
# Postfix is unpacked, not installed: the machine's own mailer, if any, is neither read nor written nor run. Every path
# lies under $TAP_DIR; users and groups are borrowed from those that every Debian has.
#
#     postfix_start RELAY-PORT [NAME=VALUE...]  main.cf lines after ours; sets POSTFIX_LOG, POSTFIX_PID
#     postfix_set NAME=VALUE...                 changes main.cf and reloads
#     postfix_passwords LINE...                 what smtp_sasl_password_maps holds: "[localhost]:PORT user:password"
#     postfix_send MARK [SENDMAIL-ARGUMENT...]  queues standard input with MARK as its Message-ID
#     postfix_outcome MARK                      waits for its first delivery attempt; sets POSTFIX_OUTCOME (sent,
#                                               deferred, bounced) and POSTFIX_REASON
#     postfix_retry MARK                        lets it be tried again; then postfix_outcome
#     postfix_lines                             everything logged since postfix_forget
#     mail_out, mail_again, waits               a mail as cron sends it, and what comes of it; these need dovecot.sh
#                                               and product.sh too
#
# The relay is asked for a certificate of localhost, signed by ca.pem of the test, before anything is said to it.
# smtp runs as $POSTFIX_OWNER, not chrooted, with SASL_PATH from the environment of postfix_start. That user must be
# able to reach the plugin, the command and the state of an account.

# Postfix refuses a uid that two accounts share, and wants three different ids. These are in Debian's base-passwd.
POSTFIX_OWNER='uucp'
POSTFIX_SETGID_GROUP=fax
POSTFIX_DEFAULT_PRIVS=nobody

postfix_install() {
	kit_cache
	POSTFIX_ROOT=$KIT_CACHE/postfix
	packages_unpack "$POSTFIX_ROOT" postfix libsasl2-modules 2>>"$TAP_DIR/log/packages.log" ||
		bail "cannot unpack Postfix: $(tail -n 1 "$TAP_DIR/log/packages.log")"
	as_postfix test -x "$POSTFIX_ROOT/usr/lib/postfix/sbin/smtp" ||
		bail "user $POSTFIX_OWNER cannot reach $POSTFIX_ROOT: every directory above it must be searchable by all"
	POSTFIX_LIBRARY_PATH=$(packages_library_path "$POSTFIX_ROOT")
}

# as_postfix COMMAND...: as the user that smtp runs as, with next to no environment.
as_postfix() {
	env -i PATH="$PATH" LC_ALL=C setpriv --reuid="$POSTFIX_OWNER" --regid="$POSTFIX_OWNER" --clear-groups "$@"
}

# The directory of PLAIN, LOGIN and the other mechanisms of Cyrus SASL: to be put behind the plugin's in SASL_PATH.
postfix_sasl_modules() {
	printf '%s\n' "$POSTFIX_ROOT"/usr/lib/*/sasl2
}

postfix_start() {
	local port=$1
	shift
	[ "$(id -u)" -eq 0 ] || bail 'Postfix needs root'
	postfix_install
	POSTFIX_DIR=$TAP_DIR/postfix
	POSTFIX_LOG=$TAP_DIR/log/postfix.log
	POSTFIX_SEEN=0
	mkdir -p "$POSTFIX_DIR/etc" "$POSTFIX_DIR/data" "$POSTFIX_DIR/queue"
	: >"$POSTFIX_LOG"
	postfix_queue || bail 'cannot make the queue of Postfix'
	{
		postfix_main "$port"
		printf '%s\n' "$@"
	} >"$POSTFIX_DIR/etc/main.cf"
	postfix_master >"$POSTFIX_DIR/etc/master.cf"
	(umask 077 && : >>"$POSTFIX_DIR/etc/passwords")
	background postfix.stderr env LD_LIBRARY_PATH="$POSTFIX_LIBRARY_PATH" \
		"$POSTFIX_ROOT/usr/lib/postfix/sbin/master" -c "$POSTFIX_DIR/etc"
	POSTFIX_PID=$BACKGROUND_PID
	poll 20 postfix_ready || bail 'Postfix did not start'
}

postfix_ready() {
	process_gone "$POSTFIX_PID" && bail "Postfix ended: $(cat "$TAP_DIR/log/postfix.stderr.log" "$POSTFIX_LOG")"
	grep -q 'daemon started' "$POSTFIX_LOG" && [ -S "$POSTFIX_DIR/queue/public/pickup" ]
}

postfix_queue() {
	local name
	for name in active bounce corrupt defer deferred flush hold incoming private saved trace; do
		install -d -m 0700 -o "$POSTFIX_OWNER" "$POSTFIX_DIR/queue/$name" || return 1
	done
	install -d -m 0755 "$POSTFIX_DIR/queue/pid" &&
		install -d -m 0710 -o "$POSTFIX_OWNER" -g "$POSTFIX_SETGID_GROUP" "$POSTFIX_DIR/queue/public" &&
		install -d -m 0730 -o "$POSTFIX_OWNER" -g "$POSTFIX_SETGID_GROUP" "$POSTFIX_DIR/queue/maildrop" &&
		install -d -m 0700 -o "$POSTFIX_OWNER" "$POSTFIX_DIR/data"
}

postfix_main() {
	cat <<-EOF
		compatibility_level = 3.6
		config_directory = $POSTFIX_DIR/etc
		meta_directory = $POSTFIX_DIR/etc
		queue_directory = $POSTFIX_DIR/queue
		data_directory = $POSTFIX_DIR/data
		daemon_directory = $POSTFIX_ROOT/usr/lib/postfix/sbin
		command_directory = $POSTFIX_ROOT/usr/sbin
		shlib_directory = $POSTFIX_ROOT/usr/lib/postfix
		sendmail_path = $POSTFIX_ROOT/usr/sbin/sendmail
		mailq_path = $POSTFIX_ROOT/usr/bin/mailq
		newaliases_path = $POSTFIX_ROOT/usr/bin/newaliases
		maillog_file = $POSTFIX_LOG
		maillog_file_prefixes = $TAP_DIR
		mail_owner = $POSTFIX_OWNER
		setgid_group = $POSTFIX_SETGID_GROUP
		default_privs = $POSTFIX_DEFAULT_PRIVS
		import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME
		    LD_LIBRARY_PATH=$POSTFIX_LIBRARY_PATH SASL_PATH=${SASL_PATH-}
		export_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH=$POSTFIX_LIBRARY_PATH

		myhostname = cron.example.test
		myorigin = example.test
		mydestination =
		alias_maps =
		local_transport = error:this mailer only sends
		inet_interfaces = loopback-only
		inet_protocols = ipv4
		mynetworks_style = host
		biff = no

		relayhost = [localhost]:$1
		smtp_dns_support_level = disabled
		smtp_host_lookup = native
		smtp_tls_security_level = secure
		smtp_tls_CAfile = $TAP_DIR/ca/ca.pem
		smtp_sasl_auth_enable = yes
		smtp_sasl_type = cyrus
		smtp_sasl_password_maps = texthash:$POSTFIX_DIR/etc/passwords
		smtp_sasl_security_options = noanonymous
		smtp_sasl_tls_security_options = noanonymous

		minimal_backoff_time = 3600s
		maximal_backoff_time = 3600s
		queue_run_delay = 3600s
	EOF
}

postfix_master() {
	cat <<-'EOF'
		pickup     unix       n - n 60    1 pickup
		cleanup    unix       n - n -     0 cleanup
		qmgr       unix       n - n 300   1 qmgr
		tlsmgr     unix       - - n 1000? 1 tlsmgr
		rewrite    unix       - - n -     - trivial-rewrite
		bounce     unix       - - n -     0 bounce
		defer      unix       - - n -     0 bounce
		trace      unix       - - n -     0 bounce
		verify     unix       - - n -     1 verify
		flush      unix       n - n 1000? 0 flush
		proxymap   unix       - - n -     - proxymap
		proxywrite unix       - - n -     1 proxymap
		smtp       unix       - - n -     - smtp
		relay      unix       - - n -     - smtp
		showq      unix       n - n -     - showq
		error      unix       - - n -     - error
		retry      unix       - - n -     - error
		scache     unix       - - n -     1 scache
		postlog    unix-dgram n - n -     1 postlogd
	EOF
}

# postfix_run PROGRAM ARGUMENT...: a program of the private Postfix that takes -c.
postfix_run() {
	local program=$1
	shift
	env -u MAIL_CONFIG LD_LIBRARY_PATH="$POSTFIX_LIBRARY_PATH" timeout 20 \
		"$POSTFIX_ROOT/usr/sbin/$program" -c "$POSTFIX_DIR/etc" "$@" >>"$TAP_DIR/log/postfix.stderr.log" 2>&1
}

# A reload makes idle processes end. They are waited for: the next smtp shall read everything afresh.
postfix_set() {
	postfix_run postconf -e "$@" || bail "postconf refused: $*"
	postfix_reload
}

postfix_reload() {
	local before
	before=$(grep -c 'reload -- version' "$POSTFIX_LOG")
	kill -HUP "$POSTFIX_PID"
	poll 10 postfix_reloaded "$before" || bail 'Postfix did not reload'
}

postfix_reloaded() {
	[ "$(grep -c 'reload -- version' "$POSTFIX_LOG")" -gt "$1" ] && [ -z "$(postfix_smtp)" ]
}

# The process ids of the smtp processes.
postfix_smtp() {
	grep -l "^PPid:[[:space:]]*$POSTFIX_PID\$" /proc/[0-9]*/status 2>/dev/null | xargs -r grep -l '^Name:[[:space:]]*smtp$' 2>/dev/null
}

# A table that is younger than a second makes Postfix wait until it is not.
postfix_passwords() {
	printf '%s\n' "$@" >"$POSTFIX_DIR/etc/passwords"
	touch -d '10 seconds ago' "$POSTFIX_DIR/etc/passwords"
	[ -z "${POSTFIX_PID-}" ] || postfix_reload
}

postfix_send() {
	local mark=$1
	shift
	sed "1iMessage-ID: <$mark>" |
		env -u MAIL_CONFIG LD_LIBRARY_PATH="$POSTFIX_LIBRARY_PATH" timeout 20 \
			"$POSTFIX_ROOT/usr/sbin/sendmail" -C "$POSTFIX_DIR/etc" "$@" >>"$TAP_DIR/log/postfix.stderr.log" 2>&1
}

# The name that Postfix gave to the message with MARK as its Message-ID.
postfix_id() {
	sed -n "s/.*: \\([0-9A-Za-z]*\\): message-id=<$1>\$/\\1/p" "$POSTFIX_LOG" | tail -n 1
}

postfix_attempts() {
	local id
	id=$(postfix_id "$1")
	[ -n "$id" ] || return 0
	grep -F ": $id: to=<" "$POSTFIX_LOG" | grep -F ' status='
}

postfix_attempted() {
	[ "$(postfix_attempts "$1" | wc -l)" -gt "$2" ]
}

postfix_outcome() {
	local mark=$1 line
	POSTFIX_OUTCOME='' POSTFIX_REASON=''
	poll "${POSTFIX_PATIENCE:-60}" postfix_attempted "$mark" "${POSTFIX_TRIED:-0}" || {
		POSTFIX_OUTCOME='no attempt'
		return 1
	}
	POSTFIX_TRIED=0
	line=$(postfix_attempts "$mark" | tail -n 1)
	POSTFIX_OUTCOME=${line##* status=}
	POSTFIX_REASON=${POSTFIX_OUTCOME#* }
	POSTFIX_OUTCOME=${POSTFIX_OUTCOME%% *}
}

postfix_retry() {
	POSTFIX_TRIED=$(postfix_attempts "$1" | wc -l)
	postfix_run postqueue -i "$(postfix_id "$1")" || bail "cannot retry $1"
}

postfix_forget() {
	POSTFIX_SEEN=$(wc -l <"$POSTFIX_LOG")
}

postfix_lines() {
	tail -n "+$((POSTFIX_SEEN + 1))" "$POSTFIX_LOG"
}

# ---- mail as cron sends it ----

notice() {
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@cron> %s\nAuto-Submitted: auto-generated\n\n%s\n' "$1" \
		"$1: No space left on device"
}

MAILS=0

# mail_out [SENDMAIL-ARGUMENT...]: sends one more mail as cron does, and waits for its first attempt.
mail_out() {
	MAILS=$((MAILS + 1))
	MARK=mail-$MAILS@cron.example.test
	LOGINS=$(dovecot_logins)
	REFRESHES=$(refreshes)
	postfix_forget
	notice "$MARK" | postfix_send "$MARK" "$@" -i -FCronDaemon -B8BITMIME -oem root
	postfix_outcome "$MARK"
}

mail_again() {
	LOGINS=$(dovecot_logins)
	REFRESHES=$(refreshes)
	postfix_forget
	postfix_retry "$MARK"
	postfix_outcome "$MARK"
}

# waits SENTENCE DESCRIPTION
waits() {
	is "$POSTFIX_OUTCOME" deferred "$2: the mail waits"
	like "$(postfix_lines)" "$1" '... and the log says why'
}
