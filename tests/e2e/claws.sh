#!/bin/bash
# Claws Mail of Debian on a display of its own, with the lines of its page: what it reads and sends with tokens through
# the commands that it runs, and what it does by itself when it is told to use OAuth 2.0.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients pages screen; do . "$kit/$part.sh"; done

[ "$(id -u)" -eq 0 ] || skip_all 'the display needs a private mount: run this as root'
user=me@gmail.com
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# ---- the program ----

# claws_environment: sets CLAWS_RUN, what leads to Claws Mail as the user has it.
claws_environment() {
	CLAWS_RUN=(env -C "$PRODUCT_HOME" -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME "${SCREEN[@]}"
		HOME="$PRODUCT_HOME" SASL_PATH="$PREFIX/lib/sasl2:$SASL_DIRECTORY" SSL_CERT_FILE="$OIDC_CA")
}

# claws OPTION...: a word to the one that runs.
claws() { "${CLAWS_RUN[@]}" timeout 20 claws-mail "$@" 2>>"$TAP_DIR/log/claws.log"; }

# claws_place: an empty place for accounts. There is no dictionary here, and nobody to see errors of receiving.
claws_place() {
	CLAWS=$PRODUCT_HOME/.claws-mail
	rm -rf "$CLAWS" "$PRODUCT_HOME/Mail"
	mkdir -m 0700 "$CLAWS" "$PRODUCT_HOME/Mail"
	printf '[Common]\nenable_aspell=0\nno_receive_error_panel=1\n' >"$CLAWS/clawsrc"
	printf '<?xml version="1.0"?>\n<folderlist><folder type="mh" name="Mailbox" path="Mail"/></folderlist>\n' \
		>"$CLAWS/folderlist.xml"
}

# claws_start: with the command of the page. Asking one that does not listen yet would make another.
claws_start() {
	background claws "${CLAWS_RUN[@]}" env $(block claws-mail sh)
	CLAWS_PID=$BACKGROUND_PID
	poll 30 claws_listens || bail 'Claws Mail does not start'
}

claws_listens() { [ -S "$(echo "$TAP_DIR"/screen/runtime/claws-mail/*)" ]; }

claws_stop() {
	stop "$CLAWS_PID"
	cp "$CLAWS/claws.log" "$TAP_DIR/out/conversation.$CLAWS_PID"
	rm -rf "$TAP_DIR/screen/runtime/claws-mail"
}

shows() { screen_window "$1" >/dev/null; }
shows_other() { shows "$2" && [ "$(screen_window "$2")" != "$1" ]; }

# received FOLDER TEXT: whether Claws Mail has found a mail with that subject there, fetched whole.
received() { claws --search "$1" subject "$2" | grep -q .; }

# claws_account [SED-COMMAND]: the account of the page.
claws_account() {
	claws_place
	block claws-mail accountrc | sed -e 's/imap\.gmail\.com/localhost/' -e "s,/usr/bin/msmtp,$CLIENTS_ROOT&," \
		-e "${1-}" >"$CLAWS/accountrc"
}

# compose SUBJECT: a window with a mail. sends SUBJECT: what a person does there.
compose() {
	printf 'To: bob@example.test\nSubject: %s\n\nhello\n' "$1" >"$TAP_DIR/draft"
	claws --compose-from-file "$TAP_DIR/draft"
}
sends() { screen_types "^$1 - Compose message" ctrl+Return; }

tap_start
oidc_start
dovecot_start
product_start
clients_install claws-mail msmtp mpop "${SCREEN_PACKAGES[@]}"
screen_start
claws_environment
succeeds 'an account' product_account "$user" mail-post "$user"

# ---- reading and sending, as the page says ----

claws_account
here claws-mail imap.py "$TAP_DIR/imap.py"
cp "$TAP_DIR/imap.py" "$CLAWS/imap.py"
here msmtp msmtprc "$PRODUCT_HOME/.msmtprc" "/^tls on/atls_trust_file $OIDC_CA"
dovecot_mail "$user" for-claws
before=$(dovecot_logins 'imap-login.*method=XOAUTH2.*TLS')
claws_start
succeeds 'Claws Mail has a window' poll 20 shows "^$user - Claws Mail"
claws --receive-all
succeeds 'reads' poll 20 received "#imap/$user/INBOX" for-claws
like "$(cat "$CLAWS/imapcache/localhost/$user/INBOX"/*)" '^hello' '... the whole mail'
dovecot_saw 1 "$before" '... by one login with a token' 'imap-login.*method=XOAUTH2.*TLS'

product_expire "$user"
before=$(dovecot_logins 'imap-login.*method=XOAUTH2')
refreshed=$(refreshes)
session=$(sed -n 's/.*imap-login: Info: Login: .*mpid=\([0-9]*\).*/\1/p' "$DOVECOT_LOG" | tail -n 1)
kill "$session"
poll 10 process_gone "$session"
dovecot_mail "$user" for-later
claws --receive-all
succeeds 'reads when the token has expired and the connection is gone' poll 20 received "#imap/$user/INBOX" for-later
dovecot_saw 1 "$before" '... by one more login' 'imap-login.*method=XOAUTH2'
is "$(($(refreshes) - refreshed))" 1 '... after exactly one refresh'

before=$(dovecot_logins 'submission-login.*method=XOAUTH2.*TLS')
compose from-claws
sends from-claws
succeeds 'sends' poll 20 submitted from-claws
succeeds '... as itself' submitted 'X-Mailer: Claws Mail 4.1.1'
dovecot_saw 1 "$before" '... by a token' 'submission-login.*method=XOAUTH2.*TLS'
succeeds '... and puts a copy into the folder for that' poll 20 received "#imap/$user/Sent" from-claws

# ---- no token: the mail stays where it is ----

product_expire "$user"
sed -i.good 's/^client_secret = .*/client_secret = wrong/' "$PRODUCT_CONFIG"
lines=$(wc -l <"$DOVECOT_LOG")
compose from-later
sends from-later
succeeds 'no token: Claws Mail says that the command has failed' poll 20 shows '^Error$'
like "$(cat "$TAP_DIR/log/claws.log")" 'saslfresh: no access token of me@gmail\.com: .*invalid_client' '... and saslfresh why'
fails '... before the mail server sees anything' dovecot_said "$lines" submission
first=$(screen_window '^Error$')
screen_types '^Error$' Return
succeeds '... and that the mail is not sent' poll 20 shows_other "$first" '^Error$'
screen_types '^Error$' Return
mv "$PRODUCT_CONFIG.good" "$PRODUCT_CONFIG"
sends from-later
succeeds '... which is sent when there is one again' poll 20 submitted from-later
claws_stop

# ---- OAuth 2.0 of its own, without libsasl2 ----

# 256 is OAuth2, 0 any method. libsasl2, were it asked, would have a token: any password will do there.
for method in 256 0; do
	claws_account "s/^set_tunnelcmd=.*/set_imapport=1\\nimap_port=$IMAP_PORT\\nimap_auth_method=$method/; /^tunnelcmd/d"
	printf '[account:1]\nrecv its-own\n' >"$CLAWS/passwordstorerc"
	product_expire "$user"
	lines=$(wc -l <"$DOVECOT_LOG")
	refreshed=$(refreshes)
	claws_start
	succeeds "method $method: shows what it has itself as a token" \
		poll 30 dovecot_said "$lines" 'oauth2\(me@gmail.*oauth2 failed: .*not valid'
	screen_types '^Input password' Escape
	claws_stop
	fails '... so that nobody is logged in' dovecot_said "$lines" 'Login: user='
	is "$(($(refreshes) - refreshed))" 0 '... and the plugin is not asked'
done

# ---- a file that mpop fills ----

here mpop mpoprc "$PRODUCT_HOME/.mpoprc" "s/^delivery maildir .*/delivery mbox mbox/; \$atls_trust_file $OIDC_CA"
claws_account "s,^protocol=.*,protocol=3\\nlocal_mbox=$PRODUCT_HOME/mbox,; /tunnelcmd/d"
dovecot_mail "$user" for-mpop
claws_start
before=$(dovecot_logins 'pop3-login.*method=XOAUTH2.*TLS')
"${CLAWS_RUN[@]}" mpop -q "$user" >"$TAP_DIR/out/mpop" 2>&1
succeeds 'mpop: fills a file' grep -qF for-mpop "$PRODUCT_HOME/mbox"
dovecot_saw 1 "$before" '... by a token' 'pop3-login.*method=XOAUTH2.*TLS'
claws --receive-all
succeeds '... from which Claws Mail takes the mail' poll 20 received '#mh/Mailbox/inbox' for-mpop
fails '... and leaves it empty' test -s "$PRODUCT_HOME/mbox"
claws_stop

no_leaks
tap_end
