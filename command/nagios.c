#include "nagios.h"

#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "report.h"

/* Nagios takes 4 kB, of which its own messages show less. */
enum { LINE_MAX_OCTETS = 3072 };

struct count {
	int64_t accounts, warning, critical;
	int64_t ends_in;	/* of the grant that ends first, seconds; -1: none is known */
	struct buffer warnings; /* what is said about each of them */
	struct buffer criticals;
};

/* What stands behind a `|` would be taken for numbers. */
static void print_text(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(*text == '|' ? '/' : *text);
}

static int unknown(const struct error *err)
{
	char line[ERROR_LINE_MAX];

	error_line(err, line, sizeof(line));
	printf("SASLFRESH UNKNOWN - ");
	print_text(line);
	putchar('\n');
	return NAGIOS_UNKNOWN;
}

/* Whole or not at all, so that a line that is too long ends between two accounts. */
static void describe(const struct report *report, struct buffer *list)
{
	char line[ERROR_LINE_MAX], end[128], remedy[REPORT_REMEDY_SIZE];
	char text[ERROR_LINE_MAX + TOKEN_USER_MAX + 256];

	report_print_end(report, end, sizeof(end));
	report_print_remedy(report, remedy);
	if (report->err.kind != ERROR_NONE)
		error_line(&report->err, line, sizeof(line));
	else if (end[0] != '\0')
		snprintf(line, sizeof(line), "grant ends %s (%s)", end, remedy);
	else
		snprintf(line, sizeof(line), "%s", report->next);
	snprintf(text, sizeof(text), "%s%.320s: %s: %s", list->len > 0 ? "; " : "",
		report->account->name, report->state, line);
	error_clean(text);
	buffer_puts(list, text);
}

static void examine(const struct report *report, const struct nagios *nagios, struct count *count)
{
	const struct token *token = report->token;
	int64_t left;

	count->accounts++;
	if (token->grant_ends_at > report->now && token->kind != ERROR_LOGIN) {
		left = token->grant_ends_at - report->now;
		if (count->ends_in < 0 || left < count->ends_in)
			count->ends_in = left;
	}
	switch (report_level(report, nagios->warning, nagios->critical)) {
	case REPORT_CRITICAL:
		count->critical++;
		describe(report, &count->criticals);
		break;
	case REPORT_WARNING:
		count->warning++;
		describe(report, &count->warnings);
		break;
	default:
		break;
	}
}

static int conclude(const struct count *count)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	int status = count->critical > 0 ? NAGIOS_CRITICAL
		: count->warning > 0	 ? NAGIOS_WARNING
					 : NAGIOS_OK;

	printf("SASLFRESH %s - ", words[status]);
	if (status == NAGIOS_OK)
		printf("%lld account%s well", (long long)count->accounts,
			count->accounts == 1 ? " is" : "s are");
	print_text(buffer_text(&count->criticals));
	if (count->criticals.len > 0 && count->warnings.len > 0)
		printf("; ");
	print_text(buffer_text(&count->warnings));
	printf(" | accounts=%lld warning=%lld critical=%lld", (long long)count->accounts,
		(long long)count->warning, (long long)count->critical);
	if (count->ends_in >= 0)
		printf(" grant_ends_in=%llds", (long long)count->ends_in);
	putchar('\n');
	return status;
}

int nagios_check(struct config *config, const struct nagios *nagios, int64_t now, struct error *err)
{
	struct count count = {.ends_in = -1,
		.warnings = BUFFER(LINE_MAX_OCTETS / 2),
		.criticals = BUFFER(LINE_MAX_OCTETS / 2)};
	struct token *token = nagios != NULL ? token_new(err) : NULL;
	struct account *account;
	struct report report;
	size_t i = 0;
	int status;

	if (token == NULL)
		return unknown(err);
	while ((account = report_next(config, nagios->account, &i)) != NULL) {
		if (nagios->account == NULL && account_is_shared(account))
			continue;
		report_make(account, now, token, &report);
		examine(&report, nagios, &count);
	}
	if (count.accounts > 0) {
		status = conclude(&count);
	} else {
		error_set(err, ERROR_CONFIG, "no account is configured");
		status = unknown(err);
	}
	buffer_free(&count.warnings);
	buffer_free(&count.criticals);
	token_free(token);
	return status;
}
