#include "modes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "keyfile.h"

struct modes {
	const struct account *account;
	const struct findings *findings;
	uid_t owner; /* of the state */
	int looked_at, wrong;
};

static void complain(struct modes *modes, const char *what, const struct error *err)
{
	modes->wrong++;
	finding_fail(modes->findings, what, err);
}

/* ---- directories ---- */

/* Who may write to a directory above may put another one in its place. */
static bool directory_is_safe(const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return error_system(err, errno, "cannot look at %s", path);
	if (status.st_uid != 0 && status.st_uid != geteuid() && geteuid() != 0) {
		error_set(
			err, ERROR_CONFIG, "%s belongs to user %u", path, (unsigned)status.st_uid);
		return error_hint(err, "chown %u '%s'", (unsigned)geteuid(), path);
	}
	if ((status.st_mode & 0022) == 0 || (status.st_mode & S_ISVTX) != 0)
		return true;
	error_set(err, ERROR_CONFIG, "others may write to %s: its mode is %04o", path,
		(unsigned)status.st_mode & 07777);
	return error_hint(err, "chmod go-w '%s'", path);
}

static void check_directories(struct modes *modes, const char *what, const char *file)
{
	char path[PATH_SIZE];
	char *slash;

	if (!keyfile_copy(path, sizeof(path), file))
		return;
	while ((slash = strrchr(path, '/')) != NULL && slash != path) {
		struct error err = {0};

		*slash = '\0';
		modes->looked_at++;
		if (!directory_is_safe(path, &err))
			complain(modes, what, &err);
	}
}

static bool check_state(struct modes *modes)
{
	const struct place *place = &modes->account->place;
	struct error err = {0};
	bool absent;

	if (!state_check(place->state, place->personal, &modes->owner, &absent, &err)) {
		struct stat status;

		if (lstat(place->state, &status) == 0 && S_ISLNK(status.st_mode))
			error_set(&err, ERROR_CONFIG,
				"%s is a symbolic link; it must be the directory", place->state);
		complain(modes, "state", &err);
		return false;
	}
	if (absent) {
		error_set(&err, ERROR_LOGIN, "there is no %s: nobody has logged in", place->state);
		error_hint(&err, "saslfresh login %.100s", modes->account->name);
		complain(modes, "state", &err);
		return false;
	}
	return true;
}

/* ---- files ---- */

static void check_file(
	struct modes *modes, const char *what, const char *path, enum keyfile_secrecy secrecy)
{
	struct error err = {0};
	struct stat status;

	if (lstat(path, &status) != 0)
		return;
	modes->looked_at++;
	if (S_ISLNK(status.st_mode)) {
		error_set(&err, ERROR_CONFIG, "%s is a symbolic link", path);
		error_hint(
			&err, "cp --remove-destination \"$(readlink -f '%s')\" '%s'", path, path);
	} else if (!S_ISREG(status.st_mode)) {
		error_set(&err, ERROR_CONFIG, "%s is not a regular file", path);
		error_hint(&err, "mv '%s' '%s.away'", path, path);
	} else if (keyfile_permitted(path, secrecy, modes->owner, &status, &err)) {
		return;
	}
	complain(modes, what, &err);
}

static void check_account_file(
	struct modes *modes, const char *suffix, enum keyfile_secrecy secrecy)
{
	char path[PATH_SIZE];

	if (place_file(modes->account->place.state, account_grantor(modes->account), suffix, path))
		check_file(modes, suffix, path, secrecy);
}

/* Beside the one that keyfile_permitted lets pass, root's own: whoever has the state cannot read
 * what root has made there. */
static void check_owner(struct modes *modes, const char *suffix)
{
	struct error err = {0};
	struct stat status;
	char path[PATH_SIZE];

	if (!place_file(
		    modes->account->place.state, account_grantor(modes->account), suffix, path) ||
		lstat(path, &status) != 0 || status.st_uid == modes->owner ||
		(status.st_uid != 0 && status.st_uid != geteuid()))
		return;
	error_set(&err, ERROR_CONFIG, "%s belongs to user %u, and its directory to user %u", path,
		(unsigned)status.st_uid, (unsigned)modes->owner);
	error_hint(&err, "chown %u '%s'", (unsigned)modes->owner, path);
	complain(modes, suffix, &err);
}

void modes_check(const struct account *account, const struct findings *findings)
{
	struct modes modes = {.account = account, .findings = findings, .owner = geteuid()};
	char secret[PATH_SIZE];

	check_directories(&modes, "configuration", account->file);
	check_directories(&modes, "state", account->place.state);
	if (account->values[ACCOUNT_CLIENT_SECRET] != NULL)
		check_file(&modes, "configuration", account->file, KEYFILE_SECRET);
	if (account->values[ACCOUNT_CLIENT_SECRET_FILE] != NULL &&
		place_expand(account->place.personal,
			account_value(account, ACCOUNT_CLIENT_SECRET_FILE), secret)) {
		check_file(&modes, "client secret", secret, KEYFILE_SECRET);
		check_directories(&modes, "client secret", secret);
	}
	if (check_state(&modes)) {
		check_account_file(&modes, "token", KEYFILE_SHARED);
		check_account_file(&modes, "grant", KEYFILE_PRIVATE);
		check_account_file(&modes, "lock", KEYFILE_SECRET);
		check_owner(&modes, "token");
		check_owner(&modes, "grant");
		check_owner(&modes, "lock");
	}
	if (modes.wrong == 0)
		finding_ok(findings, "files",
			"%s and %d more files and directories are as they "
			"should be",
			account->place.state, modes.looked_at);
}
