#!/bin/bash
# Access tokens that nobody logs in for: client credentials with a secret and with a certificate, service accounts; a
# certificate in place of a secret for the grants of people; and what a device code looks like on a terminal.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients; do . "$kit/$part.sh"; done

user=alice@example.test
DOVECOT_MECHANISMS='plain login xoauth2 oauthbearer'

# ---- keys and clients ----

# make_certificate NAME DAYS: NAME.key and NAME.pem, over after DAYS (-1: since yesterday); both are the user's alone.
make_certificate() (
	umask 077
	cd "$keys" && openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.req" -days 1 &&
		openssl x509 -in "$1.req" -signkey "$1.key" -days "$2" -out "$1.pem"
) >>"$TAP_DIR/log/keys.log" 2>&1

unhex() { /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'; }
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }

# jwk NAME: the public half of a certificate's key (RFC 7517), with the thumbprint that tells it from others.
jwk() {
	printf '{ "kty": "RSA", "use": "sig", "e": "AQAB", "n": "%s", "x5t#S256": "%s" }' \
		"$(openssl x509 -in "$keys/$1.pem" -noout -modulus | sed 's/Modulus=//' | unhex | base64url)" \
		"$(openssl x509 -in "$keys/$1.pem" -outform DER | openssl dgst -sha256 -binary | base64url)"
}

more_clients() {
	local quiet='"response_types": [], "redirect_uris": []' both
	both="{ \"keys\": [$(jwk app), $(jwk next)] }"
	cat <<-EOF2
		, { "client_id": "app-basic", "client_secret": "$secret", "token_endpoint_auth_method": "client_secret_basic",
			"grant_types": ["client_credentials"], $quiet },
		{ "client_id": "app-post", "client_secret": "$secret", "token_endpoint_auth_method": "client_secret_post",
			"grant_types": ["client_credentials"], $quiet },
		{ "client_id": "app-cert", "token_endpoint_auth_method": "private_key_jwt", "jwks": $both,
			"token_endpoint_auth_signing_alg": "PS256", "grant_types": ["client_credentials"], $quiet },
		{ "client_id": "mail-cert", "token_endpoint_auth_method": "private_key_jwt", "jwks": $both,
			"token_endpoint_auth_signing_alg": "PS256", "application_type": "native", "response_types": ["code"],
			"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
			"redirect_uris": ["http://127.0.0.1/"] },
		{ "client_id": "no-device", "token_endpoint_auth_method": "none", "application_type": "native",
			"response_types": ["code"], "grant_types": ["authorization_code", "refresh_token"],
			"redirect_uris": ["http://127.0.0.1/"] },
		{ "client_id": "service", "token_endpoint_auth_method": "none", "grant_types": [], $quiet }
	EOF2
}

# ---- the account ----

configure() {
	{
		printf '[account %s]\n' "$user"
		printf '%s\n' "token_endpoint = $OIDC_ISSUER/token" "ca_file = $OIDC_CA" 'hosts = localhost' "$@"
	} >"$PRODUCT_CONFIG"
}

# application CLIENT [LINE...]
application() {
	local client=$1
	shift
	case $client in
	app-cert) set -- 'token_endpoint_auth_method = private_key_jwt' "client_certificate = $keys/app.pem" \
		"client_key = $keys/app.key" "$@" ;;
	*) set -- "token_endpoint_auth_method = client_secret_${client#app-}" "client_secret = $secret" "$@" ;;
	esac
	configure "client_id = $client" 'grant_type = client_credentials' 'scope = mail' "$@"
}

service() {
	configure 'grant_type = jwt_bearer' "service_account_file = $keys/service.json" 'scope = mail' \
		"token_endpoint = $OIDC_ISSUER/service/token" "$@"
	sed -i '2d' "$PRODUCT_CONFIG"
}

forget() { rm -rf "$PRODUCT_STATE"; }
requests() { oidc_count; }
state() { product state status "$user" && sed -n 's/^state    *\([^ /]*\)$/\1/p' "$TAP_DIR/out/state"; }
replace() { sed -i "s|^$1 = .*|$1 = $2|" "$PRODUCT_CONFIG"; }
files() { (cd "$PRODUCT_STATE" && ls | tr '\n' ' '); }
json() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0][sys.argv[2]])' "$TAP_DIR/out/json" "$1"; }

# refused STATUS PATTERN DESCRIPTION: a login that asks nobody.
refused() {
	local before
	before=$(requests)
	product refused login "$user"
	is "$STATUS" "$1" "$3: refused"
	like "$OUTPUT" "$2" "$3: and why"
	is "$(printf '%s\n' "$OUTPUT" | wc -l)" 1 "$3: in one line"
	is "$(requests)" "$before" "$3: the server is not asked"
}

# serves NAME GRANT_TYPE: everything that an account must do, with nobody there.
serves() {
	local before
	forget
	before=$(requests)
	product "login.$1" login "$user"
	is "$STATUS" 0 "$1: login"
	like "$OUTPUT" 'proved by one request' "$1: proves the configuration, and says so"
	is "$(($(requests) - before))" 1 "$1: by one request"
	is "$(files)" "$user.lock $user.token " "$1: nothing is kept but the token"
	is "$(state)" fresh "$1: the account is well"
	mbsync "$user" XOAUTH2 IMAPS
	is "$STATUS$OUTPUT" 0 "$1: mbsync logs in"
	is "$(($(requests) - before))" 1 "$1: with the token in the cache"

	product_expire "$user"
	before=$(oidc_count "grant_type=$2" outcome=ok)
	mbsync "$user" OAUTHBEARER IMAPS
	is "$STATUS$OUTPUT" 0 "$1: mbsync logs in after the token has expired"
	is "$(($(oidc_count "grant_type=$2" outcome=ok) - before))" 1 "$1: with a new one"
	is "$(files)" "$user.lock $user.token " "$1: and no grant"

	mv "$PRODUCT_STATE/$user.token" "$TAP_DIR/home/old"
	sed 's/^access_token = ./access_token = #/' "$TAP_DIR/home/old" >"$PRODUCT_STATE/$user.token"
	chmod 0600 "$PRODUCT_STATE/$user.token"
	mbsync "$user" XOAUTH2 IMAPS
	isnt_zero "$STATUS" "$1: a token that the mail server does not know is refused"
	mbsync "$user" XOAUTH2 IMAPS
	is "$STATUS" 0 "$1: and the next login works"

	before=$(requests)
	product refresh refresh --all --force
	is "$STATUS" 0 "$1: the timer renews it"
	is "$(($(requests) - before))" 1 "$1: by one request"
	product logout logout "$user"
	is "$STATUS" 0 "$1: logout"
	like "$OUTPUT" 'there is no grant to revoke' "$1: tells what that means"
	is "$(files)" "$user.lock " "$1: the token is forgotten"
	forget
	product_token "$user"
	is "$STATUS" 0 "$1: and the next use needs no login"
}

tap_start
keys=$TAP_DIR/home/keys
mkdir -m 0700 "$keys"
secret=$(openssl rand -hex 20)
for name in app next other service; do make_certificate $name 200 || bail "no certificate $name"; done
make_certificate old -1 || bail 'no expired certificate'
OIDC_MORE_CLIENTS=$(more_clients)
oidc_start
dovecot_start
product_start
clients_install isync

# ---- client credentials ----

for client in app-basic app-post app-cert; do
	application "$client"
	serves "$client" client_credentials
done
for arguments in --device --any-user "--refresh-token-file $keys/app.key"; do
	product nobody login "$user" $arguments
	is "$STATUS" 78 "login $arguments where nobody logs in"
	like "$OUTPUT" 'with grant_type = client_credentials nobody logs in' 'is told'
done

# ---- when it ends ----

day=$(date -u -d '+10 days' +%Y-%m-%d)
application app-basic "client_secret_expires = $day"
product login login "$user"
product json status --json
is "$(json grant_ends_by) $(json grant_ends_at)" "secret $(date -u -d "$day" +%s)" 'status --json: the end of the secret'
product check status --check --warning 30 --critical 3
like "$OUTPUT" "$user: fresh: grant ends in [0-9]+ d.* with the client's secret \(make a new client secret" 'status --check warns of it'
product metrics status --prometheus -
like "$OUTPUT" "grant_ends_timestamp_seconds\{account=\"$user\",by=\"secret\"\} $(date -u -d "$day" +%s)" 'so does --prometheus'
application app-cert
product login login "$user"
product json status --json
ends=$(date -u -d "$(openssl x509 -in "$keys/app.pem" -noout -enddate | sed 's/notAfter=//')" +%s)
is "$(json grant_ends_by) $(json grant_ends_at)" "certificate $ends" 'and of the certificate'
product status status "$user"
like "$OUTPUT" "grant ends .* with the client's certificate" 'for people too'

# ---- what is configured wrongly ----

forget
application app-cert
replace client_certificate "$keys/other.pem"
refused 78 "app.key does not belong to the certificate in .*other.pem" 'a key and a certificate that are no pair'
replace client_certificate "$keys/old.pem"
replace client_key "$keys/old.key"
refused 78 'the certificate in .*old.pem has expired on 20' 'an expired certificate'
like "$(state)" misconfigured 'status tells it'
application app-cert
openssl pkey -in "$keys/app.key" -aes128 -passout pass:x -out "$keys/encrypted.key"
replace client_key "$keys/encrypted.key"
refused 78 'encrypted.key is encrypted' 'an encrypted key'
cp "$keys/app.key" "$keys/open.key"
chmod 0644 "$keys/open.key"
replace client_key "$keys/open.key"
refused 78 "open.key may be read by others.*chmod" 'a key that others can read'
replace client_key "$keys/none.key"
refused 78 'there is no .*none.key' 'a key that is not there'
openssl ecparam -name prime256v1 -genkey -noout -out "$keys/ec.key"
chmod 0600 "$keys/ec.key"
replace client_key "$keys/ec.key"
refused 78 'ec.key is no RSA key' 'a key of another kind'
application app-cert
sed -i '/^scope/d' "$PRODUCT_CONFIG"
refused 78 'saslfresh.conf:1: account .* has no scope' 'no scope'
application app-basic
sed -i '/^client_secret/d' "$PRODUCT_CONFIG"
replace token_endpoint_auth_method none
refused 78 'saslfresh.conf:1: account .* has grant_type = client_credentials, but no secret' 'no secret'
printf '%s\n' "[account $user]" 'provider = microsoft' 'client_id = x' 'client_secret = y' 'grant_type = client_credentials' \
	>"$PRODUCT_CONFIG"
refused 78 'saslfresh.conf:1: .*needs a tenant of its own, not common .*tenant = ' 'Microsoft without a tenant'

application app-cert
replace client_certificate "$keys/other.pem"
replace client_key "$keys/other.key"
product wrong login "$user"
is "$STATUS" 78 'a certificate that the server does not know'
like "$OUTPUT" 'invalid_client.*that very certificate must be registered' 'and what to do'
before=$(requests)
product_token "$user"
is "$STATUS" 78 'the failure is remembered'
is "$(requests)" "$before" 'and not tried again at once'
replace client_certificate "$keys/next.pem"
replace client_key "$keys/next.key"
product_token "$user"
is "$STATUS" 0 'until the configuration has changed'

# ---- a certificate in place of a secret, for people ----

forget
configure 'client_id = mail-cert' 'token_endpoint_auth_method = private_key_jwt' "client_certificate = $keys/app.pem" \
	"client_key = $keys/app.key" 'scope = openid offline_access mail' "authorization_endpoint = $OIDC_ISSUER/auth" \
	"device_authorization_endpoint = $OIDC_ISSUER/device/auth" 'authorization_parameters = prompt=consent' \
	"revocation_endpoint = $OIDC_ISSUER/token/revocation"

shows() { grep -aq -e "$2" "$1" 2>/dev/null; }

# begin NAME [ARGUMENT...]: a login in the background; sets FILE and LOGIN_PID.
begin() {
	FILE=$TAP_DIR/out/$1
	shift
	product_environment timeout -k 5 60 "$PREFIX/bin/saslfresh" login "$user" "$@" >"$FILE" 2>&1 </dev/null &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 shows "$FILE" 'https://'
}
ended() {
	STATUS=0
	wait "$LOGIN_PID" || STATUS=$?
}

begin code.cert
oidc_browse "$(grep -o 'https://localhost[^ ]*' "$FILE" | head -n 1)" "$user" >/dev/null
ended
is "$STATUS" 0 'private_key_jwt: a login in the browser'
product refresh refresh "$user" --force
is "$STATUS" 0 'private_key_jwt: a refresh'
product json status --json
is "$(json grant_ends_by)" certificate 'private_key_jwt: the certificate ends it'
product logout logout "$user"
like "$OUTPUT" "revoked at $OIDC_ISSUER" 'private_key_jwt: a revocation'
begin device.cert --device
oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$FILE")" "$user"
ended
is "$STATUS" 0 'private_key_jwt: a device code'

# ---- service accounts ----

service_json() {
	/usr/bin/python3 - "$keys" "$OIDC_ISSUER/service/token" "$user" <<-'EOF2'
		import json, subprocess, sys
		keys, aud, user = sys.argv[1:]
		email = "mail@project.iam.gserviceaccount.com"
		public = subprocess.run(["openssl", "x509", "-in", keys + "/service.pem", "-noout", "-pubkey"],
		                        capture_output=True, text=True, check=True).stdout
		print(json.dumps({"client_email": email, "public_key": public, "aud": aud, "key_id": "k1", "users": [user]}))
		with open(keys + "/service.json", "w") as out:
		    json.dump({"type": "service_account", "project_id": "project", "private_key_id": "k1",
		               "private_key": open(keys + "/service.key").read(), "client_email": email,
		               "client_id": "123", "token_uri": aud}, out, indent=2)
	EOF2
}
(umask 077 && service_json >"$OIDC_DIR/service.json")
service
serves service jwt-bearer
forget
chmod 0644 "$keys/service.json"
refused 78 'service.json may be read by others.*chmod' 'a file that others can read'
chmod 0600 "$keys/service.json"
cp "$keys/app.key" "$keys/nonsense.json"
replace service_account_file "$keys/nonsense.json"
refused 78 'nonsense.json is not a JSON object .*JSON key of a service account' 'a file that is none'
printf '{"installed": {"client_id": "x"}}' >"$keys/nonsense.json"
refused 78 'nonsense.json lacks the client_email or private_key' 'a file of a client'
service
sed -i '/^scope/d' "$PRODUCT_CONFIG"
refused 78 'saslfresh.conf:1: account .* has no scope' 'no scope'
service 'scope = everything'
sed -i '/^scope = mail/d' "$PRODUCT_CONFIG"
product scope login "$user"
is "$STATUS" 78 'a scope that is not delegated'
like "$OUTPUT" 'unauthorized_client.*Domain-wide delegation' 'and who must allow it'
service 'user = bob@example.test'
product other login "$user"
is "$STATUS" 78 'a mailbox that is not there'
like "$OUTPUT" 'invalid_grant.*check that bob@example.test is a mailbox' 'and what to check'
product check status --check
is "$STATUS" 2 'status --check: critical'
unlike "$OUTPUT" 'needs login' 'but no login is asked for'

# ---- a device code on a terminal ----

# terminal NAME SIZE VARIABLES [ARGUMENT...]: a login on a terminal of that size, until it shows WAITED.
terminal() {
	SCREEN=$TAP_DIR/home/$1
	mkdir "$SCREEN"
	printf '%s\n' "$2" >"$SCREEN/size"
	# shellcheck disable=SC2086
	product_environment env -u NO_COLOR TERM=xterm-256color LC_ALL=C.UTF-8 $3 "$kit/terminal.py" "$SCREEN" \
		"$PREFIX/bin/saslfresh" login "$user" "${@:4}" >>"$TAP_DIR/log/terminal.log" 2>&1 &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 shows "$SCREEN/shown" "${WAITED-Waiting for the answer}" || diag "$(cat "$SCREEN/shown")"
}
type_in() {
	printf '%b' "$2" >"$SCREEN/typing"
	mv "$SCREEN/typing" "$SCREEN/type.$1"
}
closed() {
	wait "$LOGIN_PID"
	STATUS=$(cat "$SCREEN/status")
	cp "$SCREEN/screen" "$TAP_DIR/out/screen.${SCREEN##*/}"
}
address() { grep -ao 'https://[^ ]*user_code=[^[:space:]]*' "$SCREEN/shown"; }
camera() { "$kit/qr.py" "$SCREEN/shown" "$TAP_DIR/home/qr.pgm" && zbarimg -q --raw "$TAP_DIR/home/qr.pgm"; }
has_blocks() { LC_ALL=C grep -aq $'\xe2\x96' "$SCREEN/shown"; }

forget
configure 'client_id = mail-public' 'scope = openid offline_access mail' "device_authorization_endpoint = $OIDC_ISSUER/device/auth"
terminal qr '80 50' '' --device
is "$(camera 2>"$TAP_DIR/log/camera.log")" "$(address)" 'a camera reads the address with the code'
oidc_device "$(address)" "$user"
closed
is "$STATUS" 0 'which leads to a login'
is "$(cat "$SCREEN/modes")" restored 'and the terminal is as it was'
plain() { # NAME SIZE VARIABLES WHY
	terminal "$1" "$2" "$3" --device
	fails "$4: no picture" has_blocks
	like "$(address)" user_code= "$4: but the address"
	type_in 1 '\x03'
	closed
}
plain narrow '30 50' '' 'a narrow window'
plain low '80 12' '' 'a low window'
plain nosize '0 0' '' 'a window of no size'
plain nocolour '80 50' NO_COLOR=1 'NO_COLOR'
plain dumb '80 50' TERM=dumb 'TERM=dumb'
plain latin '80 50' LC_ALL=C 'no UTF-8'

# ---- no device flow: go on with a browser ----

configure 'client_id = no-device' 'scope = openid offline_access mail' "device_authorization_endpoint = $OIDC_ISSUER/device/auth" \
	"authorization_endpoint = $OIDC_ISSUER/auth" 'authorization_parameters = prompt=consent'
product blocked login "$user" --device
is "$STATUS" 78 'a client that may not use device codes'
like "$OUTPUT" 'may not be allowed to use device codes; with a browser: saslfresh login' 'is told what else there is'
WAITED='Y/n' terminal onwards '80 24' '' --device
type_in 1 '\r'
succeeds 'on a terminal Enter goes on with the browser' poll 10 shows "$SCREEN/shown" 'code_challenge='
oidc_browse "$(grep -ao 'https://localhost[^[:space:]]*code_challenge[^[:space:]]*' "$SCREEN/shown")" "$user" >/dev/null
closed
is "$STATUS" 0 'which leads to a login'
WAITED='Y/n' terminal refused '80 24' '' --device
type_in 1 n
closed
is "$STATUS" 78 'n ends it'
printf '%s\n' "[account $user]" 'provider = google' 'client_id = x' 'client_secret = y' >"$PRODUCT_CONFIG"
product google login "$user" --device
is "$STATUS" 78 'Google'
like "$OUTPUT" 'Google has no device flow for mail.*saslfresh login' 'has no device flow for mail, which is explained'

secrets() {
	oidc_secrets
	printf '%s\n' "$secret"
	cat "$keys"/*.key | grep -v -e '-----'
}
is "$(secrets | "$kit/leaks.py" $(find "$TAP_DIR/out" "$TAP_DIR/log" -type f -size +0))" '' 'no token, secret or key in any output or log'
tap_end
