#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "hook.h"
#include "obtain.h"
#include "verb.h"

enum { IDLE_SECONDS = 7 * 86400 };

enum choice {
	CHOICE_DUE,  /* what nobody else will renew in time */
	CHOICE_ALL,  /* what a login would renew */
	CHOICE_EACH, /* whatever is known of it */
};

static enum obtain_will will_of(enum choice choice)
{
	return choice == CHOICE_EACH ? OBTAIN_FORCED : OBTAIN_NEEDED;
}

/* A login renews its token by itself, unless it only may read it, as the group may. A grant that is
 * not used for months may be forgotten by its server. A failure that is known is no news, and is
 * asked about again when its time has come. */
static bool is_due(const struct account *account, const struct token *token, int64_t now)
{
	if (token->issued_at == 0 || token_is_held(token, now, account->stamp))
		return false;
	if (*account_value(account, ACCOUNT_GROUP) != '\0' &&
		(token_age(token, now) != TOKEN_FRESH || token_is_rejected(token)))
		return true;
	return now < token->issued_at || now - token->issued_at >= IDLE_SECONDS;
}

/* What the cache says before: hash tells the token from the next one. True if it is to be renewed.
 */
static bool look(const struct account *account, enum choice choice, int64_t now,
	char hash[TOKEN_HASH_MAX + 1])
{
	struct error ignored;
	struct token *token = token_new(&ignored);
	bool wanted = true;

	hash[0] = '\0';
	if (token != NULL &&
		cache_read(account->place.state, account->place.personal, account_grantor(account),
			token, &ignored)) {
		keyfile_copy(hash, TOKEN_HASH_MAX + 1, token->access_token_hash);
		wanted = choice != CHOICE_DUE || is_due(account, token, now);
	}
	token_free(token);
	return wanted;
}

static int refresh(const struct config *config, const char *name, enum choice choice)
{
	struct error err = {0};
	struct account *account = verb_account(config, name, &err);
	struct token *token = account != NULL ? token_new(&err) : NULL;
	int64_t now = (int64_t)time(NULL);
	char before[TOKEN_HASH_MAX + 1], left[32];
	bool ok = false, wanted = true;
	int status;

	if (token != NULL) {
		wanted = look(account, choice, now, before);
		ok = !wanted || obtain_token(account, will_of(choice), now, token, &err);
	}
	if (ok && wanted) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		printf("%s: %s, %s left\n", name,
			strcmp(before, token->access_token_hash) != 0 ? "renewed" : "not due",
			left);
	} else if (!ok) {
		error_what(&err, "no access token of %.100s", name);
	}
	token_free(token);
	status = ok ? 0 : verb_fail(&err);
	fflush(stdout);
	hook_run(config, account, true);
	return status;
}

static int refresh_named(const struct config *config, char **names, int count, enum choice choice)
{
	int first = 0;

	for (int i = 0; i < count; i++) {
		int status = refresh(config, names[i], choice);

		first = first != 0 ? first : status;
	}
	return first;
}

static int refresh_all(const struct config *config, enum choice choice)
{
	int first = 0;

	for (size_t i = 0; i < config->count; i++) {
		int status;

		/* One request a grant, whoever shares it. */
		if (config_find(config, config->accounts[i].name) != &config->accounts[i] ||
			account_is_shared(&config->accounts[i]))
			continue;
		status = refresh(config, config->accounts[i].name, choice);
		first = first != 0 ? first : status;
	}
	return first;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'},
		{"due", no_argument, NULL, 'd'}, {"force", no_argument, NULL, 'f'}, {0}};
	struct config config = {0};
	struct error err = {0};
	bool all = false, due = false, force = false;
	enum choice choice;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		all = all || option == 'a';
		due = due || option == 'd';
		force = force || option == 'f';
		if (option == '?')
			return verb_usage(&verb_refresh, "unknown option %s", argv[optind - 1]);
	}
	if (all + due + (optind < argc) != 1 || (due && force))
		return verb_usage(&verb_refresh, "takes accounts, or --all, or --due");
	choice = due ? CHOICE_DUE : force ? CHOICE_EACH : CHOICE_ALL;
	if (!config_load(&config, &err))
		status = verb_fail(&err);
	else if (all || due)
		status = refresh_all(&config, choice);
	else
		status = refresh_named(&config, argv + optind, argc - optind, choice);
	config_free(&config);
	return status;
}

const struct verb verb_refresh = {
	.name = "refresh",
	.synopsis = "[ACCOUNT... | --all] [--force] | --due",
	.summary = "renew access tokens that are due",
	.help = "  --all    every account of the configuration that has a grant of its own\n"
		"  --force  also those that are not due, failed a moment ago or need a login\n"
		"  --due    for a timer: only what no login will renew in time, that is accounts\n"
		"           with a `group` and accounts that nobody has used for a week; says\n"
		"           nothing of the others\n\n"
		"Prints a line for each account. The exit status is that of the first failure.\n\n"
		"  saslfresh refresh --all\n"
		"  saslfresh refresh --force me@example.org\n",
	.run = run,
};
