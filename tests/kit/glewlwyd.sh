# glewlwyd.sh: a private glewlwyd, Debian's authorization server, for one test. Needs tap.sh, ca.sh, oidc.sh (for its
# kit_cache) and packages.sh; openssl, and nothing else of the machine.
#
# It differs from oidc-provider where a client can go wrong: token_type is `bearer` in lower case, a refused refresh token
# is answered by 400 with an empty body, and a refresh token works once; a second use disables the whole chain.
#
#     glewlwyd_start [LIFE]      access tokens live LIFE seconds (3600); sets
#         GLEWLWYD_ISSUER        https://localhost:PORT/api/mail: /auth /token /introspect /revoke lie under it
#         GLEWLWYD_CA            the authority that signed its certificate
#         GLEWLWYD_CLIENT  GLEWLWYD_SECRET  GLEWLWYD_USER  GLEWLWYD_SCOPE
#         GLEWLWYD_LOG
#     glewlwyd_mint FILE         a grant by the code flow with PKCE; writes its refresh token to FILE (0600)
#     glewlwyd_refreshes         how many refreshes were granted so far
#     glewlwyd_refused           how many refresh tokens were refused
#     glewlwyd_life SECONDS      from now on
#     glewlwyd_revoke FILE       RFC 7009, of the token in FILE, access or refresh
#     glewlwyd_down, glewlwyd_up
#     glewlwyd_dovecot_settings  what dovecot.sh writes for it, see there
#
# Introspection names the user in `username` and answers only the client that owns the token: Dovecot asks as that client.

GLEWLWYD_CLIENT=mail-client
GLEWLWYD_USER=alice@example.test
GLEWLWYD_SCOPE='openid mail'

glewlwyd_install() {
	kit_cache
	GLEWLWYD_ROOT=$KIT_CACHE/glewlwyd
	packages_unpack "$GLEWLWYD_ROOT" glewlwyd sqlite3 curl 2>>"$TAP_DIR/log/packages.log" ||
		bail "cannot unpack glewlwyd: $(tail -n 1 "$TAP_DIR/log/packages.log")"
	GLEWLWYD_LIBRARY_PATH=$(packages_library_path "$GLEWLWYD_ROOT")
}

# glewlwyd_run PROGRAM ARGUMENT...: a program of the private tree.
glewlwyd_run() {
	local program=$1
	shift
	LD_LIBRARY_PATH=$GLEWLWYD_LIBRARY_PATH "$GLEWLWYD_ROOT/usr/bin/$program" "$@"
}

glewlwyd_start() {
	local data
	glewlwyd_install
	GLEWLWYD_DIR=$TAP_DIR/glewlwyd
	GLEWLWYD_LOG=$TAP_DIR/log/glewlwyd.log
	mkdir -p -m 0700 "$GLEWLWYD_DIR" "$GLEWLWYD_DIR/none"
	[ -d "$TAP_DIR/ca" ] || ca_make "$TAP_DIR/ca" || bail 'cannot make certificates'
	GLEWLWYD_CA=$TAP_DIR/ca/ca.pem
	free_port
	GLEWLWYD_PORT=$PORT
	GLEWLWYD_API=https://localhost:$GLEWLWYD_PORT/api
	GLEWLWYD_ISSUER=$GLEWLWYD_API/mail
	GLEWLWYD_SECRET=$(openssl rand -hex 20)
	GLEWLWYD_PASSWORD=$(openssl rand -hex 20)
	GLEWLWYD_KEY=$(openssl rand -hex 16)
	data=$GLEWLWYD_ROOT/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3
	glewlwyd_sql <"$data" || bail 'cannot make the database of glewlwyd'
	glewlwyd_administrator | glewlwyd_sql || bail 'cannot make an API key for glewlwyd'
	glewlwyd_settings >"$GLEWLWYD_DIR/glewlwyd.conf"
	glewlwyd_up
	glewlwyd_furnish "${1-3600}"
}

glewlwyd_up() {
	GLEWLWYD_STARTS=$((${GLEWLWYD_STARTS-0} + 1))
	background glewlwyd.stderr env LD_LIBRARY_PATH="$GLEWLWYD_LIBRARY_PATH" \
		"$GLEWLWYD_ROOT/usr/bin/glewlwyd" -c "$GLEWLWYD_DIR/glewlwyd.conf"
	GLEWLWYD_PID=$BACKGROUND_PID
	poll 30 glewlwyd_ready || bail 'glewlwyd did not start'
}

glewlwyd_ready() {
	process_gone "$GLEWLWYD_PID" && bail "glewlwyd ended: $(tail -n 3 "$GLEWLWYD_LOG")"
	[ "$(grep -c 'Glewlwyd started on port' "$GLEWLWYD_LOG" 2>/dev/null)" = "$GLEWLWYD_STARTS" ] &&
		port_open "$GLEWLWYD_PORT"
}

glewlwyd_down() {
	stop "$GLEWLWYD_PID"
}

glewlwyd_sql() {
	glewlwyd_run sqlite3 -batch -cmd '.timeout 10000' "$GLEWLWYD_DIR/database" "$@"
}

# The administrator of a fresh database has a well-known password: nobody logs in as that; we have an API key.
glewlwyd_administrator() {
	cat <<-EOF
		DELETE FROM g_user_password;
		INSERT INTO g_api_key (gak_token_hash, gak_username) VALUES ('{SHA256}$(
		printf %s "$GLEWLWYD_KEY" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_')', 'admin');
	EOF
}

glewlwyd_settings() {
	cat <<-EOF
		port = $GLEWLWYD_PORT
		bind_address = "127.0.0.1"
		external_url = "https://localhost:$GLEWLWYD_PORT"
		login_url = "login.html"
		api_prefix = "api"
		static_files_path = "$GLEWLWYD_ROOT/usr/share/glewlwyd/webapp/"
		log_mode = "file"
		log_level = "INFO"
		log_file = "$GLEWLWYD_LOG"
		cookie_domain = "localhost"
		cookie_secure = 1
		session_key = "GLEWLWYD2_SESSION_ID"
		session_expiration = 3600
		admin_session_authentication = "api_key"
		profile_session_authentication = "cookie"
		admin_scope = "g_admin"
		profile_scope = "g_profile"
		user_module_path = "$GLEWLWYD_ROOT/usr/lib/glewlwyd/user"
		user_middleware_module_path = "$GLEWLWYD_DIR/none"
		client_module_path = "$GLEWLWYD_ROOT/usr/lib/glewlwyd/client"
		user_auth_scheme_module_path = "$GLEWLWYD_ROOT/usr/lib/glewlwyd/scheme"
		plugin_module_path = "$GLEWLWYD_ROOT/usr/lib/glewlwyd/plugin"
		use_secure_connection = true
		secure_connection_key_file = "$TAP_DIR/ca/server.key"
		secure_connection_pem_file = "$TAP_DIR/ca/server.pem"
		hash_algorithm = "SHA256"
		database = { type = "sqlite3"; path = "$GLEWLWYD_DIR/database"; };
	EOF
}

glewlwyd_curl() {
	glewlwyd_run curl -q -sS --noproxy '*' --cacert "$GLEWLWYD_CA" --max-time 20 "$@"
}

# glewlwyd_admin METHOD PATH: the administration API; the body is standard input.
glewlwyd_admin() {
	glewlwyd_curl -f -o /dev/null -X "$1" -H @<(printf 'Authorization: token %s\n' "$GLEWLWYD_KEY") \
		-H 'Content-Type: application/json' --data-binary @- "$GLEWLWYD_API/$2" ||
		bail "glewlwyd refused: $1 $2"
}

glewlwyd_furnish() {
	local authorization='"authorization_type": ["code", "refresh_token", "client_credentials"]'
	glewlwyd_provider "$1" | glewlwyd_admin POST mod/plugin/
	glewlwyd_admin POST scope/ <<-EOF
		{ "name": "mail", "display_name": "mail", "password_required": false, "scheme": {} }
	EOF
	glewlwyd_admin POST user/ <<-EOF
		{ "username": "$GLEWLWYD_USER", "password": "$GLEWLWYD_PASSWORD", "scope": ["openid", "mail", "g_profile"] }
	EOF
	glewlwyd_admin POST client/ <<-EOF
		{ "client_id": "$GLEWLWYD_CLIENT", "password": "$GLEWLWYD_SECRET", "confidential": true, $authorization,
		  "scope": ["mail"], "redirect_uri": ["http://127.0.0.1:1/"],
		  "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"] }
	EOF
}

glewlwyd_provider() {
	cat <<-EOF
		{ "module": "oidc", "name": "mail", "display_name": "mail", "parameters": {
		  "iss": "$GLEWLWYD_ISSUER", "jwt-type": "sha", "jwt-key-size": "256", "key": "$GLEWLWYD_KEY",
		  "access-token-duration": $1, "refresh-token-duration": 86400, "code-duration": 60,
		  "refresh-token-rolling": true, "refresh-token-one-use": "always",
		  "auth-type-code-enabled": true, "auth-type-client-enabled": true, "auth-type-refresh-enabled": true,
		  "auth-type-token-enabled": false, "auth-type-id-token-enabled": true, "auth-type-password-enabled": false,
		  "allow-non-oidc": true, "subject-type": "public", "pkce-allowed": true,
		  "introspection-revocation-allowed": true, "introspection-revocation-allow-target-client": true,
		  "scope": [], "additional-parameters": [], "claims": []
		} }
	EOF
}

glewlwyd_life() {
	glewlwyd_provider "$1" | glewlwyd_admin PUT mod/plugin/mail
	glewlwyd_admin PUT mod/plugin/mail/reset </dev/null
}

# The client's own requests: its secret goes neither through argv nor into a file.
glewlwyd_client() {
	glewlwyd_curl -K <(printf 'user = "%s:%s"\n' "$GLEWLWYD_CLIENT" "$GLEWLWYD_SECRET") "$@"
}

# What a person does in a browser: logs in, consents, and is sent back to the client with a code.
glewlwyd_mint() {
	local jar=$GLEWLWYD_DIR/jar redirect='http://127.0.0.1:1/' verifier challenge url code
	rm -f "$jar"
	verifier=$(openssl rand -hex 32)
	challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =)
	printf '{ "username": "%s", "password": "%s" }' "$GLEWLWYD_USER" "$GLEWLWYD_PASSWORD" |
		glewlwyd_curl -f -c "$jar" -H 'Content-Type: application/json' --data-binary @- "$GLEWLWYD_API/auth/" &&
		printf '{ "scope": "%s" }' "$GLEWLWYD_SCOPE" |
		glewlwyd_curl -f -b "$jar" -X PUT -H 'Content-Type: application/json' --data-binary @- \
			"$GLEWLWYD_API/auth/grant/$GLEWLWYD_CLIENT" || return 1
	url=$(glewlwyd_curl -b "$jar" -o /dev/null -w '%{redirect_url}' -G --data-urlencode response_type=code \
		--data-urlencode "client_id=$GLEWLWYD_CLIENT" --data-urlencode "redirect_uri=$redirect" --data-urlencode "scope=$GLEWLWYD_SCOPE" \
		--data-urlencode state=x --data-urlencode nonce=x --data-urlencode g_continue= \
		--data-urlencode "code_challenge=$challenge" --data-urlencode code_challenge_method=S256 "$GLEWLWYD_ISSUER/auth")
	code=${url#*[?&]code=}
	code=${code%%&*}
	case $url in "$redirect"*code=*) ;; *)
		diag "no code but $url"
		return 1
		;;
	esac
	(
		umask 077
		glewlwyd_client -f -d grant_type=authorization_code -d "code=$code" -d "code_verifier=$verifier" \
			--data-urlencode "redirect_uri=$redirect" "$GLEWLWYD_ISSUER/token" |
			sed -n 's/.*"refresh_token": *"\([^"]*\)".*/\1/p' >"$1"
		[ -s "$1" ]
	)
}

# glewlwyd_refresh FILE: asks with the refresh token in FILE; prints the status and the body.
glewlwyd_refresh() {
	glewlwyd_client -w '%{http_code}\n' -d grant_type=refresh_token --data-urlencode refresh_token@"$1" "$GLEWLWYD_ISSUER/token"
}

glewlwyd_revoke() {
	glewlwyd_client -f -o /dev/null --data-urlencode token@"$1" "$GLEWLWYD_ISSUER/revoke"
}

# The database keeps every access token (a hash of it) with what was paid for it: 0 is a code, 6 a refresh token.
glewlwyd_refreshes() {
	glewlwyd_sql 'SELECT count(*) FROM gpo_access_token WHERE gpoa_authorization_type = 6'
}

glewlwyd_refused() {
	grep -c 'Security - Token invalid' "$GLEWLWYD_LOG"
}

glewlwyd_dovecot_settings() {
	cat <<-EOF
		introspection_mode = post
		introspection_url = https://$GLEWLWYD_CLIENT:$GLEWLWYD_SECRET@localhost:$GLEWLWYD_PORT/api/mail/introspect
		force_introspection = yes
		tls_ca_cert_file = $GLEWLWYD_CA
		active_attribute = active
		active_value = true
		username_attribute = username
		scope = mail
	EOF
}
