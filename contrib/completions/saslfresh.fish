# Completion of saslfresh(1) for fish. Install it in a directory of $fish_complete_path.

function __saslfresh_names
    saslfresh $argv 2>/dev/null | string replace -r '\s.*' ''
end

set -l verbs token refresh status check list login logout import config-for providers answer help version

complete -c saslfresh -f
complete -c saslfresh -n "not __fish_seen_subcommand_from $verbs" -l help -d 'Explain the program'
complete -c saslfresh -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Print the version'
complete -c saslfresh -n __fish_use_subcommand -a token -d 'Print a valid access token'
complete -c saslfresh -n __fish_use_subcommand -a refresh -d 'Renew access tokens'
complete -c saslfresh -n __fish_use_subcommand -a status -d 'Show how the accounts stand'
complete -c saslfresh -n __fish_use_subcommand -a check -d 'Find out what does not work'
complete -c saslfresh -n __fish_use_subcommand -a list -d 'List the accounts'
complete -c saslfresh -n __fish_use_subcommand -a login -d 'Log in'
complete -c saslfresh -n __fish_use_subcommand -a logout -d 'Revoke a grant and forget it'
complete -c saslfresh -n __fish_use_subcommand -a import -d 'Take over the grant of another tool'
complete -c saslfresh -n __fish_use_subcommand -a config-for -d 'Show the lines that a mailer needs'
complete -c saslfresh -n __fish_use_subcommand -a providers -d 'Show the presets'
complete -c saslfresh -n __fish_use_subcommand -a answer -d 'Serve one request on standard input and output'
complete -c saslfresh -n __fish_use_subcommand -a help -d 'Explain a verb'
complete -c saslfresh -n __fish_use_subcommand -a version -d 'Print the version'

complete -c saslfresh -n '__fish_seen_subcommand_from token refresh status check login logout import config-for' -a '(__saslfresh_names list)'
complete -c saslfresh -n '__fish_seen_subcommand_from token' -l max -x -d 'Fail if the token is longer, in octets'
complete -c saslfresh -n '__fish_seen_subcommand_from refresh' -l all -d 'All accounts'
complete -c saslfresh -n '__fish_seen_subcommand_from refresh' -l force -d 'Even those that are fresh'
complete -c saslfresh -n '__fish_seen_subcommand_from refresh' -l due -d 'What no login will renew in time'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l system -d 'The accounts of the system alone'
complete -c saslfresh -n '__fish_seen_subcommand_from answer' -l listen -d 'At sockets, for containers'
complete -c saslfresh -n '__fish_seen_subcommand_from answer' -l mode -x -d 'Of the sockets'
complete -c saslfresh -n '__fish_seen_subcommand_from status' -l json -d 'For programs'
complete -c saslfresh -n '__fish_seen_subcommand_from check' -l json -d 'For programs'
complete -c saslfresh -n '__fish_seen_subcommand_from check' -a 'postfix mbsync msmtp'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l no-check -d 'Do not try the mail servers'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l device -d 'Show a code for a browser anywhere'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l any-user -d 'Whoever signs in is right'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l provider -x -a '(__saslfresh_names providers)' \
    -d 'Do not look for the provider'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l issuer -x -d 'Do not look for the authorization server'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l tenant -x -d 'The organisation, with Microsoft'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l client-id -x -d 'The client id'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l client-file -r -F -d 'What the console of the provider gives'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l client-secret-file -r -F -d 'The file of the client secret'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l ca-file -r -F -d 'The authority of the server'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l system -d 'Add the account to the system'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l export -d 'For another machine, to standard output'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l import -r -F -d 'What --export wrote, - for standard input'
complete -c saslfresh -n '__fish_seen_subcommand_from status' -l check -d 'For Nagios and its kin'
complete -c saslfresh -n '__fish_seen_subcommand_from status' -l warning -x -d 'Days before the end of a grant'
complete -c saslfresh -n '__fish_seen_subcommand_from status' -l critical -x -d 'Days before the end of a grant'
complete -c saslfresh -n '__fish_seen_subcommand_from status' -l prometheus -r -F -d 'Write metrics to a file'
complete -c saslfresh -n '__fish_seen_subcommand_from login' -l refresh-token-file -r -F \
    -d 'Take the refresh token from a file, - for standard input'
complete -c saslfresh -n '__fish_seen_subcommand_from config-for' -a 'postfix sendmail ssmtp msmtp-mta mbsync msmtp mutt neomutt aerc s-nail mpop getmail offlineimap curl git imtest'
complete -c saslfresh -n '__fish_seen_subcommand_from config-for' -l write -d 'Put them into the file'
complete -c saslfresh -n '__fish_seen_subcommand_from config-for' -l yes -d 'Without asking'
complete -c saslfresh -n '__fish_seen_subcommand_from import' -F
complete -c saslfresh -n '__fish_seen_subcommand_from logout' -l forget -d 'Even if it cannot be revoked'
complete -c saslfresh -n '__fish_seen_subcommand_from providers' -a '(__saslfresh_names providers)'
complete -c saslfresh -n '__fish_seen_subcommand_from help' -a "$verbs"
