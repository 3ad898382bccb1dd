# oidc.sh: starts the authorization server of oidc/server.mjs for one test, and talks to it.
# Needs tap.sh and ca.sh, node 18 or later, npm and curl.
#
# oidc_start sets
#   OIDC_ISSUER                     https://localhost:PORT, what the programs under test see
#   OIDC_INNER                      the same server for the mail server and the test; stays up when the public side is down
#   OIDC_CA                         the authority that signed its certificate
#   OIDC_MAIL_SECRET_BASIC, OIDC_MAIL_SECRET_POST, OIDC_DOVECOT_SECRET
# `oidc_start registration` lets clients register themselves.
# Clients: mail-basic (client_secret_basic), mail-post (client_secret_post), mail-public (none), dovecot (introspection).
# More clients may stand in OIDC_MORE_CLIENTS before oidc_start (RFC 7591 in JSON, each with a comma before it).
# The secret of mail-basic has every character that a client forgets to encode.

OIDC_KIT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/oidc

# kit_cache: sets KIT_CACHE, where unpacked packages and node modules are kept between the tests of one run.
kit_cache() {
	: "${KIT_CACHE:=$TAP_DIR/cache}"
	mkdir -p "$KIT_CACHE" || bail "cannot make $KIT_CACHE"
}

# The modules at the versions and checksums of npm-shrinkwrap.json, once for all tests that share the cache.
oidc_install() {
	kit_cache
	OIDC_HOME=$KIT_CACHE/oidc
	mkdir -p "$OIDC_HOME" && (
		flock 9
		cd "$OIDC_HOME" || exit 1
		cp "$OIDC_KIT"/*.mjs . || exit 1
		cmp -s "$OIDC_KIT/npm-shrinkwrap.json" npm-shrinkwrap.json && [ -e installed ] && exit 0
		cp "$OIDC_KIT/package.json" "$OIDC_KIT/npm-shrinkwrap.json" . &&
			npm ci --omit=dev --no-audit --no-fund --ignore-scripts --cache "$OIDC_HOME/.npm" >npm.log 2>&1 &&
			rm -rf .npm && : >installed
	) 9>"$OIDC_HOME/lock" || bail "npm ci failed: $(tail -n 3 "$OIDC_HOME/npm.log" 2>&1)"
}

oidc_start() {
	local random
	oidc_install
	OIDC_DIR=$TAP_DIR/oidc
	mkdir -p -m 0711 "$OIDC_DIR"
	[ -d "$TAP_DIR/ca" ] || ca_make "$TAP_DIR/ca" || bail 'cannot make certificates'
	ln -sfn "$TAP_DIR/ca" "$OIDC_DIR/ca"
	OIDC_CA=$TAP_DIR/ca/ca.pem
	random=$(openssl rand -hex 20)
	OIDC_MAIL_SECRET_BASIC="b:%2B+&=/?#~$random"
	OIDC_MAIL_SECRET_POST="p:%2B+&=/?#~$random"
	OIDC_DOVECOT_SECRET=d$random
	oidc_clients >"$OIDC_DIR/clients.json"
	chmod 0600 "$OIDC_DIR/clients.json"
	[ "${1-}" != registration ] || : >"$OIDC_DIR/registration"
	background oidc "${NODE:-node}" "$OIDC_HOME/server.mjs" "$OIDC_DIR"
	OIDC_PID=$BACKGROUND_PID
	poll 30 oidc_ready || bail "the authorization server did not start"
	{
		read -r OIDC_PORT
		read -r OIDC_INNER_PORT
	} <"$OIDC_DIR/address"
	OIDC_ISSUER=https://localhost:$OIDC_PORT
	OIDC_INNER=https://localhost:$OIDC_INNER_PORT
}

oidc_ready() {
	[ -s "$OIDC_DIR/address" ] && return 0
	process_gone "$OIDC_PID" && bail 'the authorization server ended'
	return 1
}

oidc_clients() {
	local native='"application_type": "native", "response_types": ["code"],
	"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
	"redirect_uris": ["http://127.0.0.1/", "http://localhost/", "http://127.0.0.1/callback", "http://localhost/callback"]'
	cat <<-EOF
		[
		{ "client_id": "mail-basic", "client_secret": "$OIDC_MAIL_SECRET_BASIC",
			"token_endpoint_auth_method": "client_secret_basic", $native },
		{ "client_id": "mail-post", "client_secret": "$OIDC_MAIL_SECRET_POST",
			"token_endpoint_auth_method": "client_secret_post", $native },
		{ "client_id": "mail-public", "token_endpoint_auth_method": "none", $native },
		{ "client_id": "dovecot", "client_secret": "$OIDC_DOVECOT_SECRET",
			"token_endpoint_auth_method": "client_secret_basic",
			"grant_types": [], "response_types": [], "redirect_uris": [] }
		${OIDC_MORE_CLIENTS-}
		]
	EOF
}

oidc_curl() {
	curl -sS --noproxy '*' --cacert "$OIDC_CA" --max-time 20 ${OIDC_CURL_MORE-} "$@"
}

# oidc_count [NAME=VALUE...]: prints how many token requests were answered; grant_type=, outcome=ok|error narrow it.
oidc_count() {
	oidc_curl "$OIDC_INNER/test/count?$(printf '%s&' "$@")"
}

# oidc_set NAME=VALUE...: ttl, size, delay, public; see server.mjs.
oidc_set() {
	oidc_curl -f "$OIDC_INNER/test/set?$(printf '%s&' "$@")" >/dev/null || bail "the authorization server refused: $*"
}

# oidc_secrets: prints every token it has issued and every secret of a client, one a line.
oidc_secrets() {
	oidc_curl -f "$OIDC_INNER/test/secrets" || return 1
	printf '%s\n' "$OIDC_MAIL_SECRET_BASIC" "$OIDC_MAIL_SECRET_POST" "$OIDC_DOVECOT_SECRET"
}

# The secret of a client as curl needs it: "-u id:secret" with both encoded as forms are (RFC 6749 section 2.3.1),
# or form fields.
oidc_authenticate() {
	case $1 in
	mail-basic) OIDC_AUTHENTICATE=(-u "$1:$(oidc_encode "$OIDC_MAIL_SECRET_BASIC")") ;;
	mail-post) OIDC_AUTHENTICATE=(--data-urlencode "client_id=$1" --data-urlencode "client_secret=$OIDC_MAIL_SECRET_POST") ;;
	mail-public) OIDC_AUTHENTICATE=(--data-urlencode "client_id=$1") ;;
	dovecot) OIDC_AUTHENTICATE=(-u "$1:$OIDC_DOVECOT_SECRET") ;;
	*) bail "no client $1" ;;
	esac
}

oidc_encode() {
	local text=$1 out='' c i
	for ((i = 0; i < ${#text}; i++)); do
		c=${text:i:1}
		case $c in
		[A-Za-z0-9._-]) out+=$c ;;
		*) printf -v c '%%%02X' "'$c" && out+=$c ;;
		esac
	done
	printf '%s' "$out"
}

# oidc_browse URL USER: what a person does in a browser: opens URL, logs in as USER, consents. Prints the address
# where that ended; an address of the loopback interface where nobody listens is not an error.
oidc_browse() {
	local jar page url
	jar=$(mktemp "$TAP_DIR/oidc/jar.XXXXXX") && page=$(mktemp "$TAP_DIR/oidc/page.XXXXXX") || return 1
	url=$(oidc_curl -L -b "$jar" -c "$jar" -o "$page" -w '%{url_effective}' "$1")
	oidc_fill_in "$jar" "$page" "$url" "$2"
	rm -f "$jar" "$page"
}

# oidc_fill_in JAR PAGE URL USER: fills in the forms from the one in PAGE on; prints where that ended.
oidc_fill_in() {
	local jar=$1 page=$2 url=$3 prompt round status
	for round in 1 2 3; do
		prompt=$(sed -n 's/.*name="prompt" value="\([a-z]*\)".*/\1/p' "$page")
		[ -n "$prompt" ] || break
		: >"$page"
		url=$(oidc_curl -L -b "$jar" -c "$jar" -o "$page" -w '%{url_effective}' --data-urlencode "prompt=$prompt" \
			--data-urlencode "login=$4" --data-urlencode 'password=anything' "$url" 2>>"$TAP_DIR/log/browse.log")
		status=$?
		[ "$status" -eq 0 ] || [ "$status" -eq 7 ] || break
	done
	printf '%s\n' "$url"
}

# oidc_device URL USER [abort]: what a person does with the address of a device code: confirms it, logs in as USER and
# consents, or refuses.
oidc_device() {
	local jar page url xsrf code
	jar=$(mktemp "$TAP_DIR/oidc/jar.XXXXXX") && page=$(mktemp "$TAP_DIR/oidc/page.XXXXXX") || return 1
	oidc_curl -L -b "$jar" -c "$jar" -o "$page" "$1"
	xsrf=$(sed -n 's/.*name="xsrf" value="\([^"]*\)".*/\1/p' "$page" | head -n 1)
	code=$(sed -nE 's/.*[?&]user_code=([^&]*).*/\1/p' <<<"$1")
	if [ "${3-}" = abort ]; then
		oidc_curl -L -b "$jar" -c "$jar" -o "$page" --data-urlencode "xsrf=$xsrf" -d "user_code=$code" -d abort=yes \
			"$OIDC_ISSUER/device"
	else
		url=$(oidc_curl -L -b "$jar" -c "$jar" -o "$page" -w '%{url_effective}' --data-urlencode "xsrf=$xsrf" \
			-d "user_code=$code" -d confirm=yes "$OIDC_ISSUER/device")
		oidc_fill_in "$jar" "$page" "$url" "$2" >/dev/null
	fi
	rm -f "$jar" "$page"
}

# oidc_mint CLIENT USER FILE [SCOPE]: a grant by the code flow with PKCE; writes its refresh token to FILE (0600).
oidc_mint() {
	local client=$1 user=$2 file=$3 scope=${4-openid offline_access mail}
	local verifier challenge redirect url code
	free_port
	redirect=http://127.0.0.1:$PORT/
	verifier=$(openssl rand -hex 32)
	challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =)
	url=$(oidc_browse "$OIDC_ISSUER/auth?response_type=code&client_id=$client&redirect_uri=$(oidc_encode "$redirect")&scope=$(
		oidc_encode "$scope")&prompt=consent&state=x&code_challenge=$challenge&code_challenge_method=S256" "$user")
	code=${url#*[?&]code=}
	code=${code%%&*}
	case $url in "$redirect"*code=*) ;; *) diag "no code but $url"; return 1 ;; esac
	oidc_authenticate "$client"
	(
		umask 077
		oidc_curl -f "${OIDC_AUTHENTICATE[@]}" --data-urlencode grant_type=authorization_code --data-urlencode "code=$code" \
			--data-urlencode "code_verifier=$verifier" --data-urlencode "redirect_uri=$redirect" "$OIDC_ISSUER/token" |
			oidc_field refresh_token >"$file"
		[ -s "$file" ]
	)
}

# oidc_refresh CLIENT REFRESH-TOKEN: the whole reply, an error as well.
oidc_refresh() {
	oidc_authenticate "$1"
	oidc_curl "${OIDC_AUTHENTICATE[@]}" --data-urlencode grant_type=refresh_token --data-urlencode "refresh_token=$2" \
		"$OIDC_ISSUER/token"
}

# oidc_revoke CLIENT TOKEN: RFC 7009; an access token alone, or a refresh token with its whole grant.
oidc_revoke() {
	oidc_authenticate "$1"
	oidc_curl -f "${OIDC_AUTHENTICATE[@]}" --data-urlencode "token=$2" "$OIDC_INNER/token/revocation"
}

# oidc_active TOKEN: whether the mail server would be told that it is good.
oidc_active() {
	oidc_authenticate dovecot
	oidc_curl "${OIDC_AUTHENTICATE[@]}" --data-urlencode "token=$1" "$OIDC_INNER/token/introspection" |
		grep -q '"active":true'
}

# oidc_expired TOKEN EXPIRES-AT: whether an access token has come to its natural end, on both sides.
oidc_expired() {
	[ "$(date +%s)" -ge "$2" ] && ! oidc_active "$1"
}

# oidc_field NAME: a string or number of a flat JSON object on standard input.
oidc_field() {
	/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"
}
