#!/bin/bash
# namespace.sh ROOT PREFIX SASL-DIRECTORY USER COMMAND...: runs COMMAND as USER with mounts of its own, in which
# the machine looks as if all had been installed: ROOT/plugins are the system's SASL plugins, ROOT/etc and ROOT/state
# what is below PREFIX for the system's accounts, ROOT/ssmtp is /etc/ssmtp, ROOT/passwd is /etc/passwd.
# To be started in a mount namespace (unshare -m). The environment of COMMAND is empty but for what `env` words among
# COMMAND say: a set-id program has to do without.
set -e
root=$1 prefix=$2 plugins=$3 user=$4
shift 4
mkdir -p "$root/machine" "$prefix/etc/saslfresh" "$prefix/var/lib/saslfresh"
mount --bind "$root/plugins" "$plugins"
mount --bind "$root/etc" "$prefix/etc/saslfresh"
mount --bind "$root/state" "$prefix/var/lib/saslfresh"
mount --bind /etc "$root/machine"
mount -t tmpfs -o mode=0755 tmpfs /etc
for name in "$root"/machine/* "$root"/machine/.[!.]*; do
	[ ! -e "$name" ] || ln -s "$name" "/etc/${name##*/}"
done
rm -f /etc/passwd /etc/ssmtp
cp "$root/passwd" /etc/passwd
mkdir -m 0750 /etc/ssmtp
chgrp mail /etc/ssmtp
mount --bind "$root/ssmtp" /etc/ssmtp
exec setpriv --reuid "$user" --regid "$user" --clear-groups env -i PATH=/usr/bin:/bin LC_ALL=C "$@"
