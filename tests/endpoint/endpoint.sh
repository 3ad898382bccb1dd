#!/bin/bash
# What a token endpoint can do wrong, and a disk, and a configuration: every row ends in one sentence, the right
# exit code, an unchanged grant and a token that is used to its end. Rows: replies.py, policy.py,
# login.py, wire.py, client.py, connection.py, configuration.py, state.py, reports.py, durable.py, faults.py,
# remedies.py, endings.py, watching.py, hooks.py.
# SASLFRESH_PREFIX names an installed prefix; without it one is built.
#
#     endpoint.sh [PATTERN]      only the rows whose name PATTERN (a regular expression) finds

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/../kit/tap.sh"
. "$here/../kit/ca.sh"
. "$here/prefix.sh"

export PYTHONDONTWRITEBYTECODE=1
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

tap_start
prefix_make "$here/../.."
certificates=$TAP_DIR/certificates
ca_make "$certificates" || bail 'no certificates could be made'
mkdir -m 0700 "$TAP_DIR/endpoint" "$TAP_DIR/homes"

pair() {
	printf '%s' "$1:$certificates/$2.pem:$certificates/$2.key"
}

# The proxy rows count the connections to a listener of their own.
background endpoint /usr/bin/python3 -W ignore "$here/endpoint.py" --dir "$TAP_DIR/endpoint" --listen http \
	--listen "$(pair https server)" --listen "$(pair https2 server)" --listen "$(pair https3 server)" \
	--listen "$(pair https4 server)" --listen "$(pair https5 server)" \
	--listen "$(pair wrongname wrongname)" --listen "$(pair expired expired)" \
	--listen "$(pair unknown unknown)" --listen "$(pair tls11 server):tls1.1"
poll 10 test -s "$TAP_DIR/endpoint/ports" || bail 'the scripted endpoint did not start'

# rows.py writes the plan; what is left is to end the endpoint and say how it went.
/usr/bin/python3 "$here/rows.py" "$PREFIX" "$TAP_DIR" "${1-}"
TAP_FAILED=$?
TAP_ENDED=yes
exit "$TAP_FAILED"
