# machine.sh: this machine as another one, in a namespace of mounts: what is changed below /usr, /etc and /var is changed there
# alone, and gone with it. Needs tap.sh and root.
#
#     machine_start               begins with what is here
#     machine_install PACKAGE...  has apt install them; no service is started
#     inside COMMAND...           runs there, as root, in /
#     machine_stop

machine_start() {
	background machine unshare -m sh -c 'mount -t tmpfs tmpfs /mnt && for top in usr etc var; do
		mkdir -p "/mnt/$top" "/mnt/$top.work" &&
		mount -t overlay overlay -o "lowerdir=/$top,upperdir=/mnt/$top,workdir=/mnt/$top.work" "/$top" || exit; done
		: >/mnt/ready; exec sleep 600'
	MACHINE=$BACKGROUND_PID
	poll 10 inside test -e /mnt/ready || bail "no machine of its own: $(cat "$TAP_DIR/log/machine.log")"
}

inside() { nsenter -m -r -t "$MACHINE" env -C / "$@"; }

# Lists that are older than the repository name versions that are gone: then they are fetched, and it is tried once more.
machine_install() {
	printf '#!/bin/sh\nexit 101\n' | inside install -m 0755 /dev/stdin /usr/sbin/policy-rc.d
	machine_apt install --no-install-recommends "$@" ||
		{ machine_apt update && machine_apt install --no-install-recommends "$@"; }
}

machine_apt() {
	inside env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >>"$TAP_DIR/log/machine.log" 2>&1 </dev/null
}

machine_stop() { stop "$MACHINE"; }
