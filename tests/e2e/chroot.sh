#!/bin/bash
# A chrooted Postfix, whose smtp(8) cannot read, cannot run anything and knows no home directory: it gets its access
# token through the door, and nothing else. Real listeners, a real Dovecot, a real authorization server.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product postfix system; do . "$kit/$part.sh"; done

system_as_root 'Postfix runs as root alone'
umask 022
user=alice@example.test

# arrived HOW-MANY-REFRESHES DESCRIPTION
arrived() {
	is "$POSTFIX_OUTCOME" sent "$2: the mail is sent"
	succeeds '... and arrives' submitted "$MARK: No space left on device"
	dovecot_saw 1 "$LOGINS" '... after one login' "user=<$user>, method=(XOAUTH2|OAUTHBEARER),"
	is "$(($(refreshes) - REFRESHES))" "$1" "... and $1 refresh requests"
}

# grow_old: the token in the cache has 200 seconds left, as far as anybody here knows.
grow_old() {
	local now text
	now=$(date +%s)
	text=$(sed "s/^issued_at = .*/issued_at = $((now - 3400))/; s/^expires_at = .*/expires_at = $((now + 200))/" "$SYSTEM_STATE/$user.token")
	printf '%s\n' "$text" >"$SYSTEM_STATE/$user.token"
}

tap_start
oidc_start
dovecot_start
postfix_install
product_start
system_start
SASL_PATH=$PREFIX/lib/sasl2:$(postfix_sasl_modules)
smtp_uid=$(id -u "$POSTFIX_OWNER")
system_configuration "allow = $POSTFIX_OWNER"
succeeds 'the administrator logs in' log_in --system
is "$(stat -c '%U %a' "$SYSTEM_STATE/$user.grant")" "$OWNER 600" '... and the grant belongs to the owner of the state'
postfix_start "$SUBMISSION_PORT" 'smtp_connection_cache_on_demand = no' 'smtp_sasl_auth_soft_bounce = yes'
postfix_passwords "[localhost]:$SUBMISSION_PORT $user:unused"
install -d -m 0755 "$POSTFIX_DIR/queue/etc"
cp /etc/hosts /etc/nsswitch.conf /etc/services "$POSTFIX_DIR/queue/etc/"
inner=$POSTFIX_DIR/queue$DOOR
install -d -m 0755 -o "$OWNER" "${inner%/*}"
postfix_run postconf -F smtp/unix/chroot=y
postfix_reload

# ---- no door ----

mail_out
waits "user $smtp_uid in a chroot cannot renew it: nobody answers at $DOOR: .*master\\.cf" 'no door in the chroot'

# ---- systemd's listener, two sockets; what the plugin does in the chroot is watched ----

door_open systemd "$DOOR" "$inner"
trace=$TAP_DIR/out/strace
background strace strace -f -s 16 -e trace=%file,%desc,%network,%process,chroot -e signal=none -o "$trace" -p "$POSTFIX_PID"
watching() { grep -q attached "$TAP_DIR/log/strace.log"; }
poll 10 watching || bail "strace does not work: $(cat "$TAP_DIR/log/strace.log")"
postfix_reload
mail_again
arrived 0 'chroot=y, a token that is good'
smtp_pid=$(postfix_smtp | sed -n 's/^\/proc\/\([0-9]*\)\/.*/\1/p' | head -n 1)
succeeds '... and smtp is in the chroot' test "$(readlink "/proc/$smtp_pid/root")" = "$POSTFIX_DIR/queue"
stop "$BACKGROUND_PID"
grep "^$smtp_pid " "$trace" | sed '1,/ chroot(.* = 0$/d' >"$TAP_DIR/out/jailed"
# From the plugin's first look for the state to the end of its conversation; smtp has one thread.
sed -n "\\|$SYSTEM_STATE|,/ close(/p" "$TAP_DIR/out/jailed" >"$TAP_DIR/out/calls"
like "$(cat "$TAP_DIR/out/calls")" "connect\\([0-9]+, \\{sa_family=AF_UNIX, sun_path=\"$DOOR\"" 'strace: the plugin connects to the door'
is "$(grep -c 'connect(' "$TAP_DIR/out/calls")" 1 '... and to nothing else'
like "$(tail -n 1 "$TAP_DIR/out/calls")" "close\\($(sed -n 's/.*connect(\([0-9]*\),.*/\1/p' "$TAP_DIR/out/calls")\\)" '... and leaves it when it has its token'
unlike "$(cat "$TAP_DIR/out/calls")" ' (open|openat|openat2|creat|execve|execveat|fork|clone|clone3|vfork|bind)\(' '... opens nothing, and runs nothing'
at_most "$(wc -l <"$TAP_DIR/out/calls")" 25 '... in a few calls'
is "$(grep -E ' (open|openat|openat2|creat|execve)\(' "$TAP_DIR/out/jailed" | grep -vE '"(active|pid|private|public|/?etc|/dev/urandom|/usr/share/zoneinfo)' | head -n 5)" '' \
	'and all that smtp opens in the chroot are its own files'
like "$(grep -cE ' openat\(' "$TAP_DIR/out/jailed")" '^[1-9]' '... of which there are some'

# The refresh token was never there; the account's name was, or the scan would find nothing at all.
in_memory() {
	{
		sed -n 's/^refresh_token = //p' "$SYSTEM_STATE/$user.grant"
		printf '%s\n' "$OIDC_MAIL_SECRET_POST" "$user"
	} | "$kit/memory.py" "$smtp_pid"
}
like "$(in_memory)" '^0 0 [1-9]' 'memory of smtp: no refresh token, no client secret'

expire
mail_out
arrived 1 'chroot=y, a token that has expired'
smtp_pid=$(postfix_smtp | sed -n 's/^\/proc\/\([0-9]*\)\/.*/\1/p' | head -n 1)
like "$(in_memory)" '^0 0 [1-9]' '... and its memory has no refresh token, no client secret'

oidc_revoke mail-post "$(cached access_token)"
mail_out
waits "localhost refused the access token of $user" 'chroot=y, a token that the mail server refuses'
is "$(cached rejected)" "$(cached access_token_hash)" '... and the refusal is remembered, through the door'
mail_again
arrived 1 '... by whoever renews it'

# ---- not allowed ----

system_configuration 'allow = @nobody-here, root'
postfix_reload
mail_out
waits "user $smtp_uid is not allowed to have one .*allow = $smtp_uid" 'not allowed'
like "$(cat "$DOOR_LOG")" "at the door: user $smtp_uid, process [0-9]+: .*not allowed" '... and so says the log of the door'
mail_again
is "$(grep -c "user $smtp_uid," "$DOOR_LOG")" 1 '... once'
system_configuration "allow = @$(id -gn "$POSTFIX_OWNER")"
postfix_reload
mail_again
arrived 0 'allowed as one of a group'
door_close "$DOOR" "$inner"

# ---- without systemd ----

door_open listen "$DOOR" "$inner"
expire
mail_out
arrived 1 'answer --listen, a token that has expired'
succeeds '... by a process of root' grep -q "^Uid:[[:space:]]*0" "/proc/$DOOR_PID/status"
is "$(stat -c %U "$SYSTEM_STATE/$user.token" "$SYSTEM_STATE/$user.grant" | sort -u)" "$OWNER" '... that leaves nothing of root'
stop "$DOOR_PID"
fails '... and its sockets are gone with it' test -e "$DOOR" -o -e "$inner"

# ---- not in a chroot ----

postfix_run postconf -F smtp/unix/chroot=n
postfix_reload
mail_out
waits "user $smtp_uid cannot renew it: nobody answers at $DOOR: .*saslfresh\\.socket" 'chroot=n, and no door'
door_open socat "$DOOR"
expire
mail_again
arrived 1 'chroot=n, socat, a token that has expired'
door_close "$DOOR"

# A group that may read the token needs the door when it is renewed.
chown "$OWNER:$(id -gn "$POSTFIX_OWNER")" "$SYSTEM_STATE" && chmod 2750 "$SYSTEM_STATE"
system_configuration "allow = $POSTFIX_OWNER" "group = $(id -gn "$POSTFIX_OWNER")"
give_token 3600
is "$(stat -c '%a %G' "$SYSTEM_STATE/$user.token")" "640 $(id -gn "$POSTFIX_OWNER")" 'a token for a group'
postfix_reload
mail_out
arrived 0 'no door, a token that may be read'
grow_old
mail_out
arrived 0 'no door, a token that is to be renewed, but lives'
door_open listen "$DOOR"
mail_out
arrived 1 'with a door it is renewed'

# ---- contrib/postfix turns a stock Postfix of Debian into one that relays, and back ----

stock=$TAP_DIR/stock
install -d -m 0755 "$stock"
cp "$POSTFIX_ROOT/usr/share/postfix/main.cf.debian" "$stock/main.cf"
cp "$POSTFIX_ROOT/usr/share/postfix/master.cf.dist" "$stock/master.cf"
printf '%s\n' 'relayhost =' 'smtp_tls_security_level = may' '# the end' >>"$stock/main.cf"
cp -p "$stock/main.cf" "$TAP_DIR/stock.before"
mkdir "$TAP_DIR/bin"
printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%s MAIL_CONFIG=%s\nexec %s/usr/sbin/postconf "$@"\n' "$POSTFIX_LIBRARY_PATH" \
	"$stock" "$POSTFIX_ROOT" >"$TAP_DIR/bin/postconf"
chmod 0755 "$TAP_DIR/bin/postconf"
printf '%s\n' "daemon_directory = $POSTFIX_ROOT/usr/lib/postfix/sbin" "shlib_directory = $POSTFIX_ROOT/usr/lib/postfix" \
	"config_directory = $stock" "mail_owner = $POSTFIX_OWNER" >>"$stock/main.cf"
cp -p "$stock/main.cf" "$TAP_DIR/stock.before"

# turn NAME ARGUMENT...: sets STATUS and OUTPUT.
turn() {
	local name=$1
	shift
	STATUS=0
	env PATH="$TAP_DIR/bin:$PREFIX/bin:$PATH" "$PRODUCT_TOP/contrib/postfix" -c "$stock" "$@" >"$TAP_DIR/out/$name" 2>&1 || STATUS=$?
	OUTPUT=$(cat "$TAP_DIR/out/$name")
}
on_stock() { env PATH="$TAP_DIR/bin:$PATH" postconf -c "$stock" -h "$1"; }

turn off.first off
is "$STATUS $(cmp "$stock/main.cf" "$TAP_DIR/stock.before" && echo same)" '0 same' 'contrib/postfix off: nothing to take back'
turn on.unknown on mail@example.test
is "$STATUS" 1 'contrib/postfix on: an account that nobody knows wants a provider'
(umask 077 && echo not-a-secret >"$TAP_DIR/home/client")
wanted=(on mail@example.test --provider google --client-id me --client-secret-file "$TAP_DIR/home/client")
cp "$SYSTEM/saslfresh.conf" "$TAP_DIR/conf.before"
turn on.dry "${wanted[@]}" --dry-run
is "$STATUS" 0 'contrib/postfix on --dry-run'
like "$OUTPUT" '^\+\[account mail@example.test\]$' '... shows what would change'
succeeds '... and changes nothing' cmp "$stock/main.cf" "$TAP_DIR/stock.before"
succeeds '... nowhere' cmp "$SYSTEM/saslfresh.conf" "$TAP_DIR/conf.before"
turn on "${wanted[@]}"
is "$STATUS" 0 'contrib/postfix on'
like "$OUTPUT" 'saslfresh login --system mail@example.test' '... says what comes next'
is "$(on_stock relayhost)" '[smtp.gmail.com]:587' '... and it relays through the provider'
is "$(on_stock smtp_sasl_mechanism_filter)" xoauth2 '... by our mechanism'
succeeds '... with master.cf as it was' cmp "$stock/master.cf" "$POSTFIX_ROOT/usr/share/postfix/master.cf.dist"
like "$(sed -n '/mail@example.test/,$p' "$SYSTEM/saslfresh.conf")" "^allow = $POSTFIX_OWNER\$" '... which the door lets in'
saslfresh status.gmail --system status mail@example.test
like "$OUTPUT" 'no grant' '... and the account wants a login alone'
cp -p "$stock/main.cf" "$TAP_DIR/stock.on"
turn on.again "${wanted[@]}"
is "$STATUS $(cmp "$stock/main.cf" "$TAP_DIR/stock.on" && echo same)" '0 same' 'contrib/postfix on, again: nothing changes'
is "$(grep -c '^allow' "$SYSTEM/saslfresh.conf")" 2 '... and nobody is named twice'
turn off.dry off --dry-run
like "$OUTPUT" '^-relayhost = \[smtp' 'contrib/postfix off --dry-run shows what would change'
turn off off
is "$STATUS" 0 'contrib/postfix off'
succeeds '... brings back the very file' cmp "$stock/main.cf" "$TAP_DIR/stock.before"
turn on.third "${wanted[@]}"
env PATH="$TAP_DIR/bin:$PATH" postconf -c "$stock" -e 'smtp_tls_security_level = encrypt' 'myhostname = changed.example.test'
turn off.edited off
is "$(on_stock relayhost).$(on_stock smtp_sasl_auth_enable)" '.no' 'contrib/postfix off, main.cf was changed meanwhile: ours is taken back'
is "$(on_stock myhostname).$(on_stock smtp_tls_security_level)" 'changed.example.test.encrypt' '... and what is not ours stays'
like "$OUTPUT" 'smtp_tls_security_level is not as it was left' '... which is said'

no_leaks
tap_end
