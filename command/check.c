#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients.h"
#include "fetch.h"
#include "holder.h"
#include "live.h"
#include "modes.h"
#include "owner.h"
#include "plugins.h"
#include "postfix.h"
#include "provider.h"
#include "report.h"
#include "tidings.h"
#include "verb.h"

static const struct doctor {
	const char *mailer;
	void (*check)(const struct account *account, const struct findings *findings);
} doctors[] = {{"postfix", postfix_check}, {"mbsync", clients_check_mbsync},
	{"msmtp", clients_check_msmtp}};

enum { DOCTORS = sizeof(doctors) / sizeof(doctors[0]) };

struct round {
	struct config config;
	const struct doctor *doctor; /* NULL: no mailer is named */
	struct tidings tidings;
	struct findings findings;
};

/* ---- the machine ---- */

static void check_proxies(const struct findings *findings)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
		"ALL_PROXY", "no_proxy", "NO_PROXY"};
	char seen[256] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		size_t used = strlen(seen);

		/* Not its value: a proxy's password may stand there. */
		if (value != NULL && *value != '\0')
			snprintf(seen + used, sizeof(seen) - used, "%s%s", used > 0 ? " " : "",
				names[i]);
	}
	if (seen[0] != '\0')
		finding_ok(findings, "proxy", "set here, and perhaps not for daemons: %s", seen);
}

/* ---- an account ---- */

static void tell_end(
	struct account *account, int64_t now, struct token *token, const struct findings *findings)
{
	struct error err = {0};
	struct report report;
	char end[128];

	report_make(account, now, token, &report);
	report_print_end(&report, end, sizeof(end));
	if (end[0] == '\0')
		return;
	if (report_level(&report, REPORT_WARNING_DAYS, REPORT_CRITICAL_DAYS) < REPORT_WARNING) {
		finding_ok(findings, "end", "the grant ends %s", end);
		return;
	}
	error_set(&err, ERROR_LOGIN, "the grant ends %s", end);
	error_hint(&err, "saslfresh login %.100s", account->name);
	finding_warn(findings, "end", &err);
}

/* Renews the token where its age asks for that, as any mailer would. */
static void check_token(
	struct config *config, struct account *account, const struct findings *findings)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	int64_t now = (int64_t)time(NULL);
	char left[32];

	if (token != NULL && fetch_token(config, account, now, token, &err)) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		finding_ok(findings, "token", "lives for %s", left);
		if (owner_allows(account, &err))
			tell_end(account, now, token, findings);
	} else {
		error_hint(&err, "saslfresh login %.100s", account->name);
		finding_fail(findings, "token", &err);
	}
	token_free(token);
}

static void check_hosts(const struct account *account, const struct findings *findings)
{
	const char *hosts = account_value(account, ACCOUNT_HOSTS);
	struct error err = {0};

	if (*hosts != '\0') {
		finding_ok(findings, "hosts", "the token goes to %s alone", hosts);
		return;
	}
	error_set(&err, ERROR_CONFIG, "the token goes to whatever server a mailer names");
	error_hint(&err, "add `hosts = ...` with the names of the mail servers to [account %.100s]",
		account->name);
	finding_warn(findings, "hosts", &err);
}

static void check_account(
	struct config *config, struct account *account, const struct findings *findings)
{
	struct error err = {0};

	if (!account_complete(account, &err)) {
		finding_fail(findings, "configuration", &err);
		return;
	}
	finding_ok(findings, "configuration", "%s:%u", account->file, account->line);
	check_hosts(account, findings);
	if (!owner_allows(account, &err)) {
		check_token(config, account, findings);
		finding_warn(findings, "state", &err);
		return;
	}
	modes_check(account, findings);
	holder_check(account, findings);
	check_token(config, account, findings);
	if (!live_check(account, false, findings, &err))
		finding_fail(findings, "online half", &err);
}

/* ---- the round ---- */

/* A person's own come first: from the first one of the system's on, root is its owner. */
static void check_accounts(struct round *round, const char *name,
	void (*check)(struct round *round, struct account *account))
{
	for (int personal = 1; personal >= 0; personal--) {
		struct account *account;
		size_t i = 0;

		while ((account = report_next(&round->config, name, &i)) != NULL) {
			if (account->place.personal != (personal == 1))
				continue;
			round->tidings.account = account->name;
			check(round, account);
		}
	}
	round->tidings.account = "";
}

static void check_for_mailer(struct round *round, struct account *account)
{
	struct error err = {0};

	/* What it lacks is told by check_account. */
	if (account_complete(account, &err))
		round->doctor->check(account, &round->findings);
}

static void check_itself(struct round *round, struct account *account)
{
	check_account(&round->config, account, &round->findings);
}

static void make_round(struct round *round, const char *name)
{
	struct error err = {0};

	if (!config_load(&round->config, &err) ||
		(name != NULL && config_find(&round->config, name) == NULL &&
			verb_account(&round->config, name, &err) == NULL)) {
		finding_fail(&round->findings, "configuration", &err);
		return;
	}
	check_proxies(&round->findings);
	plugins_check(&round->config, &round->findings);
	if (round->config.count == 0) {
		error_set(&err, ERROR_CONFIG, "there is no account");
		error_hint(&err, "saslfresh help login");
		finding_warn(&round->findings, "configuration", &err);
	}
	if (round->doctor != NULL && round->config.count == 0)
		round->doctor->check(NULL, &round->findings);
	else if (round->doctor != NULL)
		check_accounts(round, name, check_for_mailer);
	check_accounts(round, name, check_itself);
}

/* ---- the verb ---- */

static const struct doctor *find_doctor(const char *name)
{
	for (int i = 0; i < DOCTORS; i++)
		if (strcmp(name, doctors[i].mailer) == 0)
			return &doctors[i];
	return NULL;
}

/* One word may be either. */
static bool read_operands(int count, char **words, struct round *round, const char **name)
{
	const struct doctor *last = count > 0 ? find_doctor(words[count - 1]) : NULL;

	if (count > 2 || (count == 2 && last == NULL))
		return verb_usage(&verb_check,
			       "takes an account and one of postfix, mbsync and msmtp at most") ==
			0;
	round->doctor = last;
	*name = count == 2 || last == NULL ? words[0] : NULL;
	return true;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct round round = {.tidings = {.out = stdout, .account = ""}};
	const char *name = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return verb_usage(&verb_check, "unknown option %s", argv[optind - 1]);
		round.tidings.json = true;
	}
	if (!read_operands(argc - optind, argv + optind, &round, &name))
		return EXIT_USAGE;
	round.findings = tidings_findings(&round.tidings);
	make_round(&round, name);
	config_free(&round.config);
	return tidings_end(&round.tidings);
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[ACCOUNT] [MAILER] [--json]",
	.summary = "find out what does not work, and what mends it",
	.help = "Looks at one account, or at all, and prints a line for each thing that it looks\n"
		"at: ok, warn or fail, what was found, and the command that mends it. Files and\n"
		"directories, the lock, the plugins that libsasl2 really loads, the token and its\n"
		"grant, the clock, the authorization server; then one login at each mail server\n"
		"that the account names: IMAP and its folders, POP, SMTP without sending.\n"
		"MAILER is postfix, mbsync or msmtp, whose configuration is then looked at too.\n\n"
		"Nothing is changed but a token that is due, which is renewed. No secret is ever\n"
		"printed, so that the whole can be shown to others; names of people, hosts and\n"
		"files are. The exit status is 0 if nothing failed, else that of the first\n"
		"failure.\n\n"
		"  --json  for programs\n\n"
		"  saslfresh check me@example.org\n"
		"  saslfresh check me@example.org postfix\n",
	.run = run,
};
