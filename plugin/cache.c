#include "cache.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"
#include "paths.h"

bool state_check(const char *state, bool personal, uid_t *owner, bool *absent, struct error *err)
{
	struct stat status;

	*absent = false;
	if (lstat(state, &status) != 0) {
		*absent = errno == ENOENT || errno == ENOTDIR;
		*owner = geteuid();
		return *absent || error_system(err, errno, "cannot look at %s", state);
	}
	*owner = status.st_uid;
	if (!S_ISDIR(status.st_mode)) {
		error_set(err, ERROR_CONFIG, "%s is not a directory", state);
		return error_hint(err, "move it away");
	}
	/* The system's place belongs to whoever the administrator gave it to. */
	if (!personal)
		status.st_uid = geteuid();
	return keyfile_permitted(state, KEYFILE_PUBLIC, geteuid(), &status, err);
}

bool cache_read(const char *state, bool personal, const char *account, struct token *token,
	struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	char path[PATH_SIZE];
	struct stat status;
	uid_t owner;
	bool absent;
	bool ok = false;

	if (!place_file(state, account, "token", path))
		return error_set(
			err, ERROR_CONFIG, "the name of account %.200s is too long", account);
	if (!state_check(state, personal, &owner, &absent, err))
		return false;
	if (!absent && !keyfile_load(path, KEYFILE_SHARED, owner, &text, &status, err))
		goto out;
	if (absent || status.st_nlink == 0) {
		memset(token, 0, sizeof(*token));
		ok = true;
	} else {
		ok = token_parse(&text, path, token, err);
	}
out:
	buffer_free(&text);
	return ok;
}
