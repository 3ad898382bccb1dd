# clients.sh: mail programs of Debian that speak Cyrus SASL, unpacked and not installed, one login per call.
# Needs tap.sh, packages.sh, oidc.sh, dovecot.sh (started) and product.sh (started).
#
# clients_install PACKAGE... unpacks them. Then
#   mbsync ACCOUNT MECHANISM IMAPS|STARTTLS               one synchronisation
#   imtest|pop3test|smtptest ACCOUNT MECHANISM TLS|STARTTLS
#   libetpan ACCOUNT MECHANISM imap|pop3|smtp             over TLS, a program of ours around the library
# each sets STATUS, OUTPUT and ELAPSED as `mailer` does. No program is given a password.

CLIENTS_KIT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLIENTS_RUNS=0

clients_install() {
	kit_cache
	CLIENTS_ROOT=$KIT_CACHE/clients
	packages_unpack "$CLIENTS_ROOT" "$@" 2>>"$TAP_DIR/log/packages.log" ||
		bail "cannot unpack $*: $(tail -n 1 "$TAP_DIR/log/packages.log")"
	CLIENTS_LIBRARIES=$(packages_library_path "$CLIENTS_ROOT")
	CLIENTS_RUN=(env LD_LIBRARY_PATH="$CLIENTS_LIBRARIES")
	mkdir -p "$TAP_DIR/near"
}

# mbsync_settings ACCOUNT MECHANISM IMAPS|STARTTLS DIRECTORY: no password is given, so none may be asked for.
mbsync_settings() {
	local port=$IMAPS_PORT
	[ "$3" = IMAPS ] || port=$IMAP_PORT
	cat <<-EOF
		IMAPAccount test
		Host localhost
		Port $port
		User $1
		SSLType $3
		CertificateFile $OIDC_CA
		AuthMechs $2

		IMAPStore far
		Account test

		MaildirStore near
		Path $4/
		Inbox $4/INBOX

		Channel all
		Far :far:
		Near :near:
		Patterns INBOX
		Create Near
		SyncState *
	EOF
}

# mbsync_prepare NAME ACCOUNT MECHANISM IMAPS|STARTTLS: a place of its own; sets MBSYNC to the command to run.
mbsync_prepare() {
	mkdir -p "$TAP_DIR/near/$1"
	mbsync_settings "$2" "$3" "$4" "$TAP_DIR/near/$1" >"$TAP_DIR/near/$1.conf"
	MBSYNC=("${CLIENTS_RUN[@]}" "$CLIENTS_ROOT/usr/bin/mbsync" -q -c "$TAP_DIR/near/$1.conf" -a)
}

mbsync() {
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mbsync_prepare "run$CLIENTS_RUNS" "$@"
	mailer "mbsync.$CLIENTS_RUNS" "${MBSYNC[@]}"
	mbsync_expurgate "$TAP_DIR/out/mbsync.$CLIENTS_RUNS"
}

# mbsync quotes the whole AUTHENTICATE command, a refused token included, when the server says no. Nothing that a plugin
# could hinder: what it printed goes to $TAP_DIR/wire, and without that argument it stays in FILE.
mbsync_expurgate() {
	cp "$1" "$TAP_DIR/wire/"
	sed -i -E "s/^(IMAP command 'AUTHENTICATE [A-Z0-9]+) [A-Za-z0-9+\/=]+'/\1'/" "$1"
}

# fetched TEXT: whether the last mbsync has a message that holds TEXT.
fetched() {
	grep -rqF -e "$1" "$TAP_DIR/near/run$CLIENTS_RUNS"
}

# cyrus_command PROGRAM ACCOUNT MECHANISM TLS|STARTTLS CLEAR-PORT TLS-PORT: sets CYRUS to the command to run. With an empty
# MECHANISM the choice is libsasl2's.
# What it prints is the conversation, tokens included, so it goes to $TAP_DIR/wire.
cyrus_command() {
	CYRUS=("${CLIENTS_RUN[@]}" "$CLIENTS_ROOT/usr/lib/cyrus/bin/$1" ${3:+-m "$3"} -a "$2" -u "$2")
	if [ "$4" = TLS ]; then
		CYRUS+=(-s -p "$6" localhost)
	else
		CYRUS+=(-t '' -p "$5" localhost)
	fi
}

# These programs end with 0 whatever became of the login; STATUS is made to tell.
cyrus_run() {
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mailer_at "$TAP_DIR/wire" "cyrus.$CLIENTS_RUNS" "$TAP_DIR/near/bye" "${CYRUS[@]}"
	[ "$STATUS" -ne 0 ] || grep -q '^Authenticated\.' <<<"$OUTPUT" || STATUS=1
}

imtest() {
	printf 'a LOGOUT\r\n' >"$TAP_DIR/near/bye"
	cyrus_command imtest "$@" "$IMAP_PORT" "$IMAPS_PORT"
	cyrus_run
}

pop3test() {
	printf 'QUIT\r\n' >"$TAP_DIR/near/bye"
	cyrus_command pop3test "$@" "$POP3_PORT" "$POP3S_PORT"
	cyrus_run
}

smtptest() {
	printf 'QUIT\r\n' >"$TAP_DIR/near/bye"
	cyrus_command smtptest "$@" "$SUBMISSION_PORT" "$SUBMISSIONS_PORT"
	cyrus_run
}

libetpan_build() {
	local libraries
	libraries=$(dirname "$(find "$CLIENTS_ROOT" -name libetpan.so)")
	cc -o "$TAP_DIR/libetpan" -I"$CLIENTS_ROOT/usr/include" "$CLIENTS_KIT/libetpan.c" -L"$libraries" -letpan \
		-Wl,--allow-shlib-undefined >"$TAP_DIR/log/libetpan.log" 2>&1
}

libetpan() {
	local port
	case $3 in
	imap) port=$IMAPS_PORT ;;
	pop3) port=$POP3S_PORT ;;
	smtp) port=$SUBMISSIONS_PORT ;;
	esac
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mailer "libetpan.$CLIENTS_RUNS" "${CLIENTS_RUN[@]}" "$TAP_DIR/libetpan" "$3" "$2" "$1" "$port"
}
