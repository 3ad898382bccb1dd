#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keyfile.h"
#include "metrics.h"
#include "nagios.h"
#include "report.h"
#include "screen.h"
#include "text.h"
#include "verb.h"

enum { DAYS_MAX = 3650 };
enum form { FORM_LINES, FORM_TABLE, FORM_DETAILS, FORM_JSON };

/* ---- printing ---- */

static void print_time(int64_t when, char *text, size_t size)
{
	time_t seconds = (time_t)when;
	struct tm parts;

	if (when <= 0 || localtime_r(&seconds, &parts) == NULL ||
		strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		snprintf(text, size, "-");
}

static void print_left(const struct report *report, char *text, size_t size)
{
	int64_t left = token_left(report->token, report->now);

	if (left > 0)
		verb_print_duration(left, text, size);
	else
		snprintf(text, size, "-");
}

static void print_line(const struct report *report)
{
	char renewed[32];

	print_time(report->token->issued_at, renewed, sizeof(renewed));
	printf("%s\t%s\t%" PRId64 "\t%s\t%s\n", report->account->name, report->state,
		token_left(report->token, report->now), renewed, report->next);
}

/* A row of the table, or where that has no room a few lines. */
static void print_row(const struct report *report)
{
	static const char *const colours[] = {"32", "33", "33", "31"};
	bool wide = screen_is_wide();
	char state[64], left[32], renewed[32];

	snprintf(state, sizeof(state), screen_has_colours() ? "\033[%sm%-*s\033[0m" : "%.0s%-*s",
		colours[report->level], wide ? 14 : 0, report->state);
	print_left(report, left, sizeof(left));
	print_time(report->token->issued_at, renewed, sizeof(renewed));
	printf(wide ? "%-32s %s %-10s %-20s %s\n" : "%s\n  %s\n  %s\n%.0s  %s\n",
		report->account->name, state, left, renewed, report->next);
}

static void print_end(const struct report *report)
{
	const struct token *token = report->token;
	char when[32], text[128];

	report_print_end(report, text, sizeof(text));
	if (text[0] != '\0') {
		print_time(token->grant_ends_at, when, sizeof(when));
		printf("grant ends   %s, %s\n", when, text);
	}
	if (token->grant_may_end_at > report->now && token->kind != ERROR_LOGIN) {
		print_time(token->grant_may_end_at, when, sizeof(when));
		printf("or perhaps   %s, if its client is in Testing\n", when);
	}
}

/* Those that the account itself names go before those of the token, which may be another's. */
static const char *hosts_of(const struct report *report)
{
	const char *hosts = account_value(report->account, ACCOUNT_HOSTS);

	return hosts[0] != '\0' ? hosts : report->token->hosts;
}

static void print_users(const struct account *account)
{
	static const char *const services[] = {"imap", "pop", "smtp"};
	const char *user = account_user(account, NULL);

	printf("user         %s", user);
	for (int i = 0; i < 3; i++)
		if (strcmp(account_user(account, services[i]), user) != 0)
			printf("; for %s %s", services[i], account_user(account, services[i]));
	if (account_is_shared(account))
		printf("\ngrant of     %s", account_grantor(account));
	putchar('\n');
}

static void print_details(const struct report *report)
{
	const struct token *token = report->token;
	char text[ERROR_LINE_MAX];

	printf("account      %s\nstate        %s\n", report->account->name, report->state);
	print_left(report, text, sizeof(text));
	printf("time left    %s\n", text);
	print_time(token->issued_at, text, sizeof(text));
	printf("last refresh %s\n", text);
	printf("next use     %s\n", report->next);
	print_users(report->account);
	printf("hosts        %s\n", hosts_of(report)[0] != '\0' ? hosts_of(report) : "any");
	printf("scope        %s\n", token->scope[0] != '\0' ? token->scope : "-");
	printf("state files  %s\n", report->account->place.state);
	printf("defined in   %s:%u\n", report->account->file, report->account->line);
	print_end(report);
	if (token->clock_skew > 60 || token->clock_skew < -60)
		printf("clock        the server's differs by %" PRId64 " s\n", token->clock_skew);
	if (report->err.kind != ERROR_NONE) {
		error_line(&report->err, text, sizeof(text));
		printf("problem      %s\n", text);
	}
}

static void print_string(const char *key, const char *value)
{
	printf(", \"%s\": ", key);
	text_print_json(stdout, value);
}

static void print_number(const char *key, int64_t value)
{
	printf(", \"%s\": %" PRId64, key, value);
}

static void print_json(const struct report *report)
{
	const struct token *token = report->token;
	char line[ERROR_LINE_MAX] = "";

	if (report->err.kind != ERROR_NONE)
		error_line(&report->err, line, sizeof(line));
	printf("{\"personal\": %s", report->account->place.personal ? "true" : "false");
	print_string("account", report->account->name);
	print_string("provider", account_value(report->account, ACCOUNT_PROVIDER));
	print_string("grant_of", account_value(report->account, ACCOUNT_GRANT));
	print_string("user", account_user(report->account, NULL));
	print_string("hosts", hosts_of(report));
	print_string("scope", token->scope);
	print_string("state", report->state);
	print_number("seconds_left", token_left(token, report->now));
	print_number("issued_at", token->issued_at);
	print_number("expires_at", token->expires_at);
	print_number("retry_at", token->retry_at);
	print_number("failures", token->failures);
	print_number("grant_ends_at", token->grant_ends_at);
	print_string("grant_ends_by", token->grant_ends_by);
	print_number("grant_may_end_at", token->grant_may_end_at);
	print_number("clock_skew", token->clock_skew);
	printf(", \"rejected\": %s", token_is_rejected(token) ? "true" : "false");
	print_string("error", token->error);
	print_string("problem", line);
	print_string("next", report->next);
	putchar('}');
}

static void print(const struct report *report, enum form form, bool first)
{
	switch (form) {
	case FORM_LINES:
		print_line(report);
		break;
	case FORM_TABLE:
		print_row(report);
		break;
	case FORM_DETAILS:
		print_details(report);
		break;
	case FORM_JSON:
		printf("%s", first ? "[" : ",\n ");
		print_json(report);
		break;
	}
}

static bool show(struct config *config, const char *name, enum form form, struct error *err)
{
	struct token *token = token_new(err);
	int64_t now = (int64_t)time(NULL);
	struct report report;
	struct account *account;
	size_t i = 0;
	bool found = false;

	if (token == NULL)
		return false;
	if (form == FORM_TABLE && config->count > 0 && screen_is_wide())
		printf("%-32s %-14s %-10s %-20s %s\n", "ACCOUNT", "STATE", "LEFT", "LAST REFRESH",
			"NEXT USE");
	while ((account = report_next(config, name, &i)) != NULL) {
		report_make(account, now, token, &report);
		print(&report, form, !found);
		found = true;
	}
	if (form == FORM_JSON)
		printf("%s]\n", found ? "" : "[");
	token_free(token);
	return true;
}

/* What the caller asks for. */
struct wish {
	enum form form;
	const char *name; /* NULL: all accounts */
	bool check;
	int64_t warning, critical; /* days */
	const char *metrics;	   /* NULL, or where to write them */
};

static bool read_days(const char *text, int64_t *days)
{
	return keyfile_number(text, 0, DAYS_MAX, days);
}

static bool read_options(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"check", no_argument, NULL, 'k'}, {"warning", required_argument, NULL, 'w'},
		{"critical", required_argument, NULL, 'c'},
		{"prometheus", required_argument, NULL, 'p'}, {0}};
	bool json = false, days = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return verb_usage(&verb_status, "%s is unknown, or lacks its value",
				       argv[optind - 1]) == 0;
		json = json || option == 'j';
		wish->check = wish->check || option == 'k';
		days = days || option == 'w' || option == 'c';
		if (option == 'p')
			wish->metrics = optarg;
		if ((option == 'w' && !read_days(optarg, &wish->warning)) ||
			(option == 'c' && !read_days(optarg, &wish->critical)))
			return verb_usage(&verb_status, "a number of days is 0 to %d, not %s",
				       DAYS_MAX, optarg) == 0;
	}
	wish->name = optind < argc ? argv[optind] : NULL;
	if (json || wish->name != NULL)
		wish->form = json ? FORM_JSON : FORM_DETAILS;
	if (optind + 1 < argc)
		return verb_usage(&verb_status, "takes one account at most") == 0;
	if (json + wish->check + (wish->metrics != NULL) > 1)
		return verb_usage(&verb_status, "--json, --check or --prometheus, not two") == 0;
	if (days && (!wish->check || wish->warning < wish->critical))
		return verb_usage(&verb_status,
			       "--warning (not less than --critical) goes with --check") == 0;
	return true;
}

static bool answer(struct config *config, const struct wish *wish, struct error *err)
{
	if (wish->name != NULL && config_find(config, wish->name) == NULL)
		return verb_account(config, wish->name, err) != NULL;
	if (wish->metrics != NULL)
		return metrics_write(config, wish->name, wish->metrics, (int64_t)time(NULL), err);
	return show(config, wish->name, wish->form, err);
}

static int check(struct config *config, const struct wish *wish, bool loaded, struct error *err)
{
	const struct nagios nagios = {wish->name, wish->warning, wish->critical};

	if (loaded && wish->name != NULL && config_find(config, wish->name) == NULL)
		loaded = verb_account(config, wish->name, err) != NULL;
	return nagios_check(config, loaded ? &nagios : NULL, (int64_t)time(NULL), err);
}

static bool wants_check(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--check") == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	struct wish wish = {.form = isatty(STDOUT_FILENO) ? FORM_TABLE : FORM_LINES,
		.warning = REPORT_WARNING_DAYS,
		.critical = REPORT_CRITICAL_DAYS};
	struct config config = {0};
	struct error err = {0};
	bool loaded;
	int status = 0;

	/* Whoever watches knows four states and no others. */
	if (wants_check(argc, argv))
		status = NAGIOS_UNKNOWN;
	if (!read_options(argc, argv, &wish))
		return status != 0 ? status : EXIT_USAGE;
	loaded = config_load(&config, &err);
	if (wish.check)
		status = check(&config, &wish, loaded, &err);
	else if (!loaded || !answer(&config, &wish, &err))
		status = verb_fail(&err);
	config_free(&config);
	return status;
}

const struct verb verb_status = {
	.name = "status",
	.synopsis = "[ACCOUNT] [--json | --check [--warning DAYS] [--critical DAYS] | --prometheus "
		    "FILE]",
	.summary = "show how each account is doing",
	.help = "For each account: its state, how long the access token lives, when it was last\n"
		"renewed, and what the next use would do. Never shows a secret, asks nobody and\n"
		"changes nothing. Away from a terminal the columns are separated by tabs and the\n"
		"time left is in seconds. With an account more is said about it.\n\n"
		"  --json             for programs\n"
		"  --check            one line and an exit status for Nagios and its kin: 0 ok,\n"
		"                     1 warning, 2 critical, 3 unknown\n"
		"  --warning DAYS     warn when a grant ends in less (14)\n"
		"  --critical DAYS    the same, critical (3)\n"
		"  --prometheus FILE  write metrics for node_exporter's textfile collector, whole\n"
		"                     or not at all; - is standard output\n\n"
		"  saslfresh status\n"
		"  saslfresh status me@example.org\n"
		"  saslfresh status --check --warning 21\n",
	.run = run,
};
