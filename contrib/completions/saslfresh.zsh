#compdef saslfresh
# Completion of saslfresh(1) for zsh. Install it as _saslfresh in a directory of $fpath.

_saslfresh_accounts() {
	local -a names
	names=(${${(f)"$(_call_program accounts $service list 2>/dev/null)"}%%[[:space:]]*})
	_describe -t accounts account names
}

_saslfresh_providers() {
	local -a names
	names=(${${(f)"$(_call_program providers $service providers 2>/dev/null)"}%%[[:space:]]*})
	_describe -t providers provider names
}

_saslfresh_verbs() {
	local -a verbs
	verbs=(
		'token:print a valid access token'
		'refresh:renew access tokens'
		'status:show how the accounts stand'
		'check:find out what does not work'
		'list:list the accounts'
		'login:log in'
		'config-for:show the lines that a mailer needs'
		'import:take over the grant that another tool has'
		'logout:revoke a grant and forget it'
		'providers:show the presets'
		'answer:serve one request on standard input and output'
		'help:explain a verb'
		'version:print the version'
	)
	_describe -t verbs verb verbs
}

_saslfresh() {
	local curcontext=$curcontext state line
	local -A opt_args

	_arguments -C \
		'(- : *)--help[explain the program]' \
		'(- : *)--version[print the version]' \
		'1:verb:_saslfresh_verbs' \
		'*::argument:->arguments' && return
	case $line[1] in
	token)
		_arguments \
			'--max[fail if the token is longer]:octets:' \
			'1:account:_saslfresh_accounts'
		;;
	refresh)
		_arguments \
			'(*)--all[all accounts]' \
			'--force[even those that are fresh]' \
			'(* --all --force)--due[what no login will renew in time]' \
			'(--all)*:account:_saslfresh_accounts'
		;;
	answer)
		_arguments '--listen[at sockets, for containers]' '--mode[of the sockets]:mode:' '*:socket:_files'
		;;
	status)
		_arguments \
			'(--check --prometheus)--json[for programs]' \
			'(--json --prometheus)--check[for Nagios and its kin]' \
			'--warning[warn so many days before the end of a grant]:days:' \
			'--critical[critical so many days before the end of a grant]:days:' \
			'(--json --check)--prometheus[write metrics to a file]:file:_files' \
			'1:account:_saslfresh_accounts'
		;;
	check)
		_arguments \
			'--json[for programs]' \
			'1:account:_saslfresh_accounts' \
			'2:mailer:(postfix mbsync msmtp)'
		;;
	login)
		_arguments \
			'(--issuer)--provider[do not look for the provider]:provider:_saslfresh_providers' \
			'(--provider)--issuer[do not look for the authorization server]:url:' \
			'--tenant[the organisation, with Microsoft]:tenant:' \
			'(--client-file)--client-id[the client id]:id:' \
			'(--client-id --client-secret-file)--client-file[what the console of the provider gives]:file:_files' \
			'(--client-file)--client-secret-file[the file of the client secret]:file:_files' \
			'--ca-file[the authority of the server]:file:_files' \
			'(--export)--system[add the account to the system]' \
			'(--import --refresh-token-file --system)--export[for another machine, to standard output]' \
			'(--export --refresh-token-file)--import[what --export wrote, - for standard input]:file:_files' \
			'--no-check[do not try the token at the mail servers]' \
			'(--refresh-token-file)--device[show a code for a browser anywhere]' \
			'--system[the accounts of the system alone]' \
			'(--refresh-token-file)--any-user[whoever signs in is right]' \
			'--refresh-token-file[take the refresh token from a file, - for standard input]:file:_files' \
			'1:account:_saslfresh_accounts'
		;;
	config-for)
		_arguments \
			'--write[put them into the file of the user]' \
			'--yes[without asking]' \
			'1:mailer:(postfix sendmail ssmtp msmtp-mta mbsync msmtp mutt neomutt aerc s-nail mpop getmail offlineimap curl git imtest)' \
			'2:account:_saslfresh_accounts'
		;;
	import)
		_arguments '1:account:_saslfresh_accounts' '2:file:_files'
		;;
	logout)
		_arguments '--forget[even if it cannot be revoked]' '1:account:_saslfresh_accounts'
		;;
	providers)
		_arguments '1:provider:_saslfresh_providers'
		;;
	help)
		_arguments '1:verb:_saslfresh_verbs'
		;;
	esac
}

_saslfresh "$@"
