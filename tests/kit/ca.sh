# ca.sh: certificates for the servers of one test.
#
# ca_make DIR writes there, readable by all (the keys protect nothing but loopback connections of this test):
#   ca.pem                          the authority that clients are told to trust
#   server.pem     server.key       for localhost, 127.0.0.1 and ::1, signed by it
#   wrongname.pem  wrongname.key    signed by it, for mail.elsewhere.test
#   expired.pem    expired.key      signed by it, for localhost, over since yesterday
#   unknown.pem    unknown.key      for localhost, signed by an authority that nobody trusts (unknown-ca.pem)

ca_make() {
	local dir=$1
	mkdir -p "$dir" && (
		cd "$dir" || exit 1
		umask 022
		: >ca.log
		ca_authority ca 'saslfresh test CA' &&
			ca_authority unknown-ca 'saslfresh unknown test CA' &&
			ca_sign ca server localhost 'DNS:localhost,IP:127.0.0.1,IP:::1' 0 &&
			ca_sign ca wrongname mail.elsewhere.test 'DNS:mail.elsewhere.test' 0 &&
			ca_sign ca expired localhost 'DNS:localhost,IP:127.0.0.1,IP:::1' -1 &&
			ca_sign unknown-ca unknown localhost 'DNS:localhost,IP:127.0.0.1,IP:::1' 0 &&
			chmod 0644 ./*.key
	)
}

# ca_authority NAME SUBJECT
ca_authority() {
	cat >"$1.cnf" <<-EOF
		[req]
		distinguished_name = name
		x509_extensions = authority
		prompt = no
		[name]
		CN = $2
		[authority]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
		[ca]
		default_ca = this
		[this]
		database = $1.index
		serial = $1.serial
		new_certs_dir = .
		certificate = $1.pem
		private_key = $1.key
		default_md = sha256
		policy = any
		unique_subject = no
		copy_extensions = copy
		[any]
		commonName = supplied
	EOF
	: >"$1.index"
	echo 01 >"$1.serial"
	openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$1.cnf" \
		-days 30 -keyout "$1.key" -out "$1.pem" >>ca.log 2>&1
}

# ca_sign AUTHORITY NAME COMMON-NAME ALTERNATIVE-NAMES ENDS-IN-DAYS (0: thirty days from now)
ca_sign() {
	local from to
	from=$(date -u -d '3 days ago' +%Y%m%d%H%M%SZ)
	if [ "$5" -eq 0 ]; then
		to=$(date -u -d '30 days' +%Y%m%d%H%M%SZ)
	else
		to=$(date -u -d "$5 days" +%Y%m%d%H%M%SZ)
	fi
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$3" \
		-addext "subjectAltName=$4" -addext 'extendedKeyUsage=serverAuth' \
		-keyout "$2.key" -out "$2.csr" >>ca.log 2>&1 &&
		openssl ca -batch -config "$1.cnf" -notext -startdate "$from" -enddate "$to" \
			-in "$2.csr" -out "$2.pem" >>ca.log 2>&1
}
