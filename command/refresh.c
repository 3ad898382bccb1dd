#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "hook.h"
#include "obtain.h"
#include "verb.h"

/* Tells a token from the one that was there before. */
static void note_hash(const struct account *account, char hash[TOKEN_HASH_MAX + 1])
{
	struct error ignored;
	struct token *token = token_new(&ignored);

	hash[0] = '\0';
	if (token != NULL &&
		cache_read(account->place.state, account->place.personal, account_grantor(account),
			token, &ignored))
		keyfile_copy(hash, TOKEN_HASH_MAX + 1, token->access_token_hash);
	token_free(token);
}

static int refresh(const struct config *config, const char *name, enum obtain_will will)
{
	struct error err = {0};
	struct account *account = verb_account(config, name, &err);
	struct token *token = account != NULL ? token_new(&err) : NULL;
	int64_t now = (int64_t)time(NULL);
	char before[TOKEN_HASH_MAX + 1], left[32];
	bool ok = false;
	int status;

	if (token != NULL) {
		note_hash(account, before);
		ok = obtain_token(account, will, now, token, &err);
	}
	if (ok) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		printf("%s: %s, %s left\n", name,
			strcmp(before, token->access_token_hash) != 0 ? "renewed" : "not due",
			left);
	} else {
		error_what(&err, "no access token of %.100s", name);
	}
	token_free(token);
	status = ok ? 0 : verb_fail(&err);
	fflush(stdout);
	hook_run(config, account, true);
	return status;
}

static int refresh_named(
	const struct config *config, char **names, int count, enum obtain_will will)
{
	int first = 0;

	for (int i = 0; i < count; i++) {
		int status = refresh(config, names[i], will);

		first = first != 0 ? first : status;
	}
	return first;
}

static int refresh_all(const struct config *config, enum obtain_will will)
{
	int first = 0;

	for (size_t i = 0; i < config->count; i++) {
		int status;

		/* One request a grant, whoever shares it. */
		if (config_find(config, config->accounts[i].name) != &config->accounts[i] ||
			account_is_shared(&config->accounts[i]))
			continue;
		status = refresh(config, config->accounts[i].name, will);
		first = first != 0 ? first : status;
	}
	return first;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'}, {"force", no_argument, NULL, 'f'}, {0}};
	struct config config = {0};
	struct error err = {0};
	enum obtain_will will = OBTAIN_NEEDED;
	bool all = false;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			all = true;
		else if (option == 'f')
			will = OBTAIN_FORCED;
		else
			return verb_usage(&verb_refresh, "unknown option %s", argv[optind - 1]);
	}
	if (all == (optind < argc))
		return verb_usage(&verb_refresh, "takes accounts, or --all");
	if (!config_load(&config, &err))
		status = verb_fail(&err);
	else if (all)
		status = refresh_all(&config, will);
	else
		status = refresh_named(&config, argv + optind, argc - optind, will);
	config_free(&config);
	return status;
}

const struct verb verb_refresh = {
	.name = "refresh",
	.synopsis = "[ACCOUNT... | --all] [--force]",
	.summary = "renew access tokens that are due",
	.help = "  --all    every account of the configuration that has a grant of its own\n"
		"  --force  also those that are not due, failed a moment ago or need a login\n\n"
		"Prints a line for each account. The exit status is that of the first failure.\n\n"
		"  saslfresh refresh --all\n"
		"  saslfresh refresh --force me@example.org\n",
	.run = run,
};
