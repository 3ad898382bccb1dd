#!/bin/bash
# One login as people do it: saslfresh opens a real browser (Chromium, by the desktop's xdg-open), somebody signs in and
# consents on the pages of a real authorization server, and the browser comes back to the listener by itself.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

account=alice@example.test

browse() { "$kit/browser.py" "$SESSION" "$@" 2>>"$TAP_DIR/log/browse.log"; }

shown_at() { browse wait "$1" >/dev/null; }

# The certificate authority of the test, for Chromium alone: the hash of the one key that it shall trust.
server_key() {
	openssl x509 -in "$TAP_DIR/ca/server.pem" -pubkey -noout | openssl pkey -pubin -outform der |
		openssl dgst -sha256 -binary | openssl base64 -A
}

chromium_start() {
	local arguments argument
	free_port
	background chromedriver env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY HOME="$TAP_DIR/home" chromedriver --port="$PORT"
	DRIVER=http://127.0.0.1:$PORT
	poll 20 port_open "$PORT" || bail 'chromedriver did not start'
	arguments=
	for argument in --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage --no-proxy-server \
		--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1' \
		--user-data-dir="$TAP_DIR/home/chromium" --ignore-certificate-errors-spki-list="$(server_key)"; do
		arguments+="${arguments:+, }\"$argument\""
	done
	SESSION=$("$kit/browser.py" start "$DRIVER" "{\"capabilities\": {\"alwaysMatch\": {\"browserName\": \"chrome\",
		\"goog:chromeOptions\": {\"binary\": \"$(command -v chromium)\", \"args\": [$arguments]}}}}" 2>>"$TAP_DIR/log/browse.log") ||
		bail "Chromium did not start: $(tail -n 1 "$TAP_DIR/log/browse.log")"
}

# begin NAME: a login in the background, which opens the browser; sets FILE and LOGIN_PID.
begin() {
	FILE=$TAP_DIR/out/$1
	: >"$FILE"
	product_environment env DISPLAY=:99 timeout -k 5 120 "$PREFIX/bin/saslfresh" login "$account" \
		</dev/null >"$FILE" 2>&1 &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 grep -q 'https://localhost' "$FILE" || diag "$(cat "$FILE")"
	URL=$(grep -o 'https://localhost[^ ]*' "$FILE" | head -n 1)
	PORT=$(sed -nE 's/.*redirect_uri=http%3A%2F%2F[a-z0-9.]*%3A([0-9]+).*/\1/p' <<<"$URL")
}

ended() {
	STATUS=0
	wait "$LOGIN_PID" || STATUS=$?
	OUTPUT=$(cat "$FILE")
}

# sign_in USER: what a person does on the pages of the authorization server.
sign_in() {
	browse fill 'input[name=login]' "$1" && browse fill 'input[name=password]' anything && browse click 'button[type=submit]' &&
		shown_at '/interaction/[^/]*$'
}

tap_start
packages_install chromium chromium-driver xdg-utils 2>>"$TAP_DIR/log/packages.log" ||
	bail "there is no Chromium: $(tail -n 1 "$TAP_DIR/log/packages.log")"
oidc_start
product_start
chromium_start
cat >"$TAP_DIR/home/browser" <<-END
	#!/bin/sh
	exec "$kit/browser.py" "$SESSION" open "\$1" 2>>"$TAP_DIR/log/browse.log"
END
chmod 0755 "$TAP_DIR/home/browser"
mkdir -p "$PRODUCT_HOME/.local/share/applications"
printf '[Desktop Entry]\nType=Application\nName=Test\nExec=%s %%u\nMimeType=x-scheme-handler/https;\n' "$TAP_DIR/home/browser" \
	>"$PRODUCT_HOME/.local/share/applications/test.desktop"
printf '[Default Applications]\nx-scheme-handler/https=test.desktop\n' >"$PRODUCT_HOME/.config/mimeapps.list"
{
	printf '[account %s]\n' "$account"
	product_client mail-public
	printf '%s\n' "issuer = $OIDC_ISSUER" "authorization_endpoint = $OIDC_ISSUER/auth" "token_endpoint = $OIDC_ISSUER/token" \
		"ca_file = $OIDC_CA" 'hosts = localhost' 'scope = openid offline_access mail' 'authorization_parameters = prompt=consent'
} >"$PRODUCT_CONFIG"

begin login
succeeds 'Chromium is opened at the login page' shown_at '^https://localhost:[0-9]*/interaction/'
succeeds 'somebody signs in' sign_in "$account"

first=$(browse tab)
browse tab new >/dev/null
browse open "http://127.0.0.1:$PORT/?code=x&state=anotherlogin"
like "$(browse text)" 'not the end of the login that saslfresh waits for' 'another tab, with the redirect of another login, is told so'
browse tab "$first" >/dev/null
like "$(browse text)" 'Authorize|Continue|mail' 'the first tab still asks for consent'
browse click 'button[type=submit]'
landed=$(browse wait "^http://127.0.0.1:$PORT/")
like "$landed" "^http://127.0.0.1:$PORT/\\?code=" 'who consents is sent back to this machine'
like "$(browse text)" 'Close this page and go back to the terminal' 'and the page says what to do'
ended
is "$STATUS" 0 'the login is done'
like "$OUTPUT" "signed in as $account" 'it says who'
product_token "$account"
succeeds 'there is a token, and it is good' oidc_active "$TOKEN"

browse tab new >/dev/null
browse open "$landed"
fails 'a tab that loads the redirect again finds nobody' port_open "$PORT"
product_token "$account"
succeeds 'and nothing is broken' oidc_active "$TOKEN"

# Signed in already: one click. Whoever refuses is told in the terminal.
begin refused
shown_at '^https://localhost:[0-9]*/interaction/'
succeeds 'a second login asks for consent alone' browse click 'a[href*=abort]'
shown_at "^http://127.0.0.1:$PORT/"
like "$(browse text)" 'go back to the terminal' 'who refuses is sent back too'
ended
is "$STATUS" 77 'and nobody is logged in'
like "$OUTPUT" 'access_denied' '... which is told'
product_token "$account"
succeeds 'what was there before is there' oidc_active "$TOKEN"

browse quit
no_leaks
tap_end
