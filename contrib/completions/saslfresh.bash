# Completion of saslfresh(1) for bash. Install it as saslfresh in the completions directory of bash-completion
# (pkg-config --variable=completionsdir bash-completion), or source it from ~/.bashrc.

_saslfresh_names() {
	"${COMP_WORDS[0]}" "$1" 2>/dev/null | while read -r name _; do
		printf '%s\n' "$name"
	done
}

# Adds to COMPREPLY what of the words (one a line on standard input) begins with the word being typed.
_saslfresh_offer() {
	local word
	while IFS= read -r word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_saslfresh_verbs() {
	printf '%s\n' token refresh status check list login logout import config-for providers answer help version
}

_saslfresh() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]-}
	COMPREPLY=()

	if [[ $COMP_CWORD -eq 1 ]]; then
		_saslfresh_offer < <(_saslfresh_verbs; printf '%s\n' --help --version)
		return
	fi
	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --@(refresh-token-file|client-file|client-secret-file|ca-file|import|prometheus) ]]; then
		compopt -o filenames 2>/dev/null
		_saslfresh_offer < <(compgen -f -- "$cur")
		return
	fi
	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --provider ]]; then
		_saslfresh_offer < <(_saslfresh_names providers)
		return
	fi
	case $verb in
	token)
		_saslfresh_offer < <(printf '%s\n' --max; _saslfresh_names list)
		;;
	refresh)
		_saslfresh_offer < <(printf '%s\n' --all --force --due; _saslfresh_names list)
		;;
	status)
		_saslfresh_offer < <(printf '%s\n' --json --check --warning --critical --prometheus; _saslfresh_names list)
		;;
	check)
		_saslfresh_offer < <(printf '%s\n' --json postfix mbsync msmtp; _saslfresh_names list)
		;;
	login)
		_saslfresh_offer < <(printf '%s\n' --provider --issuer --tenant --client-file --client-id --client-secret-file \
			--ca-file --system --device --any-user --no-check --export --import --refresh-token-file; _saslfresh_names list)
		;;
	logout)
		_saslfresh_offer < <(printf '%s\n' --forget; _saslfresh_names list)
		;;
	import)
		if [[ $COMP_CWORD -eq 2 ]]; then
			_saslfresh_offer < <(_saslfresh_names list)
		else
			compopt -o filenames 2>/dev/null
			_saslfresh_offer < <(compgen -f -- "$cur")
		fi
		;;
	config-for)
		case $COMP_CWORD in
		2) _saslfresh_offer < <(printf '%s\n' postfix sendmail ssmtp msmtp-mta mbsync msmtp mutt neomutt aerc s-nail mpop getmail offlineimap curl git imtest) ;;
		3) _saslfresh_offer < <(_saslfresh_names list) ;;
		*) _saslfresh_offer < <(printf '%s\n' --write --yes) ;;
		esac
		;;
	providers)
		[[ $COMP_CWORD -eq 2 ]] && _saslfresh_offer < <(_saslfresh_names providers)
		;;
	answer)
		_saslfresh_offer < <(printf '%s\n' --listen --mode)
		;;
	help)
		[[ $COMP_CWORD -eq 2 ]] && _saslfresh_offer < <(_saslfresh_verbs)
		;;
	esac
	# bash breaks words at a colon: offer only what stands behind it.
	if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
}

complete -F _saslfresh saslfresh
