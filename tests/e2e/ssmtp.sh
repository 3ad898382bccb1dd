#!/bin/bash
# contrib/ssmtp: the modules that log sSMTP in by Cyrus SASL and verify the server, in a mailer of our own
# (tests/ssmtp/host.c): against scripted servers under ASan and UBSan, against a real Dovecot, and as a set-id program.
# With SSMTP_BIN=FILE, an sSMTP that was built with the modules, all of it through that program too, with what cron, git,
# PHP, smartd and fail2ban hand to it; and what it does without them is compared with Debian's own sSMTP.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product machine; do . "$kit/$part.sh"; done
here=$(cd "$(dirname "$0")/../ssmtp" && pwd)
modules=$(cd "$here/../../contrib/ssmtp" && pwd)
. "$here/setid.sh"
. "$here/hooks.sh"
. "$here/installed.sh"

export PYTHONDONTWRITEBYTECODE=1
user=alice@example.test

# ---- the source ----

none() { # DESCRIPTION FINDINGS
	is "$2" '' "$1"
}

house_rules() {
	local files
	cd "$modules" || bail "there is no $modules"
	files=$(ls ./*.[ch])
	none 'no file of the modules is longer than 350 lines' "$(wc -l $files | awk '$2 != "total" && $1 > 350')"
	none 'no function is longer than 50 lines' "$(for file in $files; do
		awk -v file="$file" '/^\{$/ { start = FNR } /^\}$/ && start {
			if (FNR - start - 1 > 50) print file ":" start; start = 0 }' "$file"; done)"
	none 'no line is longer than 100 columns' "$(for file in $files; do
		expand -t 8 "$file" | awk -v file="$file" 'length > 100 { print file ":" FNR }'; done)"
	none 'no function without a bound' "$(grep -nE '\b(strcpy|strcat|sprintf|strncpy|strncat|strtok|atoi|gets)\(' $files)"
	none 'libsasl2 and GnuTLS each where they belong' "$(
		grep -l 'include <sasl/' $files | grep -vE '/ssmtp_(sasl|exchange|mechanism)\.[ch]$'
		grep -l 'include <gnutls/' $files | grep -vx ./ssmtp_tls.c)"
	none 'no file names a directory of plugins' "$(grep -niE 'SASL_PATH|getpath|SASL_CB_CONFPATH|sasl_set_path' $files)"
	cd "$here" || exit 1
}

# build FILE COMPILER [FLAG...]
build() {
	local out=$1 compiler=$2
	shift 2
	"$compiler" -std=gnu11 -Wall -Wextra -Werror -g -I"$modules" -o "$out" "$@" "$here/host.c" "$modules"/*.c -lsasl2 \
		-lgnutls >>"$TAP_DIR/log/build.log" 2>&1
}

# ---- scripted servers ----

# scripted MAILER [--real=STOCK]: the cases of run.py, counted here. A sSMTP leaves what it cannot deliver in the
# home of /etc/passwd.
scripted() {
	local line what directory home=()
	[ $# -lt 2 ] || home=("$here/home.sh" "$SETID/passwd")
	directory=$(mktemp -d "$TAP_DIR/cases.XXXXXX")
	while IFS= read -r line; do
		case $line in
		'ok - '*' # SKIP '*) what=${line#ok - } && skip "${what%% \# SKIP*}" "${what##* \# SKIP }" ;;
		'ok - '*) ok "${line#ok - }" ;;
		'not ok - '*) not_ok "${line#not ok - }" ;;
		*) printf '%s\n' "$line" | tap_quote '' ;;
		esac
	done < <("${home[@]}" /usr/bin/python3 "$here/run.py" "$1" "$PREFIX" "$SASL_DIRECTORY" "$TAP_DIR/ca" "$directory" ${2-} 2>&1 ||
		echo 'not ok - run.py ends well')
}

# ---- Dovecot ----

# configuration FILE ACCOUNT MECHANISM TLS|STARTTLS
configuration() {
	local port=$SUBMISSIONS_PORT tls=UseTLS
	[ "$4" = TLS ] || port=$SUBMISSION_PORT tls=UseSTARTTLS
	printf '%s\n' "MailHub=localhost:$port" HostName=client.test AuthMethod=SASL "AuthMech=$3" "AuthUser=$2" \
		"$tls=YES" "TLS_CA_File=$OIDC_CA" >"$1"
}

RUNS=0

# ssmtp ACCOUNT MECHANISM TLS|STARTTLS: one mail by MAILER; sets MARK, STATUS, OUTPUT and ELAPSED.
ssmtp() {
	RUNS=$((RUNS + 1))
	MARK=mark-$RUNS@cron.example.test
	configuration "$TAP_DIR/home/ssmtp.conf" "$@"
	printf 'To: you@example.test\nSubject: %s\n\nhello\n' "$MARK" >"$TAP_DIR/home/mail"
	mailer_at "$TAP_DIR/out" "ssmtp.$RUNS" "$TAP_DIR/home/mail" $MAILER -C "$TAP_DIR/home/ssmtp.conf" you@example.test
}

# delivered DESCRIPTION
delivered() {
	is "$STATUS" 0 "$1" || diag "$OUTPUT"
	succeeds 'and the mail has arrived' poll 5 submitted "$MARK"
}

logs_in() {
	local mechanism tls before
	for mechanism in XOAUTH2 OAUTHBEARER; do
		for tls in TLS STARTTLS; do
			before=$(dovecot_logins "method=$mechanism.*TLS")
			ssmtp "$account" "$mechanism" "$tls"
			delivered "$NAME: $mechanism over $tls"
			dovecot_saw 1 "$before" 'and Dovecot agrees' "method=$mechanism.*TLS"
		done
	done
}

# What `saslfresh config-for ssmtp` prints, with the authority of the test.
follows_recipe() {
	local kind=$1 smtp=$2 for=$1.$NAME@accounts.test before
	MARK=recipe-$kind-$NAME@cron.example.test
	succeeds "$NAME: an account with a server for $kind" product_account "$for" mail-post "$account" \
		"user = $account" "smtp = $smtp"
	product "recipe.$for" config-for ssmtp "$for"
	is "$STATUS" 0 'config-for has lines for it'
	printf '%s\nHostName=client.test\nTLS_CA_File=%s\n' "$OUTPUT" "$OIDC_CA" >"$TAP_DIR/home/recipe.conf"
	printf 'To: you@example.test\nSubject: %s\n\nhello\n' "$MARK" >"$TAP_DIR/home/mail"
	before=$(dovecot_logins 'method=XOAUTH2.*TLS')
	mailer_at "$TAP_DIR/out" "recipe.$for.mail" "$TAP_DIR/home/mail" $MAILER -C "$TAP_DIR/home/recipe.conf" you@example.test
	delivered 'and with them it sends'
	dovecot_saw 1 "$before" 'by a token' 'method=XOAUTH2.*TLS'
}

# Dovecot 2.3 takes 8,192 octets of base64 and no more.
sizes() {
	local size mechanism
	for size in 200 2000 4000 8000; do
		oidc_set size=$size
		product "size.$NAME.$size" refresh "$account" --force
		is "$(product_cached "$account" access_token | tr -d '\n' | wc -c)" "$size" "$NAME: a token of $size octets"
		for mechanism in XOAUTH2 OAUTHBEARER; do
			ssmtp "$account" "$mechanism" STARTTLS
			if [ "$size" -le 6000 ]; then
				delivered "$mechanism with $size octets"
			else
				is "$STATUS" 1 "$mechanism with $size octets: more than this Dovecot reads"
				like "$OUTPUT" "localhost refused $mechanism: 5[0-9][0-9] .*[Ll]ine too long" 'in the words of Dovecot'
			fi
		done
	done
	oidc_set size=0
	product "size.$NAME.0" refresh "$account" --force
}

life() {
	local mechanism refreshed
	for mechanism in XOAUTH2 OAUTHBEARER; do
		product_expire "$account"
		refreshed=$(refreshes)
		ssmtp "$account" "$mechanism" STARTTLS
		delivered "$NAME, $mechanism: a token that has expired"
		is "$(($(refreshes) - refreshed))" 1 'after exactly one refresh'

		product_revoke "$account" mail-post
		refreshed=$(refreshes)
		ssmtp "$account" "$mechanism" TLS
		delivered "$NAME, $mechanism: a token that was revoked"
		is "$(($(refreshes) - refreshed))" 1 'after exactly one refresh, in the same connection'
	done
}

# Nothing helps but a login.
ended() {
	local mechanism=$1 gone=gone.$NAME.$1@accounts.test
	product_account "$gone" mail-post "$user" "user = $user" || bail "no account: $OUTPUT"
	product_revoke "$gone" mail-post
	oidc_revoke mail-post "$(sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/$gone.grant")"
	ssmtp "$gone" "$mechanism" TLS
	is "$STATUS" 1 "$NAME, $mechanism: a grant that was revoked"
	like "$OUTPUT" "saslfresh login '?$gone" 'with the command that mends it'
	fails 'and no mail' submitted "$MARK"
}

against_dovecot() { # NAME COMMAND
	NAME=$1 MAILER=$2
	logs_in
	follows_recipe tls "localhost:$SUBMISSIONS_PORT tls"
	follows_recipe starttls localhost:$SUBMISSION_PORT
	sizes
	life
	ended XOAUTH2
	ended OAUTHBEARER
}

# ---- all of it ----

tap_start
[ "$(id -u)" -eq 0 ] || bail 'set-id programs are made by root: run this as root'
house_rules
build "$TAP_DIR/clang" clang -O2 -DHOST_CONFIG='"/nonexistent"' || bail "clang: $(tail -n 5 "$TAP_DIR/log/build.log")"
ok 'clang has nothing to say'
build "$TAP_DIR/host" gcc -O1 -fsanitize=address,undefined -DHOST_CONFIG='"/nonexistent"' ||
	bail "gcc: $(tail -n 5 "$TAP_DIR/log/build.log")"
build "$TAP_DIR/plain" gcc -O2 -DHOST_CONFIG="\"$TAP_DIR/setid/ssmtp.conf\"" || bail 'gcc'
ok 'gcc has nothing to say'
hooks_cases
installed_cases "$TAP_DIR/plain"
oidc_start
dovecot_start
product_start
scripted "$TAP_DIR/host"
account=$user
product_account "$account" mail-post || bail "no account: $OUTPUT"
against_dovecot host "$TAP_DIR/host"
setid_cases host "$TAP_DIR/plain"

if [ -n "${SSMTP_BIN-}" ]; then
	. "$here/real.sh"
	real_cases "$SSMTP_BIN"
else
	for what in 'the dialogues and TLS' 'Dovecot submission' 'setgid mail, cron as www-data' 'cron, git, PHP, smartd, fail2ban' \
		"the old configurations as Debian's"; do
		skip "through a real sSMTP: $what" 'SSMTP_BIN names none'
	done
fi

no_leaks
tap_end
