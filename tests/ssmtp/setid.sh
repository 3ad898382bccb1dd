# setid.sh: a mailer installed as Debian installs sSMTP, root:mail 2755, the token readable by group mail alone; cron calls
# it as www-data. Needs tap.sh, ca.sh, oidc.sh and dovecot.sh (started), product.sh (started), and root.
#
# setid_cases NAME PROGRAM: PROGRAM reads its configuration from $TAP_DIR/setid/ssmtp.conf or /etc/ssmtp/ssmtp.conf.

# in_system USER COMMAND...: see namespace.sh.
in_system() {
	unshare -m "$here/namespace.sh" "$SETID" "$PREFIX" "$SASL_DIRECTORY" "$@"
}

setid_prepare() {
	SETID=$TAP_DIR/setid
	[ ! -d "$SETID" ] || return 0
	mkdir -m 0755 "$SETID" "$SETID/plugins" "$SETID/etc" "$SETID/bin" "$SETID/home"
	install -d -m 2750 -g mail "$SETID/state"
	install -d -m 0750 -g mail "$SETID/ssmtp"
	install -d -m 0700 -o www-data -g www-data "$SETID/home/www-data"
	install -d -m 0700 "$SETID/home/root"
	cp "$SASL_DIRECTORY"/*.so "$PREFIX/lib/sasl2/libsaslfresh.so" "$SETID/plugins/"
	# What cannot be delivered ends as dead.letter in the home that this file names.
	sed -E "s|^(root\|www-data)(:([^:]*:){4})[^:]*|\1\2$SETID/home/\1|" /etc/passwd >"$SETID/passwd"
	cat >"$SETID/etc/saslfresh.conf" <<-END
		[account $user]
		token_endpoint = $OIDC_ISSUER/token
		client_id = mail-public
		token_endpoint_auth_method = none
		scope = openid offline_access mail
		hosts = localhost
		ca_file = $OIDC_CA
		group = mail
	END
	configuration "$SETID/ssmtp.conf" "$user" XOAUTH2 STARTTLS
	cp "$SETID/ssmtp.conf" "$SETID/ssmtp/ssmtp.conf"
	chgrp mail "$SETID/ssmtp.conf" "$SETID/ssmtp/ssmtp.conf"
	chmod 0640 "$SETID/ssmtp.conf" "$SETID/ssmtp/ssmtp.conf"
	oidc_mint mail-public "$user" "$SETID/refresh-token" || bail 'no refresh token'
	in_system root "$PREFIX/bin/saslfresh" login "$user" --refresh-token-file "$SETID/refresh-token" \
		>"$TAP_DIR/out/setid.login" 2>&1 || bail "no account of the system: $(cat "$TAP_DIR/out/setid.login")"
	rm -f "$SETID/refresh-token"
}

# cron_mail USER ENVIRONMENT-OR-COMMAND...: the program gets one mail as cron gives it; sets STATUS, OUTPUT and MARK.
cron_mail() {
	RUNS=$((RUNS + 1))
	MARK=mark-$RUNS@cron.example.test
	STATUS=0
	printf 'From: root (Cron Daemon)\nTo: www-data\nSubject: Cron %s\n\n%s\n' "$MARK" 'No space left on device' |
		in_system "$@" >"$TAP_DIR/out/setid.$RUNS" 2>&1 || STATUS=$?
	OUTPUT=$(cat "$TAP_DIR/out/setid.$RUNS")
}

refused_to_untrusted() { # DESCRIPTION ARGUMENT...
	local what=$1 before
	shift
	before=$(dovecot_logins)
	cron_mail www-data "$SETID/bin/sendmail" -v "$@" you@example.test
	is "$STATUS" 1 "$what: no mail"
	like "$OUTPUT" 'no SASL mechanism here for XOAUTH2|no access token' 'because the token is out of reach'
	unlike "$OUTPUT" '>\] AUTH' 'and nothing was sent to the server'
	dovecot_saw 0 "$before" 'nor did it see a login'
}

setid_cases() {
	local name=$1 at
	setid_prepare
	rm -f "$SETID/bin/"*
	install -m 2755 -g mail "$2" "$SETID/bin/ssmtp"
	ln -s ssmtp "$SETID/bin/sendmail"

	is "$(stat -c '%a %G' "$SETID/state/$user.token")" '640 mail' "$name, setgid mail: the token is for group mail"
	fails 'and not for www-data' in_system www-data cat "$PREFIX/var/lib/saslfresh/$user.token" 2>/dev/null
	at=$(dovecot_logins 'method=XOAUTH2')
	cron_mail www-data "$SETID/bin/sendmail" -i -FCronDaemon -B8BITMIME -oem you@example.test
	delivered 'cron as www-data'
	dovecot_saw 1 "$at" 'by XOAUTH2' 'method=XOAUTH2'
	cron_mail root "$SETID/bin/sendmail" -i -FCronDaemon -B8BITMIME -oem you@example.test
	delivered 'cron as root'

	# A mechanism must not see what the caller has set.
	cron_mail www-data HOME="$SETID/home/www-data" SASL_PATH="$TAP_DIR/nowhere" LD_PRELOAD=/nonexistent.so \
		SSLKEYLOGFILE="$SETID/home/www-data/keys" https_proxy=http://127.0.0.1:1/ "$SETID/bin/sendmail" -i you@example.test
	delivered "with the caller's variables"
	[ "$name" != host ] || like "$OUTPUT" 'privileged, .* HOME unset' 'which are gone'
	fails 'and not obeyed' test -e "$SETID/home/www-data/keys"

	install -o www-data -g www-data -m 0600 "$SETID/ssmtp.conf" "$SETID/home/www-data/own.conf"
	refused_to_untrusted "the caller's own configuration (-C)" -C "$SETID/home/www-data/own.conf"
	refused_to_untrusted "the caller's choice of the user (-au)" -au "$user"

	oidc_set ttl=61
	in_system root "$PREFIX/bin/saslfresh" refresh "$user" --force >"$TAP_DIR/out/setid.refresh" 2>&1
	oidc_set ttl=3600
	poll 5 setid_ends_within 60
	cron_mail www-data "$SETID/bin/sendmail" -i you@example.test
	delivered 'a token in its last minute, that it may not renew'

	oidc_set ttl=2
	in_system root "$PREFIX/bin/saslfresh" refresh "$user" --force >"$TAP_DIR/out/setid.refresh" 2>&1
	oidc_set ttl=3600
	poll 5 setid_ends_within 0
	cron_mail www-data "$SETID/bin/sendmail" -i you@example.test
	is "$STATUS" 1 'a token that has expired'
	like "$OUTPUT" "saslfresh refresh $user" 'with the command that mends it'
	in_system root "$PREFIX/bin/saslfresh" refresh "$user" >"$TAP_DIR/out/setid.refresh" 2>&1
	cron_mail www-data "$SETID/bin/sendmail" -i you@example.test
	delivered 'which does mend it'
}

setid_ends_within() { # SECONDS
	[ "$(sed -n 's/^expires_at = //p' "$SETID/state/$user.token")" -le $(($(date +%s) + $1)) ]
}
