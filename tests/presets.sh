#!/bin/bash
# The presets that are shipped, and the completions: each preset parses, says enough to log in, sends nobody to
# plain http, names where its facts are from and lends nobody's client id; an account with `provider` and
# `client_id` is complete. SASLFRESH_PREFIX names an installed prefix; without it one is built.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/kit/tap.sh"
. "$here/endpoint/prefix.sh"

export LC_ALL=C
# In the order of the file names, so that the list can be compared with the directory.
presets='aol comcast fastmail gmx google icloud mailcom mailru microsoft-china microsoft-dod microsoft-gov microsoft proton
webde yahoo yandex zoho'
passwords='gmx icloud mailcom proton webde' # no OAuth 2.0
tokens=$(printf '%s\n' $presets | grep -vxF "$(printf '%s\n' $passwords)")
required='title mx note'
required_tokens='authorization_endpoint token_endpoint scope hosts imap smtp refresh_token_reuse'

tap_start
prefix_make "$here/.."

export HOME=$TAP_DIR/home
unset XDG_CONFIG_HOME XDG_STATE_HOME
config=$HOME/.config/saslfresh/saslfresh.conf
mkdir -p "${config%/*}"
saslfresh=$PREFIX/bin/saslfresh
PATH=$PREFIX/bin:$PATH

# run ARGUMENT...: sets STATUS, OUT and ERR.
run() {
	STATUS=0
	"$saslfresh" "$@" >"$TAP_DIR/out/stdout" 2>"$TAP_DIR/out/stderr" </dev/null || STATUS=$?
	OUT=$(cat "$TAP_DIR/out/stdout")
	ERR=$(cat "$TAP_DIR/out/stderr")
}

value() { # PRESET KEY
	sed -n "s/^$2 = //p" "$here/../providers/$1.conf"
}

# ---- the files

is "$(cd "$here/../providers" && printf '%s ' *.conf)" "$(printf '%s.conf ' $presets)" 'the presets that the issue asks for'
is "$(cd "$PREFIX/share/saslfresh/providers" && printf '%s ' *.conf)" "$(printf '%s.conf ' $presets)" 'all are installed'

urls() { # PRESET: every value that is a URL of ours to call
	sed -nE 's/^(issuer|[a-z_]*_endpoint|console|account_page|app_password_page) = //p' "$here/../providers/$1.conf"
}

is_in() { # WORD WORD...
	local word=$1
	shift
	case " $* " in *" $word "*) ;; *) return 1 ;; esac
}

for preset in $presets; do
	file=$here/../providers/$preset.conf
	missing=
	for key in $required $(is_in "$preset" $tokens && echo $required_tokens || echo app_password_page); do
		[ -n "$(value "$preset" "$key")" ] || missing="$missing $key"
	done
	is_in "$preset" microsoft-dod microsoft-gov || [ -n "$(value "$preset" domains)" ] || missing="$missing domains"
	is "$missing" '' "$preset: required keys"
	is "$(urls "$preset" | grep -cv '^https://[a-z0-9.{}-]*/\?[^ ]*$')" 0 "$preset: https alone"
	like "$(sed -n '/^#/p' "$file")" 'https://[a-z]' "$preset: a comment with its sources"
	like "$(head -n 1 "$file")" '^# .' "$preset: the comment stands first"
	is "$(grep -cE '^(client_(id|secret[a-z_]*)|provider|user|group) =' "$file")" 0 "$preset: no client of anybody's"
	is "$(LC_ALL=C grep -c '[^ -~]' "$file")" 0 "$preset: ASCII"
	is "$(cut -d= -f1 "$file" | grep -v '^#' | sort | uniq -d)" '' "$preset: no key twice"
	# The servers that are advertised are among those a token may go to.
	stray=
	for server in $(value "$preset" imap) $(value "$preset" pop) $(value "$preset" smtp); do
		case " $(value "$preset" hosts) " in
		*" ${server%:*} "*) ;;
		*) stray="$stray $server" ;;
		esac
		case $server in
		*:993 | *:995 | *:465 | *:587) ;;
		*) stray="$stray $server(port)" ;;
		esac
	done
	is "$stray" '' "$preset: imap, pop and smtp are among hosts, on ports with TLS"
	is "$(value "$preset" hosts | grep -c '[*]')" 0 "$preset: hosts are named one by one"
done
for preset in $passwords; do
	is "$(grep -cE '^([a-z_]*_endpoint|issuer|scope|hosts|console|client_steps|refresh_token_reuse) =' \
		"$here/../providers/$preset.conf")" 0 "$preset: app passwords are all there is"
done
# Whoever can register a client is told how; Fastmail does it itself, Comcast for nobody.
for preset in $tokens; do
	case $preset in
	comcast) wanted=no-no-no ;;
	fastmail) wanted=yes-no-yes ;;
	*) wanted=yes-yes-no ;;
	esac
	is "$(for key in console client_steps registration_endpoint; do
		[ -n "$(value "$preset" "$key")" ] && echo yes || echo no
	done | paste -sd-)" "$wanted" "$preset: how a client is registered"
done
is "$(for preset in $presets; do value "$preset" domains | tr ' ' '\n'; done | sort | uniq -d)" '' 'no domain in two presets'
is "$(for preset in $presets; do value "$preset" mx | tr ' ' '\n'; done | sort | uniq -d)" '' 'no mail exchanger in two presets'
for preset in $tokens; do
	case $preset in
	microsoft*) wanted=tolerated ;;
	*) wanted=punished ;;
	esac
	is "$(value "$preset" refresh_token_reuse)" "$wanted" "$preset: reuse of a refresh token is $wanted"
done

# ---- what the program makes of them

run providers
is "$STATUS" 0 'providers: exit status'
is "$ERR" '' 'providers: nothing on stderr'
is "$(printf '%s\n' "$OUT" | sed 's/[[:space:]].*//' | sort)" "$(printf '%s\n' $presets | sort)" 'providers: lists them all'

for preset in $presets; do
	run providers "$preset"
	is "$STATUS $ERR" '0 ' "providers $preset: exit status and stderr"
	title=$(value "$preset" title)
	missing=
	printf '%s\n' "$OUT" | grep -qF -- "$title" || missing="$missing title"
	printf '%s\n' "$OUT" | grep -qF -- "$(value "$preset" smtp)" || missing="$missing smtp"
	printf '%s\n' "$OUT" | grep -qF -- "$(value "$preset" app_password_page)" || missing="$missing app_password_page"
	printf '%s\n' "$OUT" | tr -s ' \n' ' ' | grep -qF -- "$(value "$preset" note)" || missing="$missing note"
	is "$missing" '' "providers $preset: shows title, smtp and note"
done

run providers
is "$(printf '%s\n' "$OUT" | sed -n 's/ .*(no OAuth 2.0: app passwords)$//p')" "$(printf '%s\n' $passwords)" \
	'providers: says which have no OAuth 2.0'
run providers google
is "$(printf '%s\n' "$OUT" | sed -n 's/^#   [0-9]*\. //p')" "$(value google client_steps | sed 's/ | /\n/g')" \
	'providers google: the steps to a client, one by one'
like "$OUT" '#   1\. Choose a project' 'providers google: counted'

run providers gogle
is "$STATUS" 78 'an unknown preset: exit status'
is "$OUT" '' 'an unknown preset: nothing on stdout'
like "$ERR" '^saslfresh: .*gogle.*google' 'an unknown preset: the nearest is named'

# An account with provider and client_id is complete: what is missing is the login.
for preset in $passwords; do
	printf '[account me@example.test]\nprovider = %s\nclient_id = client\n' "$preset" >"$config"
	run token me@example.test
	is "$STATUS $OUT" '78 ' "$preset: has no tokens"
	like "$ERR" "^saslfresh: .*without OAuth 2.0.*$(value "$preset" app_password_page)" "$preset: the sentence has the page"
done
for preset in $tokens; do
	printf '[account me@example.test]\nprovider = %s\nclient_id = client\n' "$preset" >"$config"
	run token me@example.test
	is "$STATUS $OUT" '77 ' "$preset: with a client_id it lacks the login alone"
	like "$ERR" '^saslfresh: .*me@example\.test.*login' "$preset: the sentence says so"
	run list
	is "$STATUS $(printf '%s\n' "$OUT" | sed 's/[[:space:]].*//')" '0 me@example.test' "$preset: list"
done

# And every key of a preset can be set in the account: this one is refused before any request.
for preset in google zoho; do
	printf '[account me@example.test]\nprovider = %s\nclient_id = client\ntoken_endpoint = http://mail.example.test/\n' \
		"$preset" >"$config"
	printf 'rt\n' >"$TAP_DIR/refresh-token"
	chmod 0600 "$TAP_DIR/refresh-token"
	run login me@example.test --refresh-token-file "$TAP_DIR/refresh-token"
	is "$STATUS $OUT" '78 ' "$preset: an endpoint of the account overrules the preset"
	like "$ERR" 'http' "$preset: and is refused when it is plain http"
done

# ---- completions

# complete_words WORD...: what bash offers for the last word.
complete_words() {
	(
		. "$here/../contrib/completions/saslfresh.bash" || exit 1
		COMP_WORDS=("$@")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_saslfresh
		printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
	)
}

printf '[account me@example.test]\nprovider = google\nclient_id = a\n[account you@example.test]\nprovider = yahoo\nclient_id = b\n' >"$config"
run help
for verb in token refresh status list login providers answer help version; do
	like "$OUT" "(^|[[:space:]])$verb([[:space:]]|\$)" "help names the verb $verb, as the completions do"
done
is "$(complete_words saslfresh to)" 'token ' 'bash: verbs'
is "$(complete_words saslfresh token '')" '--max me@example.test you@example.test ' 'bash: accounts'
is "$(complete_words saslfresh token y)" 'you@example.test ' 'bash: accounts by their beginning'
is "$(complete_words saslfresh refresh --)" '--all --due --force ' 'bash: options of refresh'
is "$(complete_words saslfresh refresh --force m)" 'me@example.test ' 'bash: accounts behind an option'
is "$(complete_words saslfresh status --)" '--check --critical --json --prometheus --warning ' 'bash: options of status'
is "$(complete_words saslfresh login --)" '--any-user --ca-file --client-file --client-id --client-secret-file --device --export --import --issuer --no-check --provider --refresh-token-file --system --tenant ' 'bash: options of login'
is "$(complete_words saslfresh login me@example.test --refresh-token-file "$TAP_DIR/refr")" "$TAP_DIR/refresh-token " 'bash: files'
is "$(complete_words saslfresh providers micro)" 'microsoft microsoft-china microsoft-dod microsoft-gov ' 'bash: presets'
is "$(complete_words saslfresh help pro)" 'providers ' 'bash: verbs behind help'
is "$(complete_words saslfresh nonsense '')" ' ' 'bash: nothing behind nonsense'
for shell in zsh fish; do
	if command -v "$shell" >/dev/null; then
		succeeds "$shell: the completion parses" "$shell" -n "$here/../contrib/completions/saslfresh.$shell"
	else
		skip "$shell: the completion parses" "no $shell here"
	fi
done

tap_end
