#!/bin/bash
# What a person sees on a terminal: tables and colours, a window that is too narrow for them, a prompt that is given up.
# For the login itself see login.sh.

kit=$(cd "$(dirname "$0")/../kit" && pwd)
for part in tap ca packages oidc product; do . "$kit/$part.sh"; done

account=alice@example.test
escape=$(printf '\033')
runs=0

# on_terminal COLUMNS [NAME=VALUE...] -- VERB...: sets STATUS, OUTPUT and MODES; SCREEN is where it goes on.
on_terminal() {
	begin_on_terminal "$@"
	finish
}

begin_on_terminal() {
	local columns=$1 variables=()
	shift
	while [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	shift
	runs=$((runs + 1))
	SCREEN=$TAP_DIR/home/screen.$runs
	mkdir "$SCREEN"
	product_environment env -u NO_COLOR TERM=xterm TERMINAL_COLUMNS="$columns" "${variables[@]}" "$kit/terminal.py" "$SCREEN" \
		"$PREFIX/bin/saslfresh" "$@" >>"$TAP_DIR/log/terminal.log" 2>&1 &
	TERMINAL_PID=$!
	TAP_PIDS="$TERMINAL_PID $TAP_PIDS"
}

finish() {
	wait "$TERMINAL_PID"
	STATUS=$(cat "$SCREEN/status")
	MODES=$(cat "$SCREEN/modes")
	OUTPUT=$(tr -d '\r' <"$SCREEN/screen")
	cp "$SCREEN/screen" "$TAP_DIR/out/screen.$runs"
}

type_in() {
	printf '%b' "$2" >"$SCREEN/typing"
	mv "$SCREEN/typing" "$SCREEN/type.$1"
}

shows() { grep -aq -e "$1" "$SCREEN/shown" 2>/dev/null; }

tap_start
oidc_start
product_start
succeeds 'an account' product_account "$account" mail-public "$account" "issuer = $OIDC_ISSUER" \
	"authorization_endpoint = $OIDC_ISSUER/auth" 'authorization_parameters = prompt=consent'

on_terminal 120 -- status
like "$OUTPUT" '^ACCOUNT +STATE +LEFT +LAST REFRESH +NEXT USE$' 'status: a table with a heading'
like "$OUTPUT" "^$account +$escape\\[32mfresh +$escape\\[0m [0-9]+ min " 'in colour'
for variable in NO_COLOR=1 TERM=dumb TERM=; do
	on_terminal 120 "$variable" -- status
	unlike "$OUTPUT" "$escape" "$variable: without"
	like "$OUTPUT" "^$account +fresh +[0-9]+ min " '... the table is the same'
done
on_terminal 120 NO_COLOR= -- status
like "$OUTPUT" "$escape\\[32m" 'an empty NO_COLOR asks for nothing'
product status status
unlike "$OUTPUT" "$escape|ACCOUNT" 'away from a terminal: no colour and no heading'

for columns in 79 40 20; do
	on_terminal "$columns" TERM=dumb -- status
	is "$OUTPUT" "$account"$'\n'"  fresh"$'\n'"  $(sed -n '3s/^ *//p' <<<"$OUTPUT")"$'\n''  uses the token' "$columns columns: lines in place of a table"
	at_most "$(awk '{ if (length > longest) longest = length } END { print longest }' <<<"$OUTPUT")" 20 '... which fit'
	on_terminal "$columns" -- list
	is "$(head -n 1 <<<"$OUTPUT")" "$account" '... list: the name in a line of its own'
done
on_terminal 80 TERM=dumb -- status
like "$OUTPUT" '^ACCOUNT ' '80 columns have room for the table'
on_terminal 0 TERM=dumb -- status
like "$OUTPUT" '^ACCOUNT ' 'a terminal that does not tell its width is taken to have'

# ---- a login in a narrow window: what must be copied is whole ----

begin_on_terminal 20 -- login "$account"
succeeds '20 columns: the login waits' poll 20 shows 'Waiting for the answer'
url=$(grep -ao 'https://localhost[^[:space:]]*' "$SCREEN/shown" | head -n 1)
like "$url" "&state=[A-Za-z0-9_-]{43}(&|\$)" 'the address is in one piece'
oidc_browse "$url" "$account" >/dev/null
finish
is "$STATUS" 0 'and works'
is "$MODES" restored 'the terminal is as it was'
unlike "$OUTPUT" "$escape" 'and has got nothing but text'

# ---- ^C where a secret is typed ----

before=$(sha256sum "$PRODUCT_STATE/$account.grant")
begin_on_terminal 80 -- login "$account" --refresh-token-file -
succeeds 'a refresh token is asked for' poll 20 shows 'Refresh token of .*not shown'
type_in 1 'half-a-secret\x03'
finish
is "$STATUS" 130 '^C ends it'
is "$MODES" restored 'the terminal is as it was'
unlike "$OUTPUT" half-a-secret 'what was typed is not shown'
is "$(sha256sum "$PRODUCT_STATE/$account.grant")" "$before" 'and nothing is changed'

no_leaks
tap_end
