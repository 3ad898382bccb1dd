#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "keyfile.h"

/* Octets reserved: one token of the maximum size and everything else. */
enum { TOKEN_SPACE = 32 * 1024 };

static size_t grant_space(const struct account *account)
{
	return seal_is_wanted(account) ? RECORD_SEALED_MAX : RECORD_PLAIN_MAX;
}

bool store_read_grant(struct store *store, struct grant *grant, struct error *err)
{
	struct sealed sealed = {0};
	enum record_found found;
	struct stat status;
	bool ok;

	if (fstat(store->directory, &status) != 0)
		return error_system(err, errno, "cannot look at %s", store->account->place.state);
	ok = record_read(store->grant_path, status.st_uid, grant, &sealed, &found, err);
	if (!ok && found == RECORD_TORN)
		error_hint(err, "saslfresh login %s", store->account->name);
	if (ok && sealed.body.len > 0)
		ok = seal_open(&store->seal, store->account, &sealed, grant, err);
	record_free(&sealed);
	return ok;
}

bool store_seal(struct store *store, struct error *err)
{
	return seal_prepare(&store->seal, store->account, err);
}

/* ---- reserving ---- */

static bool sync_directory(const struct store *store, struct error *err)
{
	return fsync(store->directory) == 0 ||
		error_system(err, errno, "cannot sync %s", store->account->place.state);
}

static bool discard(const char *path, struct error *err)
{
	return unlink(path) == 0 || errno == ENOENT ||
		error_system(err, errno, "cannot remove %s", path);
}

/* A complete temporary grant is newer than the grant: its writer was killed before the rename. One
 * that cannot be read now is not touched: it may be the only copy. */
static bool recover_grant(const struct store *store, uid_t owner, struct error *err)
{
	struct grant *left = grant_new(err);
	struct sealed sealed = {0};
	enum record_found found;
	struct stat status;

	if (left == NULL)
		return false;
	if (lstat(store->new_grant_path, &status) == 0 && S_ISLNK(status.st_mode))
		found = RECORD_TORN;
	else
		record_read(store->new_grant_path, owner, left, &sealed, &found, err);
	record_free(&sealed);
	grant_free(left);
	switch (found) {
	case RECORD_UNREADABLE:
		return false;
	case RECORD_ABSENT:
		return true;
	case RECORD_TORN:
		return discard(store->new_grant_path, err);
	case RECORD_WHOLE:
		break;
	}
	return (rename(store->new_grant_path, store->grant_path) == 0 ||
		       error_system(err, errno, "cannot rename %s", store->new_grant_path)) &&
		sync_directory(store, err);
}

static bool recover(const struct store *store, uid_t owner, struct error *err)
{
	return recover_grant(store, owner, err) && discard(store->new_token_path, err);
}

/* Zeros, and not fallocate(2): this also finds quotas and file size limits. */
static bool fill(int fd, size_t size, const char *path, struct error *err)
{
	static const char zeros[4096];

	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, zeros, sizeof(zeros));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return error_system(err, errno, "cannot reserve space for %s", path);
		done += (size_t)put;
	}
	return fsync(fd) == 0 || error_system(err, errno, "cannot reserve space for %s", path);
}

/* The token file may be meant for a group of mailers. */
static bool set_group(const struct account *account, int fd, const char *path, struct error *err)
{
	const char *name = account_value(account, ACCOUNT_GROUP);
	const struct group *group;

	if (*name == '\0')
		return true;
	group = getgrnam(name);
	if (group == NULL)
		return error_set(err, ERROR_CONFIG, "there is no group %s", name);
	if (fchown(fd, (uid_t)-1, group->gr_gid) != 0 || fchmod(fd, 0640) != 0) {
		error_system(err, errno, "cannot give %s to group %s", path, name);
		err->kind = ERROR_CONFIG;
		return error_hint(err, "chgrp %s '%s'; chmod 2750 '%s'", name, account->place.state,
			account->place.state);
	}
	return true;
}

static int reserve(const char *path, const char *target, size_t size, struct error *err)
{
	struct stat status;
	int fd;

	if (lstat(target, &status) == 0 && S_ISDIR(status.st_mode)) {
		error_set(err, ERROR_SYSTEM, "%s is a directory", target);
		error_hint(err, "move it away");
		return -1;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_system(err, errno, "cannot make %s", path);
		return -1;
	}
	if (fchmod(fd, 0600) != 0)
		error_system(err, errno, "cannot protect %s", path);
	else if (fill(fd, size, path, err))
		return fd;
	close(fd);
	unlink(path);
	return -1;
}

static bool set_paths(const struct account *account, struct store *store, struct error *err)
{
	const char *state = account->place.state;

	return (place_file(state, account->name, "grant", store->grant_path) &&
		       place_file(state, account->name, "token", store->token_path) &&
		       place_file(state, account->name, "grant.new", store->new_grant_path) &&
		       place_file(state, account->name, "token.new", store->new_token_path)) ||
		error_set(
			err, ERROR_CONFIG, "the name of account %.200s is too long", account->name);
}

static bool open_directory(
	const struct account *account, struct store *store, uid_t *owner, struct error *err)
{
	const char *state = account->place.state;
	bool absent;

	*store = (struct store){.account = account,
		.directory = -1,
		.grant = -1,
		.token = -1,
		.text = BUFFER(grant_space(account))};
	seal_init(&store->seal);
	if (!buffer_reserve(&store->text, store->text.max))
		return error_set(err, ERROR_SYSTEM, "out of memory");
	if (!set_paths(account, store, err) ||
		!state_check(state, account->place.personal, owner, &absent, err))
		return false;
	store->directory = open(state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return store->directory >= 0 || error_system(err, errno, "cannot open %s", state);
}

bool store_open(const struct account *account, struct store *store, struct error *err)
{
	uid_t owner;

	if (!open_directory(account, store, &owner, err))
		return false;
	if (recover(store, owner, err))
		return true;
	store_close(store);
	return false;
}

bool store_reserve(const struct account *account, struct store *store, struct error *err)
{
	uid_t owner;

	if (!open_directory(account, store, &owner, err) || !recover(store, owner, err))
		goto fail;
	store->grant = reserve(store->new_grant_path, store->grant_path, store->text.max, err);
	if (store->grant < 0)
		goto fail;
	store->token = reserve(store->new_token_path, store->token_path, TOKEN_SPACE, err);
	if (store->token < 0 || !set_group(account, store->token, store->new_token_path, err))
		goto fail;
	return true;
fail:
	store_close(store);
	return false;
}

/* ---- committing ---- */

static bool write_record(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t put = pwrite(fd, text->data + done, text->len - done, (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return ftruncate(fd, (off_t)text->len) == 0;
}

/* A disk that refuses the reserved space may still have another place. */
static bool write_elsewhere(int *fd, const struct buffer *text, const char *path)
{
	int fresh;

	if (unlink(path) != 0)
		return false;
	fresh = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fresh < 0)
		return false;
	close(*fd);
	*fd = fresh;
	return write_record(fresh, text);
}

/* The rename is tried even where syncing fails: an issued refresh token is better off in place.
 * What cannot be renamed is left for the next reservation to judge. */
static bool commit(
	struct store *store, int *fd, const char *path, const char *target, struct error *err)
{
	const struct buffer *text = &store->text;
	bool ok = buffer_ok(text) || error_set(err, ERROR_SYSTEM, "%s would be too large", target);
	bool renamed = false;

	if (ok && !write_record(*fd, text) && !write_record(*fd, text) &&
		!write_elsewhere(fd, text, path)) {
		ok = error_system(err, errno, "cannot write %s", path);
	} else if (ok) {
		if (fsync(*fd) != 0)
			ok = error_system(err, errno, "cannot sync %s", path);
		renamed = rename(path, target) == 0;
		if (!renamed)
			ok = error_system(err, errno, "cannot rename %s", path);
	}
	close(*fd);
	*fd = -1;
	wipe(store->text.data, store->text.len);
	store->text.len = 0;
	return (!renamed || sync_directory(store, err)) && ok;
}

bool store_commit_grant(struct store *store, const struct grant *grant, struct error *err)
{
	seal_print(&store->seal, grant, store->account->name, &store->text);
	return commit(store, &store->grant, store->new_grant_path, store->grant_path, err);
}

bool store_commit_token(struct store *store, const struct token *token, struct error *err)
{
	token_print(token, store->account->name, &store->text);
	return commit(store, &store->token, store->new_token_path, store->token_path, err);
}

bool store_forget(const struct account *account, struct error *err)
{
	struct store store;
	uid_t owner;
	bool ok;

	ok = open_directory(account, &store, &owner, err) && discard(store.new_token_path, err) &&
		discard(store.token_path, err) && discard(store.new_grant_path, err) &&
		discard(store.grant_path, err) && sync_directory(&store, err);
	store_close(&store);
	return ok;
}

void store_close(struct store *store)
{
	if (store->grant >= 0) {
		unlink(store->new_grant_path);
		close(store->grant);
	}
	if (store->token >= 0) {
		unlink(store->new_token_path);
		close(store->token);
	}
	if (store->directory >= 0)
		close(store->directory);
	store->directory = store->grant = store->token = -1;
	buffer_free(&store->text);
	seal_free(&store->seal);
}
