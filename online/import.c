#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adopt.h"
#include "input.h"
#include "pizauth.h"
#include "reply.h"
#include "secret.h"

static bool parse(const struct buffer *text, const struct account *account,
	struct foreign_grant *foreign, struct error *err)
{
	bool is_dump = false;

	/* JSON stays what it is, whatever it decrypts to. */
	if (text->data[0] != '{' &&
		(pizauth_parse(text->data, text->len, account->name, foreign, &is_dump, err) ||
			is_dump))
		return foreign->refresh_token[0] != '\0';
	return reply_parse_foreign(text->data, text->len, foreign, err);
}

/* ---- the file against the configuration ---- */

static void add_missing(
	const struct account *account, enum account_key key, const char *value, struct buffer *keys)
{
	if (account->values[key] != NULL || value[0] == '\0')
		return;
	buffer_puts(keys, keys->len > 0 ? ", `" : "`");
	buffer_puts(keys, account_key_name(key));
	buffer_puts(keys, " = ");
	buffer_puts(keys, value);
	buffer_puts(keys, "`");
}

static void hint_at_secret(
	const struct account *account, const struct foreign_grant *foreign, struct error *err)
{
	if (foreign->client_secret[0] == '\0' || account_has_secret(account))
		return;
	err->hint[0] = '\0';
	error_hint(err,
		"the file has a client_secret: put it into a file of its own and add "
		"`client_secret_file = ...`");
}

static bool lacks(const struct account *account, const struct foreign_grant *foreign,
	const struct error *incomplete, struct error *err)
{
	struct buffer keys = BUFFER(4096);

	*err = *incomplete;
	add_missing(account, ACCOUNT_CLIENT_ID, foreign->client_id, &keys);
	if (account->values[ACCOUNT_PROVIDER] == NULL)
		add_missing(account, ACCOUNT_TOKEN_ENDPOINT, foreign->token_endpoint, &keys);
	if (keys.len > 0) {
		err->hint[0] = '\0';
		error_hint(err, "the file knows: %s", buffer_text(&keys));
	} else {
		hint_at_secret(account, foreign, err);
	}
	buffer_free(&keys);
	return false;
}

/* The part of a URL that says where a request goes. */
static const char *authority(const char *url, size_t *len)
{
	const char *start = strstr(url, "://");

	start = start != NULL ? start + 3 : url;
	*len = strcspn(start, "/?#");
	return start;
}

static bool same_server(const char *a, const char *b)
{
	size_t a_len, b_len;

	a = authority(a, &a_len);
	b = authority(b, &b_len);
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* A refresh token is of use to its client alone, and no other server shall see it. */
static bool fits(
	const struct account *account, const struct foreign_grant *foreign, struct error *err)
{
	const char *client_id = account_value(account, ACCOUNT_CLIENT_ID);
	const char *endpoint = account_value(account, ACCOUNT_TOKEN_ENDPOINT);

	if (foreign->client_id[0] != '\0' && strcmp(foreign->client_id, client_id) != 0) {
		error_set(err, ERROR_CONFIG,
			"the refresh token in the file belongs to client_id %.200s, but %s:%u has "
			"%.200s",
			foreign->client_id, account->file, account->line, client_id);
		return error_hint(err, "use `client_id = %.200s` there", foreign->client_id);
	}
	if (foreign->token_endpoint[0] == '\0' || same_server(foreign->token_endpoint, endpoint))
		return true;
	return error_set(err, ERROR_CONFIG,
		"the refresh token in the file belongs to %.200s, but account %s uses %.200s",
		foreign->token_endpoint, account->name, endpoint);
}

/* ---- what to say ---- */

/* Asked before the import, which ends in the sandbox. */
static bool has_other_secret(const struct account *account, const struct foreign_grant *foreign)
{
	struct buffer secret = BUFFER(SECRET_MAX);
	bool differs = foreign->client_secret[0] != '\0' && account_has_secret(account) &&
		secret_load(account, &secret, &(struct error){0}) &&
		strcmp(buffer_text(&secret), foreign->client_secret) != 0;

	buffer_free(&secret);
	return differs;
}

static void note_secret(
	const struct account *account, const struct foreign_grant *foreign, bool differs)
{
	if (foreign->client_secret[0] != '\0' && !account_has_secret(account))
		fprintf(stderr, "%s: the file has a client_secret, the configuration none\n",
			account->name);
	else if (differs)
		fprintf(stderr,
			"%s: the client_secret in the file is not the one that is configured\n",
			account->name);
}

static void note(
	const struct account *account, const char *key, const char *theirs, const char *ours)
{
	if (theirs[0] != '\0' && strcmp(theirs, ours) != 0)
		fprintf(stderr, "%s: the file has %s = %s, the configuration %s\n", account->name,
			key, theirs, ours);
}

static void say_what_was_found(
	const struct account *account, const struct foreign_grant *foreign, bool differs)
{
	const char *user = account_value(account, ACCOUNT_USER);

	fprintf(stderr, "%s: found refresh_token%s%s%s%s\n", account->name,
		foreign->client_id[0] != '\0' ? ", client_id" : "",
		foreign->client_secret[0] != '\0' ? ", client_secret" : "",
		foreign->token_endpoint[0] != '\0' ? ", token_endpoint" : "",
		foreign->user[0] != '\0' ? ", user" : "");
	note(account, "token_endpoint", foreign->token_endpoint,
		account_value(account, ACCOUNT_TOKEN_ENDPOINT));
	note(account, "user", foreign->user, user[0] != '\0' ? user : account->name);
	note_secret(account, foreign, differs);
}

bool import_grant(
	const struct online *online, const struct error *incomplete, int input, struct error *err)
{
	const struct account *account = online->account;
	struct foreign_grant *foreign = calloc(1, sizeof(*foreign));
	struct buffer text = BUFFER(IMPORT_MAX);
	bool ok = foreign != NULL || error_set(err, ERROR_SYSTEM, "out of memory");

	ok = ok && input_read_all(input, &text, err) && parse(&text, account, foreign, err);
	buffer_free(&text);
	if (ok && incomplete != NULL)
		ok = lacks(account, foreign, incomplete, err);
	ok = ok && fits(account, foreign, err);
	if (ok) {
		bool differs = has_other_secret(account, foreign);

		ok = adopt_refresh_token(online, foreign->refresh_token, err);
		if (ok)
			say_what_was_found(account, foreign, differs);
		else if (err->kind == ERROR_CONFIG)
			hint_at_secret(account, foreign, err);
	}
	if (foreign != NULL)
		wipe(foreign, sizeof(*foreign));
	free(foreign);
	return ok;
}
