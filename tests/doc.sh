#!/bin/bash
# README and manual pages against the program and its source, in both directions: verbs, options, keys, exit codes,
# files, variables, states, fields, presets, limits; mandoc's opinion; and every example that needs no network is run.
# SASLFRESH_PREFIX names an installed prefix; without it one is built. Needs mandoc, col, jq.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/kit/tap.sh"
. "$here/endpoint/prefix.sh"

top=$(dirname "$here")
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
page1=$top/doc/saslfresh.1 page5=$top/doc/saslfresh.conf.5 page8=$top/doc/saslfresh.8

for program in mandoc jq; do
	command -v "$program" >/dev/null || skip_all "no $program here (Debian: apt install $program)"
done
tap_start
prefix_make "$top"
export HOME=$TAP_DIR/home PATH=$PREFIX/bin:$PATH
config=$HOME/.config/saslfresh/saslfresh.conf
state=$HOME/.local/state/saslfresh
mkdir -p "${config%/*}/providers"

# ---- reading ----

# same_set GOT WANTED DESCRIPTION: lists of words, in any order; what is in one alone is shown.
same_set() {
	local got wanted
	got=$(tr -s ' \n' '\n' <<<"$1" | sed '/^$/d' | sort -u)
	wanted=$(tr -s ' \n' '\n' <<<"$2" | sed '/^$/d' | sort -u)
	if [ -n "$wanted" ] && [ "$got" = "$wanted" ]; then
		ok "$3"
	else
		not_ok "$3" "only in the first:  $(comm -23 <(printf '%s\n' "$got") <(printf '%s\n' "$wanted") | tr '\n' ' ')" \
			"only in the second: $(comm -13 <(printf '%s\n' "$got") <(printf '%s\n' "$wanted") | tr '\n' ' ')"
	fi
}

# section PAGE TITLE...: the lines of these sections and subsections, without what is below them.
section() {
	local page=$1
	shift
	awk -v titles="$(printf '%s|' "$@")" '
		/^\.S[hs] / { title = $0; sub(/^\.S[hs] (\\&)?/, "", title); on = index("|" titles, "|" title "|") > 0; next }
		on' "$page"
}

# items MACRO: the words behind `.It MACRO` on standard input, up to the next macro or sign.
items() {
	sed -n "s/^\\.It $1 //p" | sed -E 's/ (Ns|Li|Ar|Op|Oo|Fl) .*//; s/ = .*//; s/ ,//g'
}

rendered() {
	mandoc -T ascii -O width=320 "$1" | col -bx
}

# Literal blocks of a page, or indented paragraphs of README without their indentation, that hold a line matching
# PATTERN; a line `----` ends each.
blocks() { # FILE PATTERN
	awk -v pattern="$2" '
		function flush() { if (found) printf "%s----\n", text; text = ""; found = 0 }
		FILENAME ~ /README$/ {
			if (!sub(/^    +/, "")) { flush(); next }
			on = 1
		}
		/^\.Bd/ { on = 1; next }
		/^\.Ed/ { on = 0; flush(); next }
		on { gsub(/\\e/, "\\"); text = text $0 "\n"; if ($0 ~ pattern) found = 1 }
		END { flush() }' "$1"
}

# The example lines of a page that are shown one by one.
shown_lines() {
	sed -n 's/^\.Dl //p' "$1" | sed -e 's/\\(dq/"/g' -e 's/\\e/\\/g'
}

flat() { # FILE...: source as one line each
	local file
	for file; do
		tr '\n\t' '  ' <"$file"
		echo
	done
}

sources() {
	flat "$top"/plugin/*.c "$top"/command/*.c "$top"/online/*.c
}

# ---- mandoc, and the look of the files ----

for page in "$page1" "$page5" "$page8"; do
	is "$(mandoc -T lint -W warning "$page" 2>&1)" '' "${page##*/}: mandoc has nothing to say"
	like "$(rendered "$page" | sed -n 1p)" '^SASLFRESH' "${page##*/}: and shows it"
done
is "$(cat "$top/README" "$top"/doc/*.[158] "$top"/doc/mailers/* | grep -c $'[^\t -~]')" 0 'ASCII alone'
unlike "$(cat "$top/README" "$top"/doc/*.[158] "$top"/doc/mailers/*)" '(^|[^A-Za-z0-9])/(work|root|home)/' 'no path of one machine'
is "$(awk 'length > 88' "$top/README")" '' 'README: lines that fit'
is "$(grep -c '[[:blank:]]$' "$top/README" "$page1" "$page5" "$page8" | cut -d: -f2 | sort -u)" 0 'no trailing blanks'

# ---- verbs, their usage, options ----

verbs=$(saslfresh help | sed -n 's/^  \([a-z-]*\)  *[a-z].*/\1/p' | grep -vx saslfresh)
same_set "$(section "$page1" DESCRIPTION | items Cm | sed 's/ .*//')" "$verbs" 'saslfresh(1) has the verbs of `saslfresh help`'
usages=$(
	for verb in $verbs; do
		saslfresh help "$verb" | sed -n 's/^usage: //p'
	done | grep -vxF 'saslfresh VERB [ARGUMENT...]'
	printf 'saslfresh %s\n' 'help [VERB]' version
)
is "$(rendered "$page1" | sed -n '/^SYNOPSIS/,/^DESCRIPTION/s/^  *//p' | sort)" "$(sort -u <<<"$usages")" 'the synopsis is what the verbs say of themselves'

options=$(flat "$top"/command/*.c | grep -oE '\{"[a-z-]+", (no|required|optional)_argument' | sed 's/{"\(.*\)",.*/--\1/')
options+=" $(grep -oE 'strcmp\([^"]*"--?[a-z]+"\)' "$top/command/main.c" | sed 's/.*"\(.*\)".*/\1/' | sort -u)"
same_set "$(grep -oE '\bFl -?[a-z-]+' "$page1" | sed 's/Fl /-/')" "$options" 'saslfresh(1) has the options of the source'
for option in $(section "$page1" DESCRIPTION | items Fl | sed 's/^/-/'); do
	like "$usages" "(^|[^-])$option\\b" "$option is in the usage of a verb"
done

# ---- exit codes ----

codes="0 $(grep -oE '\{"[a-z]+", [0-9]+\}' "$top/plugin/error.c" | grep -oE '[0-9]+') $(grep -oE 'EXIT_USAGE = [0-9]+' "$top/command/verb.h" | grep -oE '[0-9]+')"
same_set "$(section "$page1" 'EXIT STATUS' | sed -n 's/^\.It \([0-9]*\)$/\1/p')" "$codes" 'saslfresh(1) has the exit codes of the source'
same_set "$(sed -n '/^Exit status of the command/,/^$/p' "$top/README" | grep -oE '\b[0-9]+\b')" "$codes" 'README has them too'
same_set "$(section "$page8" Monitoring | sed -n 's/^\.It \([0-9]*\) Ta.*/\1/p') 0 64" "$codes" 'saslfresh(8) has those that a monitor sees'
kinds=$(grep -oE '\{"[a-z]+", [0-9]+\}' "$top/plugin/error.c" | sed 's/{"\(.*\)".*/\1/' | grep -vx none)
same_set "$(section "$page1" 'The protocol of answer' | sed -n '/^KIND is/,/octets/p' | sed -nE 's/^\.Ql //p' | tr -d ,.)" "$kinds" 'and the kinds of failure'

# ---- keys ----

keys=$(flat "$top/plugin/account.c" | grep -oE '\{"[a-z_]+", IN_[A-Z]+' | tr -d '{",')
scoped() { sed -n "s/ IN_$1\$//p" <<<"$keys"; }
account_sections=('Keys of an account: who and where' 'Keys of an account: the client'
	'Keys of an account: the grant' 'Keys of an account: the authorization server' 'Keys of an account: the network')
same_set "$(section "$page5" "${account_sections[@]}" | items Ic)" "$(scoped BOTH) $(scoped ACCOUNT)" 'saslfresh.conf(5) has the keys of accounts'
same_set "$(section "$page5" Presets | items Ic)" "$(scoped PRESET)" 'and those that presets have in addition'
same_set "$(section "$page5" 'Choices for all accounts' | items Ic)" \
	"$(flat "$top/plugin/config.c" | grep -oE 'global_keys\[\] = \{[^}]*' | grep -oE '"[a-z_]+"' | tr -d '"')" 'and those of everything'
same_set "$(section "$page5" Presets | sed -n '/the keys of an account except/,/^In addition/p' | sed -n 's/^\.Ic //p' | tr -d ,) $(scoped ACCOUNT | grep '^client_secret')" \
	"$(scoped ACCOUNT)" 'and says which keys a preset cannot have'

key_line() { grep -E "^\\.It Ic $1 " "$page5"; }
while read -r key choices; do
	same_set "$(key_line "$key" | sed 's/.* Cm //; s/|//g')" "$choices" "$key: the choices"
done < <(
	flat "$top/plugin/account.c" | grep -oE '\{"[a-z_]+", [A-Z_]+, +FORM_CHOICE, +"[^"]*"' | sed -E 's/\{"([a-z_]+)".*"([^"]*)"/\1 \2/'
	printf 'rank %s\n' "$(flat "$top/plugin/config.c" | grep -oE 'ranks\[\] = \{[^}]*' | grep -oE '"[a-z]+"' | tr -d '"' | tr '\n' ' ')"
)
same_set "$(grep -oE '^\.Brq [a-z]+' "$page5" | sed 's/.Brq //')" \
	"$(flat "$top/plugin/provider.c" | grep -oE 'placeholders\[\] = \{[^}]*' | grep -oE 'ACCOUNT_[A-Z]+' | sed 's/ACCOUNT_//' | tr '[:upper:]' '[:lower:]')" 'the placeholders'

# What a key may be, tried: the page says it, and the program agrees.
refuses() { # CONFIGURATION-LINES: whether the configuration is refused, with exit status 78
	printf '%b\n' "$1" >"$config"
	saslfresh list >/dev/null 2>>"$TAP_DIR/out/seen"
	[ $? -eq 78 ]
}
for word in timeout:30 connect_timeout:10; do
	like "$(section "$page5" 'Choices for all accounts' | tr '\n' ' ')" "${word%:*} Li = Ar SECONDS[^.]*1 to ${word#*:}, default ${word#*:}" "${word%:*}: the limits"
	succeeds "${word%:*}: one more is refused" refuses "${word%:*} = $((${word#*:} + 1))"
	fails "${word%:*}: the limit is not" refuses "${word%:*} = ${word#*:}"
done
succeeds 'a key without a value is refused' refuses 'rank ='
succeeds 'a key that is given twice' refuses 'rank = first\nrank = first'
succeeds 'an account that is given twice' refuses '[account a]\n[account a]'
succeeds 'an unknown key' refuses '[account a]\ncolour = red'
like "$(tail -n 1 "$TAP_DIR/out/seen")" 'saslfresh.conf:2: unknown key' 'with the file and the line'
fails 'blanks, comments and no blanks are not' refuses '  # a comment\n\n  rank=first  \n [ account a ]\n\tprovider = google'
: >"$config"

# ---- presets ----

presets=$(saslfresh providers | sed 's/ .*//')
same_set "$(section "$page5" Presets | sed -n 's/^\.It Li //p')" "$presets" 'saslfresh.conf(5) has the presets that are there'
for preset in $presets; do
	for key in tenant region; do
		said=$(section "$page5" Presets | grep -A 1 "^\\.It Li $preset\$" | sed -n "s/.*; $key \\([a-z]*\\)\$/\\1/p")
		is "$said" "$(saslfresh providers "$preset" | sed -n "s/^$key = //p")" "$preset: the $key that it has"
	done
done
like "$(sed -n '/^What it is$/,/^What it is not/p' "$top/README")" "twelve mail services" 'README counts the presets'
is "$(saslfresh providers | grep -vc '(no OAuth 2.0')" 12 'and there are as many that give tokens'

# ---- files ----

suffixes=$(sources | grep -oE 'place_file\([^)]*"[a-z.-]+"' | sed 's/.*"\(.*\)"/ACCOUNT.\1/' | sort -u)
same_set "$(section "$page8" 'The state directory' | items Pa)" "$(grep -v client-secret <<<"$suffixes")" 'saslfresh(8) has the files of an account'
same_set "$suffixes $(cat "$page1" "$page5" "$page8" "$top/README" | grep -oE 'ACCOUNT\.[a-z.-]*[a-z]')" "$suffixes" 'and nobody names another'
for name in $(section "$page8" FILES | items Pa); do
	case $name in
	/etc/* | /var/* | /run/*) ok "$name is made by people, by the login and by systemd" ;;
	*/sasl2/*) succeeds "$name is installed" test -e "$PREFIX/lib/sasl2/${name##*/}" ;;
	/usr/local/*) succeeds "$name is installed" test -e "$PREFIX/${name#/usr/local/}" ;;
	*) not_ok "$name is a path" ;;
	esac
done
for name in $(cd "$PREFIX" && find bin libexec share lib -type f ! -path 'share/man/*' ! -path 'share/doc/*' 2>/dev/null); do
	case $name in
	bin/saslfresh | lib/sysusers.d/* | lib/tmpfiles.d/*) continue ;;
	share/saslfresh/providers/*) name=${name%/*} ;;
	esac
	like "$(section "$page8" FILES | items Pa)" "/${name##*/}\$" "saslfresh(8) has what is installed: $name"
done
like "$(saslfresh help)" "$PREFIX/etc/saslfresh/saslfresh\\.conf" 'saslfresh help names the system configuration'
same_set "$(section "$page5" FILES | items Pa)" "$(section "$page1" FILES | items Pa | grep -E 'conf$|providers$')" 'saslfresh.conf(5) and saslfresh(1) agree on the places'
same_set "$(sed -n '/^What is in this tree/,/^Licence/s/^    \([a-z]*\)\/ .*/\1/p' "$top/README")" \
	"$(cd "$top" && printf '%s\n' */ | tr -d / | grep -vxE 'build-aux|m4|autom4te.cache')" 'README has the directories of the tree'
for name in contrib/demo tests/run; do
	like "$(cat "$top/README")" "^    $name\$" "README has $name"
	succeeds "$name can be run" test -x "$top/$name"
	like "$("$top/$name" --help 2>&1)" "$name" "$name --help tells about it"
done

# ---- variables ----

variables=$(sources | grep -oE '\b(absolute_variable|base_directory|getenv|variable)\("[A-Z_]+"' | sed 's/.*"\(.*\)"/\1/')
handed_on=$(flat "$top/plugin/ask.c" | grep -oE '\b(names|of_person)\[\] = \{[^}]*' | grep -oE '"[A-Z_]+"' | tr -d '"')
same_set "$(section "$page1" ENVIRONMENT | items Ev) $(section "$page1" ENVIRONMENT | sed -n 's/^\.Ev //p' | tr -d ,)" \
	"$variables $handed_on https_proxy all_proxy no_proxy SASL_PATH" 'saslfresh(1) has the variables of the source'

# ---- states, fields, words ----

states=$(flat "$top/command/report.c" | grep -oE 'set\(report, [^;]*' | sed -E 's/^set\(report, //; s/^([^"]*"[^"]*"( : "[^"]*")?),.*/\1/' |
	grep -oE '"[^"]*"' | tr -d '"' | sort -u)
is "$(section "$page1" States | sed -n 's/^\.It Li //p' | sort)" "$states" 'saslfresh(1) has the states of the source'
fields() { flat "$1" | grep -oE "FIELD_(TEXT|NUMBER)\\(struct $2, [a-z_]+" | sed 's/.* //'; }
page_fields() {
	section "$page8" 'The state directory' | sed -n "/^\\.It Pa ACCOUNT\\.$1\$/,/^\\.It Pa ACCOUNT\\.$2/p" | sed -nE 's/^\.Li //p' | tr ',.;' '   '
}
same_set "$(page_fields grant token)" "version account $(fields "$top/online/record.c" grant)" 'saslfresh(8) has the fields of a grant'
same_set "$(page_fields token lock)" "version account failure $(fields "$top/plugin/token.c" token)" 'and those of a token'
words=$(flat "$top/online/remedy.c" | grep -oE '\{"[a-z_]+", ("[a-z_]+"|NULL), [A-Z]+, ERROR_(LOGIN|CONFIG)' | sed 's/{"\([a-z_]*\)".*/\1/' | sort -u)
same_set "$(section "$page1" 'When a token is renewed' | sed -nE 's/^\.(Pq )?Ql //p' | grep -oE '\b[a-z]+(_[a-z]+)+' | grep -vxE 'refresh_token_reuse|issued_at|expires_in')" \
	"$words" 'saslfresh(1) has the error words that it tells apart'

# ---- numbers: where the source changes, the text must ----

# number FILE CONSTANT VALUE PAGE WORDS
number() {
	like "$(flat "$top/$1")" "\\b$2 = $3\\b" "$2 is $3"
	like "$(rendered "$4" | tr -s ' \n' ' ')" "$5" "and ${4##*/} says so"
}
number plugin/token.c SOFT_MARGIN 300 "$page1" 'soft margin is a tenth of it, at least 300 seconds'
number plugin/token.c HARD_MARGIN 60 "$page1" 'hard margin is 60 seconds'
number plugin/token.c BACKOFF_FIRST 40 "$page1" 'after 40 seconds, then after twice as long'
number plugin/token.c BACKOFF_MAX 900 "$page1" 'up to 15 minutes, give or take a fifth'
number plugin/token.h TOKEN_LIFE_DEFAULT 3600 "$page1" '3600 seconds are assumed'
number plugin/token.h TOKEN_LIFE_MAX '400 \* 86400' "$page1" 'longer than 400 days'
number plugin/token.h TOKEN_HOLD_MAX 86400 "$page1" 'Retry-After of the server counts instead, up to a day'
number command/obtain.h OBTAIN_LOCK_SECONDS 20 "$page1" 'waits for the lock, 20 seconds at most'
number online/renewal.c MISCONFIGURED_SECONDS 900 "$page1" 'next request is made after 15 minutes, or as soon as'
number online/reject.c SOON_SECONDS 300 "$page1" 'refused as well within five minutes'
number command/answer.c REQUEST_MILLISECONDS 5000 "$page1" 'must come within 5 seconds'
number plugin/frame.h FRAME_REQUEST_MAX 1024 "$page1" 'have 1024 octets at most'
number plugin/keyfile.h KEYFILE_RECORD_MAX '64 \* 1024' "$page1" 'It has 65536 octets at most'
number online/secret.h SECRET_COMMAND_SECONDS 10 "$page5" 'must end with status 0 within 10 seconds'
number plugin/config.h CONFIG_TIMEOUT 30 "$page5" '1 to 30, default 30'
number online/record.h RECORD_PLAIN_MAX '48 \* 1024' "$page8" 'needs 80 kilobytes'
number online/record.h RECORD_SEALED_MAX '80 \* 1024' "$page8" 'with a sealed grant 112'
number online/store.c TOKEN_SPACE '32 \* 1024' "$page8" 'needs 80 kilobytes'
number online/seal.h SEAL_SECONDS 10 "$page5" 'at most 4096 octets, within 10 seconds'
number online/seal.h UNSEAL_SECONDS 20 "$page5" 'prints the line again, within 20 seconds'
number online/record.h RECORD_SEALED_KEY_MAX 4096 "$page5" 'at most 4096 octets'
number online/renewal.c UNEQUIPPED_SECONDS 60 "$page5" 'not tried again for a minute'
number online/mail.h MAIL_SECONDS 15 "$page1" 'behind TLS, within 15 seconds each'

# ---- configurations that are shown ----

# try_blocks FILE: each account that it shows lacks the login, or where nobody logs in the file it names, and nothing else.
try_blocks() {
	local text='' line account count=0
	while IFS= read -r line; do
		[ "$line" = ---- ] || {
			text+=$line$'\n'
			continue
		}
		(umask 077 && printf '%s' "$text" >"$config")
		while IFS= read -r account; do
			count=$((count + 1))
			STATUS=0
			rm -rf "$state"
			saslfresh token "$account" >"$TAP_DIR/out/stdout" 2>"$TAP_DIR/out/stderr" </dev/null || STATUS=$?
			if grep -q '^grant_type = ' "$config"; then
				is "$STATUS $(cat "$TAP_DIR/out/stdout")" '78 ' "${1##*/}: the configuration of $account is not all"
				like "$(cat "$TAP_DIR/out/stderr")" ': there is no /etc/saslfresh/' "${1##*/}: a file of $account is missing, and nothing else"
			else
				is "$STATUS $(cat "$TAP_DIR/out/stdout")" '77 ' "${1##*/}: the configuration of $account lacks the login alone"
			fi
			cat "$TAP_DIR/out/stderr" >>"$TAP_DIR/out/seen"
		done < <(sed -n 's/^\[account \(.*\)\]$/\1/p' <<<"$text")
		text=''
	done < <(blocks "$1" '^.account .*]$' | awk '{ text = text $0 "\n" } /^----$/ { if (text !~ /key = value/) printf "%s", text; text = "" }')
	at_most 2 "$count" "${1##*/} shows accounts"
}
try_blocks "$page5"
try_blocks "$top/README"
blocks "$page5" '^title = ' | sed '/^----$/d' >"${config%/*}/providers/example.conf"
printf '[account me@example.org]\nprovider = example\nclient_id = mail\nclient_secret_command = echo secret\n' >"$config"
saslfresh token me@example.org >/dev/null 2>&1
is "$?" 77 'the preset of saslfresh.conf(5) completes an account'
like "$(saslfresh providers example)" '^token_endpoint = https://login.example.org/realms/\{tenant\}/token$' 'and is shown as it is'

# ---- commands that are shown ----

mkdir -m 0700 "$TAP_DIR/endpoint"
background endpoint /usr/bin/python3 -W ignore "$here/endpoint/endpoint.py" --dir "$TAP_DIR/endpoint" --listen http
poll 10 test -s "$TAP_DIR/endpoint/ports" || bail 'the scripted endpoint did not start'
port=$(sed -n 's/^http //p' "$TAP_DIR/endpoint/ports")

# account KEY: me@example.org at the scripted endpoint, with the refresh token in token.txt.
account() {
	printf '[account me@example.org]\nclient_id = mail\nscope = mail\nhttp_loopback = yes\ntoken_endpoint = http://127.0.0.1:%s/%s/token\n' \
		"$port" "$1" >"$config"
	rm -f token.txt
	(umask 077 && printf 'rt-%s-0\n' "$1" >token.txt)
	rm -rf "$state"
}
# answers KEY CASE: how the endpoint answers from now on.
answers() { printf '%s\n' "$2" >"$TAP_DIR/endpoint/$1.case"; }

mkdir "$TAP_DIR/work"
cd "$TAP_DIR/work" || exit 1
account first
(umask 077 && printf '{"access_token":"x","refresh_token":"rt-first-0"}\n' >other.json)
lines=0
while IFS= read -r line; do
	lines=$((lines + 1))
	STATUS=0
	sh -c "$line" >"$TAP_DIR/out/stdout" 2>"$TAP_DIR/out/stderr" </dev/null || STATUS=$?
	is "$STATUS $(cat "$TAP_DIR/out/stderr")" '0 ' "it works: $line"
	cp "$TAP_DIR/out/stdout" "$TAP_DIR/out/example.$lines"
done < <(shown_lines "$page1")
at_most 8 "$lines" 'saslfresh(1) has examples'
is "$(stat -c %a "$state" "$state"/me@example.org.*)" $'700\n600\n600\n600' 'the modes of what they left are those of the manual'
same_set "$(cd "$state" && printf '%s\n' * | sed 's/^me@example.org/ACCOUNT/')" "$(section "$page1" FILES | items Pa | sed -n 's,.*state/saslfresh/\(ACCOUNT\.\),\1,p')" 'and their names'
answer=$(printf 'request = token\naccount = me@example.org\nend = 2\n' | saslfresh answer)
is "$(sed -n 1p <<<"$answer")" 'status = ok' 'answer: status = ok'
is "$(sed '1d;$d' <<<"$answer")" "$(sed '$d' "$state/me@example.org.token")" 'answer: then the lines of the token file'
hash=$(sed -n 's/^access_token_hash = //p' <<<"$answer")
is "$hash" "$(sed -n 's/^access_token = //p' <<<"$answer" | tr -d '\n' | sha256sum | sed 's/ .*//')" 'the hash is the SHA-256 of the access token'
like "$(printf 'request = reject\naccount = me@example.org\nrejected = %s\nend = 3\n' "$hash" | saslfresh answer)" '^status = ok$' 'answer: a refusal'
like "$(saslfresh status)" $'^me@example.org\trefused\t[0-9]+\t[-0-9: ]+\t' 'is seen by status, whose columns are separated by tabs'
like "$(printf 'request = token\naccount = nobody\nend = 2\n' | saslfresh answer | tr '\n' ' ')" \
	'^status = config what = [^=]* cause = there is no account [^=]* hint = .* end = 4 $' 'answer: a failure'

json_keys() { /usr/bin/python3 -c 'import json, sys; print(*json.load(sys.stdin)[0])'; }
same_set "$(section "$page1" 'Status in JSON' | sed -n 's/^\.It Li //p')" "$(saslfresh status --json | json_keys)" 'saslfresh(1) has the members of status --json'

for word in help --help -h; do is "$(saslfresh $word)" "$(saslfresh help)" "saslfresh $word is help"; done
is "$(saslfresh --version)" "$(saslfresh version)" 'saslfresh --version is version'
is "$(saslfresh token --help)" "$(saslfresh help token)" 'saslfresh token --help is help'
token=$(echo unread | { saslfresh token me@example.org; cat >"$TAP_DIR/out/left"; })
like "$token" '^at-first-[0-9]+$' 'token: the token and nothing else'
is "$(cat "$TAP_DIR/out/left")" unread 'token: standard input is not read'

preset_value() { saslfresh providers "$1" | sed -n "s/^$2 = //p" | sed "s/{tenant}/common/"; }
for preset in google microsoft; do
	like "$(cat "$top/README")" "$(preset_value $preset console)" "README: where a client of the preset $preset is registered"
done

# saslfresh(8): what wants a person.
blocks "$page8" '^saslfresh status ' | sed '/^----$/d' >watch.sh
is "$(sh watch.sh && echo none)" none 'saslfresh(8): nobody is wanted'
account second
saslfresh login me@example.org --refresh-token-file token.txt >/dev/null
rm "$state/me@example.org.token"
answers second error-200
saslfresh token me@example.org >/dev/null 2>&1
STATUS=0
OUT=$(sh watch.sh) || STATUS=$?
is "$STATUS $OUT" '1 me@example.org: needs login' 'saslfresh(8): somebody is'
cron=$(sed -n 's/^\*\/5 \* \* \* \* root \/usr\/local\/bin\///p' "$page8")
like "$cron" '^saslfresh ' 'saslfresh(8): a line for cron'
STATUS=0
sh -c "$cron" 2>>"$TAP_DIR/out/seen" || STATUS=$?
is "$STATUS" 0 'which does not say again what is known'

# ---- sentences: as quoted, they have been seen here, or their words are in the programs ----

# provoke NAME CASE [LINE-FOR-THE-CONFIGURATION]: a login that fails.
provoke() {
	account "$1"
	answers "$1" "$2"
	[ $# -lt 3 ] || sed -i "$3" "$config"
	saslfresh login me@example.org --refresh-token-file token.txt >/dev/null 2>>"$TAP_DIR/out/seen"
}
provoke third html-200
provoke fourth good "s,127.0.0.1:$port,127.0.0.1:1,"
provoke fifth good $'1i connect_timeout = 1\ns,http:,https:,'
provoke sixth error-200
account seventh
chmod 0644 token.txt
saslfresh login me@example.org --refresh-token-file token.txt 2>>"$TAP_DIR/out/seen"
saslfresh token nobody@example.org 2>>"$TAP_DIR/out/seen"
account eighth
saslfresh login me@example.org --refresh-token-file token.txt >/dev/null
sed -i 's/^client_id = .*/client_id = other/' "$config"
saslfresh refresh --force me@example.org 2>>"$TAP_DIR/out/seen"

programs=("$PREFIX/bin/saslfresh" "$PREFIX/libexec/saslfresh/saslfresh-online" "$PREFIX/lib/sasl2/libsaslfresh.so")
# sentence TEXT: three dots stand for anything. Of what was not seen, every piece must be in a program, `X says Y` apart.
sentence() {
	local pattern piece
	pattern=$(sed -e 's/[][\\.*^$()+?{|]/\\&/g' -e 's/\\\.\\\.\\\./.*/g' <<<"$1")
	grep -Eq -e "$pattern" "$TAP_DIR/out/seen" && return
	while IFS= read -r piece; do
		piece=$(sed 's/^says //' <<<"$piece")
		[ -z "$piece" ] || grep -aqF -e "$piece" "${programs[@]}" || return
	done < <(sed -e 's/ *\.\.\. */\n/g' <<<"$1")
}
quoted=0
while IFS= read -r text; do
	quoted=$((quoted + 1))
	succeeds "a sentence as it is said: $text" sentence "$text"
done < <(
	sed -n '/^When something is wrong/,/^Where things are/{/(of libsasl2)/d;s/^"\(.*\)"$/\1/p;}' "$top/README"
	section "$page1" DIAGNOSTICS | sed -n 's/^\.It Sy "\(.*\)"$/\1/p'
)
at_most 20 "$quoted" 'README and saslfresh(1) quote sentences'
fails 'and one that nobody says would be found' sentence 'the moon is ... of cheese'

tap_end
