#include <getopt.h>
#include <stdio.h>

#include "obtain.h"
#include "verb.h"

static void point_to_page(const struct account *account)
{
	const char *page = account_value(account, ACCOUNT_ACCOUNT_PAGE);

	if (page[0] != '\0')
		printf("%s: to take the access back at the provider: %s\n", account->name, page);
}

static void report(const struct account *account, bool found, const struct error *refused)
{
	const char *endpoint = account_value(account, ACCOUNT_REVOCATION_ENDPOINT);
	char line[ERROR_LINE_MAX];

	if (found && account_is_unattended(account)) {
		printf("%s: forgotten here; with grant_type = %s there is no grant to revoke, and "
		       "the next use asks for a new token unless [account %s] goes from %s\n",
			account->name, account->values[ACCOUNT_GRANT_TYPE], account->name,
			account->file);
	} else if (!found && account_is_unattended(account)) {
		printf("%s: there is nothing to forget\n", account->name);
	} else if (!found) {
		printf("%s: nobody is logged in; there is nothing to forget\n", account->name);
	} else if (refused->kind != ERROR_NONE) {
		error_line(refused, line, sizeof(line));
		printf("%s: forgotten here, but not revoked: %s\n", account->name, line);
		point_to_page(account);
	} else if (endpoint[0] != '\0') {
		printf("%s: revoked at %s, and forgotten\n", account->name, endpoint);
	} else {
		printf("%s: forgotten here; its provider has no revocation_endpoint where a "
		       "program could revoke it\n",
			account->name);
		point_to_page(account);
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"forget", no_argument, NULL, 'f'}, {0}};
	struct config config = {0};
	struct error err = {0}, refused = {0};
	struct account *account = NULL;
	bool forget = false, found = false, ok = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'f')
			return verb_usage(&verb_logout, "unknown option %s", argv[optind - 1]);
		forget = true;
	}
	if (optind + 1 != argc)
		return verb_usage(&verb_logout, "takes one account");
	if (config_load(&config, &err))
		account = verb_account(&config, argv[optind], &err);
	if (account != NULL && verb_owns_grant(account, "logout", &err))
		ok = obtain_logout(account, forget, &found, &refused, &err);
	if (ok)
		report(account, found, &refused);
	error_what(&err, "cannot log out of %.100s", argv[optind]);
	config_free(&config);
	return ok ? 0 : verb_fail(&err);
}

const struct verb verb_logout = {
	.name = "logout",
	.synopsis = "ACCOUNT [--forget]",
	.summary = "revoke a grant at the provider, and forget it",
	.help = "Asks the account's revocation_endpoint to revoke the refresh token (RFC 7009),\n"
		"then removes the grant and the token. Where there is no such endpoint, or with\n"
		"--forget where it does not agree or cannot be reached, they are removed all the\n"
		"same, and you are shown the page of the provider where access is taken back.\n"
		"Without --forget a failure there changes nothing. The account stays in the\n"
		"configuration.\n\n"
		"  saslfresh logout me@example.org\n",
	.run = run,
};
