#include <stdio.h>
#include <unistd.h>

#include "screen.h"
#include "verb.h"

static void print(const struct account *account, bool people)
{
	const char *provider = account_value(account, ACCOUNT_PROVIDER);

	if (!people)
		printf("%s\n", account->name);
	else
		printf(screen_is_wide() ? "%-32s %-12s %s:%u%s%s\n" : "%s\n  %s\n  %s:%u%s%s\n",
			account->name, provider[0] != '\0' ? provider : "-", account->file,
			account->line, account_is_shared(account) ? "  grant of " : "",
			account_is_shared(account) ? account_grantor(account) : "");
}

static int run(int argc, char **argv)
{
	struct config config = {0};
	struct error err = {0};
	int status = 0;

	if (verb_operands(&verb_list, argc, argv, 0, 0) < 0)
		return EXIT_USAGE;
	if (!config_load(&config, &err)) {
		status = verb_fail(&err);
	} else {
		for (size_t i = 0; i < config.count; i++)
			if (config_find(&config, config.accounts[i].name) == &config.accounts[i])
				print(&config.accounts[i], isatty(STDOUT_FILENO));
	}
	config_free(&config);
	return status;
}

const struct verb verb_list = {
	.name = "list",
	.synopsis = "",
	.summary = "name the accounts",
	.help = "One name a line; on a terminal also the provider, where the account is defined,\n"
		"and whose grant it uses if it has none of its own.\n",
	.run = run,
};
