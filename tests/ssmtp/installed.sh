# installed.sh: contrib/ssmtp/install on a machine with Debian's ssmtp. Needs tap.sh, packages.sh, machine.sh, root; modules is
# contrib/ssmtp.

# The package, as apt would install it.
fetch_package() {
	local store=$TAP_DIR/debian
	packages_download "$store" ssmtp 2>>"$TAP_DIR/log/packages.log" || {
		packages_update 2>>"$TAP_DIR/log/packages.log"
		packages_download "$store" ssmtp || bail 'cannot download ssmtp'
	}
	DEBS="$(packages_archive "$store" ssmtp) $(packages_archive "$store" libgnutls-openssl27)"
}

package() { # OPTION...: dpkg, on the package and what it needs
	inside env DEBIAN_FRONTEND=noninteractive dpkg --force-all "$@" >>"$TAP_DIR/log/dpkg.log" 2>&1
}

# place on|off ...: sets STATUS and OUTPUT.
place() {
	STATUS=0
	OUTPUT=$(inside "$modules/install" "$@" 2>&1) || STATUS=$?
}

placed() { # WHAT DESCRIPTION: what the mailer is now
	is "$(inside stat -c '%a %U %G' /usr/sbin/ssmtp)" '2755 root mail' "$2"
	succeeds "... which is ${1##*/}" inside cmp -s /usr/sbin/sendmail "$1"
}

refused() { # DESCRIPTION PATTERN ARGUMENT...
	local what=$1 pattern=$2
	shift 2
	place "$@"
	isnt_zero "$STATUS" "install: $what"
	like "$OUTPUT" "$pattern" '... is said'
}

put_in_place() {
	place on "$1" --dry-run
	is "$STATUS" 0 'install on --dry-run'
	like "$OUTPUT" '^dpkg-divert --local --no-rename --divert /usr/sbin/ssmtp\.distrib --add /usr/sbin/ssmtp$' '... shows the commands'
	placed "$TAP_DIR/stock" '... and changes nothing'
	place on "$1"
	is "$STATUS" 0 'install on' || diag "$OUTPUT"
	placed "$1" '... has the new mailer, as Debian has its own'
	succeeds "... and keeps Debian's" inside cmp -s /usr/sbin/ssmtp.distrib "$TAP_DIR/stock"
	place on "$1"
	is "$STATUS" 0 'install on, once more'
	placed "$1" '... the new mailer stays'
	succeeds "... and so does Debian's" inside cmp -s /usr/sbin/ssmtp.distrib "$TAP_DIR/stock"
	inside rm /usr/sbin/ssmtp.distrib
	refused "Debian's program has gone" 'ssmtp\.distrib is missing \(apt-get install --reinstall ssmtp' off
	succeeds 'the package is installed again' package -i $DEBS
	placed "$1" '... and the new mailer stays'
	succeeds "... beside Debian's new one" inside cmp -s /usr/sbin/ssmtp.distrib "$TAP_DIR/stock"
}

take_back() {
	place off --dry-run
	like "$OUTPUT" '^dpkg-divert .*--remove /usr/sbin/ssmtp$' 'install off --dry-run shows the commands'
	placed "$1" '... and changes nothing'
	place off
	is "$STATUS" 0 'install off'
	placed "$TAP_DIR/stock" "... has Debian's mailer again"
	is "$(inside dpkg-divert --list /usr/sbin/ssmtp)" '' '... and no diversion'
	is "$(inside find /usr/sbin -name 'ssmtp*')" /usr/sbin/ssmtp '... and nothing is left over'
	place off
	is "$STATUS" 0 'install off, once more'
	like "$OUTPUT" 'is that of Debian' '... finds nothing to do'
}

# Whatever the moment, another `off` ends what one began.
interrupted() {
	place on "$1"
	inside cp -p /usr/sbin/ssmtp.distrib /usr/sbin/ssmtp.new
	inside mv /usr/sbin/ssmtp.new /usr/sbin/ssmtp
	place off
	is "$STATUS" 0 'install off: ends what was interrupted'
	placed "$TAP_DIR/stock" "... with Debian's mailer"
	is "$(inside find /usr/sbin -name 'ssmtp*')" /usr/sbin/ssmtp '... and nothing is left over'
	inside dpkg-divert --local --no-rename --divert /usr/sbin/ssmtp.mine --add /usr/sbin/ssmtp >/dev/null
	refused 'somebody else has diverted it' 'is diverted already, to /usr/sbin/ssmtp\.mine' on "$1"
	placed "$TAP_DIR/stock" '... and nothing changes'
	inside dpkg-divert --local --no-rename --divert /usr/sbin/ssmtp.mine --remove /usr/sbin/ssmtp >/dev/null
	place on "$1"
	succeeds 'the package is removed under it' package -r ssmtp
	place off
	is "$STATUS" 0 'install off: without the package'
	is "$(inside find /usr/sbin -name 'ssmtp*')" '' '... nothing is left over'
}

installed_cases() { # PROGRAM
	machine_start
	fetch_package
	refused "without Debian's package" "package ssmtp is not installed \(apt install ssmtp" on "$1"
	succeeds "Debian's ssmtp is installed" package -i $DEBS
	inside cp /usr/sbin/ssmtp "$TAP_DIR/stock"
	refused 'a program without the modules' 'is not linked with libsasl2' on /bin/true
	printf '#!/bin/sh\n# libsasl2.so libgnutls-openssl.so\n' >"$TAP_DIR/both" && chmod +x "$TAP_DIR/both"
	refused 'a program with both libraries of TLS' 'linked with libgnutls-openssl' on "$TAP_DIR/both"
	refused 'no program' 'is no program' on "$TAP_DIR/nothing"
	refused 'an option that is none' 'unknown option' on "$1" --force
	chmod 0755 "$TAP_DIR" "$1"
	STATUS=0
	OUTPUT=$(inside setpriv --reuid nobody --clear-groups "$modules/install" on "$1" 2>&1) || STATUS=$?
	isnt_zero "$STATUS" 'install: by somebody else than root'
	like "$OUTPUT" 'only root may change this|Permission denied' '... is refused'
	placed "$TAP_DIR/stock" 'nothing has changed so far'
	put_in_place "$1"
	take_back "$1"
	interrupted "$1"
	machine_stop
}
