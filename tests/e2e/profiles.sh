#!/bin/bash
# The profiles for AppArmor and the module for SELinux in contrib: compiled by the real compilers, which also refuse
# what is broken; and every file that a login and a refresh open, read from strace, is in the profile of who opens it.
# Nothing is loaded: not every kernel enforces either.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

contrib=$PRODUCT_TOP/contrib

tap_start
oidc_start
product_start
packages_unpack "$KIT_CACHE/profiles" apparmor checkpolicy semodule-utils >"$TAP_DIR/log/packages.log" 2>&1 ||
	bail 'the compilers cannot be unpacked'
root=$KIT_CACHE/profiles
tool() {
	local name=$1
	shift
	LD_LIBRARY_PATH=$(packages_library_path "$root") "$(command -v "$root/sbin/$name" || command -v "$root/usr/bin/$name")" "$@"
}

# ---- AppArmor ----

cp -R "$root/etc/apparmor.d" "$TAP_DIR/apparmor.d"
cp "$contrib/apparmor/abstractions/saslfresh" "$TAP_DIR/apparmor.d/abstractions/"
parse() { tool apparmor_parser -Q -K -b "$TAP_DIR/apparmor.d" "$@" >"$TAP_DIR/out/parse" 2>&1; }
succeeds 'AppArmor: the profiles compile' parse "$contrib/apparmor/saslfresh"
is "$(tool apparmor_parser -N -b "$TAP_DIR/apparmor.d" "$contrib/apparmor/saslfresh" 2>/dev/null | tr '\n' ' ')" \
	'saslfresh saslfresh//online ' 'they are for the two programs'
sed 's/^  capability setuid,/  capability setuidd,/' "$contrib/apparmor/saslfresh" >"$TAP_DIR/broken"
fails 'a broken one does not' parse "$TAP_DIR/broken"
printf 'include <tunables/global>\nprofile mailer /usr/bin/mailer {\n  include <abstractions/base>\n  include <abstractions/saslfresh>\n}\n' >"$TAP_DIR/mailer"
succeeds 'a mailer can include the abstraction' parse "$TAP_DIR/mailer"

# What is opened by whom: each program of a login and of a refresh, with the paths of an installation.
a=me@example.test
succeeds 'an account' product_account "$a" mail-public alice@example.test
product_environment strace -f -qq -y -s 4096 -e trace=openat,rename,unlink,execve -o "$TAP_DIR/strace" "$PREFIX/bin/saslfresh" refresh \
	--force "$a" >"$TAP_DIR/out/refresh" 2>&1 </dev/null
is $? 0 'a refresh under strace'
tool apparmor_parser -p -b "$TAP_DIR/apparmor.d" "$contrib/apparmor/saslfresh" >"$TAP_DIR/flat" 2>/dev/null
is "$("$kit/profile.py" "$TAP_DIR/flat" "$TAP_DIR/strace" "$PREFIX=/usr" "$PRODUCT_HOME=/root" "$OIDC_CA=/etc/ssl/certs/own.pem" 2>&1)" \
	'' 'no file is opened that the profile does not allow'
sed '/ssl\/certs/d' "$TAP_DIR/flat" >"$TAP_DIR/lacking"
like "$("$kit/profile.py" "$TAP_DIR/lacking" "$TAP_DIR/strace" "$PREFIX=/usr" "$PRODUCT_HOME=/root" "$OIDC_CA=/etc/ssl/certs/own.pem" 2>&1)" \
	'^online: r /etc/ssl/certs/own.pem$' 'and a rule that is missing would be noticed'

# ---- SELinux ----

cp "$contrib/selinux/saslfresh.te" "$contrib/selinux/saslfresh.fc" "$TAP_DIR/"
succeeds 'SELinux: the module compiles' tool checkmodule -M -m -o "$TAP_DIR/saslfresh.mod" "$TAP_DIR/saslfresh.te"
succeeds 'and is packaged' tool semodule_package -o "$TAP_DIR/saslfresh.pp" -m "$TAP_DIR/saslfresh.mod" -f "$TAP_DIR/saslfresh.fc"
succeeds 'into a file' test -s "$TAP_DIR/saslfresh.pp"
mkdir "$TAP_DIR/broken.d"
sed 's/^type saslfresh_online_t;$//' "$TAP_DIR/saslfresh.te" >"$TAP_DIR/broken.d/saslfresh.te"
checks() { tool checkmodule -M -m -o "$TAP_DIR/broken.d/saslfresh.mod" "$TAP_DIR/broken.d/saslfresh.te" >"$TAP_DIR/out/checkmodule" 2>&1; }
fails 'a broken one does not compile' checks
is "$(sed -nE 's/.*object_r:([a-z_]+):s0$/\1/p' "$TAP_DIR/saslfresh.fc" | while read -r type; do
	grep -qx "type $type;" "$TAP_DIR/saslfresh.te" || echo "$type"
done)" '' 'the types of the files are those of the module'
for path in /usr/bin/saslfresh /usr/local/bin/saslfresh /usr/local/libexec/saslfresh/saslfresh-online /etc/saslfresh/saslfresh.conf \
	/var/lib/saslfresh/a.grant; do
	is "$(while read -r pattern _; do [[ $path =~ ^$pattern$ ]] && echo yes; done <"$TAP_DIR/saslfresh.fc")" yes "$path has one type"
done
is "$(grep -oE 'saslfresh_[a-z_]*_t' "$contrib/selinux/saslfresh.if" | sort -u | while read -r type; do
	grep -qx "type $type;" "$TAP_DIR/saslfresh.te" || echo "$type"
done)" '' 'and so are those of the interface'

tap_end
