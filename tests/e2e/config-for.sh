#!/bin/bash
# `saslfresh config-for`: the lines that it prints are given to the programs that they are for, and log in at a real
# Dovecot. The one line that a test adds names its certificate authority. For Postfix see postfix.sh.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

user=alice@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# lines MAILER ACCOUNT FILE [SED-COMMAND...]: what is printed, and with the test's own line.
lines() {
	local mailer=$1 account=$2 file=$3
	shift 3
	product "lines.$TAP_COUNT" config-for "$mailer" "$account"
	is "$STATUS" 0 "$mailer, $account: there are lines"
	sed "$@" <<<"$OUTPUT" >"$file"
	fails '... to which the test adds its authority' test "$OUTPUT" = "$(cat "$file")"
}

# run NAME INPUT COMMAND...: in a directory of its own, as the user has it, with the unpacked programs.
run() {
	local name=$1 input=$2
	shift 2
	mailer_at "$TAP_DIR/out" "$name" "$input" env -C "$TAP_DIR/place" LD_LIBRARY_PATH="$CLIENTS_LIBRARIES" PATH="$programs" "$@"
}

# logged_in BEFORE COUNT METHOD DESCRIPTION
logged_in() { dovecot_saw "$2" "$1" "$4" "method=$3"; }

tap_start
oidc_start
dovecot_start
product_start
clients_install isync cyrus-clients msmtp mutt neomutt s-nail mpop getmail6 offlineimap3 curl git git-email libmailtools-perl
mkdir "$TAP_DIR/place"
dovecot_mail "$user" first
drafts=$DOVECOT_DIR/mail/$user/Maildir/.Drafts
mkdir -p "$drafts/cur" "$drafts/new" "$drafts/tmp"
chown -R --reference="$DOVECOT_DIR/mail/$user" "$drafts"
programs=$CLIENTS_ROOT/usr/bin:$CLIENTS_ROOT/usr/lib/cyrus/bin:$PATH
printf 'hello\n' >"$TAP_DIR/place/body"

succeeds 'an account with servers that want STARTTLS' product_account starttls@accounts.test mail-post "$user" "user = $user" \
	"imap = localhost:$IMAP_PORT" "pop = localhost:$POP3_PORT" "smtp = localhost:$SUBMISSION_PORT"
succeeds 'and one with servers that want TLS' product_account tls@accounts.test mail-post "$user" "user = $user" \
	"imap = localhost:$IMAPS_PORT tls" "pop = localhost:$POP3S_PORT tls" "smtp = localhost:$SUBMISSIONS_PORT tls"

for account in starttls@accounts.test tls@accounts.test; do
	kind=${account%%@*}

	lines mbsync "$account" "$TAP_DIR/place/mbsyncrc" "/^Port /aCertificateFile $OIDC_CA"
	mkdir -p "$PRODUCT_HOME/Mail/$account"
	dovecot_mail "$user" "for-mbsync-$kind"
	before=$(dovecot_logins method=XOAUTH2)
	run "mbsync.$kind" /dev/null mbsync -q -c mbsyncrc -a
	is "$STATUS$OUTPUT" 0 'mbsync: works with them'
	succeeds '... and fetches the mail' grep -rqF "for-mbsync-$kind" "$PRODUCT_HOME/Mail/$account"
	logged_in "$before" 1 XOAUTH2 '... by a token'

	lines msmtp "$account" "$TAP_DIR/place/msmtprc" "/^tls on/atls_trust_file $OIDC_CA"
	chmod 0600 "$TAP_DIR/place/msmtprc"
	before=$(dovecot_logins method=XOAUTH2)
	printf 'Subject: from-msmtp-%s\n\nhello\n' "$kind" >"$TAP_DIR/place/message"
	run "msmtp.$kind" "$TAP_DIR/place/message" msmtp -C msmtprc -a "$account" bob@example.test
	is "$STATUS$OUTPUT" 0 'msmtp: works with them'
	succeeds '... and sends the mail' submitted "from-msmtp-$kind"
	logged_in "$before" 1 XOAUTH2 '... by a token'

	for mailer in mutt neomutt; do
		lines "$mailer" "$account" "$TAP_DIR/place/muttrc" "\$aset ssl_ca_certificates_file = \"$OIDC_CA\""
		before=$(dovecot_logins method=XOAUTH2)
		run "$mailer.$kind" "$TAP_DIR/place/body" "$mailer" -n -F muttrc -e 'set copy = no' -s "from-$mailer-$kind" bob@example.test
		is "$STATUS" 0 "$mailer: works with them"
		succeeds '... and sends the mail' submitted "from-$mailer-$kind"
		logged_in "$before" 1 XOAUTH2 '... by a token'
		before=$(dovecot_logins method=XOAUTH2)
		dovecot_mail "$user" "for-$mailer-$kind"
		run "$mailer.tty.$kind" /dev/null env TERM=xterm \
			script -qec "$mailer -n -F muttrc -e 'set quit=yes' -e 'push <quit>'" /dev/null
		like "$OUTPUT" "for-$mailer-$kind" '... and shows the inbox'
		logged_in "$before" 1 XOAUTH2 '... by a token'
	done

	lines curl "$account" "$TAP_DIR/place/curl.sh" "s|curl -sS|curl -sS --cacert $OIDC_CA|; s|RECIPIENT -T|bob@example.test -T|"
	before=$(dovecot_logins 'method=(XOAUTH2|OAUTHBEARER)')
	printf 'Subject: from-curl-%s\r\n\r\nhello\r\n' "$kind" >"$TAP_DIR/place/message.txt"
	run "curl.$kind" /dev/null sh -e curl.sh
	is "$STATUS" 0 'curl: works with them'
	like "$OUTPUT" '^\* LIST .*INBOX' '... and lists the folders'
	succeeds '... and sends the mail' submitted "from-curl-$kind"
	logged_in "$before" 2 '(XOAUTH2|OAUTHBEARER)' '... by tokens'

	# It believes /etc/passwd more than HOME.
	nail=(env MAILRC=mailrc XDG_CONFIG_HOME="$PRODUCT_HOME/.config" XDG_STATE_HOME="$PRODUCT_HOME/.local/state")
	lines s-nail "$account" "$TAP_DIR/place/nail" "/^set v15/aset tls-ca-file=$OIDC_CA tls-ca-no-defaults"
	recipe_part .mailrc <"$TAP_DIR/place/nail" >"$TAP_DIR/place/mailrc"
	recipe_part 'a shell' <"$TAP_DIR/place/nail" >"$TAP_DIR/place/nail.sh"
	before=$(dovecot_logins method=XOAUTH2)
	run "s-nail.$kind" "$TAP_DIR/place/body" "${nail[@]}" s-nail -n -s "from-s-nail-$kind" bob@example.test
	is "$STATUS" 0 's-nail: works with them'
	succeeds '... and sends the mail' submitted "from-s-nail-$kind"
	dovecot_mail "$user" "for-s-nail-$kind"
	printf 'type $\nx\n' >"$TAP_DIR/place/commands"
	run "s-nail.read.$kind" "$TAP_DIR/place/commands" "${nail[@]}" sh nail.sh
	like "$OUTPUT" "for-s-nail-$kind" '... and shows the mail that waits'
	logged_in "$before" 2 XOAUTH2 '... by tokens'

	lines mpop "$account" "$TAP_DIR/place/mpoprc" "/^tls on/atls_trust_file $OIDC_CA"
	chmod 0600 "$TAP_DIR/place/mpoprc"
	mkdir -p "$PRODUCT_HOME/Maildir/cur" "$PRODUCT_HOME/Maildir/new" "$PRODUCT_HOME/Maildir/tmp"
	before=$(dovecot_logins method=XOAUTH2)
	dovecot_mail "$user" "for-mpop-$kind"
	run "mpop.$kind" /dev/null mpop -C mpoprc -q "$account"
	is "$STATUS" 0 'mpop: works with them'
	succeeds '... and fetches the mail' grep -rqF "for-mpop-$kind" "$PRODUCT_HOME/Maildir"
	logged_in "$before" 1 XOAUTH2 '... by a token'

	lines git "$account" "$TAP_DIR/place/gitconfig" "s|msmtp --|msmtp --tls-trust-file=$OIDC_CA --|; s|curl -sS|curl -sS --cacert $OIDC_CA|"
	before=$(dovecot_logins method=XOAUTH2)
	printf 'From: %s\nSubject: from-git-%s\n\nhello\n' "$user" "$kind" >"$TAP_DIR/place/0001.patch"
	run "git.$kind" /dev/null env GIT_CONFIG_GLOBAL="$TAP_DIR/place/gitconfig" GIT_CONFIG_NOSYSTEM=1 \
		GIT_COMMITTER_NAME=Alice GIT_COMMITTER_EMAIL=$user GIT_AUTHOR_NAME=Alice GIT_AUTHOR_EMAIL=$user \
		GIT_EXEC_PATH="$CLIENTS_ROOT/usr/lib/git-core" PERL5LIB="$CLIENTS_ROOT/usr/share/perl5" \
		git send-email --quiet --confirm=never --suppress-cc=all --to=bob@example.test 0001.patch
	is "$STATUS" 0 'git send-email: works with them'
	succeeds '... and sends the mail' submitted "from-git-$kind"
	logged_in "$before" 1 XOAUTH2 '... by a token'
	before=$(dovecot_logins 'method=(XOAUTH2|OAUTHBEARER)')
	run "git.draft.$kind" /dev/null env GIT_CONFIG_GLOBAL="$TAP_DIR/place/gitconfig" GIT_CONFIG_NOSYSTEM=1 \
		GIT_EXEC_PATH="$CLIENTS_ROOT/usr/lib/git-core" git put-draft 0001.patch
	is "$STATUS" 0 'git put-draft: works with them'
	succeeds '... and the patch is among the drafts' grep -rqF "from-git-$kind" "$drafts"
	logged_in "$before" 1 '(XOAUTH2|OAUTHBEARER)' '... by a token'

	product "lines.$TAP_COUNT" config-for imtest "$account"
	printf 'a LOGOUT\r\n' >"$TAP_DIR/place/bye.imtest"
	printf 'QUIT\r\n' >"$TAP_DIR/place/bye.smtptest"
	cp "$TAP_DIR/place/bye.smtptest" "$TAP_DIR/place/bye.pop3test"
	for program in imtest pop3test smtptest; do
		line=$(grep "^$program " <<<"$OUTPUT")
		mailer_at "$TAP_DIR/wire" "$program.$kind" "$TAP_DIR/place/bye.$program" env LD_LIBRARY_PATH="$CLIENTS_LIBRARIES" \
			PATH="$programs" sh -c "$line"
		like "$(grep '^Authenticated' "$TAP_DIR/wire/$program.$kind")" . "$program: works with its line"
		product "lines.$TAP_COUNT" config-for imtest "$account"
	done
done

# ---- what cannot be, and what is made elsewhere ----

# Why there is an alias in place of the lines of git imap-send: its libcurl is given the token as a password.
cat >"$TAP_DIR/place/imap-send" <<-EOF2
	[imap]
		host = imaps://localhost
		port = $IMAPS_PORT
		user = $user
		folder = Drafts
		authMethod = XOAUTH2
		sslVerify = false
	[credential]
		helper = "!f() { test \\"\$1\\" = get && echo password=\$($PREFIX/bin/saslfresh token tls@accounts.test); }; f"
EOF2
printf 'From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: %s\nDate: %s\nSubject: x\n\nhello\n' \
	"$user" 'Mon, 1 Jan 2024 00:00:00 +0000' >"$TAP_DIR/place/mbox"
before=$(dovecot_logins)
run imap-send "$TAP_DIR/place/mbox" env GIT_CONFIG_GLOBAL="$TAP_DIR/place/imap-send" GIT_CONFIG_NOSYSTEM=1 \
	GIT_EXEC_PATH="$CLIENTS_ROOT/usr/lib/git-core" git imap-send
isnt_zero "$STATUS" "git imap-send of $("$CLIENTS_ROOT/usr/bin/git" version) cannot send a token"
is "$(dovecot_logins)" "$before" '... nobody is logged in'
like "$OUTPUT" 'No LOGIN_OPTIONS support.*|Login denied' '... it sends the token as a password'

for mailer in getmail offlineimap; do
	product "lines.$TAP_COUNT" config-for "$mailer" starttls@accounts.test
	is "$STATUS" 78 "$mailer: not with a server that wants STARTTLS"
	like "$OUTPUT" 'wants STARTTLS, which '"$mailer"' does not do with a token \(.imap = localhost:993 tls.' '... which is said'
done

for account in starttls@accounts.test tls@accounts.test; do
	product "lines.$TAP_COUNT" config-for ssmtp "$account"
	is "$(grep -v '^#' <<<"$OUTPUT" | grep -v ^mailhub | tr '\n' ' ')" \
		"UseTLS=YES $([ "$account" = tls@accounts.test ] || printf 'UseSTARTTLS=YES ')AuthMethod=SASL AuthMech=XOAUTH2 AuthUser=$account " \
		"ssmtp, $account: what contrib/ssmtp reads"
done

# ---- --write ----

account=starttls@accounts.test
write() { product "write.$TAP_COUNT" config-for "$@"; }
rc=$PRODUCT_HOME/.msmtprc
write msmtp "$account" --write
is "$STATUS" 64 '--write without a terminal wants --yes'
fails '... and writes nothing' test -e "$rc"
write msmtp "$account" --write --yes
is "$STATUS" 0 '--write --yes makes a file'
like "$OUTPUT" '^\+passwordeval ' '... and shows what it adds'
is "$(stat -c %a "$rc")" 600 '... which the owner alone can read'
mkdir "$PRODUCT_HOME/dotfiles"
{ printf '# mine\ndefaults\nlogfile ~/msmtp.log\n\n'; cat "$rc"; printf '\naccount other\nhost other.example.test\n'; } >"$PRODUCT_HOME/dotfiles/msmtprc"
sed -i 's/^port .*/port 1/' "$PRODUCT_HOME/dotfiles/msmtprc"
chmod 0640 "$PRODUCT_HOME/dotfiles/msmtprc"
ln -sf dotfiles/msmtprc "$rc"
write msmtp "$account" --write --yes
is "$STATUS" 0 'a file with more in it, behind a link'
is "$(grep -c '^[-+][a-z]' <<<"$OUTPUT")" 2 '... one line is replaced'
like "$OUTPUT" "^\\+port $SUBMISSION_PORT\$" '... by what is right'
succeeds '... the link is still one' test -L "$rc"
is "$(stat -c %a "$rc" -L)" 640 '... the mode is what it was'
like "$(tail -n 2 "$rc")" 'host other.example.test' '... and what stood around it is there'
is "$(grep -c '^account ' "$rc")" 2 '... once'
before=$(sha256sum <"$rc")
write msmtp "$account" --write --yes
is "$OUTPUT" "$rc has these lines already" 'a second time there is nothing to do'
write msmtp tls@accounts.test --write --yes
is "$(grep -c '^account ' "$rc")" 3 'another account is added'
fails '... and the file is another' test "$(sha256sum <"$rc")" = "$before"
is "$(ls -A "$PRODUCT_HOME/dotfiles")" msmtprc 'no temporary file is left'

for mailer in mbsync neomutt mutt mpop; do
	write "$mailer" "$account" --yes --write
	is "$STATUS" 0 "$mailer has a file"
	succeeds '... which is there' test -s "$PRODUCT_HOME/.${mailer}rc"
done
mkdir -p "$PRODUCT_HOME/.config/neomutt"
rm "$PRODUCT_HOME/.neomuttrc"
: >"$PRODUCT_HOME/.config/neomutt/neomuttrc"
write neomutt "$account" --write --yes
succeeds 'a file elsewhere is found' test -s "$PRODUCT_HOME/.config/neomutt/neomuttrc"
for mailer in postfix sendmail ssmtp msmtp-mta s-nail getmail offlineimap curl git imtest; do
	write "$mailer" "$account" --write --yes
	is "$STATUS" 78 "$mailer has none"
done
printf '# >>> saslfresh config-for mbsync %s\nHost x\n' "$account" >"$PRODUCT_HOME/.mbsyncrc"
write mbsync "$account" --write --yes
is "$STATUS" 78 'a beginning without an end'
like "$OUTPUT" 'but not its end \(add .# <<< saslfresh config-for mbsync' '... is told'
is "$(wc -l <"$PRODUCT_HOME/.mbsyncrc")" 2 '... and left'

# typed ANSWER: on a terminal of its own.
typed() {
	STATUS=0
	printf '%s\n' "$1" | product_environment script -qec "'$PREFIX/bin/saslfresh' config-for mutt $account --write" /dev/null \
		>"$TAP_DIR/out/typed.$TAP_COUNT" 2>&1 || STATUS=$?
	OUTPUT=$(tr -d '\r' <"$TAP_DIR/out/typed.$TAP_COUNT")
}
rm "$PRODUCT_HOME/.muttrc"
typed n
like "$OUTPUT" 'Write this to .*/.muttrc\? \[y/N\]' 'on a terminal one is asked'
like "$OUTPUT" 'is as it was' '... and may say no'
fails '... and nothing is written' test -e "$PRODUCT_HOME/.muttrc"
typed y
like "$OUTPUT" '/.muttrc is written' 'or yes'
succeeds '... and it is' grep -q oauth_refresh_command "$PRODUCT_HOME/.muttrc"

# ---- what cannot be ----

bare=bare@example.test
{
	printf '[account %s]\nclient_id = x\ntoken_endpoint = %s/token\n' "$bare" "$OIDC_ISSUER"
	printf '[account o'\''neill $(x)]\nclient_id = x\ntoken_endpoint = %s/token\nimap = localhost:1\n' "$OIDC_ISSUER"
	printf '[account bad@example.test]\nclient_id = x\ntoken_endpoint = %s/token\nimap = localhost\n' "$OIDC_ISSUER"
} >>"$PRODUCT_CONFIG"
write mbsync "$bare"
is "$STATUS" 78 'an account without servers'
like "$OUTPUT" 'does not say where its IMAP server is \(add .imap = HOST:PORT.\)' '... says what to add'
write mbsync "o'neill \$(x)"
is "$STATUS" 78 'a name that would need quoting'
like "$OUTPUT" 'each program wants to be quoted' '... is not printed'
write mbsync bad@example.test
like "$OUTPUT" 'imap takes HOST:PORT, not .localhost. \(for instance' 'a server without a port'
write msmpt "$account"
is "$STATUS" 78 'an unknown mailer'
like "$OUTPUT" 'did you mean .msmtp.' '... and the nearest'
write msmtp
is "$STATUS" 64 'no account is a wrong usage'

printf '[account g@example.test]\nprovider = google\nclient_id = x\n' >"$PRODUCT_CONFIG"
write msmtp g@example.test
like "$OUTPUT" '^host smtp.gmail.com$' "a provider's servers are known"
like "$OUTPUT" '^tls_starttls on$' '... and what their ports mean'
write mbsync g@example.test
like "$OUTPUT" '^SSLType IMAPS$' '... of both kinds'

no_leaks
tap_end
