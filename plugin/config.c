#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nearest.h"

static const char *const global_keys[] = {"rank", "programs", "command", "timeout",
	"connect_timeout", "hook_interval", "socket", "seal_command", "unseal_command",
	"on_login_needed", "on_recovered", "before_end", NULL};

enum { SEAL_KEY = 7, HOOK_KEY = 9 }; /* where those of two and of three begin */

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->count; i++)
		account_free(&config->accounts[i]);
	free(config->accounts);
	free(config->programs);
	free(config->command);
	free(config->socket);
	for (int hook = 0; hook < CONFIG_HOOKS; hook++)
		free(config->hooks[hook]);
	for (int i = 0; i < 2 * CONFIG_SEALS; i++)
		free(config->seals[i / CONFIG_SEALS][i % CONFIG_SEALS]);
	memset(config, 0, sizeof(*config));
}

struct account *config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->accounts[i].name, name) == 0)
			return &config->accounts[i];
	return NULL;
}

bool config_serves_us(const struct config *config)
{
	return config->programs == NULL ||
		list_contains(config->programs, program_invocation_short_name);
}

static bool copy_text(char **text, const char *value, struct error *err)
{
	*text = strdup(value);
	return *text != NULL || error_set(err, ERROR_SYSTEM, "out of memory");
}

bool config_seal(const struct config *config, struct account *account, struct error *err)
{
	for (int i = 0; i < CONFIG_SEALS; i++) {
		const char *command = config->seals[account->place.personal][i];
		char **value = &account->values[ACCOUNT_SEAL_COMMAND + i];

		if (*value == NULL && command != NULL && !copy_text(value, command, err))
			return false;
	}
	return true;
}

/* ---- reading ---- */

struct reading {
	struct account_source source;
	const struct place *place;
	struct config *config;
	struct account *account; /* NULL before the first section */
	size_t first;		 /* index of the first account of this file */
	unsigned seen;		 /* bit i: global_keys[i] stood in this file */
};

static bool read_seconds(const struct reading *reading, const struct keyfile_entry *entry,
	int64_t max, int64_t *seconds, struct error *err)
{
	int64_t number;

	if (!keyfile_number(entry->value, 1, max, &number))
		return keyfile_fail(reading->source.file, entry->line, err,
			"%s is a number of seconds from 1 to %d, not `%s`", entry->key, (int)max,
			entry->value);
	if (*seconds == 0)
		*seconds = number;
	return true;
}

static bool read_rank(struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	static const char *const ranks[] = {"prefer", "polite", "first"};

	for (int rank = RANK_PREFER; rank <= RANK_FIRST; rank++) {
		if (strcmp(entry->value, ranks[rank]) != 0)
			continue;
		if (!reading->config->rank_set)
			reading->config->rank = (enum config_rank)rank;
		reading->config->rank_set = true;
		return true;
	}
	return keyfile_fail(reading->source.file, entry->line, err,
		"rank is one of: prefer polite first; not `%s`", entry->value);
}

static bool read_command(
	struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	if (entry->value[0] != '/')
		return keyfile_fail(reading->source.file, entry->line, err,
			"command takes an absolute path, not `%s`", entry->value);
	return reading->config->command != NULL ||
		copy_text(&reading->config->command, entry->value, err);
}

static bool read_socket(
	struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	if (entry->value[0] != '/' || strlen(entry->value) > CONFIG_SOCKET_MAX)
		return keyfile_fail(reading->source.file, entry->line, err,
			"socket takes an absolute path of at most %d octets, not `%.200s`",
			CONFIG_SOCKET_MAX, entry->value);
	return reading->config->socket != NULL ||
		copy_text(&reading->config->socket, entry->value, err);
}

static bool read_global_key(
	struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	struct config *config = reading->config;
	int i = 0;

	while (global_keys[i] != NULL && strcmp(entry->key, global_keys[i]) != 0)
		i++;
	if (global_keys[i] == NULL)
		return unknown_key(reading->source.file, entry, global_keys, err);
	if ((reading->seen & 1u << i) != 0)
		return keyfile_fail(
			reading->source.file, entry->line, err, "%s is given twice", entry->key);
	reading->seen |= 1u << i;
	switch (i) {
	case 0:
		return read_rank(reading, entry, err);
	case 1:
		return config->programs != NULL || copy_text(&config->programs, entry->value, err);
	case 2:
		return read_command(reading, entry, err);
	case 3:
		return read_seconds(reading, entry, CONFIG_TIMEOUT, &config->timeout, err);
	case 4:
		return read_seconds(
			reading, entry, CONFIG_CONNECT_TIMEOUT, &config->connect_timeout, err);
	case 5:
		return read_seconds(
			reading, entry, CONFIG_HOOK_INTERVAL_MAX, &config->hook_interval, err);
	case 6:
		return read_socket(reading, entry, err);
	case SEAL_KEY:
	case SEAL_KEY + 1:
		return copy_text(
			&config->seals[reading->place->personal][i - SEAL_KEY], entry->value, err);
	default:
		return config->hooks[i - HOOK_KEY] != NULL ||
			copy_text(&config->hooks[i - HOOK_KEY], entry->value, err);
	}
}

static bool add_account(
	struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	struct config *config = reading->config;
	struct account *accounts;

	if (config->count >= CONFIG_ACCOUNTS_MAX)
		return keyfile_fail(reading->source.file, entry->line, err, "more than %d accounts",
			CONFIG_ACCOUNTS_MAX);
	accounts = realloc(config->accounts, (config->count + 1) * sizeof(*accounts));
	if (accounts == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	config->accounts = accounts;
	reading->account = &accounts[config->count];
	*reading->account = (struct account){.line = entry->line,
		.stamp = account_stamp_of(reading->source.status),
		.place = *reading->place};
	keyfile_copy(reading->account->file, PATH_SIZE, reading->source.file);
	if (!copy_text(&reading->account->name, entry->section, err))
		return false;
	config->count++;
	return true;
}

static bool read_section(
	struct reading *reading, const struct keyfile_entry *entry, struct error *err)
{
	const char *file = reading->source.file;
	char path[PATH_SIZE];

	if (strcmp(entry->kind, "account") != 0)
		return keyfile_fail(file, entry->line, err,
			"unknown section [%s]: a section is written [account NAME]", entry->kind);
	if (entry->section[0] == '\0')
		return keyfile_fail(file, entry->line, err, "[account] has no name");
	if (!place_file(reading->place->state, entry->section, "grant.new", path))
		return keyfile_fail(
			file, entry->line, err, "[account %s] has too long a name", entry->section);
	for (size_t i = reading->first; i < reading->config->count; i++)
		if (strcmp(reading->config->accounts[i].name, entry->section) == 0)
			return keyfile_fail(file, entry->line, err,
				"account %s is there already, in line %u", entry->section,
				reading->config->accounts[i].line);
	return add_account(reading, entry, err);
}

static bool read_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;

	if (entry->key == NULL)
		return read_section(reading, entry, err);
	if (reading->account != NULL)
		return account_set(reading->account, &reading->source, entry, err);
	return read_global_key(reading, entry, err);
}

/* A seal is for the accounts of its own file: the system's command may be for root alone. */
static bool inherit_seal(struct reading *reading, struct error *err)
{
	bool ok = true;

	for (size_t i = reading->first; ok && i < reading->config->count; i++)
		ok = config_seal(reading->config, &reading->config->accounts[i], err);
	return ok;
}

/* ---- shared accounts ---- */

static struct account *find_here(const struct reading *reading, const char *name)
{
	for (size_t i = reading->first; i < reading->config->count; i++)
		if (strcmp(reading->config->accounts[i].name, name) == 0)
			return &reading->config->accounts[i];
	return NULL;
}

static bool no_grantor(
	const struct reading *reading, const struct account *account, struct error *err)
{
	const struct config *config = reading->config;
	const char **names = calloc(config->count - reading->first + 1, sizeof(*names));
	const char *near;
	size_t count = 0;

	if (names == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	for (size_t i = reading->first; i < config->count; i++)
		if (!account_is_shared(&config->accounts[i]))
			names[count++] = config->accounts[i].name;
	near = nearest_word(account_grantor(account), names);
	keyfile_fail(reading->source.file, account->grant_line, err,
		"there is no account %s in this file whose grant could be used",
		account_grantor(account));
	if (near != NULL)
		error_hint(err, "did you mean `grant = %s`?", near);
	free(names);
	return false;
}

/* A grant is used at first hand. */
static bool share(const struct reading *reading, struct account *account, struct error *err)
{
	const struct account *grantor = find_here(reading, account_grantor(account));
	const struct account *last = grantor;

	if (grantor == NULL)
		return no_grantor(reading, account, err);
	if (!account_is_shared(grantor))
		return account_share(account, grantor, err);
	for (size_t i = reading->first; last != NULL && account_is_shared(last); i++)
		last = i < reading->config->count ? find_here(reading, account_grantor(last))
						  : NULL;
	keyfile_fail(reading->source.file, account->grant_line, err,
		"account %s has no grant of its own either", grantor->name);
	if (last != NULL)
		return error_hint(err, "`grant = %s`", last->name);
	return error_hint(err, "one of them must be logged in to: remove its `grant`");
}

static bool share_all(const struct reading *reading, struct error *err)
{
	for (size_t i = reading->first; i < reading->config->count; i++)
		if (account_is_shared(&reading->config->accounts[i]) &&
			!share(reading, &reading->config->accounts[i], err))
			return false;
	return true;
}

bool config_add_text(struct config *config, const struct place *place, const char *name,
	const struct stat *status, struct buffer *text, struct error *err)
{
	struct reading reading = {
		.source = {.file = name, .status = status, .personal = place->personal},
		.place = place,
		.config = config,
		.first = config->count};
	const struct keyfile_visitor visitor = {read_entry, &reading};

	return keyfile_parse(text, KEYFILE_CONFIG, name, &visitor, err) &&
		share_all(&reading, err) && inherit_seal(&reading, err);
}

bool config_add(struct config *config, const struct place *place, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_CONFIG_MAX);
	struct stat status;
	bool ok;

	if (!place->personal && faccessat(AT_FDCWD, place->config, R_OK, AT_EACCESS) != 0 &&
		errno == EACCES)
		return true;
	ok = keyfile_load(place->config, KEYFILE_PUBLIC, geteuid(), &text, &status, err) &&
		config_add_text(config, place, place->config, &status, &text, err);
	buffer_free(&text);
	return ok;
}

bool config_load(struct config *config, struct error *err)
{
	struct place place = {0};

	if (place_personal(&place) && !config_add(config, &place, err))
		return false;
	if (!place_system(&place))
		return error_set(err, ERROR_SYSTEM, "the installation's paths are too long");
	return config_add(config, &place, err);
}
