#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyfile.h"

enum { NO_DIFF = 127 };

/* The file as it is, and as it is going to be. */
struct change {
	char path[PATH_MAX];
	struct stat status; /* st_nlink 0: there is no such file */
	struct buffer before, after;
};

/* ---- what will stand there ---- */

/* The line of text that is wanted, from start on; NULL if there is none. */
static const char *find_line(const char *start, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *line = start; line != NULL && *line != '\0';) {
		if (strncmp(line, wanted, len) == 0 && (line[len] == '\n' || line[len] == '\0'))
			return line;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return NULL;
}

static const char *line_end(const char *line)
{
	const char *newline = strchr(line, '\n');

	return newline != NULL ? newline + 1 : line + strlen(line);
}

static bool compose(
	struct change *change, const char *title, const struct buffer *lines, struct error *err)
{
	const char *text = buffer_text(&change->before);
	char first[512], last[512];
	const char *begin, *end;

	snprintf(first, sizeof(first), "# >>> saslfresh %.400s", title);
	snprintf(last, sizeof(last), "# <<< saslfresh %.400s", title);
	begin = find_line(text, first);
	end = begin != NULL ? find_line(begin, last) : NULL;
	if (begin != NULL && end == NULL) {
		error_set(err, ERROR_CONFIG, "%s has the line `%s`, but not its end", change->path,
			first);
		return error_hint(err, "add `%s` behind what stood between the two", last);
	}
	buffer_add(&change->after, text, begin != NULL ? (size_t)(begin - text) : strlen(text));
	if (begin == NULL && change->after.len > 0)
		buffer_puts(&change->after,
			change->after.data[change->after.len - 1] == '\n' ? "\n" : "\n\n");
	buffer_puts(&change->after, first);
	buffer_puts(&change->after, "\n");
	buffer_add(&change->after, lines->data, lines->len);
	buffer_puts(&change->after, last);
	buffer_puts(&change->after, "\n");
	if (end != NULL)
		buffer_puts(&change->after, line_end(end));
	return buffer_ok(&change->after) ||
		error_set(err, ERROR_SYSTEM, "%s would be too large", change->path);
}

static bool load(const char *path, struct change *change, struct error *err)
{
	if (realpath(path, change->path) == NULL) {
		if (errno != ENOENT)
			return error_system(err, errno, "cannot look at %s", path);
		if (!keyfile_copy(change->path, sizeof(change->path), path))
			return error_set(err, ERROR_SYSTEM, "%s is too long", path);
	}
	if (!keyfile_load(
		    change->path, KEYFILE_PUBLIC, geteuid(), &change->before, &change->status, err))
		return false;
	return change->before.len == 0 ||
		memchr(change->before.data, '\0', change->before.len) == NULL ||
		error_set(err, ERROR_CONFIG, "%s is not a text file", change->path);
}

/* ---- showing it ---- */

static _Noreturn void become_diff(const struct change *change, int input)
{
	const char *old = change->status.st_nlink > 0 ? change->path : "/dev/null";

	if (dup2(input, STDIN_FILENO) >= 0)
		execlp("diff", "diff", "-u", "--label", change->path, "--label", change->path, old,
			"-", (char *)NULL);
	_exit(NO_DIFF);
}

static void send_all(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t sent = send(fd, text->data + done, text->len - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			break;
		done += (size_t)sent;
	}
	close(fd);
}

static bool show(const struct change *change, struct error *err)
{
	int pair[2], status = 0;
	pid_t pid;

	if (fflush(stdout) != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return error_system(err, errno, "cannot show the difference");
	pid = fork();
	if (pid == 0)
		become_diff(change, pair[1]);
	close(pair[1]);
	send_all(pair[0], &change->after);
	if (pid < 0)
		return error_system(err, errno, "cannot run diff");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return true;
	error_set(err, ERROR_SYSTEM, "cannot show what would change in %s", change->path);
	return error_hint(err, "apt install diffutils");
}

/* ---- writing it ---- */

static bool is_unchanged(const struct change *change)
{
	struct stat now;

	if (stat(change->path, &now) != 0)
		return errno == ENOENT && change->status.st_nlink == 0;
	return change->status.st_nlink > 0 && now.st_ino == change->status.st_ino &&
		now.st_size == change->status.st_size &&
		now.st_mtim.tv_sec == change->status.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == change->status.st_mtim.tv_nsec;
}

static bool write_new(int fd, const struct change *change)
{
	mode_t mode = change->status.st_nlink > 0 ? change->status.st_mode & 07777 : 0600;

	for (size_t done = 0; done < change->after.len;) {
		ssize_t put = write(fd, change->after.data + done, change->after.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

static bool replace(const struct change *change, struct error *err)
{
	char path[PATH_MAX + 16];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s.saslfresh", change->path);
	if (!is_unchanged(change))
		return error_set(err, ERROR_TEMPORARY, "%s has changed meanwhile", change->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_system(err, errno, "cannot make %s", path);
	ok = write_new(fd, change);
	if (!ok)
		error_system(err, errno, "cannot write %s", path);
	close(fd);
	if (ok && rename(path, change->path) != 0)
		ok = error_system(err, errno, "cannot rename %s", path);
	if (!ok)
		unlink(path);
	return ok;
}

bool install_lines(const char *path, const char *title, const struct buffer *lines,
	bool (*consent)(const char *path), enum install_result *result, struct error *err)
{
	struct change change = {
		.before = BUFFER(INSTALL_MAX), .after = BUFFER(INSTALL_MAX + lines->len + 2048)};
	bool ok = load(path, &change, err) && compose(&change, title, lines, err);

	*result = INSTALL_SAME;
	if (ok && strcmp(buffer_text(&change.before), buffer_text(&change.after)) != 0) {
		ok = show(&change, err);
		*result = ok && consent(change.path) ? INSTALL_DONE : INSTALL_REFUSED;
		if (ok && *result == INSTALL_DONE)
			ok = replace(&change, err);
	}
	buffer_free(&change.before);
	buffer_free(&change.after);
	return ok;
}
