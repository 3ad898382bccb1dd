#include "report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "provider.h"
#include "verb.h"

static bool has_grant(const struct account *account)
{
	char path[PATH_SIZE];
	struct stat status;

	return place_file(account->place.state, account_grantor(account), "grant", path) &&
		stat(path, &status) == 0;
}

static void set(struct report *report, const char *state, enum report_level level, const char *next)
{
	report->state = state;
	report->level = level;
	snprintf(report->next, sizeof(report->next), "%s", next);
}

static void judge_failure(struct report *report)
{
	const struct token *token = report->token;
	bool lives = token_age(token, report->now) != TOKEN_DEAD;
	char wait[32];

	token_failure(token, report->now, &report->err);
	verb_print_duration(token->retry_at > report->now ? token->retry_at - report->now : 0, wait,
		sizeof(wait));
	if (token->kind == ERROR_LOGIN)
		set(report, "needs login", REPORT_CRITICAL, "");
	else
		set(report, token->kind == ERROR_CONFIG ? "misconfigured" : "failing",
			lives ? REPORT_WARNING : REPORT_CRITICAL, "");
	if (token->kind == ERROR_LOGIN)
		snprintf(report->next, sizeof(report->next), "%s; mend: saslfresh login %.100s",
			lives ? "uses the old token to its end" : "fails",
			account_grantor(report->account));
	else if (token_is_held(token, report->now, report->account->stamp))
		snprintf(report->next, sizeof(report->next), "%s; asks again in %s",
			lives ? "uses the old token" : "fails", wait);
	else
		snprintf(report->next, sizeof(report->next), "asks again");
}

static void judge_refused(struct report *report)
{
	char wait[32];

	set(report, "refused", REPORT_WARNING, "renews it: a mail server refused the token");
	if (!token_is_held(report->token, report->now, report->account->stamp))
		return;
	verb_print_duration(report->token->retry_at - report->now, wait, sizeof(wait));
	snprintf(report->next, sizeof(report->next),
		"uses it: a mail server refused this one and the one before; renews it in %s",
		wait);
}

static void judge_token(struct report *report)
{
	enum token_age age = token_age(report->token, report->now);

	if (report->token->kind != ERROR_NONE)
		judge_failure(report);
	else if (!account_is_unattended(report->account) && !has_grant(report->account) &&
		age == TOKEN_DEAD)
		set(report, "no grant", REPORT_CRITICAL, "fails; mend: saslfresh login");
	else if (report->token->access_token[0] == '\0')
		set(report, "no token", REPORT_NOTE, "asks for the first token");
	else if (token_is_rejected(report->token))
		judge_refused(report);
	else if (age == TOKEN_FRESH)
		set(report, "fresh", REPORT_OK, "uses the token");
	else if (age == TOKEN_SOFT)
		set(report, "due", REPORT_OK, "renews it, uses the old one if that fails");
	else if (age == TOKEN_HARD)
		set(report, "nearly expired", REPORT_NOTE, "renews it first");
	else
		set(report, "expired", REPORT_NOTE, "renews it");
}

/* So that nobody wonders why two accounts do the same. */
static void add_grantor(struct report *report)
{
	char next[sizeof(report->next)];

	if (!account_is_shared(report->account))
		return;
	memcpy(next, report->next, sizeof(next));
	snprintf(report->next, sizeof(report->next),
		"grant of %.200s: ", account_grantor(report->account));
	strncat(report->next, next, sizeof(report->next) - strlen(report->next) - 1);
}

/* An end that is near belongs to what happens next. */
static void add_end(struct report *report)
{
	size_t len = strlen(report->next);
	char end[128], remedy[REPORT_REMEDY_SIZE];

	if (report->level == REPORT_CRITICAL ||
		!token_grant_ends_soon(
			report->token, report->now, REPORT_WARNING_DAYS * (int64_t)REPORT_DAY))
		return;
	report_print_end(report, end, sizeof(end));
	report_print_remedy(report, remedy);
	snprintf(report->next + len, sizeof(report->next) - len, "; grant ends %s; mend: %s", end,
		remedy);
}

static bool may_write(const struct account *account)
{
	return faccessat(AT_FDCWD, account->place.state, W_OK | X_OK, AT_EACCESS) == 0;
}

void report_make(struct account *account, int64_t now, struct token *token, struct report *report)
{
	*report = (struct report){.account = account, .token = token, .now = now};
	memset(token, 0, sizeof(*token));
	if (!account_complete(account, &report->err)) {
		set(report, "misconfigured", REPORT_CRITICAL, "fails");
	} else if (!cache_read(account->place.state, account->place.personal,
			   account_grantor(account), token, &report->err)) {
		if (report->err.kind == ERROR_CONFIG || !may_write(account))
			set(report, "unreadable", REPORT_CRITICAL, "fails");
		else
			set(report, "unreadable", REPORT_WARNING, "renews it");
	} else {
		judge_token(report);
		add_end(report);
	}
	add_grantor(report);
}

enum report_level report_level(const struct report *report, int64_t warning, int64_t critical)
{
	const struct token *token = report->token;

	if (report->level == REPORT_CRITICAL ||
		token_grant_ends_soon(token, report->now, critical * REPORT_DAY))
		return REPORT_CRITICAL;
	if (report->level == REPORT_WARNING ||
		token_grant_ends_soon(token, report->now, warning * REPORT_DAY))
		return REPORT_WARNING;
	return REPORT_OK;
}

void report_print_end(const struct report *report, char *text, size_t size)
{
	text[0] = '\0';
	if (report->token->grant_ends_at > 0 && report->token->kind != ERROR_LOGIN)
		report_print_token_end(report->token, report->now, text, size);
}

void report_print_token_end(const struct token *token, int64_t now, char *text, size_t size)
{
	static const struct {
		const char *by;
		const char *words;
	} ways[] = {{"idle", " unless it is used before"}, {"secret", " with the client's secret"},
		{"certificate", " with the client's certificate"}};
	const char *words = "";
	char wait[32];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(token->grant_ends_by, ways[i].by) == 0)
			words = ways[i].words;
	verb_print_duration(
		token->grant_ends_at > now ? token->grant_ends_at - now : 0, wait, sizeof(wait));
	snprintf(text, size, "in %s%s", wait, words);
}

void report_print_remedy(const struct report *report, char text[REPORT_REMEDY_SIZE])
{
	const char *by = report->token->grant_ends_by;

	if (strcmp(by, "secret") == 0)
		snprintf(text, REPORT_REMEDY_SIZE,
			"make a new client secret and change client_secret_expires");
	else if (strcmp(by, "certificate") == 0)
		snprintf(text, REPORT_REMEDY_SIZE,
			"make a new certificate and register it with the client");
	else
		snprintf(text, REPORT_REMEDY_SIZE, "saslfresh login %.320s",
			account_grantor(report->account));
}

struct account *report_next(struct config *config, const char *name, size_t *i)
{
	while (*i < config->count) {
		struct account *account = &config->accounts[(*i)++];

		if (config_find(config, account->name) == account &&
			(name == NULL || strcmp(name, account->name) == 0))
			return account;
	}
	return NULL;
}
