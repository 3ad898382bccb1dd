#!/bin/bash
# The authorization server of an address, found by domain, mail exchanger and by what the domain publishes, in a network
# where every name is the test's; and clients that register themselves. Real: libc's resolver, oidc-provider's metadata
# and registration, glewlwyd's metadata. Scripted: the name server and the web sites, which also lie.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
top=$(cd "$kit/../.." && pwd)
for part in tap ca packages oidc glewlwyd names; do . "$kit/$part.sh"; done
. "$top/tests/endpoint/prefix.sh"

unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset XDG_CONFIG_HOME XDG_STATE_HOME

tap_start
if [ "${NAMES_INSIDE-}" != yes ]; then
	kit_cache
	[ "$KIT_CACHE" != "$TAP_DIR/cache" ] || export NAMES_CACHE="$(mktemp -d)"
	export KIT_CACHE="${NAMES_CACHE-$KIT_CACHE}"
	oidc_install
	glewlwyd_install
	rm -rf "$TAP_DIR"
	trap - EXIT
fi
names_enter "$0" "$@"

prefix_make "$top"
names_start
export HOME=$TAP_DIR/home SSL_CERT_FILE=$NAMES_CA
config=$HOME/.config/saslfresh/saslfresh.conf
mkdir -p "${config%/*}"
finder=$TAP_DIR/finder
cc -std=gnu11 -D_GNU_SOURCE -Wall -Werror -I"$top/plugin" -I"$top/online" -DSASLFRESH_VERSION='"0"' \
	-DSASLFRESH_SYSCONFDIR="\"$PREFIX/etc\"" -DSASLFRESH_DATADIR="\"$PREFIX/share\"" \
	-DSASLFRESH_LOCALSTATEDIR="\"$PREFIX/var\"" -DSASLFRESH_COMMAND="\"$PREFIX/bin/saslfresh\"" \
	-DSASLFRESH_SOCKET="\"$PREFIX/var/run/saslfresh/socket\"" -DSASLFRESH_ONLINE="\"$PREFIX/libexec/saslfresh/saslfresh-online\"" -o "$finder" "$kit/finder.c" \
	$(ls "$top"/online/*.c "$top"/plugin/*.c | grep -vE '/(main|mechanism)\.c$') \
	$(pkg-config --cflags --libs libcurl json-c libcrypto) -lresolv >"$TAP_DIR/log/cc.log" 2>&1 || bail 'the finder does not compile'

# run VERB ADDRESS [LINE...]: with the account and these keys; sets STATUS, OUT and ERR.
run() {
	local verb=$1 address=$2
	shift 2
	{
		printf '[account %s]\n' "$address"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$config"
	STATUS=0
	"$finder" "$verb" "$address" >"$TAP_DIR/out/stdout" 2>"$TAP_DIR/out/stderr" </dev/null || STATUS=$?
	OUT=$(cat "$TAP_DIR/out/stdout")
	ERR=$(cat "$TAP_DIR/out/stderr")
}

found() { # DESCRIPTION KEYS WORDS: exactly these keys, and these words on the terminal
	is "$STATUS $OUT" "0 $2" "$1"
	like "$ERR" "$3" "$1: and says why"
}

refused() { # DESCRIPTION STATUS PATTERN
	is "$STATUS $OUT" "$2 " "$1: no keys"
	like "$ERR" "$3" "$1: the sentence"
	is "$(grep -c '^finder: ' <<<"$ERR")" 1 "$1: one"
}

zone() {
	cat >"$NAMES_ZONE"
}

value() { # KEY
	sed -n "s/^$1 = //p" <<<"$OUT"
}

# ---- presets: the domain, then the mail exchangers ----

zone </dev/null
run find me@GMail.com.
found 'a known domain' 'provider = google' 'gmail.com.*google \(Gmail'
run find me@tenant.onmicrosoft.com
found 'a wildcard' 'provider = microsoft' 'tenant.onmicrosoft.com.*microsoft'
run find me@gmail.com 'provider = microsoft'
is "$STATUS $OUT" '0 ' 'a provider that is named is not looked for'
run find me@gmail.com 'token_endpoint = https://elsewhere.example.test/'
is "$STATUS $OUT" '0 ' 'nor is anything with a token endpoint'
for row in me@gmx.de=hilfe.gmx.net me@web.de=web.de/email me@icloud.com=support.apple.com me@mail.com=support.mail.com \
	me@proton.me=proton.me/mail; do
	run find "${row%%=*}"
	refused "${row%%=*}" 78 "no OAuth 2.0.*https://${row#*=}"
done
run find me@example.test 'provider = icloud'
refused 'a named provider without OAuth 2.0' 78 'no OAuth 2.0.*https://support.apple.com'
run find me@yahoo.com
found 'Yahoo' 'provider = yahoo' 'contract.*'
like "$ERR" 'https://help.yahoo.com/' 'Yahoo: the page for app passwords'
run find me@yahoo.com 'client_id = mine'
unlike "$ERR" 'https://help.yahoo.com/' 'Yahoo: not for those who have a client'

zone <<-'EOF2'
	google.test     MX  20 mail.elsewhere.test
	google.test     MX  10 aspmx.l.GOOGLE.com
	tenant.test     MX  0 tenant-test.mail.protection.outlook.com.
	second.test     MX  10 mx.second.test
	second.test     MX  20 in1-smtp.messagingengine.com
	first.test      MX  30 aspmx.l.google.com
	first.test      MX  5 mx1.mail.icloud.com
	alias.test      CNAME  google.test
	nullmx.test     MX  0 .
	loop.test       LIE  loop
	short.test      LIE  short
	other.test      LIE  other
	noise.test      LIE  noise
	wrongid.test    LIE  wrongid
	servfail.test   LIE  servfail
	silent.test     LIE  silent
	truncated.test  LIE  truncated
	many.test       LIE  many
	google.evil.test  MX  10 aspmx.l.google.com.evil.test
EOF2
run find me@google.test
found 'by a mail exchanger' 'provider = google' 'google.test gets its mail at aspmx.l.google.com.*google'
run find me@tenant.test 'tenant = tenant.test'
found 'Microsoft, with a tenant of its own' 'provider = microsoft' 'tenant-test.mail.protection.outlook.com'
run find me@second.test
found 'by the second one' 'provider = fastmail' 'in1-smtp.messagingengine.com'
run find me@alias.test
found 'behind an alias' 'provider = google' 'alias.test gets its mail'
run find me@truncated.test
found 'half an answer will do, and nobody waits for TCP' 'provider = google' 'truncated.test gets its mail at aspmx'
run find me@first.test
refused 'the preferred one decides' 78 'iCloud Mail has no OAuth'
for how in nullmx loop short other noise many google.evil unknown; do
	run find "me@$how.test"
	refused "$how.test" 78 "no preset knows $how.test.*--provider NAME"
done
for how in wrongid servfail silent; do
	before=$(now_ms)
	run find "me@$how.test"
	is "$STATUS $OUT" '75 ' "$how.test: no keys, but perhaps later"
	like "$ERR" "no name server says anything about $how.test" "$how.test: the name server is named"
	at_most "$(($(now_ms) - before))" 25000 "$how.test: and that does not last"
done
for address in me me@ @example.test me@localhost 'me@exa_mple.test' me@-a.test me@a..test 'me@[127.0.0.1]'; do
	run find "$address"
	refused "$address" 78 'no mail address with a domain|no preset'
done

# ---- what a domain publishes: draft-ietf-mailmaint-pacc ----

metadata() { # ISSUER [MEMBER...]
	local issuer=$1
	shift
	printf '{"issuer":"%s","authorization_endpoint":"%s/authorize","token_endpoint":"%s/token",%s"response_types_supported":["code"]}' \
		"$issuer" "${issuer%/}" "${issuer%/}" "$(printf '%s,' "$@" | sed 's/^,$//')"
}

pacc() { # JSON [DIGEST]
	local digest
	printf %s "$1" | names_site ua-auto-config.example.test .well-known/user-agent-configuration.json
	digest=${2-$(printf %s "$1" | openssl dgst -sha256 -binary | base64)}
	zone <<-EOF2
		ua-auto-config.example.test   A    127.0.0.1
		_ua-auto-config.example.test  TXT  "v=UAAC1; a=sha256; d=AAAA"
		_ua-auto-config.example.test  TXT  "v=UAAC1; a=sha" "256; d=$digest"
		auth.example.test             A    127.0.0.1
		example.test                  A    127.0.0.1
		mail.example.test             A    127.0.0.1
		example.test                  MX   10 mail.example.test
	EOF2
}

document='{"protocols":{"imap":{"host":"imap.example.test"},"pop3":{"host":"pop.example.test"},"submit":{"host":"smtp.example.test"}},"authentication":{"oauth-public":{"issuer":"https://auth.example.test/mail"},"password":true}}'
pacc "$document"
metadata https://auth.example.test/mail '"scopes_supported":["urn:ietf:params:oauth:scope:mail","offline_access","openid","x"]' \
	'"registration_endpoint":"https://auth.example.test/register"' |
	names_site auth.example.test .well-known/oauth-authorization-server/mail
names_requests >/dev/null
run find me@example.test
found 'a domain that publishes its servers' "issuer = https://auth.example.test/mail
authorization_endpoint = https://auth.example.test/mail/authorize
token_endpoint = https://auth.example.test/mail/token
registration_endpoint = https://auth.example.test/register
scope = urn:ietf:params:oauth:scope:mail offline_access
login_scope = openid
authorization_parameters = prompt=consent
hosts = imap.example.test pop.example.test smtp.example.test
imap = imap.example.test:993
pop = pop.example.test:995
smtp = smtp.example.test:465" 'example.test publishes that https://auth.example.test/mail'
is "$(names_requests)" 'GET ua-auto-config.example.test /.well-known/user-agent-configuration.json
GET auth.example.test /.well-known/oauth-authorization-server/mail' 'and that is all that was asked'
run find me@example.test 'scope = mine' 'hosts = mail.example.test'
is "$(value scope)$(value hosts)" '' 'what the account has is not added'

pacc "$document" AAAABBBB
run find me@example.test
refused 'a document that the DNS does not vouch for' 78 'not what the TXT record of _ua-auto-config.example.test vouches for'
pacc "$document" ''
run find me@example.test
refused 'an empty digest' 78 'vouches for'
pacc '{"authentication":{"oauth-public":{"issuer":"https://auth.example.test/other"}}}'
run find me@example.test
refused 'an issuer without metadata' 78 'https://auth.example.test/.well-known/oauth-authorization-server/other is not there \(HTTP 404\)'
pacc '{"authentication":{"oauth-public":{"issuer":"http://auth.example.test/mail"}}}'
run find me@example.test
refused 'an issuer without https' 78 'http://auth.example.test/mail cannot be an issuer'
pacc '{"protocols":{"imap":{"host":"imap.example.test evil.test"}},"authentication":{"oauth-public":{"issuer":"https://auth.example.test/mail"}}}'
run find me@example.test
refused 'a host that is none' 78 'the host it has for imap cannot be used'
pacc '[]'
run find me@example.test
refused 'no object' 78 'not a JSON object'
pacc "$document"
printf 'HTTP/1.1 302 Found\r\nLocation: https://evil.test/x\r\nContent-Length: 0\r\n\r\n' |
	names_site ua-auto-config.example.test .well-known/user-agent-configuration.json.reply
run find me@example.test
refused 'a document that is elsewhere' 78 'user-agent-configuration.json redirects to https://evil.test/x .HTTP 302.'
rm -r "$NAMES_WEB/ua-auto-config.example.test"

# ---- the metadata of the domain and of its mail exchanger ----

metadata https://example.test | names_site example.test .well-known/oauth-authorization-server
run find me@example.test
is "$STATUS $(value issuer)" '0 https://example.test' 'RFC 8414 at the domain'
rm "$NAMES_WEB/example.test/.well-known/oauth-authorization-server"
metadata https://example.test/ | names_site example.test .well-known/openid-configuration
run find me@example.test
is "$STATUS $(value issuer)" '0 https://example.test/' 'OpenID Connect Discovery at the domain; the slash is the server'"'"'s'
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>' |
	names_site example.test .well-known/oauth-authorization-server.reply
run find me@example.test
is "$STATUS $(value issuer)" '0 https://example.test/' 'a web page where metadata could be is none'
metadata https://mail.example.test:443 | names_site example.test .well-known/openid-configuration
run find me@example.test
refused 'a domain that names another issuer' 78 'is about another issuer: https://mail.example.test:443'
rm -r "$NAMES_WEB/example.test"
metadata https://mail.example.test | names_site mail.example.test .well-known/oauth-authorization-server
run find me@example.test
is "$STATUS $(value issuer)" '0 https://mail.example.test' 'RFC 8414 at its mail exchanger'
rm -r "$NAMES_WEB/mail.example.test"
run find me@example.test
refused 'nothing anywhere' 78 'no preset knows example.test.*not there'

# ---- an issuer that is named: real servers ----

oidc_start registration
issuer=$OIDC_ISSUER
run find me@example.test "issuer = $issuer" "ca_file = $OIDC_CA"
is "$STATUS $(value token_endpoint)" "0 $issuer/token" 'oidc-provider: token endpoint'
is "$(value authorization_endpoint) $(value device_authorization_endpoint)" "$issuer/auth $issuer/device/auth" 'where a person logs in'
is "$(value revocation_endpoint) $(value userinfo_endpoint)" "$issuer/token/revocation $issuer/me" 'and the rest'
is "$(value registration_endpoint)" "$issuer/reg" 'oidc-provider: registration endpoint'
is "$(value scope), $(value login_scope)" 'mail offline_access, openid' 'oidc-provider: scopes'
is "$(value issuer)" '' 'the issuer is there already'
keys=$OUT

run find me@example.test "issuer = $issuer/" "ca_file = $OIDC_CA"
refused 'an issuer with a slash too many' 76 "is about another issuer: $issuer .if"

mapfile -t lines <<<"$keys"
run register me@example.test "issuer = $issuer" "ca_file = $OIDC_CA" "${lines[@]}"
is "$STATUS $(sed 's/ = .*//' <<<"$OUT" | paste -sd' ')" '0 client_id token_endpoint_auth_method redirect_uri' 'oidc-provider registers a client'
is "$(value token_endpoint_auth_method) $(value redirect_uri)" 'none http://127.0.0.1/callback' 'a public one, at loopback'
client=$(value client_id)
free_port
challenge=$(printf %s verifier-verifier-verifier-verifier-verifier | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =)
url=$(oidc_browse "$OIDC_ISSUER/auth?response_type=code&client_id=$client&redirect_uri=$(oidc_encode "http://127.0.0.1:$PORT/callback")&scope=openid+offline_access+mail&prompt=consent&state=x&code_challenge=$challenge&code_challenge_method=S256" alice@example.test)
code=$(sed -nE 's/.*[?&]code=([^&]*).*/\1/p' <<<"$url")
like "$(oidc_curl --data-urlencode "client_id=$client" -d grant_type=authorization_code --data-urlencode "code=$code" \
	-d code_verifier=verifier-verifier-verifier-verifier-verifier --data-urlencode "redirect_uri=http://127.0.0.1:$PORT/callback" \
	"$OIDC_ISSUER/token")" '"refresh_token"' 'with which a person logs in, on any port'
run register me@example.test "ca_file = $OIDC_CA" "registration_endpoint = $issuer/reg" 'scope = unheard-of'
refused 'a scope that it does not have' 78 'localhost refuses to register a client \(HTTP 400, invalid_client_metadata'
run register me@example.test "ca_file = $OIDC_CA" "registration_endpoint = $issuer/reg" 'redirect_uri = http://elsewhere.example.test/'
refused 'a redirect URI that it does not take' 78 'HTTP 400, invalid_redirect_uri.*redirect_uri = '

glewlwyd_start
run find me@example.test "issuer = $GLEWLWYD_ISSUER" "ca_file = $GLEWLWYD_CA"
is "$STATUS $(value token_endpoint)" "0 $GLEWLWYD_ISSUER/token" 'glewlwyd: found by OpenID Connect Discovery, behind the path'
is "$(value authorization_endpoint)" "$GLEWLWYD_ISSUER/auth" 'glewlwyd: where a person logs in'

like "$(cat "$TAP_DIR/log/dns.log")" '_ua-auto-config.example.test 16' 'the name server was asked'
[ -z "${NAMES_CACHE-}" ] || rm -rf "$NAMES_CACHE"
tap_end
