#!/bin/bash
# `saslfresh check`, and what follows a login: a real Dovecot (IMAP, POP, submission), a real authorization server, real
# libsasl2 and postconf; and scripted servers that say what no server of a test would.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product postfix; do . "$kit/$part.sh"; done

user=alice@example.test
account=check@accounts.test

# configure [LINE...]: the account, with these lines besides.
configure() {
	{
		printf '[account %s]\n' "$account"
		product_client mail-post
		printf '%s\n' "token_endpoint = $OIDC_ISSUER/token" "ca_file = $OIDC_CA" 'scope = openid offline_access mail' \
			"user = $user" "$@"
	} >"$PRODUCT_CONFIG"
}
check() { product "check.$TAP_COUNT" check "$@"; }

# finds LEVEL WHAT PATTERN DESCRIPTION: whether there is a line of that level about WHAT that matches.
finds() { like "$(grep -E "^$1 +$2: " <<<"$OUTPUT")" "$3" "$4"; }

# mended: every line that is not ok says what mends it, and every line is one of the three, or a name, or empty.
mended() {
	is "$(grep -E '^(warn|fail) ' <<<"$OUTPUT" | grep -v '; mend: ')" '' "$1: every complaint says what mends it"
	is "$(grep -vE "^((ok|warn|fail) +[a-zA-Z0-9_. ,]+: .*|$account|)$" <<<"$OUTPUT")" '' "$1: a line for each check"
}

# script CASE...: scripted servers; PORTS[CASE] is where.
declare -A PORTS
script() {
	local case arguments=()
	for case; do
		free_port
		PORTS[$case]=$PORT
		arguments+=("$case:$PORT")
	done
	background script "$kit/mailscript.py" "$TAP_DIR/ca" "${arguments[@]}"
	poll 10 grep -q ready "$TAP_DIR/log/script.log" || bail 'the scripted servers did not start'
}
at() { printf '%s = localhost:%s tls' "$1" "${PORTS[$2]}"; }

tap_start
oidc_start
dovecot_start
product_start
script smtp-tenant smtp-mailbox smtp-echo smtp-plain smtp-bearer imap-owner imap-endless imap-early pop-silent pop-closed \
	pop-expired pop-wrongname pop-unknown http-ahead
real=('hosts = localhost' "imap = localhost:$IMAP_PORT" "pop = localhost:$POP3S_PORT tls" "smtp = localhost:$SUBMISSION_PORT")

# ---- after a login ----

configure "${real[@]}"
log_in() {
	rm -f "$TAP_DIR/home/refresh-token"
	oidc_mint mail-post "$user" "$TAP_DIR/home/refresh-token"
	product "login.$TAP_COUNT" login "$account" --refresh-token-file "$TAP_DIR/home/refresh-token" "$@"
}
before=$(dovecot_logins)
log_in
is "$STATUS" 0 'a login'
finds ok imap "$user logged in at localhost:$IMAP_PORT by XOAUTH2 .*, folders: [1-9]" 'tries IMAP and lists the folders'
finds ok pop "$user logged in at localhost:$POP3S_PORT by XOAUTH2 .*, messages: 0" 'and POP'
finds ok smtp "$user logged in at localhost:$SUBMISSION_PORT by XOAUTH2" 'and SMTP'
dovecot_saw 3 "$before" 'Dovecot has seen them'
is "$(ls "$SINK_DIR")" '' 'no mail was sent'
like "$OUTPUT" "^  saslfresh config-for curl $account$" 'and it names the lines for a mailer of this machine'
log_in --no-check
unlike "$OUTPUT" 'imap:' '--no-check: nothing is tried'
is "$STATUS" 0 '--no-check: and that is well'
configure
log_in
is "$STATUS" 0 'without servers a login is one all the same'
finds warn mail 'no mail server is known, so nothing was tried; mend: add `imap = HOST:PORT`' 'and says that nothing was tried'
configure "${real[@]}" "$(at smtp smtp-mailbox)"
sed -i "/^smtp = localhost:$SUBMISSION_PORT/d" "$PRODUCT_CONFIG"
log_in
is "$STATUS" 77 'SMTP AUTH is switched off: the exit status tells'
finds fail smtp "SMTP AUTH is disabled for this mailbox.*mend: .*Set-CASMailbox $account .*aka.ms/smtp_auth_disabled" 'and what mends it'
like "$OUTPUT" 'The login itself is stored' 'the login is stored'
product_token "$account"
is "$STATUS" 0 'it is'

# ---- all is well ----

configure "${real[@]}"
check "$account"
is "$STATUS" 0 'check: all is well'
is "$(grep -cE '^(warn|fail)' <<<"$OUTPUT")" 0 'nothing is complained of'
mended check
for what in plugins plugin XOAUTH2 OAUTHBEARER configuration hosts files lock token grant token_endpoint clock imap pop smtp; do
	finds ok "$what" . "check looks at: $what"
done
finds ok plugins "libsasl2 [0-9.]+ searches $PREFIX/lib/sasl2 $SASL_DIRECTORY\$" 'the directories that are searched'
finds ok plugin "$PREFIX/lib/sasl2/libsaslfresh.so is loaded" 'our plugin, by its path'
whole=$OUTPUT
check
is "$(sed -E 's/[0-9]+ min//' <<<"$OUTPUT")" "$(sed -E 's/[0-9]+ min//' <<<"$whole")" 'without an account it looks at all'
check --json "$account"
is "$(python3 -c '
import json, sys
findings = json.load(sys.stdin)
print(len(findings), *sorted(set(finding["level"] for finding in findings)), *sorted(findings[0]))' <<<"$OUTPUT")" \
	"$(grep -cE '^ok ' <<<"$whole") ok account found level mend what" '--json has the same findings'
check nobody@accounts.test
is "$STATUS" 78 'an account that is not there'
finds fail configuration "there is no account nobody@accounts.test; mend: did you mean|mend: add" 'is told'
check "$account" sendmial
is "$STATUS" 64 'a mailer that nobody knows'
{ configure; } && check "$account"
finds warn hosts 'the token goes to whatever server' 'no hosts: a warning'
finds warn mail 'no mail server is known' 'no servers: a warning'
is "$STATUS" 0 'warnings alone are no failure'

# ---- the mail servers ----

configure 'hosts = localhost' "$(at imap imap-owner)" "$(at pop pop-closed)" "$(at smtp smtp-tenant)"
check "$account"
is "$STATUS" 77 'servers that refuse: log in again'
finds fail imap 'localhost takes the access token, but shows no mail: the token is good.*User is authenticated but not connected.*mend: saslfresh login' 'not connected: explained'
finds fail pop 'the connection to localhost broke: the server closed it' 'a server that hangs up'
finds fail smtp 'disabled for the whole tenant: 535 5\.7\.139 .*mend: .*Set-TransportConfig' '5.7.139: the tenant'
mended refused
configure 'hosts = localhost' "$(at imap imap-early)" "$(at pop pop-expired)" "$(at smtp smtp-echo)"
check "$account"
finds fail imap 'does not even want to see the access token.*NO AUTHENTICATE failed' 'refused before the token was shown'
finds fail pop 'certificate of localhost cannot be trusted: .*expired.*mend: is this machine.s clock right' 'a certificate that has expired'
finds fail smtp 'refuses the access token: 535-5.7.8 what is \*.* 535 5.7.8 that is user=.* auth=Bearer \*' 'a server that repeats the token'
configure 'hosts = localhost' "$(at imap imap-endless)" "$(at pop pop-wrongname)" "$(at smtp smtp-plain)"
check "$account"
finds fail imap 'lists more than 100000 folders' 'a server that lists folders for ever'
finds fail pop 'certificate of localhost cannot be trusted' 'a certificate of somebody else'
finds fail smtp 'offers neither XOAUTH2 nor OAUTHBEARER' 'passwords alone'
configure 'hosts = localhost' 'imap = localhost:1 tls' "$(at pop pop-unknown)" "$(at smtp smtp-bearer)"
check "$account"
finds fail imap 'localhost cannot be reached.*mend: is `imap = localhost:1 tls`' 'nobody listens'
finds fail pop 'cannot be trusted.*mend: for an authority of your own set `ca_file`' 'an unknown authority'
finds ok smtp "logged in at localhost:${PORTS[smtp-bearer]} by OAUTHBEARER$" 'OAUTHBEARER where there is no XOAUTH2'
like "$(grep '^smtp-bearer' "$TAP_DIR/log/script.log")" '^smtp-bearer OAUTHBEARER [1-9]' 'by its own bytes'
seen=$(grep -c . "$TAP_DIR/log/script.log")
configure 'hosts = imap.elsewhere.test' "$(at imap imap-owner)" "imap = localhost:$IMAP_PORT" 'smtp = nowhere.invalid:465'
sed -i "/^imap = localhost:$IMAP_PORT/d" "$PRODUCT_CONFIG"
check "$account"
is "$STATUS" 78 'a server that is not named'
finds fail imap 'stays here: localhost is not one of the servers that it may be sent to; mend: `hosts`' 'gets no token'
is "$(grep -c . "$TAP_DIR/log/script.log")" "$seen" 'and is not even called'
configure 'hosts = *.invalid' 'smtp = nowhere.invalid:465'
check "$account"
finds fail smtp 'nowhere.invalid cannot be found' 'a name that is not in the DNS'
configure 'hosts = localhost' "$(at pop pop-silent)"
check "$account"
finds fail pop 'localhost did not answer in time: 15 s are over' 'a server that says nothing'
at_most "$ELAPSED" 20000 'is given up soon'

# ---- the authorization server ----

configure "${real[@]}"
oidc_set public=down
check "$account"
is "$STATUS" 75 'no authorization server: try later'
finds fail token_endpoint 'localhost cannot be reached' 'which is told'
finds ok imap 'logged in' 'the token still serves'
oidc_set public=up
sed -i "s,^token_endpoint = .*,token_endpoint = http://127.0.0.1:${PORTS[http-ahead]}/token," "$PRODUCT_CONFIG"
echo 'http_loopback = yes' >>"$PRODUCT_CONFIG"
check "$account"
finds fail clock 'it is 3[56][0-9][0-9] s behind that of 127.0.0.1; mend: timedatectl' 'a clock that is wrong'
configure "${real[@]}"
sed -i 's,^ca_file = .*,,' "$PRODUCT_CONFIG"
check "$account"
finds fail token_endpoint 'the certificate of localhost cannot be trusted' 'an authority that the system does not know'
configure "${real[@]}"
sed -i 's,^client_id = .*,client_id = other,' "$PRODUCT_CONFIG"
check "$account"
finds fail grant 'given to another client_id.*mend: saslfresh login' 'the grant of another client'

# ---- a token that says what it is ----

configure "${real[@]}" # the opaque one of this server says nothing
check "$account"
unlike "$OUTPUT" 'token, claims' 'an opaque token says nothing'
jwt() { # PAYLOAD: puts one into the cache, as if it had been issued
	local token
	token=$(printf '{"alg":"none"}' | base64 -w 0 | tr -d =).$(printf %s "$1" | base64 -w 0 | tr '+/' '-_' | tr -d =).c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2gtdG8tYmUtb25l
	sed -i -e "s/^access_token = .*/access_token = $token/" -e "s/^access_token_hash = .*/access_token_hash = $(printf %s "$token" | sha256sum | cut -d ' ' -f 1)/" \
		"$PRODUCT_STATE/$account.token"
	JWT=$token
}
cp -p "$PRODUCT_STATE/$account.token" "$TAP_DIR/home/kept"
sed -i '/^user = /d' "$PRODUCT_CONFIG"
jwt '{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All","tid":"9188040d-6c67-4c5b-b112-36a304b66dad","upn":"other@example.test","exp":1000000000}'
check "$account"
finds ok 'token, claims' 'for https://outlook.office.com; of other@example.test; tenant 9188040d-6c67-4c5b-b112-36a304b66dad; allows IMAP.AccessAsUser.All$' 'a JWT is read'
finds warn 'token, scope' 'SMTP.Send is not among what it allows' 'a scope that is missing'
finds warn 'token, user' 'it is that of other@example.test' 'somebody else signed in'
finds warn 'token, end' 'it ends [0-9]+ s before' 'an end that is earlier'
unlike "$OUTPUT" "$(cut -d . -f 2 <<<"$JWT")" 'the token is not shown'
jwt '{"aud":["00000003-0000-0000-c000-000000000000"],"roles":["IMAP.AccessAsApp"],"exp":"x"}'
check "$account"
finds fail 'token, audience' 'for Graph' 'a token for something else'
cp -p "$TAP_DIR/home/kept" "$PRODUCT_STATE/$account.token"
configure "${real[@]}"

# ---- files ----

secret=$TAP_DIR/home/secret
printf x >"$secret"
chmod 0644 "$secret"
configure "${real[@]}"
sed -i "s,^client_secret = .*,client_secret_file = $secret," "$PRODUCT_CONFIG"
chmod 0770 "$PRODUCT_HOME/.config"
chmod 0644 "$PRODUCT_STATE/$account.grant"
check "$account"
is "$STATUS" 78 'modes that are wrong'
finds fail configuration "others may write to $PRODUCT_HOME/.config: its mode is 0770; mend: chmod go-w" 'of a directory above'
finds fail 'client secret' "mend: chmod 06[04]0 '$secret'" 'of the client secret'
finds fail grant "check@accounts.test.grant may be read by others: its mode is 0644; mend: chmod 0600" 'of the grant'
sh -c "$(sed -n 's/.*; mend: \(chmod .*\)/\1/p' <<<"$OUTPUT")"
check "$account"
is "$(grep -E '^fail +(configuration|client secret|files|state)' <<<"$OUTPUT")" '' 'what mends it does'
finds ok files 'as they should be' 'and that is told'
configure "${real[@]}"
mv "$PRODUCT_STATE" "$PRODUCT_STATE.real"
ln -s saslfresh.real "$PRODUCT_STATE"
check "$account"
finds fail state 'is a symbolic link' 'a state directory that is a link'
rm "$PRODUCT_STATE" && mv "$PRODUCT_STATE.real" "$PRODUCT_STATE"
mkfifo "$TAP_DIR/home/go"
flock "$PRODUCT_STATE/$account.lock" sh -c 'echo held; read -r line' <"$TAP_DIR/home/go" >"$TAP_DIR/home/held" &
holder=$!
exec 8>"$TAP_DIR/home/go"
poll 10 grep -q held "$TAP_DIR/home/held"
check "$account"
finds warn lock 'process [1-9][0-9]* \(flock\) holds it' 'a lock that is held, and by whom'
exec 8>&-
wait "$holder"

# ---- plugins ----

mkdir "$TAP_DIR/plugins"
cc -shared -fPIC -o "$TAP_DIR/plugins/libother.so" "$kit/other-plugin.c" >"$TAP_DIR/log/other.log" 2>&1 || bail 'cannot compile other-plugin.c'
printf 'no library' >"$TAP_DIR/plugins/libbroken.so"
plugins() { # SASL_PATH: what check says with it
	mailer "plugins.$TAP_COUNT" env SASL_PATH="$1" "$PREFIX/bin/saslfresh" check "$account"
}
plugins "$PREFIX/lib/sasl2:$TAP_DIR/plugins:$SASL_DIRECTORY"
like "$OUTPUT" "^(ok|fail) +XOAUTH2: " 'another plugin'
taken=$(grep -E '^fail +XOAUTH2' <<<"$OUTPUT")
plugins "$TAP_DIR/plugins:$PREFIX/lib/sasl2:$SASL_DIRECTORY"
isnt_zero "$([ "$taken" = "$(grep -E '^fail +XOAUTH2' <<<"$OUTPUT")" ] && echo 0 || echo 1)" 'the order decides'
like "$taken$OUTPUT" "XOAUTH2: $TAP_DIR/plugins/libother.so offers it too and is taken first; mend: mv '$TAP_DIR/plugins/libother.so'" 'the one that is taken is named'
finds warn plugins "a plugin cannot be loaded: .*libbroken.so" 'a plugin that cannot be loaded'
finds ok OAUTHBEARER 'our plugin offers it' 'OAUTHBEARER is ours'
plugins "$SASL_DIRECTORY"
finds fail plugin "libsaslfresh.so is in none of these directories; mend: export SASL_PATH='$PREFIX/lib/sasl2:$SASL_DIRECTORY'" 'ours is not there'
mailer plugins.default env -u SASL_PATH "$PREFIX/bin/saslfresh" check "$account"
like "$OUTPUT" "^ok +plugins: libsasl2 [0-9.]+ searches $SASL_DIRECTORY\$" 'without SASL_PATH: the directory of the system'
echo 'programs = nobody' | cat - "$PRODUCT_CONFIG" >"$TAP_DIR/home/config" && cat "$TAP_DIR/home/config" >"$PRODUCT_CONFIG"
check "$account"
finds warn XOAUTH2 '`programs` names other programs' '`programs` is named where it is the reason'

# ---- mailers ----

configure "${real[@]}"
mkdir "$TAP_DIR/bin"
export PATH=$TAP_DIR/bin:$PATH
check "$account" postfix
command -v postconf >/dev/null || finds fail postfix 'there is no postconf' 'no Postfix here'
postfix_install
mkdir -p "$TAP_DIR/postfix/etc"
POSTFIX_DIR=$TAP_DIR/postfix POSTFIX_LOG=$TAP_DIR/log/postfix.log
postfix_main 587 >"$POSTFIX_DIR/etc/main.cf"
postfix_master >"$POSTFIX_DIR/etc/master.cf"
printf '[localhost]:587 %s:\n' "$account" >"$POSTFIX_DIR/etc/passwords"
printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s"\nexec "%s" -c "%s" "$@"\n' "$POSTFIX_LIBRARY_PATH" "$POSTFIX_ROOT/usr/sbin/postconf" \
	"$POSTFIX_DIR/etc" >"$TAP_DIR/bin/postconf"
chmod 0755 "$TAP_DIR/bin/postconf"
postfix_run postconf -e smtp_sasl_mechanism_filter=xoauth2
check "$account" postfix
finds fail account 'Postfix sees those of the system alone' "a person's account"
for what in master.cf smtp_sasl_auth_enable smtp_sasl_type smtp_sasl_mechanism_filter smtp_sasl_tls_security_options \
	smtp_tls_security_level smtp_sasl_password_maps; do
	finds ok "$what" . "Postfix: $what"
done
mended Postfix
postfix_run postconf -F smtp/unix/chroot=y
postfix_run postconf -e smtp_sasl_mechanism_filter=plain smtp_sasl_tls_security_options= smtp_tls_security_level=may \
	'smtp_sasl_security_options = noplaintext, noanonymous' 'smtp_sasl_tls_security_options = $smtp_sasl_security_options' \
	'import_environment = HOME=/tmp' smtp_sasl_password_maps=inline:{x=y:z}
check "$account" postfix
finds fail master.cf 'in a chroot.*no socket .*mend: systemctl enable --now saslfresh.socket, or: postconf -F smtp/unix/chroot=n' 'Postfix: a chroot'
finds fail smtp_sasl_mechanism_filter 'neither xoauth2 nor oauthbearer.*mend: postconf -e' 'Postfix: the mechanism filter'
finds fail smtp_sasl_tls_security_options 'noplaintext rules out' 'Postfix: noplaintext, inherited'
finds fail smtp_tls_security_level 'in the clear' 'Postfix: no TLS'
finds warn import_environment HOME 'Postfix: HOME'
finds fail smtp_sasl_password_maps "$account is not in it" 'Postfix: no such user'
postfix_run postconf -P smtp/unix/smtp_sasl_mechanism_filter=xoauth2
check "$account" postfix
finds ok smtp_sasl_mechanism_filter xoauth2 'Postfix: what master.cf overrides'
mkdir -p "$POSTFIX_DIR/queue$PREFIX/var/run/saslfresh"
(cd "$POSTFIX_DIR/queue$PREFIX/var/run/saslfresh" && /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")')
check "$account" postfix
finds ok master.cf 'in a chroot, and gets its tokens at' 'Postfix: a chroot with a door'
mended Postfix

printf '#!/bin/sh\n# libsasl2.so\n' >"$TAP_DIR/bin/mbsync"
chmod 0755 "$TAP_DIR/bin/mbsync"
product lines config-for mbsync "$account" --write --yes
check "$account" mbsync
finds ok mbsync "User $account, AuthMechs XOAUTH2" 'mbsync: with the lines of config-for'
sed -i 's/^AuthMechs .*/AuthMechs LOGIN/' "$PRODUCT_HOME/.mbsyncrc"
check "$account" mbsync
finds fail mbsync 'leaves out XOAUTH2; mend: saslfresh config-for mbsync' 'mbsync: another mechanism'
printf '#!/bin/sh\n' >"$TAP_DIR/bin/mbsync"
: >"$PRODUCT_HOME/.mbsyncrc"
check "$account" mbsync
finds fail mbsync 'is built without Cyrus SASL' 'mbsync: without SASL'
finds fail mbsync "says nothing of $account" 'mbsync: nothing of the account'
product lines config-for msmtp "$account" --write --yes
check "$account" msmtp
finds ok msmtp 'passwordeval runs saslfresh' 'msmtp: with the lines of config-for'
sed -i 's/^passwordeval .*/passwordeval "pass show mail"/' "$PRODUCT_HOME/.msmtprc"
check "$account" msmtp
finds fail msmtp 'passwordeval does not run saslfresh token' 'msmtp: another password'

# ---- nobody has logged in ----

product logout logout "$account" --forget
check "$account"
is "$STATUS" 77 'nobody has logged in'
finds fail grant 'nobody has logged in.*mend: saslfresh login' 'which is told'
finds warn mail 'no access token that lives' 'and no server is asked'

no_leaks
tap_end
