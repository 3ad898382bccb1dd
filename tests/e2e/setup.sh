#!/bin/bash
# `saslfresh login` as the only command there is: the account is in no configuration. The server is found, a client
# registers itself, or is taken from a file, the command line or a prompt; what is stored and where; what is not when it
# fails. Real: oidc-provider, its pages and its registration; the mail domain's names are the test's (names.sh).

kit=$(cd "$(dirname "$0")/../kit" && pwd)
top=$(cd "$kit/../.." && pwd)
for part in tap ca packages oidc names product; do . "$kit/$part.sh"; done

tap_start
if [ "${NAMES_INSIDE-}" != yes ]; then
	kit_cache
	[ "$KIT_CACHE" != "$TAP_DIR/cache" ] || export NAMES_CACHE="$(mktemp -d)"
	export KIT_CACHE="${NAMES_CACHE-$KIT_CACHE}"
	oidc_install
	rm -rf "$TAP_DIR"
	trap - EXIT
fi
names_enter "$0" "$@"

names_start localhost
oidc_start registration
product_start
rm -rf "$PRODUCT_HOME/.config"
export SSL_CERT_FILE=$OIDC_CA
account=alice@example.test
config_directory=${PRODUCT_CONFIG%/*}
secret_file=$config_directory/$account.client-secret

shows() { grep -q -e "$2" "$1" 2>/dev/null; }

# begin NAME INPUT [ARGUMENT...]: a login in the background, of $account where no --import says it; sets FILE, URL, PORT.
begin() {
	local name=$1 input=$2
	shift 2
	FILE=$TAP_DIR/out/$name
	: >"$FILE"
	rm -f "$TAP_DIR/home/pid"
	product_environment timeout -k 5 60 sh -c 'echo $$ >"$0" && exec "$@"' "$TAP_DIR/home/pid" \
		"$PREFIX/bin/saslfresh" login "$@" <"$input" >>"${STDOUT-$FILE}" 2>>"$FILE" &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
	poll 20 asks_or_ended || diag "$(cat "$FILE")"
	find_url "$FILE"
}
asks_or_ended() { shows "$FILE" '/auth?\|user_code=' || process_gone "$LOGIN_PID"; }
find_url() {
	URL=$(grep -ao 'https://localhost[^[:space:]]*/auth?[^[:space:]]*' "$1" | head -n 1)
	PORT=$(sed -nE 's/.*redirect_uri=http%3A%2F%2F[a-z0-9.]*%3A([0-9]+).*/\1/p' <<<"$URL")
}
ended() {
	STATUS=0
	wait "$LOGIN_PID" || STATUS=$?
	OUTPUT=$(cat "$FILE")
}
# log_in NAME [ARGUMENT...]: a person who signs in as $account.
log_in() {
	begin "$1" /dev/null "${@:2}"
	[ -z "$URL" ] || oidc_browse "$URL" "$account" >/dev/null
	ended
}
forget() { rm -rf "$PRODUCT_STATE" "$PRODUCT_HOME/.config"; }

# Everything of ours in HOME, locks apart.
everything() { (cd "$PRODUCT_HOME" && find .config .local -type f ! -name '*.lock' 2>/dev/null | sort | paste -sd' '); }
nothing_left() { is "$(everything)" '' "$1: nothing is left"; }
mode_of() { stat -c %a "$1"; }
works() {
	product_token "$account"
	is "$STATUS" 0 "$1: there is a token"
	succeeds "$1: which is good" oidc_active "$TOKEN"
	product "refresh.$1" refresh "$account" --force
	is "$STATUS" 0 "$1: the grant can be renewed"
}
said() { sed -n "s/^$1 = //p" "$PRODUCT_CONFIG"; }


# refused DESCRIPTION STATUS PATTERN: the last login, and what it left.
refused() {
	is "$STATUS" "$2" "$1"
	like "$OUTPUT" "$3" "$1: the sentence"
	nothing_left "$1"
}

# ---- one command, and nothing else: the domain says who logs its users in ----

document="{\"authentication\":{\"oauth-public\":{\"issuer\":\"$OIDC_ISSUER\"}}}"
printf %s "$document" | names_site ua-auto-config.example.test .well-known/user-agent-configuration.json
cat >"$NAMES_ZONE" <<-EOF
	ua-auto-config.example.test   A    127.0.0.1
	_ua-auto-config.example.test  TXT  "v=UAAC1; a=sha256; d=$(printf %s "$document" | openssl dgst -sha256 -binary | base64)"
EOF
export SSL_CERT_FILE=$OIDC_CA
log_in registered "$account"
is "$STATUS" 0 'saslfresh login ACCOUNT: logged in'
like "$OUTPUT" "example.test publishes that $OIDC_ISSUER" 'it says what it found'
like "$OUTPUT" "registering a client at $OIDC_ISSUER/reg" 'and that it registers a client'
like "$OUTPUT" "signed in as $account" 'and who signed in'
like "$OUTPUT" "$account: added to $PRODUCT_CONFIG" 'and where the account stands now'
is "$(everything)" ".config/saslfresh/saslfresh.conf .local/state/saslfresh/$account.grant .local/state/saslfresh/$account.token" \
	'a configuration, a grant and a token'
is "$(mode_of "$PRODUCT_CONFIG") $(mode_of "$config_directory")" '600 700' 'that nobody else reads'
is "$(sed -n 1p "$PRODUCT_CONFIG") $(said issuer)" "[account $account] $OIDC_ISSUER" 'the section is that of the account'
client=$(said client_id)
like "$client" . 'with the client id that the server gave'
works 'registered'
log_in again "$account"
is "$STATUS $(said client_id)" "0 $client" 'the next login registers nobody'
unlike "$OUTPUT" 'registering|added|looking' 'and adds nothing'
works 'again'
: >"$NAMES_ZONE"
unset SSL_CERT_FILE

forget
log_in issuer "$account" --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA"
is "$STATUS $(said issuer) $(said ca_file)" "0 $OIDC_ISSUER $OIDC_CA" 'a server and its authority that are named'
works 'issuer'

# ---- a preset of one's own, found by the mail exchanger; a client that the console gave ----

# preset [LINE...]
preset() {
	mkdir -p -m 0700 "$PRODUCT_HOME/.config" "$config_directory" "$config_directory/providers"
	printf '%s\n' 'title = Test Mail' 'mx = *.mail.test' "issuer = $OIDC_ISSUER" "authorization_endpoint = $OIDC_ISSUER/auth" \
		"token_endpoint = $OIDC_ISSUER/token" "ca_file = $OIDC_CA" 'scope = openid offline_access mail' \
		'authorization_parameters = prompt=consent' 'console = https://console.example.test/clients' \
		'client_steps = Press "Create" | Choose the type Desktop app' 'hosts = localhost' "$@" >"$config_directory/providers/testmail.conf"
}
everything() { (cd "$PRODUCT_HOME" && find .config .local -type f ! -name '*.lock' ! -path '*/providers/*' 2>/dev/null | sort | paste -sd' '); }
printf 'example.test MX 10 mx1.mail.test\n' >"$NAMES_ZONE"
google() { # KIND CLIENT SECRET [AUTH-URI]
	printf '{"%s":{"client_id":"%s","project_id":"p","auth_uri":"%s","token_uri":"%s/token","client_secret":"%s","redirect_uris":["http://localhost"]}}' \
		"$1" "$2" "${4-$OIDC_ISSUER/auth}" "$OIDC_ISSUER" "$3"
}
umask 077
file=$TAP_DIR/home/client.json

forget
preset 'token_endpoint_auth_method = client_secret_basic'
google installed mail-basic "$OIDC_MAIL_SECRET_BASIC" >"$file"
log_in desktop "$account" --client-file "$file"
is "$STATUS" 0 'a Desktop app of Google'
like "$OUTPUT" 'example.test gets its mail at mx1.mail.test: the provider is testmail' 'at the provider that the mail exchanger tells'
like "$OUTPUT" "its client secret is in $secret_file" 'its secret has a file of its own'
is "$(cat "$secret_file") $(mode_of "$secret_file")" "$OIDC_MAIL_SECRET_BASIC 600" 'that holds it and that nobody else reads'
is "$(cat "$PRODUCT_CONFIG")" "[account $account]
provider = testmail
client_id = mail-basic
client_secret_file = $secret_file" 'the configuration has the rest'
works 'desktop'

# What no login can be made with. Nothing is asked of anybody.
forget
preset
bad() { # DESCRIPTION PATTERN [STATUS]: with what standard input has as the file
	cat >"$file"
	product bad login "$account" --client-file "$file"
	refused "$1" "${3-78}" "$2"
}
google web mail-basic secret | bad 'a Web application' 'type Web application.*make one of type Desktop app at https://console.example.test/clients'
printf '{"type":"service_account","client_email":"x@y","private_key":"-----"}' | bad 'the key of a service account' 'service account.*jwt_bearer'
google installed mail-basic secret https://accounts.google.com/o/oauth2/auth | bad 'the client of another provider' 'client for https://accounts.google.com.*logs in at'
printf '{"installed":{"client_id":17}}' | bad 'a number as client id' 'client_id in the file'
printf '{"installed":{"client_secret":"x"}}' | bad 'no client id' 'no client id'
printf '{"installed":{"client_id":"a\\nb"}}' | bad 'a line end in the client id' 'client_id in the file'
printf '{}' | bad 'an empty object' 'describes no client'
printf 'client_id = x' | bad 'no JSON' 'not a JSON object'
printf '' | bad 'nothing' 'is empty'
head -c 1048576 /dev/zero | tr '\0' ' ' | bad '1 MiB' 'larger than 65536 octets'

google installed mail-basic secret >"$file"
chmod 0644 "$file"
product readable login "$account" --client-file "$file"
refused 'a file that others may read' 78 "may be read by others.*chmod 06[04]0 '$file'"
product missing login "$account" --client-file "$file.not"
refused 'a file that is not there' 71 "cannot open $file.not"

# Microsoft's manifests, the newer and the older; neither has a secret.
manifest() { # PLATFORM
	printf '{"id":"0","appId":"mail-public","displayName":"d","signInAudience":"AzureADMyOrg","publisherDomain":"example.test",%s}' "$1"
}
preset 'token_endpoint_auth_method = none'
mv "$config_directory/providers/testmail.conf" "$config_directory/providers/microsoft-test.conf"
number=0
for platform in '"publicClient":{"redirectUris":["http://localhost"]},"web":{"redirectUris":[]}' \
	'"allowPublicClient":true,"replyUrlsWithType":[{"url":"https://x","type":"Web"},{"url":"http://localhost","type":"InstalledClient"}]'; do
	rm -rf "$PRODUCT_STATE" "$PRODUCT_CONFIG" "$file"
	manifest "$platform" >"$file"
	log_in "manifest.$((number += 1))" "$account" --client-file "$file"
	is "$STATUS $(said client_id) $(said tenant)" '0 mail-public example.test' "an app of Microsoft, manifest $number"
	works "manifest-$number"
done
rm -rf "$PRODUCT_STATE" "$PRODUCT_CONFIG"
manifest '"web":{"redirectUris":["https://x"]},"publicClient":{"redirectUris":[]}' >"$file"
product webapp login "$account" --client-file "$file"
refused 'an app without the right platform' 78 'Mobile and desktop.*add http://localhost'
mv "$config_directory/providers/microsoft-test.conf" "$config_directory/providers/testmail.conf"
product foreign login "$account" --client-file "$file"
refused 'an app of Microsoft for another provider' 78 'app of Microsoft, but alice@example.test is at testmail'

# ---- the command line ----

usage() { # PATTERN ARGUMENT...
	product usage login "${@:2}"
	is "$STATUS" 64 "usage: ${*:2}"
	like "$OUTPUT" "$1" 'says why'
}
usage 'takes one account'
usage 'unknown option' "$account" --colour
usage 'without its value' "$account" --issuer
usage 'name two servers' "$account" --provider google --issuer https://a
usage 'name two clients' "$account" --client-id x --client-file y
usage 'only --system' --import - --issuer https://a
usage 'only --system' --import - --export
usage 'no --system' "$account" --export --system
usage 'no --refresh-token-file' "$account" --export --refresh-token-file x
nothing_left 'usage'
product noserver login "$account" --provider nosuch
refused 'a provider that is not there' 78 'there is no provider `nosuch`'
product nourl login "$account" --issuer example.test
refused 'an issuer that is no URL' 78 'issuer takes a URL'
product noname login 'a[b]c'
refused 'an account with a bad name' 78 'cannot be called'
product noid login "$account"
refused 'no client and nobody to ask' 78 'make one at https://console.example.test/clients; saslfresh login .* --client-id ID, or --client-file FILE'
product yahoo login "$account" --provider icloud
refused 'a provider without OAuth 2.0' 78 'no OAuth 2.0 for mail programs.*https://support.apple.com'
: >"$NAMES_ZONE"
product unknown login me@nowhere.test
refused 'a domain that nobody knows' 78 'cannot find the authorization server.*--provider NAME'
printf 'example.test MX 10 mx1.mail.test\n' >"$NAMES_ZONE"

log_in clientid "$account" --client-id mail-public
is "$STATUS $(said client_id)" '0 mail-public' 'a client id that is named'
unlike "$OUTPUT" 'secret' 'and no word of a secret'
works client-id

# What the configuration says is not changed by a login.
cp "$PRODUCT_CONFIG" "$TAP_DIR/home/before"
for wrong in '--client-id other' '--provider google' '--tenant x --client-id other' '--issuer https://elsewhere.test'; do
	product contradiction login "$account" $wrong
	is "$STATUS" 78 "an account that is configured, $wrong"
	like "$OUTPUT" "$PRODUCT_CONFIG:1: account $account has (client_id = mail-public, not other|provider = testmail, not google|issuer = https://localhost:[0-9]*, not https://elsewhere.test)" 'names file and line'
done
product ours login "$account" --system --client-id mail-public
like "$STATUS $OUTPUT" "^78 .*$PRODUCT_CONFIG:1: account $account is your own" 'nor is it made one of the system'
log_in agreed "$account" --client-id mail-public --provider testmail
is "$STATUS" 0 'saying the same again is none'
succeeds 'the configuration is as it was' cmp -s "$PRODUCT_CONFIG" "$TAP_DIR/home/before"

# ---- a configuration that a person wrote ----

forget
preset
mkdir "$PRODUCT_HOME/dotfiles"
config=$PRODUCT_HOME/dotfiles/conf
ln -s "$config" "$PRODUCT_CONFIG"
printf '# mine\nrank = polite\n\n[account other@example.test]\n  provider=testmail\t\n\n  # of %s\n[ account  %s ]\nprovider = testmail\n# behind it\n\n[account last@example.test]\nprovider = testmail' \
	"$account" "$account" >"$config"
chmod 0640 "$config"
sed "s/^# behind it\$/client_id = mail-public\n&/" "$config" >"$TAP_DIR/home/wanted"
printf '\n\n[account bob@example.test]\nclient_id = mail-public\nprovider = testmail\n' >>"$TAP_DIR/home/wanted"
log_in incomplete "$account" --client-id mail-public
is "$STATUS" 0 'an account that lacks its client id'
begin bob /dev/null bob@example.test --client-id mail-public
oidc_browse "$URL" bob@example.test >/dev/null
ended
is "$STATUS" 0 'another one that is not there'
is "$(cat "$config")" "$(cat "$TAP_DIR/home/wanted")" 'the rest stays octet for octet'
is "$(mode_of "$config") $([ -L "$PRODUCT_CONFIG" ] && echo link)" '640 link' 'in its file, behind the link'
works 'incomplete'

# Grants that are sealed are so from the first login on.
product_refresh_token() { sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/carol@example.test.grant"; }
sed -i '1i seal_command = base64\nunseal_command = base64 -d' "$config"
begin carol /dev/null carol@example.test --client-id mail-public
oidc_browse "$URL" carol@example.test >/dev/null
ended
is "$STATUS $(product_refresh_token)" '0 ' 'a new account whose grants are sealed'
sed -i '/seal_command/d' "$config"

# Eight at once; each waits for the others.
for i in 1 2 3 4 5 6 7 8; do
	(
		begin "many$i" /dev/null "many$i@example.test" --client-id mail-public --any-user
		oidc_browse "$URL" "$account" >/dev/null
		ended
		exit "$STATUS"
	) &
	many[i]=$!
done
for i in 1 2 3 4 5 6 7 8; do
	succeeds "login $i of eight at once" wait "${many[i]}"
done
is "$(grep -c '^\[account many[1-8]@example.test\]$' "$config")" 8 'eight sections'
product list list
is "$STATUS" 0 'and a configuration that can be read'

# ---- failures at every step ----

rm -rf "$PRODUCT_STATE" "$PRODUCT_HOME/dotfiles"
forget
preset 'token_endpoint_auth_method = client_secret_basic'
google installed mail-basic "$OIDC_MAIL_SECRET_BASIC" >"$file"
begin denied /dev/null "$account" --client-file "$file"
state=$(sed -nE 's/.*[?&]state=([^&]*).*/\1/p' <<<"$URL")
curl -s --noproxy '*' -o /dev/null "http://127.0.0.1:$PORT/?error=access_denied&state=$state&iss=$OIDC_ISSUER"
ended
refused 'consent is denied' 77 'access_denied'
begin other /dev/null "$account" --client-file "$file"
oidc_browse "$URL" mallory@example.test >/dev/null
ended
refused 'somebody else signs in' 77 'it was mallory@example.test'
begin killed /dev/null "$account" --client-file "$file"
kill "$(cat "$TAP_DIR/home/pid")"
ended
refused 'the login is killed' 143 'open this address'
begin late /dev/null "$account" --client-file "$file"
: >"$PRODUCT_CONFIG.saslfresh"
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 75 'the configuration cannot be written after the login'
like "$OUTPUT" "cannot add $account to .*rm '$PRODUCT_CONFIG.saslfresh'" 'which is told'
rm "$PRODUCT_CONFIG.saslfresh"
nothing_left 'it cannot be written'
rm -rf "$PRODUCT_HOME/.config"
: >"$PRODUCT_HOME/.config"
product nodirectory login "$account" --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA"
is "$STATUS" 71 'the configuration can have no directory'
unlike "$OUTPUT" 'registering|open this address' 'which is seen before anything is asked'
rm "$PRODUCT_HOME/.config"

# Nobody goes on looking once the command is gone.
printf 'silent.test LIE silent\n' >"$NAMES_ZONE"
rm -f "$TAP_DIR/home/pid"
product_environment sh -c 'echo $$ >"$0" && exec "$@"' "$TAP_DIR/home/pid" "$PREFIX/bin/saslfresh" login me@silent.test \
	>"$TAP_DIR/out/silent" 2>&1 </dev/null &
looks() { ONLINE_PID=$(cat "/proc/$(cat "$TAP_DIR/home/pid")/task/$(cat "$TAP_DIR/home/pid")/children") && [ -n "$ONLINE_PID" ]; } 2>/dev/null
succeeds 'somebody looks for the server' poll 10 looks
fails 'and goes on' process_gone $ONLINE_PID
kill "$(cat "$TAP_DIR/home/pid")"
succeeds 'but stops when the command is gone' poll 3 process_gone $ONLINE_PID
nothing_left 'given up while looking'
printf 'example.test MX 10 mx1.mail.test\n' >"$NAMES_ZONE"

# What takes over a refresh token needs no configuration either.
preset 'token_endpoint_auth_method = none'
oidc_mint mail-public "$account" "$TAP_DIR/home/refresh-token"
product adopt login "$account" --client-id mail-public --refresh-token-file "$TAP_DIR/home/refresh-token"
is "$STATUS $(said provider) $(said client_id)" '0 testmail mail-public' 'a refresh token for an account that is not configured'
works adopted
forget
preset
printf 'invented\n' >"$TAP_DIR/home/refresh-token"
product adopt2 login "$account" --client-id mail-public --refresh-token-file "$TAP_DIR/home/refresh-token"
refused 'one that the server does not know' 77 'invalid_grant'

# ---- a terminal: the prompt ----

# terminal NAME ARGUMENT...: a login on a terminal; type_in N TEXT types on it.
terminal() {
	SCREEN=$TAP_DIR/home/screen.$1
	mkdir "$SCREEN"
	shift
	product_environment "$kit/terminal.py" "$SCREEN" "$PREFIX/bin/saslfresh" login "$@" >>"$TAP_DIR/log/terminal.log" 2>&1 &
	LOGIN_PID=$!
	TAP_PIDS="$LOGIN_PID $TAP_PIDS"
}
type_in() {
	printf '%b' "$2" >"$SCREEN/typing"
	mv "$SCREEN/typing" "$SCREEN/type.$1"
}
asks() { poll 20 shows "$SCREEN/shown" "$1" || diag "the terminal does not show $1"; }
closed() {
	wait "$LOGIN_PID"
	STATUS=$(cat "$SCREEN/status")
	OUTPUT=$(tr -d '\r' <"$SCREEN/screen")
	cp "$SCREEN/screen" "$TAP_DIR/out/${SCREEN##*/}"
}

preset 'token_endpoint_auth_method = client_secret_basic'
terminal prompt "$account"
asks 'Client id: '
type_in 1 '  mail-basic \n'
asks 'Client secret .not shown'
type_in 2 "$OIDC_MAIL_SECRET_BASIC\\n"
asks 'Waiting for the answer'
find_url "$SCREEN/shown"
oidc_browse "$URL" "$account" >/dev/null
closed
is "$STATUS" 0 'terminal: a client id and a secret are asked for'
like "$OUTPUT" 'https://console.example.test/clients' 'terminal: with the page to open'
like "$OUTPUT" '  1. Press "Create"' 'terminal: the first step'
like "$OUTPUT" '  2. Choose the type Desktop app' 'terminal: and the second'
unlike "$OUTPUT" "${OIDC_MAIL_SECRET_BASIC//[^0-9a-f]/.}" 'terminal: the secret is not shown'
is "$(cat "$SCREEN/modes") $(cat "$secret_file")" "restored $OIDC_MAIL_SECRET_BASIC" 'terminal: the secret is in its file'
works 'prompt'

forget
preset
terminal nosecret "$account"
asks 'Client id: '
type_in 1 'mail-public\n'
asks 'Client secret .not shown'
type_in 2 '\n'
asks 'Waiting for the answer'
find_url "$SCREEN/shown"
oidc_browse "$URL" "$account" >/dev/null
closed
is "$STATUS $(everything)" "0 .config/saslfresh/saslfresh.conf .local/state/saslfresh/$account.grant .local/state/saslfresh/$account.token" \
	'terminal: Enter where there is no secret'

forget
preset
# given_up DESCRIPTION: at the prompt that is shown last
given_up() {
	closed
	is "$STATUS $(cat "$SCREEN/modes")" "130 restored" "terminal: ^C $1"
	nothing_left "^C $1"
}
terminal interrupted "$account"
asks 'Client id: '
type_in 1 '\x03'
given_up 'at the client id'
terminal interrupted2 "$account"
asks 'Client id: '
type_in 1 'mail-public\n'
asks 'Client secret .not shown'
type_in 2 '\x03'
given_up 'at the client secret'
terminal interrupted3 "$account" --client-id mail-public
asks 'Client secret .not shown'
type_in 1 '\n'
asks 'Waiting for the answer'
type_in 2 '\x03'
given_up 'while it waits for the browser'
terminal empty "$account"
asks 'Client id: '
type_in 1 '\n'
closed
is "$STATUS" 78 'terminal: no client id'
like "$OUTPUT" 'no client id was given' 'terminal: which is told'
terminal ended "$account"
asks 'Client id: '
type_in 1 '\x04'
closed
is "$STATUS" 77 'terminal: ^D'
nothing_left 'terminal'

# ---- made on a laptop, for a server ----

laptop=$PRODUCT_HOME
server=$TAP_DIR/server
mkdir -m 0700 "$server"
at() { # HOME: what is done from here on is done there
	PRODUCT_HOME=$1 PRODUCT_CONFIG=$1/.config/saslfresh/saslfresh.conf PRODUCT_STATE=$1/.local/state/saslfresh
	config_directory=${PRODUCT_CONFIG%/*} secret_file=$config_directory/$account.client-secret
}
grants() { oidc_count grant_type="$1" outcome=ok; }
# import NAME [FILE]: takes over what is in FILE.
import() {
	mailer_at "$TAP_DIR/out" "$1" "${2-$TAP_DIR/home/export}" "$PREFIX/bin/saslfresh" login --import -
}

preset 'token_endpoint_auth_method = client_secret_basic'
terminal screen "$account" --export --client-id x
closed
is "$STATUS" 64 'an export is not for a screen'
like "$OUTPUT" "saslfresh login --export $account .* ssh SERVER saslfresh login --import -" 'terminal: the ready line'
STDOUT=$TAP_DIR/home/export begin export /dev/null "$account" --export --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA"
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 0 'export: logged in'
like "$OUTPUT" 'exported, and nothing is stored here' 'export: it says that this machine has nothing'
nothing_left 'export'
is "$(sed -n '1p;2p' "$TAP_DIR/home/export"; tail -n 1 "$TAP_DIR/home/export")" "saslfresh_export = 1
account = $account
end = $(($(wc -l <"$TAP_DIR/home/export") - 1))" 'export: one text with a beginning and an end'
is "$(cut -d' ' -f1 "$TAP_DIR/home/export" | grep -c '^refresh_token$')" 1 'export: with the refresh token'

STDOUT=/dev/full begin full /dev/null "$account" --export --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA"
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 71 'export: nobody takes it'
like "$OUTPUT" 'cannot write the export' 'export: which is told'
STDOUT=$TAP_DIR/home/export3 begin device /dev/null "$account" --export --device --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA"
poll 20 shows "$FILE" 'user_code='
oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$FILE" | head -n 1)" "$account"
ended
is "$STATUS $(head -n 1 "$TAP_DIR/home/export3")" '0 saslfresh_export = 1' 'export: with a device code'
nothing_left 'export, device'

at "$server"
head -n -1 "$TAP_DIR/home/export" >"$TAP_DIR/home/torn"
sed 's/^end = .*/end = 3/' "$TAP_DIR/home/export" >"$TAP_DIR/home/wrong-end"
sed 's/= 1$/= 2/' "$TAP_DIR/home/export" >"$TAP_DIR/home/newer"
{ printf 'saslfresh_export = 1\naccount = %s\nclient_secret_command = touch /tmp/x\nrefresh_token = r\nend = 4\n' "$account"; } >"$TAP_DIR/home/command"
head -c 100000 /dev/zero | tr '\0' x >"$TAP_DIR/home/large"
: >"$TAP_DIR/home/empty"
while read -r what status words; do
	import "$what" "$TAP_DIR/home/$what"
	refused "import: $what" "$status" "$words"
done <<-'EOF'
	torn 78 cut off
	wrong-end 78 export
	newer 78 version 2
	command 78 cannot have the key `client_secret_command`
	large 78 larger than 65536
	empty 78 empty
	client.json 78 no export of a login
EOF
sed 's/^refresh_token = .*/refresh_token = invented/' "$TAP_DIR/home/export" >"$TAP_DIR/home/invented"
import invented "$TAP_DIR/home/invented"
refused 'import: a refresh token that the server does not know' 77 'invalid_grant'
product misnamed login bob@example.test --import "$TAP_DIR/home/export"
refused 'import: for another account' 78 "that of $account, not of bob@example.test"
refreshed=$(grants refresh_token)
import imported
is "$STATUS" 0 'import: logged in'
like "$OUTPUT" "$account: added to $PRODUCT_CONFIG" 'import: the account is in the configuration'
is "$(($(grants refresh_token) - refreshed))" 1 'import: by one refresh'
is "$(everything)" ".config/saslfresh/saslfresh.conf .local/state/saslfresh/$account.grant .local/state/saslfresh/$account.token" 'import: what a login leaves'
works 'imported'
works imported-again
fails 'the refresh token that travelled is used up' grep -qF -e "$(sed -n 's/^refresh_token = //p' "$TAP_DIR/home/export")" \
	<(sed -n 's/^refresh_token = //p' "$PRODUCT_STATE/$account.grant")

# With a secret, a preset, and an account that the server knows already.
at "$laptop"
forget
preset 'token_endpoint_auth_method = client_secret_basic'
google installed mail-basic "$OIDC_MAIL_SECRET_BASIC" >"$file"
STDOUT=$TAP_DIR/home/export2 begin export2 /dev/null "$account" --export --client-file "$file"
oidc_browse "$URL" "$account" >/dev/null
ended
is "$STATUS" 0 'export: with a client secret'
nothing_left 'export with a secret'
at "$server"
forget
preset 'token_endpoint_auth_method = client_secret_basic'
printf '[account %s]\nprovider = testmail\nclient_id = other\n' "$account" >"$PRODUCT_CONFIG"
import other "$TAP_DIR/home/export2"
is "$STATUS" 78 'import: an account with another client'
like "$OUTPUT" "$PRODUCT_CONFIG:1: account $account has client_id = other, not mail-basic" 'import: names file and line'
printf '[account %s]\nprovider = testmail\n' "$account" >"$PRODUCT_CONFIG"
import known "$TAP_DIR/home/export2"
is "$STATUS $(cat "$secret_file")" "0 $OIDC_MAIL_SECRET_BASIC" 'import: what the account lacks is added'
is "$(cat "$PRODUCT_CONFIG")" "[account $account]
provider = testmail
client_id = mail-basic
client_secret_file = $secret_file" 'import: to its section'
works imported-secret

# ---- the system's account, whose state belongs to another user ----

mkdir -p "$TAP_DIR/etc" "$TAP_DIR/state" "$PREFIX/etc/saslfresh" "$PREFIX/var/lib/saslfresh"
chmod 0755 "$TAP_DIR" "$TAP_DIR/etc"
chmod 0755 "$TAP_DIR/ca" "$TAP_DIR/ca/ca.pem"
chmod 0700 "$TAP_DIR/state"
chown nobody "$TAP_DIR/state"
mount --bind "$TAP_DIR/etc" "$PREFIX/etc/saslfresh" && mount --bind "$TAP_DIR/state" "$PREFIX/var/lib/saslfresh" || bail 'cannot mount'
forget
google installed mail-post "$OIDC_MAIL_SECRET_POST" >"$file"
log_in system "$account" --system --issuer "$OIDC_ISSUER" --ca-file "$OIDC_CA" --client-file "$file"
is "$STATUS" 0 'system: logged in'
is "$(everything)" '' 'system: nothing of it is in HOME'
is "$(cd "$TAP_DIR/etc" && stat -c '%a %U %n' * | paste -sd,)" "600 nobody $account.client-secret,644 root saslfresh.conf" 'system: the configuration is root'"'"'s, the secret is not'
is "$(cd "$TAP_DIR/state" && stat -c '%U' * | sort -u)" nobody 'system: the state is its owner'"'"'s'
works 'system'

no_leaks
tap_end
