# names.sh: a test that has the network and the names for itself. Needs tap.sh and ca.sh; root.
#
# names_enter SCRIPT ARGUMENT...   runs the script again in a network and mount namespace of its own, where nothing is
#                                  reached but loopback, and does not come back; true once the test is in there. What
#                                  is fetched from elsewhere must be there before.
# names_start                      in there: a name server (dns.py) on 127.0.0.1:53 that everybody asks, with the file
#                                  NAMES_ZONE, and a web server (web.py) on 127.0.0.1:443 with the directory NAMES_WEB;
#                                  its certificate, signed by NAMES_CA, is for *.example.test, example.test and what
#                                  names_start is given.
# names_site HOST PATH             writes standard input there
# names_requests                   prints `METHOD HOST PATH` of all requests since the last call

NAMES_KIT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

names_enter() {
	[ "${NAMES_INSIDE-}" = yes ] && return 0
	[ "$(id -u)" -eq 0 ] || skip_all 'only root can have a network of its own'
	export NAMES_INSIDE=yes
	exec unshare --net --mount --propagation private bash "$@"
}

names_start() {
	local name names=DNS:example.test,DNS:*.example.test
	for name; do
		names+=",DNS:$name"
	done
	NAMES_ZONE=$TAP_DIR/zone NAMES_WEB=$TAP_DIR/web
	mkdir -p "$NAMES_WEB"
	: >"$NAMES_ZONE"
	[ -d "$TAP_DIR/ca" ] || ca_make "$TAP_DIR/ca" || bail 'cannot make certificates'
	NAMES_CA=$TAP_DIR/ca/ca.pem
	(cd "$TAP_DIR/ca" && ca_sign ca web web.example.test "$names" 0) || bail 'cannot make a certificate'
	names_loopback || bail 'no loopback interface'
	printf 'nameserver 127.0.0.1\n' >"$TAP_DIR/resolv.conf"
	printf 'hosts: files dns\n' >"$TAP_DIR/nsswitch.conf"
	mount --bind "$TAP_DIR/resolv.conf" "$(readlink -f /etc/resolv.conf)" &&
		mount --bind "$TAP_DIR/nsswitch.conf" /etc/nsswitch.conf || bail 'cannot mount'
	background dns /usr/bin/python3 "$NAMES_KIT/dns.py" 127.0.0.1 53 "$NAMES_ZONE" "$TAP_DIR/dns.ready"
	background web /usr/bin/python3 "$NAMES_KIT/web.py" 127.0.0.1 443 "$TAP_DIR/ca/web.pem" "$TAP_DIR/ca/web.key" \
		"$NAMES_WEB" "$TAP_DIR/web.ready"
	poll 10 test -s "$TAP_DIR/dns.ready" || bail 'the name server did not start'
	poll 10 test -s "$TAP_DIR/web.ready" || bail 'the web server did not start'
}

# Without ip(8), which not every machine has: SIOCGIFFLAGS and SIOCSIFFLAGS.
names_loopback() {
	/usr/bin/python3 -c '
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    flags = struct.unpack("16sh", fcntl.ioctl(any_socket, 0x8913, struct.pack("16sh14x", b"lo", 0))[:18])[1]
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))'
}

names_site() {
	mkdir -p "$(dirname "$NAMES_WEB/$1/$2")"
	cat >"$NAMES_WEB/$1/$2"
}

names_requests() {
	[ -e "$NAMES_WEB/log" ] || return 0
	cat "$NAMES_WEB/log"
	: >"$NAMES_WEB/log"
}
