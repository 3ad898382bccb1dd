#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "report.h"
#include "text.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

enum value {
	UP,
	LOGIN_NEEDED,
	STATE,
	ISSUED,
	EXPIRES,
	FAILURES,
	SKEW,
	GRANT_ENDS,
	GRANT_MAY_END,
	VALUES
};

static const struct metric {
	const char *name;
	const char *help;
	const char *label; /* a second one, or NULL */
	bool always;	   /* 0 is a number, and not the lack of one */
} metrics[VALUES] = {
	[UP] = {"saslfresh_account_up", "1 if mailers get a token, also if only after renewing it.",
		NULL, true},
	[LOGIN_NEEDED] = {"saslfresh_account_login_needed", "1 if somebody must log in again.",
		NULL, true},
	[STATE] = {"saslfresh_account_state", "1 for the state that saslfresh status tells.",
		"state", true},
	[ISSUED] = {"saslfresh_token_issued_timestamp_seconds", "When the token was last renewed.",
		NULL, false},
	[EXPIRES] = {"saslfresh_token_expires_timestamp_seconds", "When the token expires.", NULL,
		false},
	[FAILURES] = {"saslfresh_refresh_failures", "Failed renewals in a row.", NULL, true},
	[SKEW] = {"saslfresh_clock_skew_seconds",
		"The authorization server's clock less ours at the last renewal.", NULL, true},
	[GRANT_ENDS] = {"saslfresh_grant_ends_timestamp_seconds",
		"When the grant will end: by its lifetime, idle unless it is used before, or with "
		"the client's secret or certificate.",
		"by", false},
	[GRANT_MAY_END] = {"saslfresh_grant_may_end_timestamp_seconds",
		"When the grant will end if its client is in Testing.", NULL, false},
};

/* What is to be told of one account. */
struct measure {
	const char *account;
	const char *state;
	char ends_by[sizeof(((struct token *)0)->grant_ends_by)];
	int64_t values[VALUES];
};

static void measure(const struct report *report, struct measure *measure)
{
	const struct token *token = report->token;
	bool dead = token->kind == ERROR_LOGIN;

	*measure = (struct measure){report->account->name, report->state, "",
		{[UP] = report->level != REPORT_CRITICAL ||
				token_age(token, report->now) != TOKEN_DEAD,
			[LOGIN_NEEDED] = dead,
			[STATE] = 1,
			[ISSUED] = token->issued_at,
			[EXPIRES] = token->expires_at,
			[FAILURES] = token->failures,
			[SKEW] = token->clock_skew,
			[GRANT_ENDS] = dead ? 0 : token->grant_ends_at,
			[GRANT_MAY_END] = dead ? 0 : token->grant_may_end_at}};
	memcpy(measure->ends_by, token->grant_ends_by, sizeof(measure->ends_by));
}

/* ---- the text ---- */

static void put_label(struct buffer *text, const char *name, const char *value)
{
	buffer_puts(text, name);
	buffer_puts(text, "=\"");
	while (*value != '\0') {
		size_t len = text_sequence(value);

		if (len == 0)
			buffer_puts(text, "?");
		else if (*value == '\n')
			buffer_puts(text, "\\n");
		else if (*value == '"' || *value == '\\')
			buffer_puts(text, *value == '"' ? "\\\"" : "\\\\");
		else
			buffer_add(text, value, len);
		value += len > 0 ? len : 1;
	}
	buffer_puts(text, "\"");
}

static void put_number(struct buffer *text, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), " %lld\n", (long long)number);
	buffer_puts(text, digits);
}

static void put_head(struct buffer *text, const char *name, const char *help)
{
	buffer_puts(text, "# HELP ");
	buffer_puts(text, name);
	buffer_puts(text, " ");
	buffer_puts(text, help);
	buffer_puts(text, "\n# TYPE ");
	buffer_puts(text, name);
	buffer_puts(text, " gauge\n");
}

static void put_metric(
	struct buffer *text, enum value value, const struct measure *measures, size_t count)
{
	const struct metric *metric = &metrics[value];

	put_head(text, metric->name, metric->help);
	for (size_t i = 0; i < count; i++) {
		if (measures[i].values[value] == 0 && !metric->always)
			continue;
		buffer_puts(text, metric->name);
		put_label(text, "{account", measures[i].account);
		if (metric->label != NULL) {
			buffer_puts(text, ",");
			put_label(text, metric->label,
				value == STATE ? measures[i].state : measures[i].ends_by);
		}
		buffer_puts(text, "}");
		put_number(text, measures[i].values[value]);
	}
}

static void put_all(struct buffer *text, const struct measure *measures, size_t count, int64_t now)
{
	for (int value = 0; value < VALUES; value++)
		put_metric(text, (enum value)value, measures, count);
	put_head(text, "saslfresh_accounts", "How many accounts are configured.");
	buffer_puts(text, "saslfresh_accounts");
	put_number(text, (int64_t)count);
	put_head(text, "saslfresh_status_timestamp_seconds", "When this was written.");
	buffer_puts(text, "saslfresh_status_timestamp_seconds");
	put_number(text, now);
}

/* ---- the file ---- */

static bool write_all(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t put = write(fd, text->data + done, text->len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

static bool replace(const char *path, const struct buffer *text, struct error *err)
{
	char temporary[PATH_SIZE];
	int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	bool ok;
	int fd;

	if (len < 0 || len >= PATH_SIZE)
		return error_set(err, ERROR_SYSTEM, "the path %.200s is too long", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_system(err, errno, "cannot make a file next to %s", path);
	ok = write_all(fd, text) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	if (!ok)
		error_system(err, errno, "cannot write %s", temporary);
	close(fd);
	if (ok && rename(temporary, path) != 0)
		ok = error_system(err, errno, "cannot rename %s to %s", temporary, path);
	if (!ok)
		unlink(temporary);
	return ok;
}

bool metrics_write(
	struct config *config, const char *name, const char *path, int64_t now, struct error *err)
{
	struct measure *measures = calloc(config->count + 1, sizeof(*measures));
	struct token *token = measures != NULL ? token_new(err) : NULL;
	struct buffer text = BUFFER(TEXT_MAX);
	struct account *account;
	struct report report;
	size_t i = 0, count = 0;
	bool ok = token != NULL || error_set(err, ERROR_SYSTEM, "out of memory");

	while (ok && (account = report_next(config, name, &i)) != NULL) {
		if (name == NULL && account_is_shared(account))
			continue;
		report_make(account, now, token, &report);
		measure(&report, &measures[count++]);
	}
	if (ok) {
		put_all(&text, measures, count, now);
		ok = buffer_ok(&text) || error_set(err, ERROR_SYSTEM, "out of memory");
	}
	if (ok && strcmp(path, "-") == 0)
		fputs(buffer_text(&text), stdout);
	else if (ok)
		ok = replace(path, &text, err);
	buffer_free(&text);
	token_free(token);
	free(measures);
	return ok;
}
