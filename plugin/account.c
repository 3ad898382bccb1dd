#include "account.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "form.h"
#include "nearest.h"

enum value_form {
	FORM_TEXT,
	FORM_SECRET, /* noted, not kept */
	FORM_NAME,   /* letters, digits, . - _ */
	FORM_URL,
	FORM_PATH,
	FORM_DAYS,
	FORM_DATE,   /* YYYY-MM-DD */
	FORM_PEOPLE, /* see allow.h */
	FORM_CHOICE, /* one of the words of choices */
};

enum key_scope { IN_BOTH, IN_ACCOUNT, IN_PRESET };

static const struct key {
	const char *name;
	enum key_scope scope;
	enum value_form form;
	const char *choices;
} keys[] = {
	[ACCOUNT_PROVIDER] = {"provider", IN_ACCOUNT, FORM_NAME, NULL},
	[ACCOUNT_USER] = {"user", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_IMAP_USER] = {"imap_user", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_POP_USER] = {"pop_user", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_SMTP_USER] = {"smtp_user", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_GRANT] = {"grant", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_HOSTS] = {"hosts", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_CLIENT_ID] = {"client_id", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_CLIENT_SECRET] = {"client_secret", IN_ACCOUNT, FORM_SECRET, NULL},
	[ACCOUNT_CLIENT_SECRET_FILE] = {"client_secret_file", IN_ACCOUNT, FORM_PATH, NULL},
	[ACCOUNT_CLIENT_SECRET_COMMAND] = {"client_secret_command", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_CLIENT_SECRET_CREDENTIAL] = {"client_secret_credential", IN_ACCOUNT, FORM_NAME,
		NULL},
	[ACCOUNT_ISSUER] = {"issuer", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_TOKEN_ENDPOINT] = {"token_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_AUTHORIZATION_ENDPOINT] = {"authorization_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT] = {"device_authorization_endpoint", IN_BOTH,
		FORM_URL, NULL},
	[ACCOUNT_REVOCATION_ENDPOINT] = {"revocation_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_INTROSPECTION_ENDPOINT] = {"introspection_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_USERINFO_ENDPOINT] = {"userinfo_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_REGISTRATION_ENDPOINT] = {"registration_endpoint", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD] = {"token_endpoint_auth_method", IN_BOTH, FORM_CHOICE,
		"none client_secret_post client_secret_basic private_key_jwt"},
	[ACCOUNT_SCOPE] = {"scope", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_TENANT] = {"tenant", IN_BOTH, FORM_NAME, NULL},
	[ACCOUNT_REGION] = {"region", IN_BOTH, FORM_NAME, NULL},
	[ACCOUNT_CA_FILE] = {"ca_file", IN_BOTH, FORM_PATH, NULL},
	[ACCOUNT_PROXY] = {"proxy", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_HTTP_LOOPBACK] = {"http_loopback", IN_BOTH, FORM_CHOICE, "yes no"},
	[ACCOUNT_GROUP] = {"group", IN_ACCOUNT, FORM_NAME, NULL},
	[ACCOUNT_ALLOW] = {"allow", IN_ACCOUNT, FORM_PEOPLE, NULL},
	[ACCOUNT_REFRESH_TOKEN_REUSE] = {"refresh_token_reuse", IN_BOTH, FORM_CHOICE,
		"tolerated punished"},
	[ACCOUNT_REDIRECT_URI] = {"redirect_uri", IN_BOTH, FORM_URL, NULL},
	[ACCOUNT_AUTHORIZATION_PARAMETERS] = {"authorization_parameters", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_LOGIN_SCOPE] = {"login_scope", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_GRANT_IDLE_DAYS] = {"grant_idle_days", IN_BOTH, FORM_DAYS, NULL},
	[ACCOUNT_GRANT_TESTING_DAYS] = {"grant_testing_days", IN_BOTH, FORM_DAYS, NULL},
	[ACCOUNT_SEAL_COMMAND] = {"seal_command", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_UNSEAL_COMMAND] = {"unseal_command", IN_ACCOUNT, FORM_TEXT, NULL},
	[ACCOUNT_GRANT_TYPE] = {"grant_type", IN_ACCOUNT, FORM_CHOICE,
		"refresh_token client_credentials jwt_bearer"},
	[ACCOUNT_CLIENT_CERTIFICATE] = {"client_certificate", IN_ACCOUNT, FORM_PATH, NULL},
	[ACCOUNT_CLIENT_KEY] = {"client_key", IN_ACCOUNT, FORM_PATH, NULL},
	[ACCOUNT_CLIENT_SECRET_EXPIRES] = {"client_secret_expires", IN_ACCOUNT, FORM_DATE, NULL},
	[ACCOUNT_SERVICE_ACCOUNT_FILE] = {"service_account_file", IN_ACCOUNT, FORM_PATH, NULL},
	[ACCOUNT_TITLE] = {"title", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_DOMAINS] = {"domains", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_MX] = {"mx", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_CONSOLE] = {"console", IN_PRESET, FORM_URL, NULL},
	[ACCOUNT_CLIENT_STEPS] = {"client_steps", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_ACCOUNT_PAGE] = {"account_page", IN_PRESET, FORM_URL, NULL},
	[ACCOUNT_APP_PASSWORD_PAGE] = {"app_password_page", IN_PRESET, FORM_URL, NULL},
	[ACCOUNT_NOTE] = {"note", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_APPLICATION_SCOPE] = {"application_scope", IN_PRESET, FORM_TEXT, NULL},
	[ACCOUNT_IMAP] = {"imap", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_POP] = {"pop", IN_BOTH, FORM_TEXT, NULL},
	[ACCOUNT_SMTP] = {"smtp", IN_BOTH, FORM_TEXT, NULL},
};

enum { VALUE_MAX = 4096, DAYS_MAX = 3650 };

const char *account_value(const struct account *account, enum account_key key)
{
	return account->values[key] != NULL ? account->values[key] : "";
}

bool account_has_secret(const struct account *account)
{
	for (int key = ACCOUNT_CLIENT_SECRET; key <= ACCOUNT_CLIENT_SECRET_CREDENTIAL; key++)
		if (account->values[key] != NULL)
			return true;
	return false;
}

const char *account_key_name(enum account_key key)
{
	return keys[key].name;
}

bool account_is_unattended(const struct account *account)
{
	const char *grant_type = account_value(account, ACCOUNT_GRANT_TYPE);

	return grant_type[0] != '\0' && strcmp(grant_type, "refresh_token") != 0;
}

bool account_signs(const struct account *account)
{
	return strcmp(account_value(account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD),
		       "private_key_jwt") == 0;
}

bool account_unfit(const struct account *account, struct error *err, const char *cause)
{
	return keyfile_fail(account->file, account->line, err, "account %s %s",
		account_grantor(account), cause);
}

const char *account_user(const struct account *account, const char *service)
{
	static const struct {
		const char *service;
		enum account_key key;
	} users[] = {{"imap", ACCOUNT_IMAP_USER}, {"pop", ACCOUNT_POP_USER},
		{"pop3", ACCOUNT_POP_USER}, {"smtp", ACCOUNT_SMTP_USER}};
	const char *user = NULL;

	for (size_t i = 0; service != NULL && i < sizeof(users) / sizeof(users[0]); i++)
		if (strcmp(service, users[i].service) == 0)
			user = account->values[users[i].key];
	if (user == NULL)
		user = account->values[ACCOUNT_USER];
	return user != NULL && *user != '\0' ? user : account->name;
}

/* ---- shared accounts ---- */

const char *account_grantor(const struct account *account)
{
	return account->values[ACCOUNT_GRANT] != NULL ? account->values[ACCOUNT_GRANT]
						      : account->name;
}

bool account_is_shared(const struct account *account)
{
	return account->values[ACCOUNT_GRANT] != NULL;
}

static bool is_name_of_user(int key)
{
	return key == ACCOUNT_USER || key == ACCOUNT_IMAP_USER || key == ACCOUNT_POP_USER ||
		key == ACCOUNT_SMTP_USER;
}

/* What a shared account may say itself; all else belongs to the grant. */
static bool is_of_account(int key)
{
	return is_name_of_user(key) || key == ACCOUNT_GRANT || key == ACCOUNT_HOSTS ||
		key == ACCOUNT_ALLOW || (key >= ACCOUNT_IMAP && key <= ACCOUNT_SMTP);
}

bool list_contains(const char *list, const char *item)
{
	size_t len = strlen(item);

	while (*list != '\0') {
		size_t word = strcspn(list, ", \t");

		if (word > 0 && word == len && strncmp(list, item, len) == 0)
			return true;
		list += word;
		list += strspn(list, ", \t");
	}
	return false;
}

void account_free(struct account *account)
{
	free(account->name);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		free(account->values[key]);
	memset(account, 0, sizeof(*account));
}

int64_t account_stamp_of(const struct stat *status)
{
	return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static bool copy_text(char **text, const char *value, struct error *err)
{
	*text = strdup(value);
	return *text != NULL || error_set(err, ERROR_SYSTEM, "out of memory");
}

bool account_share(struct account *account, const struct account *grantor, struct error *err)
{
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (!is_name_of_user(key) && account->values[key] == NULL &&
			grantor->values[key] != NULL &&
			!copy_text(&account->values[key], grantor->values[key], err))
			return false;
	return true;
}

/* entry has just been set. */
static bool check_shared(struct account *account, const char *file,
	const struct keyfile_entry *entry, struct error *err)
{
	const char *grantor = account->values[ACCOUNT_GRANT];

	for (int key = 0; grantor != NULL && key < ACCOUNT_KEYS; key++) {
		if (account->values[key] == NULL || is_of_account(key))
			continue;
		keyfile_fail(file, entry->line, err, "`%s` and `grant` cannot both stand here",
			keys[key].name);
		return error_hint(
			err, "what belongs to the grant stands in [account %.200s]", grantor);
	}
	if (strcmp(entry->key, keys[ACCOUNT_GRANT].name) == 0)
		account->grant_line = entry->line;
	return true;
}

/* ---- setting ---- */

static bool check_secret(
	const struct account_source *source, const struct keyfile_entry *entry, struct error *err)
{
	if (keyfile_permitted(source->file, KEYFILE_SECRET, geteuid(), source->status, err))
		return true;
	return error_what(err, "%s:%u: %s", source->file, entry->line, entry->key);
}

/* FORM_DAYS, FORM_DATE */
static bool check_time(const struct account_source *source, const struct keyfile_entry *entry,
	const struct key *key, struct error *err)
{
	int64_t days;

	if (key->form == FORM_DATE)
		return keyfile_date(entry->value, &days) ||
			keyfile_fail(source->file, entry->line, err,
				"%s is a day, YYYY-MM-DD, not `%s`", key->name, entry->value);
	return keyfile_number(entry->value, 1, DAYS_MAX, &days) ||
		keyfile_fail(source->file, entry->line, err,
			"%s is a number of days from 1 to %d, not `%s`", key->name, DAYS_MAX,
			entry->value);
}

static bool store_value(const struct account_source *source, const struct keyfile_entry *entry,
	const struct key *key, char **value, struct error *err)
{
	char path[PATH_SIZE];

	if (strlen(entry->value) > VALUE_MAX)
		return keyfile_fail(source->file, entry->line, err, "%s is longer than %d octets",
			key->name, VALUE_MAX);
	switch (key->form) {
	case FORM_TEXT:
		break;
	case FORM_SECRET:
		return check_secret(source, entry, err) && copy_text(value, "set", err);
	case FORM_NAME:
		if (!form_is_name(entry->value))
			return keyfile_fail(source->file, entry->line, err,
				"%s takes letters, digits, '.', '-' and '_', not `%s`", key->name,
				entry->value);
		break;
	case FORM_URL:
		if (!form_is_url(entry->value))
			return keyfile_fail(source->file, entry->line, err,
				"%s takes a URL that begins with https://, not `%s`", key->name,
				entry->value);
		break;
	case FORM_PATH:
		if (!place_expand(source->personal, entry->value, path))
			return keyfile_fail(source->file, entry->line, err,
				"%s takes an absolute path, not `%s`", key->name, entry->value);
		return copy_text(value, path, err);
	case FORM_DAYS:
	case FORM_DATE:
		if (!check_time(source, entry, key, err))
			return false;
		break;
	case FORM_PEOPLE:
		if (!form_is_people(entry->value))
			return keyfile_fail(source->file, entry->line, err,
				"%s takes users and @groups, not `%s`", key->name, entry->value);
		break;
	case FORM_CHOICE:
		if (strpbrk(entry->value, " \t,") != NULL ||
			!list_contains(key->choices, entry->value))
			return keyfile_fail(source->file, entry->line, err,
				"%s is one of: %s; not `%s`", key->name, key->choices,
				entry->value);
		break;
	}
	return copy_text(value, entry->value, err);
}

static bool key_allowed(const struct account_source *source, int key)
{
	return keys[key].scope == IN_BOTH ||
		keys[key].scope == (source->preset ? IN_PRESET : IN_ACCOUNT);
}

bool unknown_key(const char *file, const struct keyfile_entry *entry, const char *const *known,
	struct error *err)
{
	const char *near = nearest_word(entry->key, known);

	keyfile_fail(file, entry->line, err, "unknown key `%s`", entry->key);
	if (near != NULL)
		error_hint(err, "did you mean `%s`?", near);
	return false;
}

bool account_set(struct account *account, const struct account_source *source,
	const struct keyfile_entry *entry, struct error *err)
{
	const char *known[ACCOUNT_KEYS + 1];
	size_t count = 0;

	for (int key = 0; key < ACCOUNT_KEYS; key++) {
		if (!key_allowed(source, key))
			continue;
		known[count++] = keys[key].name;
		if (strcmp(entry->key, keys[key].name) != 0)
			continue;
		if (account->values[key] != NULL)
			return keyfile_fail(
				source->file, entry->line, err, "%s is given twice", entry->key);
		return store_value(source, entry, &keys[key], &account->values[key], err) &&
			check_shared(account, source->file, entry, err);
	}
	known[count] = NULL;
	return unknown_key(source->file, entry, known, err);
}
