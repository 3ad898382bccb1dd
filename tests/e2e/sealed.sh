#!/bin/bash
# Grants that a command seals (gpg, age, systemd-creds, a keyring), at a real authorization server with rotation on:
# renewed, converted, kept where nobody is there to unlock, and never in plaintext on the disk, whatever is killed when.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

user=alice@example.test

# section ACCOUNT SED-COMMAND: changes the account's section.
section() { sed -i -e "/^\[account $1\]/,/^\[/ {" -e "$2" -e '}' "$PRODUCT_CONFIG"; }

# seal ACCOUNT SEAL UNSEAL: sets both commands; "" for none.
seal() {
	section "$1" '/^\(un\)\{0,1\}seal_command/d'
	[ -z "$2" ] || section "$1" "/^client_id/a seal_command = $2"
	[ -z "$3" ] || section "$1" "/^client_id/a unseal_command = $3"
}

grant() { printf '%s\n' "$PRODUCT_STATE/$1.grant"; }
is_sealed() { grep -q '^version = 2$' "$(grant "$1")" && ! grep -q '^refresh_token' "$(grant "$1")"; }

# in_which_file: the files, but for those of access tokens, with anything that the server has issued in plaintext.
in_which_file() {
	oidc_secrets | "$kit/leaks.py" $(find "$PRODUCT_STATE" -type f ! -name '*.token' ! -name '*.token.new' -size +0)
}

in_no_file() {
	is "$(in_which_file)" '' "$1: no refresh token is on the disk in plaintext"
}

# renew ACCOUNT NAME: three refreshes, each of which rotates.
renew() {
	local i all=0
	for i in 1 2 3; do
		product "renew.$1.$i" refresh --force "$1"
		all=$((all + STATUS))
	done
	is "$all" 0 "$2: renewed three times"
	[ "$all" -eq 0 ] || diag "$OUTPUT"
	succeeds "$2: the grant is sealed" is_sealed "$1"
	product_token "$1"
	succeeds "$2: the access token is good" oidc_active "$TOKEN"
}

tap_start
oidc_start
product_start
packages_unpack "$KIT_CACHE/age" age >"$TAP_DIR/log/age.log" 2>&1 || bail 'age cannot be unpacked'
export PATH=$PATH:$KIT_CACHE/age/usr/bin

# ---- gpg ----

export GNUPGHOME=$PRODUCT_HOME/.gnupg
mkdir -m 0700 "$GNUPGHOME"
gpg_batch() { gpg --batch --quiet --no-tty "$@" >>"$TAP_DIR/log/gpg.log" 2>&1; }
gpg_stop() { gpgconf --homedir "$GNUPGHOME" --kill all >>"$TAP_DIR/log/gpg.log" 2>&1; }
trap 'gpg_stop; tap_exit' EXIT
gpg_batch --passphrase '' --quick-generate-key open@example.test default default never || bail 'gpg makes no key'
gpg_batch --passphrase 'secret words' --pinentry-mode loopback --quick-generate-key locked@example.test default default never ||
	bail 'gpg makes no key with a passphrase'
gpg_stop

a=gpg@example.test
succeeds 'an account in plaintext' product_account "$a" mail-public "$user"
is "$(in_which_file)" "$(grant "$a")" 'its grant has a refresh token to be seen'
seal "$a" 'gpg --batch -e -r open@example.test --trust-model always' 'gpg --batch --quiet -d'
product on refresh --force "$a"
is "$STATUS" 0 'with seal_command the next refresh seals it'
renew "$a" gpg
in_no_file gpg

seal "$a" none 'gpg --batch --quiet -d'
product off refresh --force "$a"
is "$STATUS" 0 'seal_command = none: the next refresh'
succeeds 'writes it in plaintext' grep -q '^refresh_token = ' "$(grant "$a")"
seal "$a" 'gpg --batch -e -r open@example.test --trust-model always' 'gpg --batch --quiet -d'
product on2 refresh --force "$a"
succeeds 'and once more sealed' is_sealed "$a"

# ---- logout, login and import ----

oidc_mint mail-public "$user" "$PRODUCT_HOME/refresh-token"
product relogin login "$a" --refresh-token-file "$PRODUCT_HOME/refresh-token"
is "$STATUS" 0 'a login seals'
succeeds 'the grant' is_sealed "$a"
oidc_mint mail-public "$user" "$PRODUCT_HOME/refresh-token"
printf '{"refresh_token":"%s","client_id":"mail-public"}' "$(cat "$PRODUCT_HOME/refresh-token")" >"$PRODUCT_HOME/foreign.json"
chmod 0600 "$PRODUCT_HOME/foreign.json"
product import import "$a" "$PRODUCT_HOME/foreign.json"
is "$STATUS" 0 'an import seals'
succeeds 'the grant' is_sealed "$a"
rm "$PRODUCT_HOME/foreign.json" "$PRODUCT_HOME/refresh-token"

# A person with a device code: the seal is proved before anything is shown, the sandbox entered before anything is asked.
section "$a" "/^client_id/a device_authorization_endpoint = $OIDC_ISSUER/device/auth"
product_environment timeout 60 "$PREFIX/bin/saslfresh" login "$a" --device --any-user >"$TAP_DIR/out/device" 2>&1 </dev/null &
login=$!
poll 20 grep -q 'Waiting' "$TAP_DIR/out/device"
oidc_device "$(grep -o 'https://[^ ]*user_code=[^ ]*' "$TAP_DIR/out/device")" "$user"
STATUS=0
wait "$login" || STATUS=$?
is "$STATUS" 0 'a login with a device code seals'
succeeds 'the grant' is_sealed "$a"
seal "$a" 'exit 3' 'gpg --batch --quiet -d'
product device.bad login "$a" --device
is "$STATUS" 75 'with a seal_command that fails'
unlike "$OUTPUT" 'https://' 'nobody is sent to a browser'
seal "$a" 'gpg --batch -e -r open@example.test --trust-model always' 'gpg --batch --quiet -d'
in_no_file 'login and import'
section "$a" "/^client_id/a revocation_endpoint = $OIDC_ISSUER/token/revocation"
product_token "$a"
product logout logout "$a"
is "$STATUS" 0 'a sealed grant is logged out'
like "$OUTPUT" 'revoked at' 'revoked'
fails 'at the server too' oidc_active "$TOKEN"

# ---- a person who is not there ----

a=locked@example.test
succeeds 'an account whose key has a passphrase' product_account "$a" mail-public "$user"
seal "$a" 'gpg --batch -e -r locked@example.test --trust-model always' "gpg --batch --pinentry-mode loopback --passphrase-file $GNUPGHOME/words -d"
(umask 077 && printf 'secret words' >"$GNUPGHOME/words")
product locked.on refresh --force "$a"
is "$STATUS" 0 'while the passphrase is at hand it is sealed'
gpg_stop
seal "$a" 'gpg --batch -e -r locked@example.test --trust-model always' 'gpg --batch --quiet -d'
before=$(cat "$(grant "$a")")
product locked refresh --force "$a"
is "$STATUS" 75 'without it, and nobody to ask: a temporary failure'
like "$OUTPUT" 'cannot unseal the grant of locked@.*: unseal_command failed with status 2; the access token serves until 20[0-9-]+ [0-9:]+ UTC \(.*saslfresh refresh --force locked@example.test' \
	'the sentence says until when, and what to do'
is "$(cat "$(grant "$a")")" "$before" 'the grant is as it was'
product_token "$a"
is "$STATUS" 0 'the access token still serves'
succeeds 'and is good' oidc_active "$TOKEN"
product locked.status status "$a"
unlike "$OUTPUT" 'needs login' 'no login is asked for'
like "$OUTPUT" 'unseal_command failed' 'status tells what failed'
seal "$a" 'gpg --batch -e -r locked@example.test --trust-model always' "gpg --batch --pinentry-mode loopback --passphrase-file $GNUPGHOME/words -d"
product unlocked refresh --force "$a"
is "$STATUS" 0 'asked again by the person, once it is unlocked, it works at once'
product_expire "$a"
seal "$a" 'gpg --batch -e -r locked@example.test --trust-model always' 'gpg --batch --quiet -d'
gpg_stop
product_token "$a"
is "$STATUS" 75 'after the end of the access token it is a failure, and no login needed'
section "$a" '/^\(un\)\{0,1\}seal_command/d'
product lost refresh --force "$a"
is "$STATUS" 78 'without an unseal_command'
like "$OUTPUT" 'the grant is sealed, and there is no unseal_command \(put that back, or saslfresh login' 'says what is missing'

# ---- age, systemd-creds, a keyring ----

age-keygen -o "$PRODUCT_HOME/age.key" 2>"$TAP_DIR/out/age-keygen" || bail 'age-keygen fails'
recipient=$(sed -n 's/^Public key: //p' "$TAP_DIR/out/age-keygen")
a=age@example.test
succeeds 'an account for age' product_account "$a" mail-public "$user" "seal_command = age -r $recipient" 'unseal_command = age -d -i ~/age.key'
renew "$a" age

a=creds@example.test
creds='SYSTEMD_CREDENTIAL_SECRET=~/host.secret systemd-creds'
if ! command -v systemd-creds >/dev/null; then
	packages_unpack "$KIT_CACHE/systemd" systemd >"$TAP_DIR/log/systemd.log" 2>&1 || bail 'systemd-creds cannot be unpacked'
	creds="LD_LIBRARY_PATH=$(dirname "$(find "$KIT_CACHE/systemd" -name 'libsystemd-shared*' | head -n 1)") ${creds% *} $KIT_CACHE/systemd/usr/bin/systemd-creds"
fi
succeeds 'an account for systemd-creds' product_account "$a" mail-public "$user" \
	"seal_command = $creds encrypt --with-key=host --name=saslfresh - -" "unseal_command = $creds decrypt --name=saslfresh - -"
renew "$a" systemd-creds

# A keyring keeps the key itself; what it prints is only its name.
mkdir -m 0700 "$PRODUCT_HOME/ring"
a=ring@example.test
succeeds 'an account for a keyring' product_account "$a" mail-public "$user" \
	'seal_command = umask 077; id=$$.$(date +%s%N); cat >~/ring/$id; echo $id' 'unseal_command = read -r id; cat ~/ring/$id'
renew "$a" keyring
is "$(ls "$PRODUCT_HOME/ring" | wc -l)" 1 'renewing needs one key, and seals nothing anew'

# ---- one choice for all ----

a=all@example.test
sed -i "1i seal_command = age -r $recipient\nunseal_command = age -d -i ~/age.key" "$PRODUCT_CONFIG"
succeeds 'a seal for all accounts' product_account "$a" mail-public "$user"
renew "$a" all
succeeds 'one of them without' product_account none@example.test mail-public "$user" 'seal_command = none'
succeeds 'is not sealed' grep -q '^refresh_token = ' "$(grant none@example.test)"
sed -i 1,2d "$PRODUCT_CONFIG"
rm -f "$(grant none@example.test)"

# ---- commands that do not what they should ----

# It takes its time, and what comes next does not wait for it.
hanging=ring@example.test
section "$hanging" 's/^unseal_command = .*/unseal_command = sleep 300 \& echo $! >~\/sleeper; wait/'
began=$(now_ms)
product_environment timeout 60 "$PREFIX/bin/saslfresh" refresh --force "$hanging" >"$TAP_DIR/out/hang" 2>&1 </dev/null &
hang=$!
poll 10 test -s "$PRODUCT_HOME/sleeper" || bail 'the command that hangs was not run'

a=age@example.test
before=$(cat "$(grant "$a")")
refreshed=$(refreshes)
# Another seal_command means a new key, which has to be proved.
bad() { # NAME STATUS PATTERN SEAL UNSEAL
	seal "$a" "$4" "$5"
	product "bad.$TAP_COUNT" refresh --force "$a"
	is "$STATUS" "$2" "$1: the exit status"
	like "$OUTPUT" "$3" "$1: the sentence"
	is "$(cat "$(grant "$a")")" "$before" "$1: the grant is as it was"
	is "$(ls "$PRODUCT_STATE" | grep -c "^$a.*[.]new\$")" 0 "$1: nothing is left"
}
open='age -d -i ~/age.key'
bad 'seal_command fails' 75 'seal_command failed with status 3' 'exit 3' "$open"
bad 'seal_command is not there' 78 'seal_command failed with status 127' /no/such/program "$open"
bad 'seal_command gives nothing' 75 'seal_command gave nothing' true "$open"
bad 'seal_command gives 2 MiB' 78 'seal_command gave more than 4096 octets' 'head -c 2097152 /dev/zero' "$open"
bad 'seal_command gives garbage with success' 75 'unseal_command failed' 'cat >/dev/null; echo hello' "$open"
bad 'unseal_command gives garbage' 78 'unseal_command gave something else' "age -r $recipient" 'cat >/dev/null; echo hello'
bad 'unseal_command gives 2 MiB' 78 'unseal_command gave more than' "age -r $recipient" 'head -c 2097152 /dev/zero'
bad 'unseal_command gives nothing' 75 'unseal_command gave nothing' "age -r $recipient" 'cat >/dev/null'
bad 'another key' 71 'damaged, or was sealed with another key' "age -r $recipient" 'cat >/dev/null; echo AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
bad 'a seal that does not open' 78 'does not give back what' 'cat >/dev/null; echo hello' \
	"if [ \"\$(head -c 5 | tee $PRODUCT_HOME/head)\" = hello ]; then echo AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; else cat $PRODUCT_HOME/head - | age -d -i ~/age.key; fi"
bad 'no unseal_command' 78 'has no unseal_command' "age -r $recipient" ''
is "$(refreshes)" "$refreshed" 'none of them has cost a request'
seal "$a" "age -r $recipient" "$open"
renew "$a" 'after all that age'

# ---- killed at each step, and what is on the disk then ----

# The calls of a refresh that change something on the disk or talk; each in turn is where the online half is stopped.
killed() { # CALL NUMBER: true if it was
	product_environment timeout 60 strace -f -qq -o "$TAP_DIR/strace" -e "trace=$1" -e "inject=$1:signal=SIGKILL:when=$2" \
		-P "$(grant "$a")" -P "$(grant "$a").new" -P "$PRODUCT_STATE" "$PREFIX/bin/saslfresh" refresh --force "$a" \
		>"$TAP_DIR/out/killed.$1.$2" 2>&1 </dev/null
	grep -q 'killed by SIGKILL' "$TAP_DIR/strace"
}
steps=0
lost=0
for call in openat write fsync pwrite64 ftruncate rename unlink; do
	for number in 1 2 3 4; do
		killed "$call" "$number" || break
		steps=$((steps + 1))
		in_which_file >>"$TAP_DIR/out/plain"
		product "after.$call.$number" refresh --force "$a"
		if [ "$STATUS" -ne 0 ]; then
			# Only between the reply and the write of it may SIGKILL win.
			[ "$call $number" = 'pwrite64 1' ] && lost=$((lost + 1)) || diag "after $call $number: $OUTPUT"
			oidc_mint mail-public "$user" "$PRODUCT_HOME/refresh-token"
			product login.again login "$a" --refresh-token-file "$PRODUCT_HOME/refresh-token"
			rm -f "$PRODUCT_HOME/refresh-token"
			[ "$call $number" = 'pwrite64 1' ] || lost=$((lost + 100))
		fi
	done
done
succeeds "killed at $steps steps" test "$steps" -ge 7
at_most "$lost" 1 'the next refresh works, but for the one step that nothing can help'
is "$(cat "$TAP_DIR/out/plain")" '' 'and at no step a refresh token is on the disk in plaintext'
renew "$a" 'in the end'

STATUS=0
wait "$hang" || STATUS=$?
is "$STATUS" 75 'an unseal_command that hangs'
like "$(cat "$TAP_DIR/out/hang")" 'unseal_command gave no answer within 20 s; the access token serves until' 'is given up'
at_most "$(($(now_ms) - began))" 30000 'in time'
succeeds 'with all that it has started' poll 5 process_gone "$(cat "$PRODUCT_HOME/sleeper")"
product_token "$hanging"
is "$STATUS" 0 'and the access token still serves'

no_leaks
gpg_stop
tap_end
