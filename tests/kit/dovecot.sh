# dovecot.sh: a private Dovecot for one test: IMAP, POP3 and submission on the loopback address, XOAUTH2 and
# OAUTHBEARER, tokens checked by introspection at the server of oidc.sh.
# Needs tap.sh, ca.sh, oidc.sh (started), packages.sh and a C compiler.
#
# Dovecot is unpacked, not installed: nothing of the machine's own Dovecot is touched or used. It runs as the users
# nobody and mail, which every Debian has, or whole as the caller when that is not root.
#
# dovecot_start [SETTING...] (dovecot.conf lines, after ours) sets
#   IMAP_PORT POP3_PORT SUBMISSION_PORT         in clear, STARTTLS offered
#   IMAPS_PORT POP3S_PORT SUBMISSIONS_PORT      TLS from the first byte
#   DOVECOT_LOG                                 what it says about logins; never a token
#   SINK_DIR                                    submitted mail, as stored by sink.py
# DOVECOT_MECHANISMS chooses what is offered (default: xoauth2 oauthbearer). With `plain` in it, the password of
# everybody is DOVECOT_PASSWORD.

DOVECOT_KIT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOVECOT_MECHANISMS=${DOVECOT_MECHANISMS:-xoauth2 oauthbearer}
DOVECOT_PASSWORD=not-a-token

dovecot_install() {
	kit_cache
	DOVECOT_ROOT=$KIT_CACHE/dovecot
	packages_unpack "$DOVECOT_ROOT" dovecot-core dovecot-imapd dovecot-pop3d dovecot-submissiond 2>>"$TAP_DIR/log/packages.log" ||
		bail "cannot unpack Dovecot: $(tail -n 1 "$TAP_DIR/log/packages.log")"
}

dovecot_start() {
	local port
	dovecot_install
	DOVECOT_DIR=$TAP_DIR/dovecot
	DOVECOT_LOG=$TAP_DIR/log/dovecot.log
	SINK_DIR=$TAP_DIR/sink
	mkdir -p "$DOVECOT_DIR/run" "$DOVECOT_DIR/state" "$DOVECOT_DIR/mail" "$SINK_DIR"
	: >"$DOVECOT_LOG"
	if [ "$(id -u)" -eq 0 ]; then
		DOVECOT_USER=mail DOVECOT_GROUP=mail DOVECOT_LOGIN_USER=nobody
		chown "$DOVECOT_USER:$DOVECOT_GROUP" "$DOVECOT_DIR/mail"
	else
		DOVECOT_USER=$(id -un) DOVECOT_GROUP=$(id -gn) DOVECOT_LOGIN_USER=$(id -un)
	fi
	for port in IMAP_PORT IMAPS_PORT POP3_PORT POP3S_PORT SUBMISSION_PORT SUBMISSIONS_PORT SINK_PORT; do
		free_port
		printf -v "$port" '%s' "$PORT"
	done
	cc -shared -fPIC -o "$DOVECOT_DIR/root.so" "$DOVECOT_KIT/dovecot-root.c" -ldl || bail 'cannot compile dovecot-root.c'
	(umask 077 && dovecot_oauth2_settings >"$DOVECOT_DIR/oauth2.conf")
	{
		dovecot_settings
		printf '%s\n' "$@"
	} >"$DOVECOT_DIR/dovecot.conf"
	background sink "$DOVECOT_KIT/sink.py" "$SINK_PORT" "$SINK_DIR"
	background dovecot.stderr env DOVECOT_ROOT="$DOVECOT_ROOT" LD_PRELOAD="$DOVECOT_DIR/root.so" \
		LD_LIBRARY_PATH="$(packages_library_path "$DOVECOT_ROOT"):$DOVECOT_ROOT/usr/lib/dovecot/modules/old-stats" \
		"$DOVECOT_ROOT/usr/sbin/dovecot" -F -c "$DOVECOT_DIR/dovecot.conf"
	DOVECOT_PID=$BACKGROUND_PID
	poll 20 dovecot_ready || bail 'Dovecot did not start'
}

dovecot_ready() {
	process_gone "$DOVECOT_PID" && bail "Dovecot ended: $(cat "$TAP_DIR/log/dovecot.stderr.log" "$DOVECOT_LOG")"
	port_open "$SINK_PORT" && dovecot_greets
}

# The greeting comes when the process that checks tokens is up.
dovecot_greets() (
	exec 2>/dev/null
	exec 3<>"/dev/tcp/127.0.0.1/$IMAP_PORT" && read -r -t 2 line <&3 && [[ $line == '* OK '*AUTH=* ]]
)

dovecot_settings() {
	cat <<-EOF
		protocols = imap pop3 submission
		listen = 127.0.0.1
		instance_name = saslfresh-test
		base_dir = $DOVECOT_DIR/run
		state_dir = $DOVECOT_DIR/state
		libexec_dir = $DOVECOT_ROOT/usr/lib/dovecot
		mail_plugin_dir = $DOVECOT_ROOT/usr/lib/dovecot/modules
		import_environment = TZ DOVECOT_ROOT LD_PRELOAD LD_LIBRARY_PATH
		log_path = $DOVECOT_LOG
		auth_verbose = yes
		default_internal_user = $DOVECOT_USER
		default_internal_group = $DOVECOT_GROUP
		default_login_user = $DOVECOT_LOGIN_USER
		first_valid_uid = 1
		first_valid_gid = 1
		mail_location = maildir:~/Maildir
		mail_max_userip_connections = 500

		ssl = yes
		ssl_cert = <$TAP_DIR/ca/server.pem
		ssl_key = <$TAP_DIR/ca/server.key

		auth_mechanisms = $DOVECOT_MECHANISMS
		auth_failure_delay = 0
		passdb {
		  driver = oauth2
		  mechanisms = xoauth2 oauthbearer
		  args = $DOVECOT_DIR/oauth2.conf
		}
		passdb {
		  driver = static
		  mechanisms = plain login
		  args = password=$DOVECOT_PASSWORD
		}
		userdb {
		  driver = static
		  args = uid=$DOVECOT_USER gid=$DOVECOT_GROUP home=$DOVECOT_DIR/mail/%u
		}

		hostname = localhost
		submission_relay_host = 127.0.0.1
		submission_relay_port = $SINK_PORT

		service anvil {
		  chroot =
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		service stats {
		  chroot =
		}
	EOF
	dovecot_listeners imap imap "$IMAP_PORT" imaps "$IMAPS_PORT"
	dovecot_listeners pop3 pop3 "$POP3_PORT" pop3s "$POP3S_PORT"
	dovecot_listeners submission submission "$SUBMISSION_PORT" submissions "$SUBMISSIONS_PORT"
}

# dovecot_listeners PROTOCOL CLEAR-NAME PORT TLS-NAME PORT
dovecot_listeners() {
	cat <<-EOF
		service $1-login {
		  chroot =
		  service_count = 0
		  inet_listener $2 {
		    port = $3
		  }
		  inet_listener $4 {
		    port = $5
		    ssl = yes
		  }
		}
	EOF
}

dovecot_oauth2_settings() {
	cat <<-EOF
		introspection_mode = post
		introspection_url = https://dovecot:$OIDC_DOVECOT_SECRET@localhost:$OIDC_INNER_PORT/token/introspection
		force_introspection = yes
		tls_ca_cert_file = $OIDC_CA
		active_attribute = active
		active_value = true
		username_attribute = sub
		scope = mail
		openid_configuration_url = $OIDC_ISSUER/.well-known/openid-configuration
	EOF
}

# dovecot_mail USER SUBJECT: puts a message into USER's inbox.
dovecot_mail() {
	local home=$DOVECOT_DIR/mail/$1
	mkdir -p "$home/Maildir/new" "$home/Maildir/cur" "$home/Maildir/tmp"
	printf 'From: sender@example.test\nTo: %s\nSubject: %s\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nhello\n' "$1" "$2" \
		>"$home/Maildir/new/$(date +%s).$RANDOM$RANDOM.test"
	[ "$(id -u)" -ne 0 ] || chown -R "$DOVECOT_USER:$DOVECOT_GROUP" "$home"
}

# dovecot_logins [EXTENDED-REGEX]: how many logins succeeded so far.
dovecot_logins() {
	grep -E 'Login: user=<' "$DOVECOT_LOG" | grep -Ec -e "${1-.}"
}

# dovecot_saw COUNT BEFORE DESCRIPTION [EXTENDED-REGEX]: a case: COUNT logins more than the BEFORE that dovecot_logins had
# said. What Dovecot logs arrives by a process of its own, so a little later.
dovecot_saw() {
	poll 5 dovecot_reached $(($1 + $2)) "${4-.}"
	is "$(($(dovecot_logins "${4-.}") - $2))" "$1" "$3"
}

dovecot_reached() {
	[ "$(dovecot_logins "$2")" -ge "$1" ]
}

# dovecot_said LINES EXTENDED-REGEX: whether the log has a match of it behind its first LINES lines.
dovecot_said() {
	tail -n "+$(($1 + 1))" "$DOVECOT_LOG" | grep -Eq -e "$2"
}

# submitted TEXT: whether a stored mail holds TEXT.
submitted() {
	grep -rqF -e "$1" "$SINK_DIR"
}
