#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "draft.h"
#include "filter.h"
#include "keyfile.h"

/* Adds the first line of text. */
static bool take_line(
	const struct buffer *text, const char *source, struct buffer *secret, struct error *err)
{
	const char *line = buffer_text(text);
	const char *newline = text->len > 0 ? memchr(line, '\n', text->len) : NULL;
	size_t len = newline != NULL ? (size_t)(newline - line) : text->len;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return error_set(err, ERROR_CONFIG,
				"the client secret of %s has a control byte", source);
	if (len <= CLIENT_SECRET_MAX)
		buffer_add(secret, line, len);
	return (len > 0 && len <= CLIENT_SECRET_MAX && buffer_ok(secret)) ||
		error_set(err, ERROR_CONFIG, "%s gave %s client secret", source,
			len == 0 ? "no" : "too long a");
}

static bool load_file(const char *path, struct buffer *secret, struct error *err)
{
	struct buffer text = BUFFER(CLIENT_SECRET_MAX);
	struct stat status;
	bool ok = false;

	if (!keyfile_load(path, KEYFILE_SECRET, geteuid(), &text, &status, err))
		err->kind = ERROR_CONFIG;
	else if (status.st_nlink == 0)
		error_set(err, ERROR_CONFIG, "there is no %s", path);
	else
		ok = take_line(&text, path, secret, err);
	buffer_free(&text);
	return ok;
}

/* A key or a file of a service account, as it is. */
static bool load_whole(const char *path, struct buffer *secret, struct error *err)
{
	struct stat status;

	if (!keyfile_load(path, KEYFILE_SECRET, geteuid(), secret, &status, err)) {
		err->kind = ERROR_CONFIG;
		return false;
	}
	return secret->len > 0 ||
		error_set(err, ERROR_CONFIG,
			status.st_nlink == 0 ? "there is no %s" : "%s is empty", path);
}

static bool load_credential(const char *name, struct buffer *secret, struct error *err)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_SIZE];
	int len;

	if (directory == NULL || directory[0] != '/') {
		error_set(err, ERROR_CONFIG, "$CREDENTIALS_DIRECTORY is not set");
		return error_hint(err, "LoadCredential=%s:... in the service's unit sets it", name);
	}
	len = snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (len < 0 || len >= PATH_SIZE)
		return error_set(err, ERROR_CONFIG, "$CREDENTIALS_DIRECTORY is too long");
	return load_file(path, secret, err);
}

static bool load_command(const char *command, struct buffer *secret, struct error *err)
{
	static const char name[] = "client_secret_command";
	const struct filter filter = {name, command, SECRET_COMMAND_SECONDS, ERROR_CONFIG};
	const struct buffer nothing = BUFFER(0);
	struct buffer text = BUFFER(CLIENT_SECRET_MAX);
	bool ok = filter_run(&filter, &nothing, &text, err) && take_line(&text, name, secret, err);

	buffer_free(&text);
	return ok;
}

/* ---- in the configuration itself ---- */

struct search {
	const struct account *account;
	struct buffer *secret;
};

static bool find_secret(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct search *search = context;

	(void)err;
	if (entry->key != NULL && strcmp(entry->section, search->account->name) == 0 &&
		strcmp(entry->key, account_key_name(ACCOUNT_CLIENT_SECRET)) == 0)
		buffer_puts(search->secret, entry->value);
	return true;
}

static bool search_draft(const struct account *account, struct buffer *secret, struct error *err)
{
	struct buffer keys = BUFFER(DRAFT_MAX);
	bool ok = draft_keys(account->draft, NULL, &keys, secret, err);

	buffer_free(&keys);
	return ok;
}

static bool search_file(const struct account *account, struct buffer *secret, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_CONFIG_MAX);
	struct search search = {account, secret};
	const struct keyfile_visitor visitor = {find_secret, &search};
	struct stat status;
	bool ok = keyfile_load(account->file, KEYFILE_PUBLIC, geteuid(), &text, &status, err) &&
		keyfile_parse(&text, KEYFILE_CONFIG, account->file, &visitor, err);

	buffer_free(&text);
	return ok;
}

/* That of the configuration counts (draft.h). */
static bool load_inline(const struct account *account, struct buffer *secret, struct error *err)
{
	bool ok = search_file(account, secret, err) &&
		(secret->len > 0 || account->draft == 0 || search_draft(account, secret, err));

	if (ok && (secret->len == 0 || !buffer_ok(secret)))
		return error_set(err, ERROR_CONFIG, "%s has no client_secret that can be used",
			account->file);
	return ok;
}

bool secret_load(const struct account *account, struct buffer *secret, struct error *err)
{
	bool ok = true;

	if (account->values[ACCOUNT_SERVICE_ACCOUNT_FILE] != NULL)
		return load_whole(account->values[ACCOUNT_SERVICE_ACCOUNT_FILE], secret, err) ||
			error_what(err, "cannot use the service account of %s", account->name);
	if (account_signs(account))
		return load_whole(account->values[ACCOUNT_CLIENT_KEY], secret, err) ||
			error_what(err, "cannot use the client key of %s", account->name);
	if (strcmp(account_value(account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD), "none") == 0)
		return true;
	if (account->values[ACCOUNT_CLIENT_SECRET] != NULL)
		ok = load_inline(account, secret, err);
	else if (account->values[ACCOUNT_CLIENT_SECRET_FILE] != NULL)
		ok = load_file(account->values[ACCOUNT_CLIENT_SECRET_FILE], secret, err);
	else if (account->values[ACCOUNT_CLIENT_SECRET_COMMAND] != NULL)
		ok = load_command(account->values[ACCOUNT_CLIENT_SECRET_COMMAND], secret, err);
	else if (account->values[ACCOUNT_CLIENT_SECRET_CREDENTIAL] != NULL)
		ok = load_credential(
			account->values[ACCOUNT_CLIENT_SECRET_CREDENTIAL], secret, err);
	return ok || error_what(err, "cannot get the client secret of %s", account->name);
}
