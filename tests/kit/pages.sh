# pages.sh: what the pages in doc/mailers show, given to the programs that they are about word for word but for the
# servers' names and ports and the authority of the test.
# Needs tap.sh, and for `here` oidc.sh, dovecot.sh and product.sh (all started).

PAGES=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../doc/mailers" && pwd)

# block PAGE KIND: what stands in the page between ```KIND and ```.
block() { awk -v open="\`\`\`$2" '/^```/ { inside = $0 == open; next } inside' "$PAGES/$1.md"; }

# here PAGE KIND FILE [SED-COMMAND]: the block as the test's user has it. KIND text/NAME: what is in it for the file NAME.
here() {
	local page=$1 kind=$2 file=$3
	if [ "${kind%%/*}" = text ]; then block "$page" text | recipe_part "${kind#*/}"; else block "$page" "$kind"; fi |
		sed -e "s,\(imap\|smtp\|pop\|[$]host\)\.gmail\.com,localhost,g" -e "s/\b993\b/$IMAPS_PORT/g" \
			-e "s/\b995\b/$POP3S_PORT/g" -e "s/\b465\b/$SUBMISSIONS_PORT/g" -e "s/\b587\b/$SUBMISSION_PORT/g" \
			-e "s,/etc/ssl/certs/ca-certificates.crt,$OIDC_CA,g" -e "s,~/,$PRODUCT_HOME/,g" -e "${4-}" >"$file"
	chmod 0600 "$file"
	succeeds "$page: the page has a $kind" test -s "$file"
}
