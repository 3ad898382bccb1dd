# product.sh: saslfresh as a user has it, for one end-to-end test: installed, an account, a mailer's environment.
# Needs tap.sh and oidc.sh.
#
# product_start sets
#   PREFIX          where saslfresh is installed: $SASLFRESH_PREFIX, or built here from the tree around this file
#   SASL_DIRECTORY  the system's SASL plugins; mailers load ours first, then those
#   PRODUCT_HOME    the user's HOME
# mailer NAME COMMAND...: runs a program as the user has it, at most 60 seconds, with its output in $TAP_DIR/out/NAME;
#   sets STATUS, OUTPUT (the same text) and ELAPSED (milliseconds).

PRODUCT_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

product_start() {
	if [ -n "${SASLFRESH_PREFIX-}" ]; then
		PREFIX=$SASLFRESH_PREFIX
	else
		PREFIX=$TAP_DIR/inst
		product_build >"$TAP_DIR/log/build.log" 2>&1 || bail "saslfresh does not build: $(tail -n 5 "$TAP_DIR/log/build.log")"
	fi
	[ -x "$PREFIX/bin/saslfresh" ] || bail "there is no $PREFIX/bin/saslfresh"
	SASL_DIRECTORY=$(find /usr/lib /usr/lib64 -maxdepth 3 -path '*/sasl2/libplain.so' 2>/dev/null | head -n 1)
	[ -n "$SASL_DIRECTORY" ] || bail 'the system has no SASL plugins (Debian: libsasl2-modules)'
	SASL_DIRECTORY=${SASL_DIRECTORY%/*}
	PRODUCT_HOME=$TAP_DIR/home
	PRODUCT_CONFIG=$PRODUCT_HOME/.config/saslfresh/saslfresh.conf
	PRODUCT_STATE=$PRODUCT_HOME/.local/state/saslfresh
	mkdir -p -m 0700 "$PRODUCT_HOME/.config" "$PRODUCT_HOME/.config/saslfresh" "$TAP_DIR/wire"
	(umask 077 && : >>"$PRODUCT_CONFIG")
}

product_build() (
	set -e
	mkdir "$TAP_DIR/source" "$TAP_DIR/build"
	cd "$PRODUCT_TOP"
	if git rev-parse --git-dir; then
		git ls-files -z -c -o --exclude-standard | tar -c --null -T - --ignore-failed-read | tar -x -C "$TAP_DIR/source"
	else
		cp -R . "$TAP_DIR/source"
	fi
	cd "$TAP_DIR/source"
	[ -x configure ] || autoreconf -fi
	cd "$TAP_DIR/build"
	"$TAP_DIR/source/configure" --prefix="$PREFIX" --sysconfdir="$PREFIX/etc" --localstatedir="$PREFIX/var" \
		--with-sasl-plugindir="$PREFIX/lib/sasl2" --with-systemdsystemunitdir="$PREFIX/lib/systemd/system"
	make
	make install
)

# product_account NAME CLIENT [USER] [LINE...]: a section in the user's configuration, and a grant of USER (default:
# NAME), minted for CLIENT and taken over with `saslfresh login`. Fails if that fails. Its servers are PRODUCT_HOSTS
# (localhost).
product_account() {
	local name=$1 client=$2 user=${3:-$1}
	shift 3 2>/dev/null || shift 2
	{
		printf '[account %s]\n' "$name"
		product_client "$client"
		printf '%s\n' "token_endpoint = $OIDC_ISSUER/token" "ca_file = $OIDC_CA" "hosts = ${PRODUCT_HOSTS:-localhost}" \
			'scope = openid offline_access mail' "$@"
	} >>"$PRODUCT_CONFIG"
	oidc_mint "$client" "$user" "$PRODUCT_HOME/refresh-token" || return 1
	product login.$name login "$name" --refresh-token-file "$PRODUCT_HOME/refresh-token" --no-check
	rm -f "$PRODUCT_HOME/refresh-token"
	[ "$STATUS" -eq 0 ]
}

product_client() {
	printf 'client_id = %s\n' "$1"
	case $1 in
	mail-basic) printf 'client_secret = %s\ntoken_endpoint_auth_method = client_secret_basic\n' "$OIDC_MAIL_SECRET_BASIC" ;;
	mail-post) printf 'client_secret = %s\ntoken_endpoint_auth_method = client_secret_post\n' "$OIDC_MAIL_SECRET_POST" ;;
	mail-public) printf 'token_endpoint_auth_method = none\n' ;;
	esac
}

product_environment() {
	env -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME -u SASL_CONF_PATH -u http_proxy -u https_proxy \
		-u HTTPS_PROXY -u ALL_PROXY -u all_proxy HOME="$PRODUCT_HOME" LC_ALL=C \
		SASL_PATH="$PREFIX/lib/sasl2:$SASL_DIRECTORY" "$@"
}

# mailer_at DIRECTORY NAME INPUT-FILE COMMAND...
mailer_at() {
	local file=$1/$2 input=$3 began
	shift 3
	began=$(now_ms)
	STATUS=0
	product_environment timeout -k 5 60 "$@" <"$input" >"$file" 2>&1 || STATUS=$?
	ELAPSED=$(($(now_ms) - began))
	OUTPUT=$(tr -d '\0\r' <"$file")
}

mailer() {
	local name=$1
	shift
	mailer_at "$TAP_DIR/out" "$name" /dev/null "$@"
}

# product NAME VERB...: the command itself.
product() {
	local name=$1
	shift
	mailer "$name" "$PREFIX/bin/saslfresh" "$@"
}

# recipe_part FILE: of the lines of config-for on standard input those that are for FILE.
recipe_part() {
	sed -n "/^# for [^ ]*$1/,/^# for/{/^# for/d;p}"
}

# product_token ACCOUNT: sets TOKEN, as `saslfresh token` prints it, and STATUS; not in a file that is searched later.
product_token() {
	STATUS=0
	TOKEN=$(product_environment timeout -k 5 60 "$PREFIX/bin/saslfresh" token "$1" 2>"$TAP_DIR/out/token.$1") || STATUS=$?
}

# product_cached ACCOUNT KEY: the value of KEY in the account's token file, nothing if there is none.
product_cached() {
	sed -n "s/^$2 = //p" "$PRODUCT_STATE/$1.token"
}

# product_shorten ACCOUNT SECONDS: gives ACCOUNT a token of SECONDS; later ones live for an hour.
product_shorten() {
	oidc_set ttl="$2"
	product "shorten.$1" refresh "$1" --force
	[ "$STATUS" -eq 0 ] || bail "cannot shorten the token of $1: $OUTPUT"
	oidc_set ttl=3600
}

# product_expire ACCOUNT: returns when the access token of ACCOUNT has come to its natural end, on both sides.
product_expire() {
	product_shorten "$1" 2
	poll 10 oidc_expired "$(product_cached "$1" access_token)" "$(product_cached "$1" expires_at)" ||
		bail "the token of $1 does not expire"
}

# product_revoke ACCOUNT CLIENT: the authorization server forgets the access token; the grant and the cache do not.
product_revoke() {
	oidc_revoke "$2" "$(product_cached "$1" access_token)"
}

# refreshes: refresh requests so far, served or not.
refreshes() {
	oidc_count grant_type=refresh_token
}

# no_leaks: no output and no log of this test holds a token or a secret. Conversations that a program prints at its
# user's wish (imtest and its kin) are in $TAP_DIR/wire and not searched; they show that the search finds something.
no_leaks() {
	local found
	found=$(oidc_secrets | "$OIDC_KIT/../leaks.py" $(find "$TAP_DIR/out" "$TAP_DIR/log" -type f -size +0))
	is "$found" '' 'no token and no secret in any output or log'
	[ -z "$(ls "$TAP_DIR/wire")" ] ||
		fails 'though the same search finds them in the conversations' wire_is_clean
}

wire_is_clean() {
	oidc_secrets | "$OIDC_KIT/../leaks.py" "$TAP_DIR"/wire/* >/dev/null
}

# must_survive NAME CLIENT USER LOGIN...: LOGIN is a command; with the account's name as its first argument it logs a mailer
# in and sets STATUS, OUTPUT and ELAPSED. The four cases that every mailer has to pass, each time with an account of its
# own: a token that is good, one that has expired, one that the authorization server has revoked (the verdict of the mail
# server must be seen: VERDICT, a pattern), and the login after that.
must_survive() {
	local account=$1@accounts.test client=$2 user=$3 name=$1 login=$4 refreshed
	shift 4
	product_account "$account" "$client" "$user" "user = $user" || bail "no account: $OUTPUT"
	refreshed=$(refreshes)
	"$login" "$account" "$@"
	is "$STATUS" 0 "$name: logs in"
	is "$(($(refreshes) - refreshed))" 0 "$name: with the token in the cache"

	product_expire "$account"
	refreshed=$(refreshes)
	"$login" "$account" "$@"
	is "$STATUS" 0 "$name: logs in with an expired token"
	is "$(($(refreshes) - refreshed))" 1 "$name: after exactly one refresh"
	"$login" "$account" "$@"
	is "$STATUS" 0 "$name: logs in again"
	is "$(($(refreshes) - refreshed))" 1 "$name: without another refresh"

	product_revoke "$account" "$client"
	refreshed=$(refreshes)
	"$login" "$account" "$@"
	isnt_zero "$STATUS" "$name: a revoked token is refused"
	like "$OUTPUT" "$VERDICT" "$name: with the verdict of the mail server"
	at_most "$ELAPSED" 10000 "$name: soon"
	like "$(product_cached "$account" rejected)" . "$name: the refusal is remembered"
	is "$(product_cached "$account" rejected)" "$(product_cached "$account" access_token_hash)" "$name: of this very token"
	is "$(($(refreshes) - refreshed))" 0 "$name: without a refresh that nobody waits for"
	"$login" "$account" "$@"
	is "$STATUS" 0 "$name: the next login works"
	is "$(($(refreshes) - refreshed))" 1 "$name: after exactly one refresh"
}
