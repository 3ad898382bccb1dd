#!/bin/bash
# `saslfresh login` with a real authorization server: its own forms, filled in by a script in place of a person. The
# browser's redirect, pasted addresses and codes, device codes; what comes that should not; ^C.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

account=alice@example.test

# configure CLIENT [LINE...]
configure() {
	local client=$1
	shift
	{
		printf '[account %s]\n' "$account"
		product_client "$client"
		printf '%s\n' "issuer = $OIDC_ISSUER" "authorization_endpoint = $OIDC_ISSUER/auth" "token_endpoint = $OIDC_ISSUER/token" \
			"device_authorization_endpoint = $OIDC_ISSUER/device/auth" "ca_file = $OIDC_CA" 'hosts = localhost' \
			'scope = openid offline_access mail' 'authorization_parameters = prompt=consent' "$@"
	} >"$PRODUCT_CONFIG"
}

# begin NAME INPUT [ARGUMENT...]: a login in the background; sets FILE (what it says) and LOGIN_PID, URL and PORT.
begin() {
	local name=$1 input=$2
	shift 2
	FILE=$TAP_DIR/out/$name
	: >"$FILE"
	rm -f "$TAP_DIR/home/pid"
	product_environment timeout -k 5 60 sh -c 'echo $$ >"$0" && exec env "$@"' "$TAP_DIR/home/pid" ${LOGIN_ENVIRONMENT-} \
		"$PREFIX/bin/saslfresh" login "$account" "$@" <"$input" >"$FILE" 2>&1 &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 shows "$FILE" 'https://' || diag "$(cat "$FILE")"
	URL=$(grep -o 'https://localhost[^ ]*' "$FILE" | head -n 1)
	PORT=$(sed -nE 's/.*redirect_uri=http%3A%2F%2F[a-z0-9.]*%3A([0-9]+).*/\1/p' <<<"$URL")
}

# give_up: ends the command itself, as ^C would.
give_up() {
	kill "$(cat "$TAP_DIR/home/pid")"
	ended
}

shows() { grep -q -e "$2" "$1" 2>/dev/null; }

# ended: waits for the login; sets STATUS and OUTPUT.
ended() {
	STATUS=0
	wait "$LOGIN_PID" || STATUS=$?
	OUTPUT=$(cat "$FILE")
}

# knock QUERY-OR-PATH [HOST]: what the listener answers, its status alone.
knock() {
	curl -s -g --noproxy '*' --max-time 5 -o "$TAP_DIR/out/knock" -w '%{http_code}' "http://${2-127.0.0.1}:$PORT$1"
}

listening() { port_open "$PORT"; }

forget() { rm -rf "$PRODUCT_STATE"; }

nothing_stored() {
	is "$(cd "$PRODUCT_STATE" 2>/dev/null && ls | grep -v '\.lock$')" '' "$1: nothing is stored"
}

# works DESCRIPTION: the account has a token that the server knows.
works() {
	product_token "$account"
	is "$STATUS" 0 "$1: there is a token"
	succeeds "$1: which is good" oidc_active "$TOKEN"
}

# The browser of somebody who cannot reach this machine's listener.
browse_elsewhere() {
	OIDC_CURL_MORE="--connect-to 127.0.0.1:$PORT:127.0.0.1:1" oidc_browse "$1" "$2" 2>/dev/null
}

state_of() { sed -nE 's/.*[?&]state=([^&]*).*/\1/p' <<<"$1"; }

tap_start
oidc_start
product_start

# ---- the browser comes back by itself ----

for client in mail-public mail-basic mail-post; do
	forget
	configure "$client"
	begin "code.$client" /dev/null
	like "$URL" 'code_challenge_method=S256' "$client: PKCE"
	like "$URL" "login_hint=alice%40example.test" "$client: the account is proposed"
	like "$URL" 'state=[A-Za-z0-9_-]{43}(&|$)' "$client: a random state"
	oidc_browse "$URL" "$account" >/dev/null
	ended
	is "$STATUS" 0 "$client: logged in"
	like "$OUTPUT" "signed in as $account" "$client: it says who"
	like "$OUTPUT" 'renewed by itself' "$client: and that it lasts"
	fails "$client: nothing listens any more" listening
	works "$client"
	product refresh refresh "$account" --force
	is "$STATUS" 0 "$client: the grant can be renewed"
done

forget
configure mail-public 'redirect_uri = http://localhost/callback'
begin localhost /dev/null
like "$URL" 'redirect_uri=http%3A%2F%2Flocalhost%3A[0-9]+%2Fcallback&' 'a redirect_uri with a path keeps it'
is "$(knock /favicon.ico '[::1]')" 404 'it listens on ::1 too'
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 0 'logged in by localhost'
works 'localhost'

# ---- what else comes to the listener ----

forget
configure mail-public
begin noise /dev/null
is "$(knock /favicon.ico)" 404 'an icon is not there'
is "$(knock /)" 404 'nor anything without a query'
is "$(knock '/other?code=x&state=y')" 404 'nor another path'
is "$(knock '/?code=x&state=wrong')" 400 'a redirect with a wrong state is refused'
is "$(knock '/?code=x')" 400 'and one without'
is "$(knock "/?code=x&code=y&state=$(state_of "$URL")")" 400 'and one with two codes'
is "$(knock "/?error=access_denied")" 400 'a refusal without state is nobody'"'"'s'
is "$(knock "/?code=%00&state=$(state_of "$URL")")" 400 'and a code that is none'
is "$(curl -s --noproxy '*' --max-time 5 -o /dev/null -w '%{http_code}' -X POST -d "code=x&state=$(state_of "$URL")" \
	"http://127.0.0.1:$PORT/")" 405 'a POST is no redirect'
/usr/bin/python3 - "$PORT" <<-'EOF' >"$TAP_DIR/log/noise.log" 2>&1
	import socket, sys
	address = ("127.0.0.1", int(sys.argv[1]))
	idle = [socket.create_connection(address) for _ in range(20)]    # a port scan that says nothing
	for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 4096, b"\r\n\r\n", b"GET\r\n\r\n", b"GET " + b"/" * (1 << 20)):
	    with socket.create_connection(address) as s:
	        s.settimeout(5)
	        try:
	            s.sendall(garbage)
	            s.shutdown(socket.SHUT_WR)
	            s.recv(4096)
	        except OSError:
	            pass
EOF
is "$(cat "$TAP_DIR/log/noise.log")" '' 'a port scan, garbage, and a line of 1 MiB are heard out or cut off'
nothing_stored 'after all that'
oidc_browse "$URL" "$account" >"$TAP_DIR/home/redirect"
ended
is "$STATUS" 0 'and the login still goes through'
like "$OUTPUT" 'another login .its state is not ours' 'the wrong state was told'
like "$(cat "$TAP_DIR/home/redirect")" "^http://127.0.0.1:$PORT/\\?code=" 'that was the redirect'
is "$(knock "/?$(sed 's/[^?]*?//' "$TAP_DIR/home/redirect")")" 000 'a replay of it finds nobody'
works 'after the noise'

forget
begin twice /dev/null
second=$(state_of "$URL")
oidc_browse "$URL" "$account" >/dev/null
is "$(knock "/?code=again&state=$second")" 000 'a second tab finds nobody'
ended
is "$STATUS" 0 'the first one counts'

# ---- refused ----

forget
begin denied /dev/null
is "$(knock "/?error=access_denied&error_description=No%1b%5bmway&state=$(state_of "$URL")")" 400 'control bytes spoil a response'
is "$(knock "/?error=access_denied&error_description=no+way&state=$(state_of "$URL")&iss=$OIDC_ISSUER")" 200 'access_denied is an answer'
ended
is "$STATUS" 77 'and ends the login'
like "$OUTPUT" 'access_denied \(no way\).*saslfresh login' 'with its reason'
nothing_stored 'access_denied'

begin issuer /dev/null
is "$(knock "/?code=x&state=$(state_of "$URL")&iss=https://elsewhere.test")" 200 'a redirect of another issuer'
ended
is "$STATUS" 76 'ends the login'
like "$OUTPUT" 'comes from https://elsewhere.test, not from' 'and it says why'
is "$(oidc_count grant_type=authorization_code outcome=error)" 0 'no code was sent anywhere'
nothing_stored 'another issuer'
fails 'nothing listens' listening

begin code /dev/null
is "$(knock "/?code=invented&state=$(state_of "$URL")")" 200 'a code that the server does not know'
ended
is "$STATUS" 77 'is refused'
like "$OUTPUT" 'invalid_grant' 'by the server'
unlike "$OUTPUT" 'invented' 'and not repeated'
nothing_stored 'an unknown code'

begin other /dev/null
oidc_browse "$URL" mallory@example.test >/dev/null
ended
is "$STATUS" 77 'somebody else signs in'
like "$OUTPUT" "it was mallory@example.test who signed in, not $account" 'which is told'
nothing_stored 'somebody else'
begin any /dev/null --any-user
oidc_browse "$URL" mallory@example.test >/dev/null
ended
is "$STATUS" 0 'unless anybody may'
works 'any user'

forget
configure mail-public
sed -i 's/^scope = .*/scope = openid mail/; /^authorization_parameters/d' "$PRODUCT_CONFIG"
begin norefresh /dev/null
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 78 'no refresh token'
like "$OUTPUT" 'no refresh token.*offline_access' 'says what is missing'
nothing_stored 'no refresh token'

sed -i '/^authorization_endpoint/d' "$PRODUCT_CONFIG"
product noendpoint login "$account"
is "$STATUS" 78 'no authorization_endpoint'
like "$OUTPUT" 'add `authorization_endpoint' 'says so'
configure mail-public
product usage login "$account" --device --refresh-token-file -
is "$STATUS" 64 'a refresh token and a flow do not go together'

# ---- pasted ----

forget
configure mail-public
mkfifo "$TAP_DIR/home/input"
# piped NAME: a login that reads what `paste` writes.
piped() {
	exec 8<>"$TAP_DIR/home/input"
	begin "$1" "$TAP_DIR/home/input"
}
# paste TEXT
paste_line() {
	printf '%s\n' "$1" >&8
	exec 8>&-
}
piped paste
paste_line "$(browse_elsewhere "$URL" "$account")"
ended
is "$STATUS" 0 'the address of the redirect is pasted'
fails 'nothing listens' listening
works 'pasted address'

forget
piped code
answer=$(browse_elsewhere "$URL" "$account")
answer=${answer#*[?&]code=}
paste_line "  ${answer%%&*}  "
ended
is "$STATUS" 0 'the code alone is pasted'
works 'pasted code'

forget
piped old
paste_line "http://127.0.0.1:$PORT/?code=abc&state=ofanotherlogin"
ended
is "$STATUS" 77 'the address of another login'
like "$OUTPUT" 'belongs to another login' 'is refused'
fails 'and nothing listens' listening
nothing_stored 'another login'

piped large
head -c 2097152 /dev/zero | tr '\0' x >&8 2>/dev/null &
paste_pid=$!
exec 8>&-
ended
kill "$paste_pid" 2>/dev/null
is "$STATUS" 77 '2 MiB are pasted'
like "$OUTPUT" 'longer than 16384 octets' 'which is refused'
fails 'and nothing listens' listening
nothing_stored '2 MiB'

# ---- the browser, and ssh ----

mkdir "$TAP_DIR/home/bin"
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >"%s"\n' "$TAP_DIR/home/opened" >"$TAP_DIR/home/bin/xdg-open"
chmod +x "$TAP_DIR/home/bin/xdg-open"
LOGIN_ENVIRONMENT="DISPLAY=:99 PATH=$TAP_DIR/home/bin:$PATH" begin browser /dev/null
opened() { [ -s "$TAP_DIR/home/opened" ]; }
succeeds 'the browser is opened' poll 10 opened
is "$(cat "$TAP_DIR/home/opened")" "$URL" 'at the address that is shown'
give_up
rm -f "$TAP_DIR/home/opened"
LOGIN_ENVIRONMENT="DISPLAY=:99 PATH=$TAP_DIR/home" begin nobrowser /dev/null
succeeds 'a browser that is not there is no failure' listening
give_up
gone() { ! listening; }
succeeds 'a login whose command is killed lets go of its port' poll 10 gone
LOGIN_ENVIRONMENT="DISPLAY=:99 PATH=$TAP_DIR/home/bin:$PATH USER=alice" SSH_CONNECTION='192.0.2.7 5000 192.0.2.1 2222' begin ssh /dev/null
like "$(cat "$FILE")" "^  ssh -L $PORT:localhost:$PORT -p 2222 alice@192\\.0\\.2\\.1\$" 'under ssh the line for a tunnel is shown'
fails 'and no browser is opened' opened
give_up
nothing_stored 'logins that were given up'

# ---- a terminal ----

# terminal NAME [ARGUMENT...]: a login on a terminal; type N TEXT types on it.
terminal() {
	SCREEN=$TAP_DIR/home/$1
	mkdir "$SCREEN"
	shift
	product_environment "$kit/terminal.py" "$SCREEN" "$PREFIX/bin/saslfresh" login "$account" "$@" >>"$TAP_DIR/log/terminal.log" 2>&1 &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 shows "$SCREEN/shown" 'Waiting for the answer' || diag 'the terminal shows nothing'
	URL=$(grep -ao 'https://localhost[^[:space:]]*' "$SCREEN/shown" | head -n 1)
	PORT=$(sed -nE 's/.*redirect_uri=http%3A%2F%2F[a-z0-9.]*%3A([0-9]+).*/\1/p' <<<"$URL")
}
type_in() {
	printf '%b' "$2" >"$SCREEN/typing"
	mv "$SCREEN/typing" "$SCREEN/type.$1"
}
closed() {
	wait "$LOGIN_PID"
	STATUS=$(cat "$SCREEN/status")
	OUTPUT=$(tr -d '\r' <"$SCREEN/screen")
	cp "$SCREEN/screen" "$TAP_DIR/out/screen.${SCREEN##*/}"
}

terminal pasted
type_in 1 'http://127.0.0.1/?code=a&state=b\r'
succeeds 'terminal: a wrong address is told' poll 10 shows "$SCREEN/shown" 'belongs to another login'
{ head -c 2097152 /dev/zero | tr '\0' x; echo; } >"$SCREEN/typing"
mv "$SCREEN/typing" "$SCREEN/type.2"
succeeds 'terminal: 2 MiB are refused' poll 30 shows "$SCREEN/shown" 'longer than 16384 octets'
answer=$(browse_elsewhere "$URL" "$account")
type_in 3 "no\\x7f\\x7fnonsense\\x15$answer\\r"
closed
is "$STATUS" 0 'terminal: and then the right one, with what was mistyped before it'
is "$(cat "$SCREEN/modes")" restored 'terminal: as it was before'
unlike "$OUTPUT" "$(sed -nE 's/.*[?&]code=([^&]*).*/\1/p' <<<"$answer")" 'terminal: the code is not shown'
works 'terminal'

forget
terminal interrupted
type_in 1 '\x03'
closed
is "$STATUS" 130 'terminal: ^C ends it'
is "$(cat "$SCREEN/modes")" restored 'terminal: as it was before'
succeeds 'terminal: nothing listens' poll 10 gone
nothing_stored '^C'

# ---- device codes ----

# approve URL USER CODE [WHAT]: what a person does with a code.
forget
for client in mail-public mail-basic; do
	configure "$client"
	begin "device.$client" /dev/null --device
	oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$FILE")" "$account"
	ended
	is "$STATUS" 0 "$client: a device code is approved"
	works "$client, device"
	forget
done
begin device.denied /dev/null --device
oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$FILE")" "$account" abort
ended
is "$STATUS" 77 'a device code is refused'
like "$OUTPUT" 'access_denied' 'which is told'
nothing_stored 'a refused device code'
begin device.other /dev/null --device
oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$FILE")" mallory@example.test
ended
is "$STATUS" 77 'somebody else approves it'
nothing_stored 'somebody else'
sed -i '/^device_authorization/d' "$PRODUCT_CONFIG"
product nodevice login "$account" --device
is "$STATUS" 78 'no device_authorization_endpoint'
like "$OUTPUT" "without --device: saslfresh login $account" 'and what to do instead'

no_leaks
tap_end
