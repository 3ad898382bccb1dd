#include "provider.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "nearest.h"
#include "requirement.h"

enum { PROVIDERS_MAX = 512, VALUE_MAX = 8192 };

static const char suffix[] = ".conf";

static bool out_of_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "out of memory");
}

/* ---- names ---- */

struct names {
	char **list;
	size_t count;
};

static bool names_contain(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return true;
	return false;
}

static bool add_name(struct names *names, const char *file)
{
	size_t len = strlen(file);
	char *name;

	if (len <= strlen(suffix) || strcmp(file + len - strlen(suffix), suffix) != 0 ||
		file[0] == '.' || names->count >= PROVIDERS_MAX)
		return true;
	name = strndup(file, len - strlen(suffix));
	if (name == NULL)
		return false;
	if (names_contain(names, name))
		free(name);
	else
		names->list[names->count++] = name;
	return true;
}

static bool add_directory(struct names *names, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool ok = true;

	if (directory == NULL)
		return true;
	while (ok && (entry = readdir(directory)) != NULL)
		ok = add_name(names, entry->d_name);
	closedir(directory);
	return ok;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **provider_names(struct error *err)
{
	struct names names = {.list = calloc(PROVIDERS_MAX + 1, sizeof(char *))};
	struct place place;

	if (names.list == NULL ||
		(place_personal(&place) && !add_directory(&names, place.providers)) ||
		(place_system(&place) && !add_directory(&names, place.providers))) {
		provider_names_free(names.list);
		out_of_memory(err);
		return NULL;
	}
	qsort(names.list, names.count, sizeof(char *), compare_names);
	return names.list;
}

void provider_names_free(char **names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		free(names[i]);
	free(names);
}

/* ---- reading ---- */

struct reading {
	struct account_source source;
	struct account *preset;
};

static bool read_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;

	if (entry->key == NULL)
		return keyfile_fail(
			reading->source.file, entry->line, err, "a preset has no sections");
	return account_set(reading->preset, &reading->source, entry, err);
}

static bool read_file(const char *path, struct account *preset, bool *absent, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_CONFIG_MAX);
	struct stat status;
	struct reading reading = {
		.source = {.file = path, .status = &status, .preset = true}, .preset = preset};
	const struct keyfile_visitor visitor = {read_entry, &reading};
	bool ok = keyfile_load(path, KEYFILE_PUBLIC, geteuid(), &text, &status, err) &&
		keyfile_parse(&text, KEYFILE_CONFIG, path, &visitor, err);

	*absent = ok && status.st_nlink == 0;
	preset->stamp = ok ? account_stamp_of(&status) : 0;
	keyfile_copy(preset->file, PATH_SIZE, path);
	buffer_free(&text);
	return ok;
}

static bool read_in_place(const struct place *place, const char *name, struct account *preset,
	bool *absent, struct error *err)
{
	char path[PATH_SIZE];
	int len = snprintf(path, sizeof(path), "%s/%s%s", place->providers, name, suffix);

	*absent = true;
	if (len < 0 || len >= PATH_SIZE)
		return true;
	return read_file(path, preset, absent, err);
}

static bool no_such_provider(const char *name, struct error *err)
{
	char **names = provider_names(err);
	const char *near;

	if (names == NULL)
		return false;
	near = nearest_word(name, (const char *const *)names);
	error_set(err, ERROR_CONFIG, "there is no provider `%.200s`", name);
	if (near != NULL)
		error_hint(err, "did you mean `%s`?", near);
	else
		error_hint(err, "saslfresh providers lists them");
	provider_names_free(names);
	return false;
}

bool provider_read(const char *name, struct account *preset, struct error *err)
{
	struct place place;
	bool absent = true;
	bool ok;

	memset(preset, 0, sizeof(*preset));
	if (strchr(name, '/') != NULL || name[0] == '.')
		return no_such_provider(name, err);
	ok = !place_personal(&place) || read_in_place(&place, name, preset, &absent, err);
	if (ok && absent)
		ok = place_system(&place) && read_in_place(&place, name, preset, &absent, err);
	if (ok && absent)
		ok = no_such_provider(name, err);
	if (!ok)
		account_free(preset);
	return ok;
}

/* ---- completing ---- */

static bool inherit(struct account *account, const struct account *preset, struct error *err)
{
	bool application =
		strcmp(account_value(account, ACCOUNT_GRANT_TYPE), "client_credentials") == 0;

	for (int key = 0; key < ACCOUNT_KEYS; key++) {
		/* An application that acts for itself has permissions of another kind. */
		int from = key == ACCOUNT_SCOPE && application ? ACCOUNT_APPLICATION_SCOPE : key;

		if (account->values[key] != NULL || preset->values[from] == NULL)
			continue;
		account->values[key] = strdup(preset->values[from]);
		if (account->values[key] == NULL)
			return out_of_memory(err);
	}
	if (preset->stamp > account->stamp)
		account->stamp = preset->stamp;
	return true;
}

/* Adds what stands for the placeholder that begins at *text, and moves *text behind it. */
static bool expand_one(
	const struct account *account, const char **text, struct buffer *value, struct error *err)
{
	static const enum account_key placeholders[] = {ACCOUNT_TENANT, ACCOUNT_REGION};

	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
		const char *name = account_key_name(placeholders[i]);
		size_t len = strlen(name);

		if (strncmp(*text + 1, name, len) != 0 || (*text)[len + 1] != '}')
			continue;
		if (account->values[placeholders[i]] == NULL) {
			account_unfit(account, err,
				"lacks what a placeholder of its provider stands for");
			return error_hint(err, "add `%s = ...`", name);
		}
		buffer_puts(value, account->values[placeholders[i]]);
		*text += len + 2;
		return true;
	}
	return account_unfit(account, err, "has a value with an unknown {placeholder}");
}

static bool expand(const struct account *account, char **field, struct error *err)
{
	struct buffer value = BUFFER(VALUE_MAX);
	const char *text = *field;
	bool ok = true;

	while (ok && *text != '\0') {
		if (*text == '{')
			ok = expand_one(account, &text, &value, err);
		else
			buffer_add(&value, text++, 1);
	}
	if (ok && !buffer_ok(&value))
		ok = account_unfit(account, err, "has a value that is too long");
	if (ok) {
		free(*field);
		*field = strdup(buffer_text(&value));
		ok = *field != NULL || out_of_memory(err);
	}
	buffer_free(&value);
	return ok;
}

static bool has_placeholders(int key)
{
	return (key >= ACCOUNT_ISSUER && key <= ACCOUNT_REGISTRATION_ENDPOINT) ||
		key == ACCOUNT_HOSTS || key == ACCOUNT_SCOPE || key == ACCOUNT_CONSOLE ||
		key == ACCOUNT_ACCOUNT_PAGE || key >= ACCOUNT_IMAP;
}

static bool expand_all(struct account *account, struct error *err)
{
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (account->values[key] != NULL && has_placeholders(key) &&
			strchr(account->values[key], '{') != NULL &&
			!expand(account, &account->values[key], err))
			return false;
	return true;
}

/* A secret that was replaced is a reason to ask again. */
static void stamp_secrets(struct account *account)
{
	static const enum account_key files[] = {ACCOUNT_CLIENT_SECRET_FILE,
		ACCOUNT_CLIENT_CERTIFICATE, ACCOUNT_CLIENT_KEY, ACCOUNT_SERVICE_ACCOUNT_FILE};
	struct stat status;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = account->values[files[i]];

		if (path != NULL && stat(path, &status) == 0 &&
			account_stamp_of(&status) > account->stamp)
			account->stamp = account_stamp_of(&status);
	}
}

/* Says whose provider it is that cannot be read; the remedy stays. */
static bool blame(const struct account *account, struct error *err)
{
	struct error cause = *err;

	keyfile_fail(
		account->file, account->line, err, "account %s: %s", account->name, cause.cause);
	err->kind = cause.kind;
	return cause.hint[0] != '\0' && error_hint(err, "%s", cause.hint);
}

bool account_complete(struct account *account, struct error *err)
{
	struct account preset = {0};
	bool ok = true;

	if (account->values[ACCOUNT_PROVIDER] != NULL) {
		if (!provider_read(account->values[ACCOUNT_PROVIDER], &preset, err))
			return blame(account, err);
		ok = inherit(account, &preset, err);
		account_free(&preset);
	}
	ok = ok && expand_all(account, err) && requirement_check(account, err);
	stamp_secrets(account);
	return ok;
}
