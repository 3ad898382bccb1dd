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

#include "replace.h"

enum { NO_DIFF = 127 };

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

static bool compose(struct replacement *change, const char *title, const struct buffer *lines,
	struct error *err)
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

/* ---- showing it ---- */

static _Noreturn void become_diff(const struct replacement *change, int input)
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

static bool show(const struct replacement *change, struct error *err)
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

bool install_lines(const char *path, const char *title, const struct buffer *lines,
	bool (*consent)(const char *path), enum install_result *result, struct error *err)
{
	struct replacement change;
	bool ok = replace_load(path, 0600, lines->len + 2048, &change, err) &&
		compose(&change, title, lines, err);

	*result = INSTALL_SAME;
	if (ok && strcmp(buffer_text(&change.before), buffer_text(&change.after)) != 0) {
		ok = show(&change, err);
		*result = ok && consent(change.path) ? INSTALL_DONE : INSTALL_REFUSED;
		if (ok && *result == INSTALL_DONE)
			ok = replace_commit(&change, err);
	}
	replace_free(&change);
	return ok;
}
