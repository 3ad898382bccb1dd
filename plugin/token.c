#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"

enum { SOFT_MARGIN = 300, HARD_MARGIN = 60, CLOCK_TOLERANCE = 60 };
enum { BACKOFF_FIRST = 40, BACKOFF_MAX = 900 };
enum { FILE_VERSION = 1 };

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Seconds from one time to another; times that are absurdly far apart do not overflow. */
static int64_t span(int64_t from, int64_t to)
{
	int64_t seconds;

	if (__builtin_sub_overflow(to, from, &seconds))
		return to > from ? INT64_MAX : INT64_MIN;
	return seconds;
}

static bool is_believable(const struct token *token, int64_t now)
{
	int64_t life = span(token->issued_at, token->expires_at);

	return token->access_token[0] != '\0' && span(now, token->issued_at) <= CLOCK_TOLERANCE &&
		life > 0 && life <= TOKEN_LIFE_MAX;
}

int64_t token_left(const struct token *token, int64_t now)
{
	return is_believable(token, now) ? larger(span(now, token->expires_at), 0) : 0;
}

/* Margins shrink with a short life: a token of a minute would otherwise never be fresh. */
enum token_age token_age(const struct token *token, int64_t now)
{
	int64_t left = token_left(token, now);
	int64_t life = span(token->issued_at, token->expires_at);

	if (left <= 0 || (token->kind == ERROR_LOGIN && token_is_rejected(token)))
		return TOKEN_DEAD;
	if (left <= smaller(HARD_MARGIN, life / 4))
		return TOKEN_HARD;
	if (left <= smaller(larger(SOFT_MARGIN, life / 10), life / 2))
		return TOKEN_SOFT;
	return TOKEN_FRESH;
}

bool token_is_rejected(const struct token *token)
{
	return token->access_token_hash[0] != '\0' &&
		strcmp(token->access_token_hash, token->rejected) == 0;
}

/* A clock that was set back must not hold us for longer than a server may ask for. */
static bool is_waiting(const struct token *token, int64_t now)
{
	return span(now, token->retry_at) > 0 && span(now, token->retry_at) <= TOKEN_HOLD_MAX;
}

bool token_is_held(const struct token *token, int64_t now, int64_t config_stamp)
{
	switch (token->kind) {
	case ERROR_NONE:
		/* A renewed token that was refused as well: see store_reject. */
		return token_is_rejected(token) && is_waiting(token, now);
	case ERROR_LOGIN:
		return token->config_stamp == config_stamp;
	case ERROR_CONFIG:
		return token->config_stamp == config_stamp && is_waiting(token, now);
	default:
		return is_waiting(token, now);
	}
}

bool token_grant_ends_soon(const struct token *token, int64_t now, int64_t margin)
{
	int64_t life = span(token->grant_ends_since, token->grant_ends_at);

	return token->grant_ends_at > 0 && token->kind != ERROR_LOGIN &&
		span(now, token->grant_ends_at) < smaller(margin, life / 2);
}

bool token_survives(const struct token *token, int64_t now, const struct error *err)
{
	return token_age(token, now) != TOKEN_DEAD &&
		!(err->kind == ERROR_LOGIN && token_is_rejected(token));
}

bool token_failure(const struct token *token, int64_t now, struct error *err)
{
	error_set(err, token->kind, "%s", token->error_description);
	if (token->hint[0] != '\0')
		error_hint(err, "%s", token->hint);
	else if (is_waiting(token, now))
		error_hint(err, "next try in %lld s", (long long)span(now, token->retry_at));
	return false;
}

int64_t token_backoff(int64_t failures, uint32_t chance)
{
	int64_t seconds = BACKOFF_FIRST;

	for (int64_t i = 1; i < failures && seconds < BACKOFF_MAX; i++)
		seconds *= 2;
	seconds = smaller(seconds, BACKOFF_MAX);
	return seconds * 4 / 5 + (int64_t)(chance % (uint32_t)(seconds * 2 / 5 + 1));
}

bool token_is_sendable(const char *access_token)
{
	size_t len = strlen(access_token);

	if (len == 0 || len > TOKEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (access_token[i] < 0x21 || access_token[i] > 0x7e)
			return false;
	return true;
}

/* ---- the record ---- */

static const struct field fields[] = {
	FIELD_TEXT(struct token, user),
	FIELD_TEXT(struct token, hosts),
	FIELD_TEXT(struct token, scope),
	FIELD_TEXT(struct token, access_token),
	FIELD_TEXT(struct token, access_token_hash),
	FIELD_NUMBER(struct token, issued_at),
	FIELD_NUMBER(struct token, expires_at),
	FIELD_NUMBER(struct token, clock_skew),
	FIELD_NUMBER(struct token, grant_ends_at),
	FIELD_NUMBER(struct token, grant_ends_since),
	FIELD_TEXT(struct token, grant_ends_by),
	FIELD_NUMBER(struct token, grant_may_end_at),
	FIELD_NUMBER(struct token, login_told_at),
	FIELD_NUMBER(struct token, recovered_told_at),
	FIELD_NUMBER(struct token, end_told_at),
	FIELD_TEXT(struct token, error),
	FIELD_TEXT(struct token, error_description),
	FIELD_TEXT(struct token, hint),
	FIELD_NUMBER(struct token, retry_at),
	FIELD_NUMBER(struct token, failures),
	FIELD_NUMBER(struct token, config_stamp),
	FIELD_TEXT(struct token, rejected),
	FIELD_NUMBER(struct token, rejected_at),
	FIELD_NUMBER(struct token, rejections),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

struct reading {
	const char *name;
	struct token *token;
	bool version_seen;
};

static bool read_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;
	int64_t version;

	if (strcmp(entry->key, "version") == 0)
		reading->version_seen =
			keyfile_number(entry->value, FILE_VERSION, FILE_VERSION, &version);
	if (strcmp(entry->key, "failure") == 0)
		reading->token->kind = error_kind_of(entry->value);
	return fields_read(fields, FIELDS, reading->token, reading->name, entry, err);
}

static bool is_plausible(const struct token *token)
{
	return (token->access_token[0] == '\0' || token_is_sendable(token->access_token)) &&
		token->issued_at >= 0 && token->expires_at >= 0 && token->retry_at >= 0;
}

bool token_parse(struct buffer *text, const char *name, struct token *token, struct error *err)
{
	struct reading reading = {.name = name, .token = token_new(err)};
	const struct keyfile_visitor visitor = {read_entry, &reading};
	bool ok = false;

	if (reading.token == NULL)
		return false;
	if (!keyfile_parse(text, KEYFILE_RECORD, name, &visitor, err))
		goto out;
	if (!reading.version_seen || !is_plausible(reading.token)) {
		error_set(err, ERROR_SYSTEM, "%s is not a token file of this version", name);
		goto out;
	}
	*token = *reading.token;
	ok = true;
out:
	token_free(reading.token);
	return ok;
}

void token_print(const struct token *token, const char *account, struct buffer *text)
{
	keyfile_put_number(text, "version", FILE_VERSION);
	keyfile_put(text, "account", account);
	if (token->kind != ERROR_NONE)
		keyfile_put(text, "failure", error_kind_name(token->kind));
	fields_print(fields, FIELDS, token, text);
	keyfile_end(text);
}

struct token *token_new(struct error *err)
{
	struct token *token = calloc(1, sizeof(*token));

	if (token == NULL)
		error_set(err, ERROR_SYSTEM, "out of memory");
	return token;
}

void token_free(struct token *token)
{
	if (token != NULL)
		wipe(token, sizeof(*token));
	free(token);
}
