# real.sh: the tests through an sSMTP that was built with the modules of contrib/ssmtp, its configuration in /etc/ssmtp.
# What it says without them is compared with Debian's, or with SSMTP_STOCK. For ssmtp.sh, which has started everything. What
# a failing sSMTP leaves in dead.letter stays in TAP_DIR.

real_cases() { # PROGRAM
	local stock=${SSMTP_STOCK-none} packages=$KIT_CACHE/ssmtp
	if [ -z "${SSMTP_STOCK-}" ] && packages_unpack "$packages" ssmtp 2>>"$TAP_DIR/log/packages.log"; then
		stock=$packages/usr/sbin/ssmtp
	fi
	setid_prepare
	readelf -d "$1" | grep -q 'libgnutls-openssl' && not_ok 'sSMTP is built without libgnutls-openssl' ||
		ok 'sSMTP is built without libgnutls-openssl'
	scripted "$1" "--real=$stock"
	against_dovecot ssmtp "$here/home.sh $SETID/passwd $1"
	setid_cases ssmtp "$1"
}
