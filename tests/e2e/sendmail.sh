#!/bin/bash
# sendmail of Debian with the lines of `saslfresh config-for sendmail`, against a real Dovecot: as a program of root, and
# set-id as Debian installs it, where it may not renew a token.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product; do . "$kit/$part.sh"; done

[ "$(id -u)" -eq 0 ] || skip_all 'sendmail runs as root alone: run this as root'
umask 022
account=alice@example.test

# The part of the recipe that is for FILE.
part() { recipe_part "$1" <"$TAP_DIR/home/recipe"; }

# What the recipe calls /etc/mail is a directory of the test. sendmail trusts no directory that others may write to, and
# what is above ours is one; it has an environment of its own making (E).
settings() {
	sed "s|/usr/share/sendmail/cf/|$SENDMAIL_ROOT/usr/share/sendmail/cf/|" <<-END
		divert(0)dnl
		include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
		OSTYPE(\`linux')dnl
		FEATURE(\`access_db', \`hash -T<TMPF> $MAIL/access')dnl
		FEATURE(\`nocanonify')dnl
		FEATURE(\`accept_unresolvable_domains')dnl
		define(\`confDONT_BLAME_SENDMAIL', \`MapInUnsafeDirPath,GroupReadableKeyFile')dnl
		define(\`QUEUE_DIR', \`$MAIL/queue')dnl
		define(\`STATUS_FILE', \`$MAIL/statistics')dnl
		define(\`confPID_FILE', \`$MAIL/pid')dnl
		define(\`HELP_FILE', \`$MAIL/help')dnl
		define(\`confSERVICE_SWITCH_FILE', \`$MAIL/service.switch')dnl
		define(\`ALIAS_FILE', \`$MAIL/aliases')dnl
		$(part sendmail.mc | sed "s|/etc/mail/|$MAIL/|")
		LOCAL_CONFIG
		EHOME=$PRODUCT_HOME
		MAILER(\`smtp')dnl
	END
}

configure() {
	settings >"$MAIL/sendmail.mc"
	m4 -D_CF_DIR_="$SENDMAIL_ROOT/usr/share/sendmail/cf/" "$MAIL/sendmail.mc" >"$MAIL/sendmail.cf" 2>"$TAP_DIR/log/m4.log"
}

makemap() { "$SENDMAIL_ROOT/usr/libexec/sendmail/makemap" -C "$MAIL/sendmail.cf" hash "$MAIL/$1" <"$MAIL/$1" 2>>"$TAP_DIR/log/makemap.log"; }

# The prefix may serve other tests: it is left without an account.
system_exit() {
	local status=$?
	[ "$BASHPID" != "$$" ] || rm -rf "$PREFIX/etc/saslfresh/saslfresh.conf" "$PREFIX/var/lib/saslfresh"
	(exit "$status")
	tap_exit
}

# send NAME: a mail, by PROGRAM at once; sets STATUS and OUTPUT, which is the conversation.
send() {
	printf 'Subject: %s\n\nhello\n' "$1" >"$TAP_DIR/home/mail"
	mailer_at "$TAP_DIR/wire" "$1" "$TAP_DIR/home/mail" unshare -mu "$TAP_DIR/home/place" "$PROGRAM" -C "$MAIL/sendmail.cf" -i -v -odi -f "$account" bob@example.test
}

tap_start
oidc_start
dovecot_start
product_start
kit_cache
SENDMAIL_ROOT=$KIT_CACHE/sendmail
packages_unpack "$SENDMAIL_ROOT" sendmail-bin sendmail-cf m4 libsasl2-modules-kdexoauth2 2>>"$TAP_DIR/log/packages.log" || bail "cannot unpack sendmail: $(tail -n 1 "$TAP_DIR/log/packages.log")"
MAIL=$TAP_DIR/mail
mkdir -p "$MAIL/queue"
chmod 0700 "$MAIL/queue"
printf '127.0.0.1 localhost\n127.0.0.2 mail.example.test mail\n' >"$TAP_DIR/hosts"
cat >"$TAP_DIR/home/place" <<-END
	#!/bin/sh
	hostname mail.example.test && mount --bind "$TAP_DIR/hosts" /etc/hosts &&
		mount --bind "$TAP_DIR/authority" /etc/ssl/certs/ca-certificates.crt &&
		mount --bind "$TAP_DIR/plugins" "$SASL_DIRECTORY" && exec "\$@"
END
chmod 0755 "$TAP_DIR/home/place"
printf 'hosts files\naliases files\n' >"$MAIL/service.switch"

succeeds 'an account' product_account "$account" mail-post "$account" "smtp = localhost:$SUBMISSION_PORT"
sed -i 's/^hosts = .*/hosts = localhost localhost.example.test/' "$PRODUCT_CONFIG"
product recipe config-for sendmail "$account"
is "$STATUS" 0 'there are lines'
printf '%s\n' "$OUTPUT" >"$TAP_DIR/home/recipe"
part authinfo >"$MAIL/authinfo"
part access >"$MAIL/access"
like "$(cat "$MAIL/authinfo")" . 'with those for authinfo'
: >"$MAIL/aliases"
chmod 0600 "$MAIL/authinfo"
cp "$OIDC_CA" "$TAP_DIR/authority"
cp -R "$SASL_DIRECTORY" "$TAP_DIR/plugins"
cp "$PREFIX/lib/sasl2/libsaslfresh.so" "$TAP_DIR/plugins/"
configure
for map in authinfo access; do
	succeeds "makemap takes $map" makemap "$map"
done

# ---- a program of root, which may renew the token ----

cp "$SENDMAIL_ROOT/usr/libexec/sendmail/sendmail" "$MAIL/sendmail"
chmod 0755 "$MAIL/sendmail"
PROGRAM=$MAIL/sendmail
before=$(dovecot_logins method=XOAUTH2)
send from-sendmail
like "$OUTPUT" '>>> AUTH XOAUTH2 ' 'sendmail sends a token'
succeeds 'and the mail arrives' submitted from-sendmail
dovecot_saw 1 "$before" 'Dovecot has seen the login' method=XOAUTH2
product_expire "$account"
refreshed=$(refreshes)
send after-expiry
succeeds 'with a token that has expired the mail arrives too' submitted after-expiry
is "$(($(refreshes) - refreshed))" 1 'after one refresh'

sed -i 's/CN:localhost/CN:mail.elsewhere.test/' "$MAIL/access"
makemap access
send to-another
like "$OUTPUT" 'Deferred: .*CN localhost does not match' 'a server whose certificate names another one'
unlike "$OUTPUT" '>>> AUTH' 'gets no token'
sed -i 's/CN:.*/CN:localhost/' "$MAIL/access"
makemap access
cp "$TAP_DIR/ca/unknown-ca.pem" "$TAP_DIR/authority"
send to-unknown
like "$OUTPUT" 'Deferred: .*authentication failed' 'one that nobody vouches for'
unlike "$OUTPUT" '>>> AUTH' 'gets none either'
cp "$OIDC_CA" "$TAP_DIR/authority"

# ---- neighbours, in the same directory ----

cp "$(find "$SENDMAIL_ROOT" -name libkdexoauth2.so | head -n 1)" "$TAP_DIR/plugins/"
before=$(dovecot_logins method=XOAUTH2)
send beside-kde
succeeds "KDE's plugin beside ours: the mail arrives" submitted beside-kde
dovecot_saw 1 "$before" '... by ours' method=XOAUTH2
rm "$TAP_DIR/plugins/libkdexoauth2.so"
sed -i.aside 's/^\[account .*/[account somebody@example.test]/' "$PRODUCT_CONFIG"
send another-account
like "$OUTPUT" 'Deferred: Temporary AUTH failure' 'a name that has no account: the mail waits'
rm "$PRODUCT_CONFIG"
send without-account
like "$OUTPUT" 'Deferred: Temporary AUTH failure' 'no account configured: the mail waits'
unlike "$OUTPUT" '>>> AUTH' '... and sendmail has no mechanism to log in with'
mv "$PRODUCT_CONFIG.aside" "$PRODUCT_CONFIG"

# ---- set-id, as it is installed: the system's account, and what cron has made of its token ----

SYSTEM=$PREFIX/etc/saslfresh
STATE=$PREFIX/var/lib/saslfresh
trap system_exit EXIT
install -d -m 0755 "$SYSTEM" "$PREFIX/var/lib"
rm -rf "$STATE" && cp -R "$PRODUCT_STATE" "$STATE" && mv "$PRODUCT_STATE" "$TAP_DIR/home/state"
cp "$PRODUCT_CONFIG" "$SYSTEM/saslfresh.conf" && mv "$PRODUCT_CONFIG" "$TAP_DIR/home/config"
chmod 0600 "$SYSTEM/saslfresh.conf"
PROGRAM=$SENDMAIL_ROOT/usr/libexec/sendmail/sendmail
succeeds 'the program is set-id' test -g "$PROGRAM"
send set-id
succeeds 'set-id: the mail arrives' submitted set-id
as_cron() { product_environment env -u HOME "$PREFIX/bin/saslfresh" refresh --force "$account" >>"$TAP_DIR/out/cron" 2>&1; }
oidc_set ttl=1
as_cron
oidc_set ttl=3600
ended() { [ "$(date +%s)" -gt "$(sed -n 's/^expires_at = //p' "$STATE/$account.token")" ]; }
poll 10 ended
refreshed=$(refreshes)
send set-id-late
like "$OUTPUT" 'Deferred' 'set-id: with an expired token the mail waits'
is "$(refreshes)" "$refreshed" 'because it may not renew it'
succeeds 'cron may' as_cron
send set-id-again
succeeds 'and then mail flows' submitted set-id-again

no_leaks
tap_end
