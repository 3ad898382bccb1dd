#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keyfile.h"

bool replace_load(const char *path, mode_t mode, size_t more, struct replacement *replacement,
	struct error *err)
{
	*replacement = (struct replacement){
		.mode = mode, .before = BUFFER(REPLACE_MAX), .after = BUFFER(REPLACE_MAX + more)};
	if (realpath(path, replacement->path) == NULL) {
		if (errno != ENOENT)
			return error_system(err, errno, "cannot look at %s", path);
		if (!keyfile_copy(replacement->path, sizeof(replacement->path), path))
			return error_set(err, ERROR_SYSTEM, "%s is too long", path);
	}
	if (!keyfile_load(replacement->path, KEYFILE_PUBLIC, geteuid(), &replacement->before,
		    &replacement->status, err))
		return false;
	if (replacement->status.st_nlink > 0)
		replacement->mode = replacement->status.st_mode & 07777;
	return replacement->before.len == 0 ||
		memchr(replacement->before.data, '\0', replacement->before.len) == NULL ||
		error_set(err, ERROR_CONFIG, "%s is not a text file", replacement->path);
}

void replace_free(struct replacement *replacement)
{
	buffer_free(&replacement->before);
	buffer_free(&replacement->after);
}

static bool is_unchanged(const struct replacement *replacement)
{
	struct stat now;

	if (stat(replacement->path, &now) != 0)
		return errno == ENOENT && replacement->status.st_nlink == 0;
	return replacement->status.st_nlink > 0 && now.st_ino == replacement->status.st_ino &&
		now.st_size == replacement->status.st_size &&
		now.st_mtim.tv_sec == replacement->status.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == replacement->status.st_mtim.tv_nsec;
}

/* Only root may give a file away, and only root may have to. */
static bool keep_owner(int fd, const struct replacement *replacement)
{
	return replacement->status.st_nlink == 0 || geteuid() != 0 ||
		fchown(fd, replacement->status.st_uid, replacement->status.st_gid) == 0;
}

static bool write_new(int fd, const struct replacement *replacement)
{
	for (size_t done = 0; done < replacement->after.len;) {
		ssize_t put =
			write(fd, replacement->after.data + done, replacement->after.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return keep_owner(fd, replacement) && fchmod(fd, replacement->mode) == 0 && fsync(fd) == 0;
}

static bool cannot_make(const char *path, struct error *err)
{
	if (errno != EEXIST)
		return error_system(err, errno, "cannot make %s", path);
	error_set(err, ERROR_TEMPORARY, "%s is there already", path);
	return error_hint(err, "if nothing else is writing there: rm '%s'", path);
}

/* The new file, which only one can make, keeps others of us out until it is renamed. */
bool replace_commit(const struct replacement *replacement, struct error *err)
{
	char path[PATH_MAX + 16];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s.saslfresh", replacement->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_make(path, err);
	ok = is_unchanged(replacement) ||
		error_set(err, ERROR_TEMPORARY, "%s has changed meanwhile", replacement->path);
	if (ok && !write_new(fd, replacement))
		ok = error_system(err, errno, "cannot write %s", path);
	close(fd);
	if (ok && rename(path, replacement->path) != 0)
		ok = error_system(err, errno, "cannot rename %s", path);
	if (!ok)
		unlink(path);
	return ok;
}
