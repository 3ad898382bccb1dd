#!/bin/bash
# home.sh PASSWD COMMAND...: runs COMMAND where PASSWD is /etc/passwd: whoever looks up a home there finds that of the test.
set -e
[ -n "${HOME_SH_INSIDE-}" ] || HOME_SH_INSIDE=yes exec unshare -m "$0" "$@"
unset HOME_SH_INSIDE
mount --bind "$1" /etc/passwd
shift
exec "$@"
