#!/bin/bash
# The door: real users knock at real listeners, some of them with nothing good in mind.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc dovecot product clients system; do . "$kit/$part.sh"; done

system_as_root 'users are made by root'
umask 022
user=alice@example.test

# knock USER TEXT: what USER hears who says TEXT (as printf understands it); sets OUTPUT and SECONDS_TAKEN.
knock() {
	printf "$2" | as "$1" "$TAP_DIR/kit/knock.py" "$DOOR" say >"$TAP_DIR/out/knock" 2>"$TAP_DIR/out/knock.seconds"
	OUTPUT=$(cat "$TAP_DIR/out/knock")
	SECONDS_TAKEN=$(tail -n 1 "$TAP_DIR/out/knock.seconds")
}
ask() { knock "$1" "request = token\naccount = ${2-$user}\nend = 2\n"; }

# hold NAME USER NUMBER TEXT: keeps connections open that say TEXT; sets HOLDER and HELD.
hold() {
	printf "$4" >"$TAP_DIR/said"
	as_command "$2" "$TAP_DIR/kit/knock.py" "$DOOR" hold "$3"
	"${AS[@]}" <"$TAP_DIR/said" >"$TAP_DIR/log/$1.log" 2>&1 &
	HOLDER=$!
	on_exit_kill "$HOLDER"
	poll 20 grep -q held "$TAP_DIR/log/$1.log" || bail "no connections: $(cat "$TAP_DIR/log/$1.log")"
	HELD=$(sed -n 's/^held //p' "$TAP_DIR/log/$1.log")
}
# children: how many connections are being served by the listener that is up.
children() { pgrep -c -P "$DOOR_PID"; }
idle() { [ "$(children)" -eq 0 ]; }

# mail_as USER NAME: one synchronisation of mbsync by that user; sets STATUS and OUTPUT.
mail_as() {
	mbsync_prepare "$2" "$user" XOAUTH2 IMAPS
	chown -R "$1" "$TAP_DIR/near/$2"
	STATUS=0
	as "$1" env HOME=/nonexistent SASL_PATH="$PREFIX/lib/sasl2:$SASL_DIRECTORY" timeout -k 5 60 "${MBSYNC[@]}" \
		>"$TAP_DIR/out/$2" 2>&1 </dev/null || STATUS=$?
	mbsync_expurgate "$TAP_DIR/out/$2"
	OUTPUT=$(cat "$TAP_DIR/out/$2")
}

# token_as USER: `saslfresh token` of that user; sets STATUS, TOKEN (what it prints) and OUTPUT (what it says).
token_as() {
	STATUS=0
	TOKEN=$(as "$1" "$PREFIX/bin/saslfresh" token "$user" 2>"$TAP_DIR/out/token" </dev/null) || STATUS=$?
	OUTPUT=$(cat "$TAP_DIR/out/token")
}

tap_start
oidc_start
dovecot_start
product_start
clients_install isync
system_start
system_user cron && cron=$USER_NAME
system_user web mailers && web=$USER_NAME mailers=$GROUP_NAME
system_user other && other=$USER_NAME
other_uid=$(id -u "$other")
install -d -m 0755 "$TAP_DIR/kit" "$TAP_DIR/near" && install -m 0755 "$kit/knock.py" "$TAP_DIR/kit/"
chmod 0644 "$OIDC_CA"
allow="allow = $cron, @$mailers"
system_configuration "$allow"

# ---- whose the accounts are ----

STATUS=0
OUTPUT=$(as "$cron" "$PREFIX/bin/saslfresh" login --system "$user" --refresh-token-file /dev/null 2>&1) || STATUS=$?
isnt_zero "$STATUS" 'login --system: not by anybody'
succeeds 'login --system by root' log_in --system
is "$(stat -c '%U %a' "$SYSTEM_STATE/$user.grant" "$SYSTEM_STATE/$user.token" | sort -u)" "$OWNER 600" '... leaves files of the owner'
install -d -m 0700 -o "$other" "$TAP_DIR/person/.config/saslfresh"
chmod 0755 "$TAP_DIR/person" && chown "$other" "$TAP_DIR/person"
printf '[account %s]\nprovider = nonsense\n' "$user" >"$TAP_DIR/person/.config/saslfresh/saslfresh.conf"
chown "$other" "$TAP_DIR/person/.config/saslfresh/saslfresh.conf"
OUTPUT=$(env -i HOME="$TAP_DIR/person" "$PREFIX/bin/saslfresh" status "$user" 2>&1)
like "$OUTPUT" "state files +$SYSTEM_STATE" "root in another one's home works for the system's account"

# ---- each listener ----

for listener in systemd socat listen; do
	door_open "$listener" "$DOOR"
	ask "$cron"
	like "$OUTPUT" '^status = ok' "$listener: a user who is allowed is served"
	ask "$web"
	like "$OUTPUT" '^status = ok' "$listener: so is one of a group"
	ask root
	like "$OUTPUT" '^status = ok' "$listener: so is root"
	ask "$OWNER"
	like "$OUTPUT" '^status = ok' "$listener: so is the owner"
	ask "$other"
	like "$OUTPUT" "^cause = user $other_uid is not allowed" "$listener: another one is not"
	unlike "$OUTPUT" access_token "$listener: ... and hears of no token"
	ask "$other"
	is "$(grep -c "user $other_uid, process" "$DOOR_LOG")" 1 "$listener: ... and the log hears of it once"
	rm -f "$SYSTEM_STATE/.door"
	[ "$listener" = listen ] || door_close "$DOOR"
done

# ---- names ----

for name in /etc/passwd ../../etc/passwd .. "$user/../$user" 'a\\000b' "$user\\nrejected = x" "$(printf '%0400d' 0)" '%%s%%n' "$user.token"; do
	ask "$cron" "$name"
	unlike "$OUTPUT" '^status = ok' "no token for ${name:0:40}"
done
unlike "$OUTPUT" 'did you mean|there is no account' 'nobody learns which accounts there are'
knock "$cron" 'request = login\naccount = x\nend = 2\n'
like "$OUTPUT" 'unknown request' 'no other request is served'
like "$(cat "$DOOR_LOG")" "user $(id -u "$cron"), process [0-9]+:" 'the log hears of it'
unlike "$(cat "$DOOR_LOG")" '[^ -~]' '... in printable text'

# ---- sizes and times ----

head -c 1048576 /dev/zero | tr '\0' 'a' >"$TAP_DIR/large"
as "$cron" "$TAP_DIR/kit/knock.py" "$DOOR" say <"$TAP_DIR/large" >"$TAP_DIR/out/large" 2>/dev/null
like "$(cat "$TAP_DIR/out/large")" 'larger than 1024 octets' 'a request of 1 MiB is answered'

for listener in listen systemd; do
	[ "$listener" = listen ] || door_open "$listener" "$DOOR"
	began=$(now_ms)
	hold "half.$listener" "$cron" 3 'request = token\nacc'
	is "$HELD" 3 "$listener: half a request is waited for"
	hold "deaf.$listener" "$cron" 10 "request = token\naccount = $user\nend = 2\n"
	is "$HELD" 0 "$listener: whoever does not read is not waited for"
	hold "silent.$listener" "$cron" 300 ''
	at_most "$HELD" 64 "$listener: of 300 who say nothing, so many are listened to"
	at_most 20 "$HELD" "$listener: ... and no fewer than a mailer needs"
	ask "$web"
	like "$OUTPUT" '^status = ok' "$listener: others are served meanwhile"
	at_most "$SECONDS_TAKEN" 1 "$listener: ... at once"
	ask "$cron"
	like "$OUTPUT" '^status = temporary|^status = ok' "$listener: and those who are too many are told so"
	lines=$(grep -c "user $other_uid," "$DOOR_LOG")
	hold "strange.$listener" "$other" 300 ''
	is "$HELD" 0 "$listener: 300 of somebody who may have nothing are not listened to"
	ask "$web"
	like "$OUTPUT" '^status = ok' "$listener: others are served meanwhile"
	poll 12 idle
	at_most $(($(now_ms) - began)) 15000 "$listener: all of them are dropped in time"
	ask "$cron"
	like "$OUTPUT" '^status = ok' "$listener: and who was too many is served again"
	is "$(($(grep -c "user $other_uid," "$DOOR_LOG") - lines))" 1 "$listener: the log has one line of that"
	rm -f "$SYSTEM_STATE/.door"
	door_close "$DOOR"
done

# ---- a listener that is there already, or was ----

door_open listen "$DOOR"
saslfresh second answer --listen "$DOOR"
is "$STATUS" 78 'answer --listen: not where somebody listens'
like "$OUTPUT" 'somebody listens at' '... and says so'
kill -KILL "$DOOR_PID" && poll 5 process_gone "$DOOR_PID"
succeeds 'a socket that was left behind' test -S "$DOOR"
door_open listen "$DOOR"
ask "$cron"
like "$OUTPUT" '^status = ok' '... is replaced'
: >"$TAP_DIR/door/file"
saslfresh file answer --listen "$TAP_DIR/door/file"
like "$OUTPUT" 'is there, and no socket' 'a file is not'

# ---- what the plugin makes of it ----

mail_as "$cron" by-door
is "$STATUS" 0 'mbsync of a user who is allowed logs in'
expire
before=$(refreshes)
mail_as "$web" by-door-again
is "$STATUS" 0 'and of one of a group, with a token that has expired'
is "$(($(refreshes) - before))" 1 '... after one refresh'
token_as "$cron"
is "$TOKEN" "$(cached access_token)" 'saslfresh token of a user who is allowed gives the token'
is "$STATUS.$OUTPUT" 0. '... and says nothing'
expire
before=$(refreshes)
token_as "$web"
is "$TOKEN" "$(cached access_token)" 'of one of a group, with a token that has expired'
is "$(($(refreshes) - before))" 1 '... after one refresh'
token_as "$other"
is "$STATUS.$TOKEN" 78. 'of another user it gives nothing'
like "$OUTPUT" "user $other_uid is not allowed to have one" '... and says why'
for verb in refresh login logout; do
	STATUS=0
	OUTPUT=$(as "$cron" "$PREFIX/bin/saslfresh" "$verb" "$user" 2>&1 </dev/null) || STATUS=$?
	is "$STATUS" 71 "saslfresh $verb of a user at the door"
	like "$OUTPUT" "$SYSTEM_STATE belongs to user $(id -u "$OWNER"), and to nobody else \\(run this as root\\)" '... says whose business that is'
done
OUTPUT=$(as "$cron" "$PREFIX/bin/saslfresh" check "$user" 2>&1 </dev/null)
like "$OUTPUT" '^ok +token: lives for' 'saslfresh check of such a user sees that there is a token'
like "$OUTPUT" "^warn +state: $SYSTEM_STATE belongs to user .*mend: run this as root" '... and that the rest is not for it to see'
unlike "$OUTPUT" 'chown|Permission denied' '... without bad advice'
mail_as "$other" stranger
isnt_zero "$STATUS" 'mbsync of another user does not'
unlike "$OUTPUT" saslfresh '... and is told nothing of us: there is no account for it'
door_close "$DOOR"
token_as "$cron"
is "$STATUS.$TOKEN" 71. 'with the door closed saslfresh token gives nothing'
like "$OUTPUT" "user $(id -u "$cron") cannot renew it: nobody answers at $DOOR: .*allow = $(id -u "$cron")" '... and says who could open it'
mail_as "$cron" closed
like "$OUTPUT" "user $(id -u "$cron") cannot renew it: nobody answers at $DOOR: .*allow = $(id -u "$cron")" 'with the door closed, the sentence has the user and the cure'
chmod 0777 "$TAP_DIR/door"
as_command "$other" socat "UNIX-LISTEN:$DOOR,fork,mode=0666" "EXEC:cat $TAP_DIR/near/answer"
printf 'status = ok\nversion = 1\naccess_token = planted\nissued_at = %s\nexpires_at = %s\nend = 5\n' "$(date +%s)" \
	"$(($(date +%s) + 3600))" >"$TAP_DIR/near/answer"
background planted "${AS[@]}"
poll 5 test -S "$DOOR"
mail_as "$cron" planted
like "$OUTPUT" "user $other_uid listens at $DOOR" 'a door that somebody else has put there is not believed'
stop "$BACKGROUND_PID"
rm -f "$DOOR"
chmod 0755 "$TAP_DIR/door"

# ---- a state that is not to be believed ----

door_open listen "$DOOR"
cp -p "$SYSTEM_STATE/$user.token" "$TAP_DIR/home/token"
chown "$other" "$SYSTEM_STATE/$user.token" && chmod 0644 "$SYSTEM_STATE/$user.token"
ask "$cron"
like "$OUTPUT" "^hint = chown .*$user\\.token" 'a cache planted by another user is refused, with the mend'
cp -p "$TAP_DIR/home/token" "$SYSTEM_STATE/$user.token"
chmod 0770 "$SYSTEM_STATE"
ask "$cron"
like "$OUTPUT" "^hint = chmod 0750 .*$SYSTEM_STATE" 'a directory that the group may write is refused, with the mend'
chmod 0750 "$SYSTEM_STATE"
mv "$SYSTEM_STATE" "$SYSTEM_STATE.real" && ln -s "$SYSTEM_STATE.real" "$SYSTEM_STATE"
ask "$cron"
like "$OUTPUT" "^cause = $SYSTEM_STATE is not a directory" 'a link to a directory is refused'
rm "$SYSTEM_STATE" && mv "$SYSTEM_STATE.real" "$SYSTEM_STATE"
ask "$cron"
like "$OUTPUT" '^status = ok' 'and all is well again'

# ---- the timer ----

saslfresh due refresh --due
is "$STATUS.$OUTPUT" 0. 'refresh --due: nothing is due, and nothing is said'
text=$(sed "s/^issued_at = .*/issued_at = $(($(date +%s) - 8 * 86400))/; s/^expires_at = .*/expires_at = $(($(date +%s) - 7 * 86400))/" "$SYSTEM_STATE/$user.token")
printf '%s\n' "$text" >"$SYSTEM_STATE/$user.token"
before=$(refreshes)
saslfresh due refresh --due
like "$STATUS $OUTPUT" "^0 $user: renewed" 'an account that nobody has used for a week is renewed'
is "$(($(refreshes) - before))" 1 '... by one request'

# ---- the units ----

units=$PREFIX/lib/systemd/system
system_socket_activate
# The units that ours build on are those of the unpacked systemd: the machine may have none.
analyze() {
	LD_LIBRARY_PATH=$SYSTEMD_LIBRARIES SYSTEMD_UNIT_PATH="$TAP_DIR/units:$KIT_CACHE/systemd/lib/systemd/system" \
		"$KIT_CACHE/systemd/usr/bin/systemd-analyze" "$@" 2>&1
}
exposed_at_most() { analyze security --offline=true --threshold="$1" --no-pager "$2" >"$TAP_DIR/out/security"; }
if [ -d "$units" ]; then
	mkdir "$TAP_DIR/units" && cp "$units"/* "$TAP_DIR/units"
	is "$(cd "$TAP_DIR/units" && analyze verify ./saslfresh.socket ./saslfresh@.service ./saslfresh-refresh.service \
		./saslfresh-refresh.timer | grep -vE "Command 'man |^$")" '' 'systemd likes the units'
	for unit in saslfresh@.service saslfresh-refresh.service; do
		succeeds "$unit: an exposure of 2.0 or better" exposed_at_most 20 "$TAP_DIR/units/$unit"
	done
	fails '... and not of 1.0: what is measured can fail' exposed_at_most 10 "$TAP_DIR/units/saslfresh@.service"
	is "$(grep -c '^ListenStream=' "$TAP_DIR/units/saslfresh.socket")" 2 'the door has two sockets'
else
	not_ok 'the units are installed' "there is no $units: configure --with-systemdsystemunitdir=$units"
fi

rm -f "$TAP_DIR"/wire/*
no_leaks
tap_end
