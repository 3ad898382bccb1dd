#!/bin/bash
# Every call that can fail is made to fail, one after the other, in saslfresh and in saslfresh-online, and both
# are killed there: no refresh token that the endpoint has issued is lost. The order of what is done is read
# from strace. Rows: faults.py; the failing calls: faults.c. TAP.
#
#     faults.sh [PATTERN]      only the rows whose name PATTERN (a regular expression) finds

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/kit/tap.sh"
. "$here/endpoint/prefix.sh"

export PYTHONDONTWRITEBYTECODE=1
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

tap_start

# A prefix of its own: a script stands in for the online half, for the command hands no LD_PRELOAD down.
SASLFRESH_PREFIX=
prefix_make "$here/.."
online=$PREFIX/libexec/saslfresh
mkdir "$online/real" && mv "$online/saslfresh-online" "$online/real/" || bail 'there is no online half'
cat >"$online/saslfresh-online" <<SCRIPT
#!/bin/sh
exec env \$(cat "\$HOME/online.env" 2>/dev/null) '$online/real/saslfresh-online' "\$@"
SCRIPT
chmod 0755 "$online/saslfresh-online"

${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -fPIC -shared -fno-builtin "$here/faults.c" \
	-o "$TAP_DIR/faults.so" -ldl >"$TAP_DIR/log/shim.log" 2>&1 || bail 'faults.c does not build'

mkdir -m 0700 "$TAP_DIR/endpoint" "$TAP_DIR/homes"
background endpoint /usr/bin/python3 -W ignore "$here/endpoint/endpoint.py" --dir "$TAP_DIR/endpoint" --listen http
poll 10 test -s "$TAP_DIR/endpoint/ports" || bail 'the scripted endpoint did not start'

# faults.py writes the plan; what is left is to end the endpoint and say how it went.
/usr/bin/python3 "$here/faults.py" "$PREFIX" "$TAP_DIR" "${1-}"
TAP_FAILED=$?
TAP_ENDED=yes
exit "$TAP_FAILED"
