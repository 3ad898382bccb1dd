#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "live.h"
#include "obtain.h"
#include "tidings.h"
#include "verb.h"

/* What the account is worth before anybody else is asked: its configuration and its token. */
static void check_token(const struct account *account, const struct findings *findings)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	int64_t now = (int64_t)time(NULL);
	char left[32];

	if (token != NULL && obtain_token(account, OBTAIN_NEEDED, now, token, &err)) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		finding_ok(findings, "token", "lives for %s", left);
	} else {
		error_hint(&err, "saslfresh login %.100s", account->name);
		finding_fail(findings, "token", &err);
	}
	token_free(token);
}

static void check_account(
	const struct config *config, const char *name, const struct findings *findings)
{
	struct error err = {0};
	struct account *account = verb_account(config, name, &err);

	if (account == NULL) {
		finding_fail(findings, "configuration", &err);
		return;
	}
	check_token(account, findings);
	if (!live_check(account, false, findings, &err))
		finding_fail(findings, "online half", &err);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct tidings tidings = {.out = stdout, .account = ""};
	const struct findings findings = tidings_findings(&tidings);
	struct config config = {0};
	struct error err = {0};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return verb_usage(&verb_check, "unknown option %s", argv[optind - 1]);
		tidings.json = true;
	}
	if (optind + 1 != argc)
		return verb_usage(&verb_check, "takes an account");
	if (config_load(&config, &err)) {
		tidings.account = argv[optind];
		check_account(&config, argv[optind], &findings);
	} else {
		finding_fail(&findings, "configuration", &err);
	}
	config_free(&config);
	return tidings_end(&tidings);
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[ACCOUNT] [--json]",
	.summary = "find out why it does not work",
	.help = "  saslfresh check me@example.org\n",
	.run = run,
};
