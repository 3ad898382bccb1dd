#!/bin/bash
# OpenLDAP's clients with saslfresh against a real slapd and a real authorization server. Debian has no server's half of
# the mechanisms, so slapd has the one of tests/kit/bearer-server.c. The lines of doc/mailers/openldap.md are run.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
page=$(cd "$kit/../../doc/mailers" && pwd)/openldap.md
for part in tap ca packages oidc product clients; do . "$kit/$part.sh"; done

[ "$(id -u)" -eq 0 ] || skip_all 'a place with names of its own is made by root: run this as root'
account=alice@example.test
server=ldap.example.org     # what people call it
canonical=ldap7.example.org # what its address is called
here=here.example.org       # the machine that the clients run on
PRODUCT_HOSTS=$server
VERDICT='Invalid credentials \(49\)'

# ---- the server ----

# What slapd asks: has the token on its standard input, prints whose it is if it is good. Counts how often it was asked.
write_check() {
	cat >"$TAP_DIR/home/check" <<-END
		#!/bin/bash
		unset LD_LIBRARY_PATH SASL_PATH
		. "$kit/oidc.sh"
		OIDC_CA=$OIDC_CA OIDC_INNER=$OIDC_INNER OIDC_DOVECOT_SECRET=$OIDC_DOVECOT_SECRET
		echo asked >>"$TAP_DIR/asked"
		oidc_authenticate dovecot
		reply=\$(oidc_curl "\${OIDC_AUTHENTICATE[@]}" --data-urlencode token@- "\$OIDC_INNER/token/introspection")
		case \$reply in *'"active":true'*) printf %s "\$(oidc_field sub <<<"\$reply")" ;; esac
	END
	chmod 0700 "$TAP_DIR/home/check"
	: >"$TAP_DIR/asked"
}

# slapd_start NAME PLUGINS: on both addresses, at LDAP_PORT and by TLS at LDAPS_PORT; its log is SLAPD_LOG.
slapd_start() {
	free_port
	LDAP_PORT=$PORT
	free_port
	LDAPS_PORT=$PORT
	SLAPD_LOG=$TAP_DIR/log/$1.log
	printf '%s\n' 'sasl-secprops none' "TLSCertificateFile $TAP_DIR/ca/ldap.pem" "TLSCertificateKeyFile $TAP_DIR/ca/ldap.key" \
		>"$TAP_DIR/$1.conf"
	background "$1" env -u SASL_CONF_PATH LD_LIBRARY_PATH="$CLIENTS_LIBRARIES" SASL_PATH="$2" HOME="$PRODUCT_HOME" \
		BEARER_CHECK="$TAP_DIR/home/check" "$CLIENTS_ROOT/usr/sbin/slapd" -d stats -f "$TAP_DIR/$1.conf" \
		-h "ldap://127.0.0.1:$LDAP_PORT ldap://127.0.0.2:$LDAP_PORT ldaps://127.0.0.1:$LDAPS_PORT ldaps://127.0.0.2:$LDAPS_PORT"
	SLAPD_PID=$BACKGROUND_PID
	poll 20 slapd_ready || bail 'slapd did not start'
}

slapd_ready() {
	process_gone "$SLAPD_PID" && bail 'slapd ended'
	port_open "$LDAP_PORT"
}

# said EXTENDED-REGEX: how many lines of slapd's log match.
said() { grep -Ec -e "$1" "$SLAPD_LOG"; }
has_said() { [ "$(said "$2")" -gt "$1" ]; }

# slapd_saw BEFORE DESCRIPTION EXTENDED-REGEX: a case: one line more matches than the BEFORE of said.
slapd_saw() {
	poll 5 has_said "$1" "$3"
	is "$(($(said "$3") - $1))" 1 "$2"
}

# seen: how many tokens slapd was shown, and how many logins were tried.
seen() { printf '%s tokens, %s logins\n' "$(wc -l <"$TAP_DIR/asked")" "$(said ' BIND dn="" method=163')"; }

# ---- the clients ----

# A machine of its own, on which the name of the server is an alias of what its address is called.
write_place() {
	printf '127.0.0.1 localhost\n127.0.1.1 %s\n127.0.0.2 %s %s\n' "$here" "$canonical" "$server" >"$TAP_DIR/hosts"
	printf '#!/bin/sh\nhostname %s && mount --bind "%s" /etc/hosts && exec "$@"\n' "$here" "$TAP_DIR/hosts" >"$TAP_DIR/home/place"
	chmod 0700 "$TAP_DIR/home/place"
}

# ldap COMMAND...: sets STATUS, OUTPUT and ELAPSED. INPUT is its standard input.
INPUT=/dev/null
ldap() {
	CLIENTS_RUNS=$((CLIENTS_RUNS + 1))
	mailer_at "$TAP_DIR/out" "ldap.$CLIENTS_RUNS" "$INPUT" unshare -mu "$TAP_DIR/home/place" "${CLIENTS_RUN[@]}" \
		LDAPTLS_CACERT="$OIDC_CA" PATH="$CLIENTS_ROOT/usr/bin:$PATH" "$@"
}

# whoami ACCOUNT MECHANISM TLS|STARTTLS|CLEAR [ARGUMENT...]
whoami() {
	local name=$1 mechanism=$2 line=(-H "ldap://$server:$LDAP_PORT")
	case $3 in
	TLS) line=(-H "ldaps://$server:$LDAPS_PORT") ;;
	STARTTLS) line+=(-ZZ) ;;
	esac
	shift 3
	ldap ldapwhoami "${line[@]}" -Y "$mechanism" -U "$name" "$@"
}
login() { whoami "$@" -N; }

# identity USER MECHANISM: what slapd makes of them.
identity() { printf 'dn:uid=%s,cn=%s,cn=auth' "$1" "${2,,}"; }

# stays EXTENDED-REGEX DESCRIPTION: a case: the last login was not tried, since `before`, and it was said why.
stays() {
	isnt_zero "$STATUS" "$2: fails"
	like "$OUTPUT" "$1" '... and says why'
	is "$(seen)" "$before" '... before slapd sees anything'
}

hosts() { sed -i "s/^hosts = .*/hosts = $1/" "$PRODUCT_CONFIG"; }

tap_start
oidc_start
product_start
clients_install slapd ldap-utils
mkdir "$TAP_DIR/plugins"
succeeds "the server's half is built without a warning" cc -Wall -Wextra -Werror -O2 -shared -fPIC \
	-o "$TAP_DIR/plugins/libbearer.so" "$kit/bearer-server.c"
write_check
write_place
(cd "$TAP_DIR/ca" && ca_sign ca ldap "$server" "DNS:$server,DNS:$here" 0 && chmod 0644 ldap.key) || bail 'cannot make a certificate'
slapd_start slapd "$TAP_DIR/plugins:$PREFIX/lib/sasl2:$SASL_DIRECTORY"
succeeds 'an account' product_account "$account" mail-basic

# ---- both mechanisms ----

ldap ldapsearch -x -LLL -H "ldaps://$server:$LDAPS_PORT" -b '' -s base supportedSASLMechanisms
for mechanism in OAUTHBEARER XOAUTH2; do
	like "$OUTPUT" "^supportedSASLMechanisms: $mechanism\$" "slapd offers $mechanism"
done
for mechanism in OAUTHBEARER XOAUTH2; do
	for tls in TLS STARTTLS; do
		before=$(said "BIND dn=\"uid=$account,.*mech=$mechanism .*ssf=256")
		login "$account" "$mechanism" "$tls"
		is "$STATUS" 0 "ldapwhoami, $mechanism over $tls"
		is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" "$mechanism")" '... is the user'
		slapd_saw "$before" '... and slapd agrees' "BIND dn=\"uid=$account,.*mech=$mechanism .*ssf=256"
	done
	before=$(said "BIND dn=\"uid=$account,.*mech=$mechanism ")
	ldap ldapsearch -LLL -Q -N -Y "$mechanism" -U "$account" -H "ldaps://$server:$LDAPS_PORT" -b '' -s base supportedLDAPVersion
	is "$STATUS $OUTPUT" $'0 dn:\nsupportedLDAPVersion: 3' "ldapsearch, $mechanism, finds"
	slapd_saw "$before" '... as the user' "BIND dn=\"uid=$account,.*mech=$mechanism "
done
for mechanism in OAUTHBEARER XOAUTH2; do
	must_survive "ldapwhoami-$mechanism" mail-basic "$account" login "$mechanism" TLS
	must_survive "ldapwhoami-$mechanism-starttls" mail-basic "$account" login "$mechanism" STARTTLS
done

# ---- the user ----

odd='a=b,c@example.test'
succeeds 'an account whose user has what OAUTHBEARER escapes' product_account odd@accounts.test mail-basic "$odd" "user = $odd"
succeeds 'and one with the token of somebody else' product_account other@accounts.test mail-basic "$account" 'user = bob@example.test'
for mechanism in OAUTHBEARER XOAUTH2; do
	before=$(said "BIND authcid=\"$odd\"")
	login odd@accounts.test "$mechanism" TLS
	is "$STATUS" 0 "$mechanism: such a user logs in"
	slapd_saw "$before" '... and slapd has the very name' "BIND authcid=\"$odd\""
	login other@accounts.test "$mechanism" TLS
	isnt_zero "$STATUS" "$mechanism: a token is no good for another user"
	like "$OUTPUT" "$VERDICT" '... with the verdict of slapd'
done

# ---- what is asked ----

for mechanism in OAUTHBEARER XOAUTH2; do
	login "$account" "$mechanism" TLS
	unlike "$OUTPUT" 'Please|password' "$mechanism: nothing is asked"
	login "$account" "$mechanism" TLS -Q
	is "$OUTPUT" "$(identity "$account" "$mechanism")" '... and nothing else said if it is to be quiet'
done
before=$(seen)
ldap ldapwhoami -H "ldaps://$server:$LDAPS_PORT" -N -Y OAUTHBEARER
stays 'Please enter your account name: ' 'no name given, and nobody to ask'
ldap ldapwhoami -H "ldaps://$server:$LDAPS_PORT" -N -Q -Y OAUTHBEARER
stays 'Local error \(-2\)' 'no name given, and to be quiet'
unlike "$OUTPUT" 'Please' '... without a question'
printf '%s\n' "$account" >"$TAP_DIR/typed"
INPUT=$TAP_DIR/typed
ldap ldapwhoami -H "ldaps://$server:$LDAPS_PORT" -N -Y OAUTHBEARER
is "$(grep -o 'Please enter your [a-z ]*' <<<"$OUTPUT")" 'Please enter your account name' 'the name is asked for, and nothing else'
is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" OAUTHBEARER)" '... and taken'
login "$account" OAUTHBEARER TLS -I
like "$OUTPUT" "^Default: $account" '... and with -I, too'
is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" OAUTHBEARER)" '... and taken'
INPUT=/dev/null
ldap ldapwhoami -H "ldaps://$server:$LDAPS_PORT" -N -U "$account" -w not-a-password
like "$OUTPUT" '^SASL/SCRAM-SHA-[0-9]* authentication started' 'no mechanism named: SCRAM goes first where it is offered, as the page says'
login "$account" OAUTHBEARER TLS -X u:bob@example.test
is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" OAUTHBEARER)" 'another identity is not sent, as the page says'

# ---- in clear ----

for mechanism in OAUTHBEARER XOAUTH2; do
	before=$(seen)
	login "$account" "$mechanism" CLEAR
	stays 'no mechanism available: No worthy mechs found' "$mechanism without TLS"
	before=$(said "BIND dn=\"uid=$account,.*mech=$mechanism .* ssf=0")
	login "$account" "$mechanism" CLEAR -O none
	is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" "$mechanism")" '... and for those who insist'
	slapd_saw "$before" '... which slapd sees' "BIND dn=\"uid=$account,.*mech=$mechanism .* ssf=0"
done

# ---- the name of the server ----

before=$(seen)
whoami "$account" OAUTHBEARER TLS
stays "the access token of $account stays here: $canonical is not one of the servers" 'without -N: what the address is called counts'
hosts "$server $canonical"
whoami "$account" OAUTHBEARER TLS
is "$STATUS" 0 '... and hosts may name it'
hosts "$server"
before=$(seen)
ldap ldapwhoami -H "ldaps://localhost:$LDAPS_PORT" -Y OAUTHBEARER -U "$account"
stays "stays here: $here is not one of the servers" 'a server on the same machine: it has the name of that machine'
hosts "$here"
ldap ldapwhoami -H "ldaps://localhost:$LDAPS_PORT" -Y OAUTHBEARER -U "$account"
is "$STATUS" 0 '... which hosts may name, and the certificate has to'
hosts mail.example.org
before=$(seen)
login "$account" OAUTHBEARER TLS
stays "stays here: $server is not one of the servers that it may be sent to \(\`hosts\` of \[account $account\] names them\)" 'a server that hosts does not name'
hosts "$server"

# ---- no account ----

login bob@example.test OAUTHBEARER TLS
stays 'user not found: there is no account bob@example\.test \(saslfresh list shows them' 'a name that has no account'
mv "$PRODUCT_CONFIG" "$PRODUCT_CONFIG.aside"
login "$account" OAUTHBEARER TLS
stays 'no mechanism available: No worthy mechs found' 'no account at all'
mv "$PRODUCT_CONFIG.aside" "$PRODUCT_CONFIG"

# ---- the page ----

# block KIND: what stands in the page between ```KIND and ```, as it is here but for the port.
block() {
	awk -v open="\`\`\`$1" '/^```/ { inside = $0 == open; next } inside' "$page" |
		sed -e "s,ldaps://$server,&:$LDAPS_PORT,g" -e "s,/etc/ssl/certs/ca-certificates.crt,$OIDC_CA,g"
}
succeeds 'the account of the page' product_account me@example.org mail-post
block sh >"$TAP_DIR/home/lines"
like "$(cat "$TAP_DIR/home/lines")" '^ldapwhoami ' 'the page has a line for a shell'
while read -r line; do
	before=$(said 'BIND dn="uid=me@example\.org,.*mech=OAUTHBEARER ')
	ldap sh -c "$line"
	is "$STATUS" 0 "it works: $line"
	slapd_saw "$before" '... by a token' 'BIND dn="uid=me@example\.org,.*mech=OAUTHBEARER '
	# Those after the first need no more than the file.
	block ldaprc >"$PRODUCT_HOME/.ldaprc"
done <"$TAP_DIR/home/lines"
like "$(cat "$PRODUCT_HOME/.ldaprc")" '^SASL_NOCANON on$' 'the page has a file'
rm -f "$PRODUCT_HOME/.ldaprc"

# ---- a token as long as they come ----

oidc_set size=16000
product long refresh "$account" --force
for mechanism in OAUTHBEARER XOAUTH2; do
	login "$account" "$mechanism" TLS
	is "$(tail -n 1 <<<"$OUTPUT")" "$(identity "$account" "$mechanism")" "$mechanism: a token of $(product_cached "$account" access_token | tr -d '\n' | wc -c) octets"
done
is "$(said saslfresh)" 0 'slapd has the plugin in its path too, and nothing to say about it'

# ---- a slapd that has no server's half ----

slapd_start bare "$SASL_DIRECTORY"
ldap ldapsearch -x -LLL -H "ldaps://$server:$LDAPS_PORT" -b '' -s base supportedSASLMechanisms
unlike "$OUTPUT" 'OAUTH' 'a slapd of Debian offers neither'
for mechanism in OAUTHBEARER XOAUTH2; do
	login "$account" "$mechanism" TLS
	isnt_zero "$STATUS" "... and $mechanism fails"
	like "$OUTPUT" "Authentication method not supported \(7\)" '... and it is said why'
	like "$OUTPUT" "Couldn't find mech $mechanism" '... in these words'
done

no_leaks
tap_end
