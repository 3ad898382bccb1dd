#include "keep.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "draft.h"
#include "section.h"

enum { SECRET_MAX = 4096 };

/* What is going to be written. */
struct keeping {
	struct buffer keys, secret;
	char secret_path[PATH_SIZE]; /* "" where there is no secret */
};

static bool name_secret(const struct account *account, char path[PATH_SIZE], struct error *err)
{
	char directory[PATH_SIZE], *slash;

	memcpy(directory, account->place.config, sizeof(directory));
	slash = strrchr(directory, '/');
	if (slash != NULL)
		*slash = '\0';
	return (slash != NULL && place_file(directory, account->name, "client-secret", path)) ||
		error_set(err, ERROR_CONFIG, "the name %.200s is too long", account->name);
}

/* What the configuration has already is not written again. */
static bool collect(const struct account *account, struct keeping *keeping, struct error *err)
{
	struct config config = {0};
	bool ok = config_load(&config, err) &&
		draft_keys(account->draft, config_find(&config, account->name), &keeping->keys,
			&keeping->secret, err);

	config_free(&config);
	if (!ok || keeping->secret.len == 0)
		return ok;
	if (!name_secret(account, keeping->secret_path, err))
		return false;
	keyfile_put(
		&keeping->keys, account_key_name(ACCOUNT_CLIENT_SECRET_FILE), keeping->secret_path);
	return true;
}

static bool write_secret(
	const struct account *account, const struct keeping *keeping, struct error *err)
{
	const struct place *place = &account->place;
	uid_t owner;
	bool absent;

	if (!state_check(place->state, place->personal, &owner, &absent, err))
		return false;
	return section_write_secret(
		place, keeping->secret_path, &keeping->secret, absent ? geteuid() : owner, err);
}

static bool write_all(
	const struct account *account, const struct keeping *keeping, struct error *err)
{
	bool secret = keeping->secret_path[0] != '\0';

	if (keeping->keys.len == 0)
		return true;
	if (secret && !write_secret(account, keeping, err))
		return false;
	if (!section_write(&account->place, account->name, &keeping->keys, err)) {
		if (secret)
			unlink(keeping->secret_path);
		return false;
	}
	printf("%s: added to %s\n", account->name, account->place.config);
	if (secret)
		printf("%s: its client secret is in %s\n", account->name, keeping->secret_path);
	return true;
}

bool keep_account(const struct account *account, struct error *err)
{
	struct keeping keeping = {.keys = BUFFER(DRAFT_MAX), .secret = BUFFER(SECRET_MAX)};
	sigset_t held, before;
	bool ok = true;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTSTP);
	sigprocmask(SIG_BLOCK, &held, &before);
	if (account->draft > 0)
		ok = collect(account, &keeping, err) && write_all(account, &keeping, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	buffer_free(&keeping.keys);
	buffer_free(&keeping.secret);
	return ok;
}
