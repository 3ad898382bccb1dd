#!/bin/bash
# doc/mailers: what the pages say is given to the programs that they are about. What the pages say of `saslfresh
# config-for` is compared with what that prints; config-for.sh runs it.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients pages; do . "$kit/$part.sh"; done

user=me@gmail.com
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# run NAME INPUT COMMAND...: with the unpacked programs, and saslfresh where a command of the user's finds it.
run() {
	local name=$1 input=$2
	shift 2
	mailer_at "$TAP_DIR/out" "$name" "$input" env -C "$PRODUCT_HOME" "LD_LIBRARY_PATH=$CLIENTS_LIBRARIES" \
		PATH="$PREFIX/bin:$CLIENTS_ROOT/usr/bin:$PATH" PYTHONPATH="$CLIENTS_ROOT/usr/lib/python3/dist-packages" \
		XDG_CONFIG_HOME="$PRODUCT_HOME/.config" XDG_STATE_HOME="$PRODUCT_HOME/.local/state" "$@"
}

# reads PROGRAM COUNT METHOD COMMAND...: a mail that waits is fetched, by that many logins with that method.
reads() {
	local name=$1 count=$2 method=$3 before
	shift 3
	before=$(dovecot_logins method="$method")
	dovecot_mail "$user" "for-$name"
	run "$name.read" /dev/null "$@"
	is "$STATUS" 0 "$name: reads"
	dovecot_saw "$count" "$before" '... by a token' "method=$method"
}

stored() { grep -rqF "$1" "$PRODUCT_HOME/Maildir"; }

# sends PROGRAM METHOD INPUT COMMAND...
sends() {
	local name=$1 method=$2 input=$3 before
	shift 3
	before=$(dovecot_logins method="$method")
	run "$name.send" "$input" "$@"
	is "$STATUS" 0 "$name: sends"
	succeeds '... a mail that arrives' submitted "from-$name"
	dovecot_saw 1 "$before" '... by a token' "method=$method"
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients msmtp mutt neomutt s-nail getmail6 offlineimap3 fetchmail aerc mpop swaks sasl2-bin \
	libnet-ssleay-perl
mkdir -p "$PRODUCT_HOME/Maildir"/{cur,new,tmp}
succeeds 'an account' product_account "$user" mail-post "$user"

# ---- what config-for prints ----

mkdir -p -m 0700 "$TAP_DIR/gmail/.config/saslfresh"
(umask 077 && printf '[account %s]\nprovider = google\nclient_id = x\n' "$user" >"$TAP_DIR/gmail/.config/saslfresh/saslfresh.conf")
printed() {
	product_environment HOME="$TAP_DIR/gmail" "$PREFIX/bin/saslfresh" config-for "$1" "$user" |
		sed -e "s,$PREFIX/bin/saslfresh,saslfresh,g" -e '/^# this account is a person/d'
}
for pair in msmtp:msmtprc msmtp-mta:msmtprc mutt:muttrc neomutt:neomuttrc mbsync:mbsyncrc mpop:mpoprc getmail:getmailrc offlineimap:text s-nail:text aerc:accounts.conf postfix:sh sendmail:text cyrus-tools:sh curl:sh git:gitconfig; do
	page=${pair%:*}
	mailer=${page/cyrus-tools/imtest}
	is "$(block "$page" "${pair#*:}" | sed 's,/usr/local/bin/saslfresh,saslfresh,')" "$(printed "$mailer")" "$page: the page says what config-for prints"
done

# ---- programs that ask the command ----

# It delivers nothing as root.
mkdir -p "$TAP_DIR/getmail"/{cur,new,tmp}
chown -R nobody "$TAP_DIR/getmail"
here getmail getmailrc "$TAP_DIR/getmailrc" "s,$PRODUCT_HOME/Maildir,$TAP_DIR/getmail,; \$auser = nobody"
reads getmail 1 XOAUTH2 /usr/bin/python3 "$CLIENTS_ROOT/usr/bin/getmail" -q -g "$PRODUCT_HOME" -r "$TAP_DIR/getmailrc"
succeeds '... and the mail is there' grep -rqF for-getmail "$TAP_DIR/getmail"
sed -i "s/SimpleIMAPSSL/SimplePOP3SSL/; s/^port.*/port = $POP3S_PORT/" "$TAP_DIR/getmailrc"
run getmail.pop /dev/null /usr/bin/python3 "$CLIENTS_ROOT/usr/bin/getmail" -q -g "$PRODUCT_HOME" -r "$TAP_DIR/getmailrc"
like "$OUTPUT" 'Authentication failed' 'getmail: but not by POP3, as the page says'

here mpop mpoprc "$PRODUCT_HOME/.mpoprc" "\$atls_trust_file $OIDC_CA"
reads mpop 1 XOAUTH2 mpop -q "$user"
succeeds '... and the mail is there' stored for-mpop
sed -i 's/^auth .*/auth oauthbearer/' "$PRODUCT_HOME/.mpoprc"
reads mpop 1 OAUTHBEARER mpop -q "$user"

here offlineimap text/.offlineimap.py "$PRODUCT_HOME/.offlineimap.py"
here offlineimap text/.offlineimaprc "$PRODUCT_HOME/.offlineimaprc" "s,$PRODUCT_HOME/Maildir,$PRODUCT_HOME/Maildir/offline,"
reads offlineimap 1 XOAUTH2 env PYTHONPATH="$CLIENTS_ROOT/usr/share/offlineimap3:$CLIENTS_ROOT/usr/lib/python3/dist-packages" \
	/usr/bin/python3 "$CLIENTS_ROOT/usr/bin/offlineimap" -o -u quiet
succeeds '... and the mail is there' stored for-offlineimap

here s-nail text/.mailrc "$PRODUCT_HOME/.mailrc" "\$aset tls-ca-file=$OIDC_CA tls-ca-no-defaults"
printf 'hello\n' >"$TAP_DIR/body"
sends s-nail XOAUTH2 "$TAP_DIR/body" env MAILRC="$PRODUCT_HOME/.mailrc" s-nail -n -s from-s-nail bob@example.test
here s-nail 'text/a shell' "$TAP_DIR/s-nail.sh"
printf 'type\nx\n' >"$TAP_DIR/commands"
for kind in imap pop3; do
	before=$(dovecot_logins method=XOAUTH2)
	dovecot_mail "$user" "for-s-nail-$kind"
	if [ "$kind" = pop3 ]; then sed -i "s,imaps://\(.*\):[0-9]*/INBOX,pop3s://\1:$POP3S_PORT," "$TAP_DIR/s-nail.sh"; fi
	run "s-nail.$kind" "$TAP_DIR/commands" env MAILRC="$PRODUCT_HOME/.mailrc" sh "$TAP_DIR/s-nail.sh"
	like "$OUTPUT" "for-" "s-nail: reads by $kind"
	dovecot_saw 1 "$before" '... by a token' 'method=XOAUTH2'
done

here python send.py "$TAP_DIR/send.py" 's/RECIPIENT/bob@example.test/; s/from Python/from-python/'
sends python XOAUTH2 /dev/null env SSL_CERT_FILE="$OIDC_CA" /usr/bin/python3 "$TAP_DIR/send.py"
here python read.py "$TAP_DIR/read.py"
reads python 1 XOAUTH2 env SSL_CERT_FILE="$OIDC_CA" /usr/bin/python3 "$TAP_DIR/read.py"
like "$OUTPUT" INBOX '... which shows the folders'

# aerc lives on a terminal. Its tables and templates are where the package has them.
mkdir -p "$PRODUCT_HOME/.config/aerc" "$TAP_DIR/run"
chmod 0700 "$TAP_DIR/run"
cp -R "$CLIENTS_ROOT/usr/share/aerc/." "$PRODUCT_HOME/.config/aerc"
here aerc accounts.conf "$PRODUCT_HOME/.config/aerc/accounts.conf"
aerc() {
	typed=0
	mkdir "$TAP_DIR/terminal"
	background aerc env -C "$PRODUCT_HOME" HOME="$PRODUCT_HOME" LD_LIBRARY_PATH="$CLIENTS_LIBRARIES" \
		PATH="$PREFIX/bin:$CLIENTS_ROOT/usr/bin:$PATH" XDG_CONFIG_HOME="$PRODUCT_HOME/.config" \
		XDG_STATE_HOME="$PRODUCT_HOME/.local/state" XDG_RUNTIME_DIR="$TAP_DIR/run" XDG_CACHE_HOME="$TAP_DIR/run" \
		XDG_DATA_HOME="$TAP_DIR/run" SSL_CERT_FILE="$OIDC_CA" EDITOR=true TERM=xterm \
		/usr/bin/python3 "$kit/terminal.py" "$TAP_DIR/terminal" sh -c 'stty rows 24 cols 100; exec aerc'
}
types() {
	typed=$((typed + 1))
	printf "$1" >"$TAP_DIR/terminal/typing"
	mv "$TAP_DIR/terminal/typing" "$TAP_DIR/terminal/type.$typed"
}
shows() { grep -aqF -e "$1" "$TAP_DIR/terminal/shown"; }
before=$(dovecot_logins method=XOAUTH2)
aerc
succeeds 'aerc: has a terminal' poll 20 test -e "$TAP_DIR/terminal/shown"
succeeds 'aerc: reads' poll 20 shows Connected
dovecot_saw 1 "$before" '... by a token' 'method=XOAUTH2'
types ':compose -H "To: bob@example.test" -H "Subject: from-aerc"\r'
succeeds 'aerc: a mail is ready' poll 20 shows ':send<enter>'
types y
succeeds 'aerc: sends' poll 20 submitted from-aerc
dovecot_saw 2 "$before" '... by a token, too' 'method=XOAUTH2'
types ':quit\r'
succeeds 'aerc: ends' poll 20 test -e "$TAP_DIR/terminal/status"
mv "$TAP_DIR/terminal" "$TAP_DIR/terminal.1"
sed -i 's/+xoauth2:/+oauthbearer:/' "$PRODUCT_HOME/.config/aerc/accounts.conf"
before=$(dovecot_logins method=OAUTHBEARER)
aerc
succeeds 'aerc: reads with OAUTHBEARER' poll 20 shows Connected
dovecot_saw 1 "$before" '... by a token' 'method=OAUTHBEARER'
types ':quit\r'
succeeds 'aerc: ends' poll 20 test -e "$TAP_DIR/terminal/status"

# The pages of these have the lines of config-for, with XOAUTH2.
here msmtp msmtprc "$PRODUCT_HOME/.msmtprc" "/^tls on/atls_trust_file $OIDC_CA"
sed -i 's/^auth .*/auth oauthbearer/' "$PRODUCT_HOME/.msmtprc"
printf 'Subject: from-msmtp\n\nhello\n' >"$TAP_DIR/message"
sends msmtp OAUTHBEARER "$TAP_DIR/message" msmtp -a "$user" bob@example.test
for mutt in mutt neomutt; do
	here "$mutt" "${mutt}rc" "$PRODUCT_HOME/.${mutt}rc" "\$aset ssl_ca_certificates_file = \"$OIDC_CA\""
	sed -i 's/"xoauth2"/"oauthbearer"/' "$PRODUCT_HOME/.${mutt}rc"
	sends "$mutt" OAUTHBEARER "$TAP_DIR/body" "$mutt" -n -F "$PRODUCT_HOME/.${mutt}rc" -e 'set copy = no' -s "from-$mutt" bob@example.test
	reads "$mutt" 1 OAUTHBEARER env TERM=xterm script -qec \
		"$mutt -n -F '$PRODUCT_HOME/.${mutt}rc' -e 'set quit=yes' -e 'push <quit>'" /dev/null
done
product_token "$user"
reads curl 1 OAUTHBEARER curl -sS --cacert "$OIDC_CA" -u "$user:" --oauth2-bearer "$TOKEN" "imaps://localhost:$IMAPS_PORT/"
run curl.options /dev/null curl -v -sS --cacert "$OIDC_CA" --login-options AUTH=XOAUTH2 -u "$user:" --oauth2-bearer "$TOKEN" \
	"imaps://localhost:$IMAPS_PORT/"
like "$OUTPUT" '^> A[0-9]+ AUTHENTICATE OAUTHBEARER' '... and --login-options does not make it take another one, as the page says'
sed -i '/^> .*\(AUTHENTICATE\|AUTH\) /d' "$TAP_DIR/out/curl.options"

# ---- programs that cannot, in this version ----

printf 'poll localhost protocol imap service %s auth oauthbearer username "%s" password x ssl\n' "$IMAPS_PORT" "$user" \
	>"$TAP_DIR/fetchmailrc"
chmod 0600 "$TAP_DIR/fetchmailrc"
run fetchmail /dev/null fetchmail -f "$TAP_DIR/fetchmailrc" -N
like "$OUTPUT" 'syntax error at oauthbearer' 'fetchmail: does not know it, as the page says'

run swaks /dev/null env PERL5LIB="$(find "$CLIENTS_ROOT/usr/lib" -maxdepth 3 -path '*/perl5/*' -type d | tr '\n' ':')" \
	swaks --server "localhost:$SUBMISSION_PORT" --tls --auth XOAUTH2 --auth-user "$user" --auth-password x --to bob@example.test
like "$OUTPUT" 'XOAUTH2 is not a recognized auth type' 'swaks: does not know it, as the page says'

run pluginviewer /dev/null "$(find "$CLIENTS_ROOT/usr" -name 'saslpluginviewer')" -s
like "$OUTPUT" 'SCRAM-SHA-256' 'libsasl2: the mechanisms of servers can be listed'
unlike "$OUTPUT" 'OAUTH' '... and OpenLDAP has none of ours to offer, as the page says'

# ---- a token that is too long for a program ----

here neomutt neomuttrc "$PRODUCT_HOME/.neomuttrc" "\$aset ssl_ca_certificates_file = \"$OIDC_CA\""
printf 'hello\n' >"$TAP_DIR/body"
sends neomutt XOAUTH2 "$TAP_DIR/body" neomutt -n -F "$PRODUCT_HOME/.neomuttrc" -e 'set copy = no' -s from-neomutt bob@example.test
sed 's/"xoauth2"/"oauthbearer"/; s/--max 4063/--max 510/' "$PRODUCT_HOME/.neomuttrc" >"$PRODUCT_HOME/.neomuttrc.bearer"
neomutt_bearer() { run "$1" "$TAP_DIR/body" neomutt -n -F "$PRODUCT_HOME/.neomuttrc.bearer" -e 'set copy = no' -s "from-$1" bob@example.test; }
for size in 510 511; do
	oidc_set size=$size
	product "size.$size" refresh "$user" --force
	neomutt_bearer "bearer-$size"
	if [ "$size" = 510 ]; then
		is "$STATUS" 0 'neomutt, OAUTHBEARER: a token of 510 octets'
		succeeds '... with which a mail arrives' submitted from-bearer-510
	else
		like "$OUTPUT" 'too long for this program: 511 octets, and it takes 510' '... and with 511 saslfresh says why not'
	fi
done
sed -i 's/ --max 510//' "$PRODUCT_HOME/.neomuttrc.bearer"
neomutt_bearer unlimited
isnt_zero "$STATUS" '... where it would fail'
unlike "$OUTPUT" 'octets|too long|saslfresh' '... and not say so'
oidc_set size=0
product size.0 refresh "$user" --force
sed -i 's/--max 4063/--max 40/' "$PRODUCT_HOME/.neomuttrc"
before=$(wc -l <"$TAP_DIR/log/dovecot.log")
run neomutt.long "$TAP_DIR/body" neomutt -n -F "$PRODUCT_HOME/.neomuttrc" -e 'set copy = no' -s no bob@example.test
isnt_zero "$STATUS" 'neomutt: with a longer token it fails'
like "$OUTPUT" 'too long for this program: 43 octets, and it takes 40 \(use another program' '... and saslfresh says why'
unlike "$(tail -n "+$((before + 1))" "$TAP_DIR/log/dovecot.log")" 'auth failed, [1-9]' '... before the server sees anything'

# ---- a server that offers XOAUTH2 alone, as Microsoft's do ----

modest_dovecot() {
	local DOVECOT_MECHANISMS='plain xoauth2' log=$TAP_DIR/log/dovecot.log
	cp "$log" "$TAP_DIR/log/dovecot.first.log"
	stop "$DOVECOT_PID"
	dovecot_start
}
modest_dovecot
before=$(dovecot_logins method=XOAUTH2)
run curl.modest /dev/null curl -sS --cacert "$OIDC_CA" -u "$user:" --oauth2-bearer "$TOKEN" "imaps://localhost:$IMAPS_PORT/"
is "$STATUS" 0 'curl: takes XOAUTH2 where the server offers nothing else'
dovecot_saw 1 "$before" '... by a token' 'method=XOAUTH2'

# ---- standard input is the mail ----

printf 'the mail\n' >"$TAP_DIR/mail"
left_over() { run "$1" "$TAP_DIR/mail" sh -c 'saslfresh token "$0" >/dev/null; cat' "$user"; }
left_over stdin.fresh
is "$OUTPUT" 'the mail' 'saslfresh token leaves standard input alone'
product_expire "$user"
left_over stdin.expired
is "$OUTPUT" 'the mail' '... with a token that has expired'

# ---- no token: nothing is sent in its place ----

oidc_refuses() { sed -i 's/^client_secret = .*/client_secret = wrong/' "$PRODUCT_CONFIG"; }
product_expire "$user"
oidc_refuses
before=$(wc -l <"$TAP_DIR/log/dovecot.log")
run token /dev/null saslfresh token "$user"
is "$STATUS" 78 'a client secret that has become wrong: no token'
left_over stdin.failed
is "$(tail -n 1 <<<"$OUTPUT")" 'the mail' '... and standard input is left alone'
here msmtp msmtprc "$PRODUCT_HOME/.msmtprc" "/^tls on/atls_trust_file $OIDC_CA"
run msmtp.none "$TAP_DIR/body" msmtp -a "$user" bob@example.test
isnt_zero "$STATUS" 'msmtp: fails'
like "$OUTPUT" 'saslfresh: no access token of me@gmail\.com: .*invalid_client' '... and says why'
for mutt in mutt neomutt; do
	here "$mutt" "${mutt}rc" "$PRODUCT_HOME/.${mutt}rc" "\$aset ssl_ca_certificates_file = \"$OIDC_CA\""
	run "$mutt.none" "$TAP_DIR/body" "$mutt" -n -F "$PRODUCT_HOME/.${mutt}rc" -e 'set copy = no' -s no bob@example.test
	isnt_zero "$STATUS" "$mutt: fails"
	like "$OUTPUT" 'saslfresh: no access token of me@gmail\.com: .*invalid_client' '... and says why'
done
run mpop.none /dev/null mpop -q "$user"
isnt_zero "$STATUS" 'mpop: fails'
run getmail.none /dev/null /usr/bin/python3 "$CLIENTS_ROOT/usr/bin/getmail" -q -g "$PRODUCT_HOME" -r "$TAP_DIR/getmailrc"
like "$OUTPUT" 'saslfresh exited with 78' 'getmail: says who failed'
unlike "$(tail -n "+$((before + 1))" "$TAP_DIR/log/dovecot.log")" 'auth failed, [1-9]' 'and nobody showed the server anything in its place'

no_leaks
tap_end
