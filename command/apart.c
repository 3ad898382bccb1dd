#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "frame.h"

static void answer(int fd, bool ok, const struct error *err)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);

	if (ok)
		answer_print_ok(NULL, "", &text);
	else
		answer_print_failure(err, &text);
	answer_write(fd, &text);
	buffer_free(&text);
}

static bool listen_to(int fd, struct error *err)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	char block[4096];
	ssize_t got;
	bool ok;

	while ((got = read(fd, block, sizeof(block))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			buffer_add(&text, block, (size_t)got);
	ok = answer_parse(&text, NULL, err);
	buffer_free(&text);
	return ok;
}

bool apart_run(const struct account *account,
	bool (*work)(const struct account *account, const void *context, struct error *err),
	const void *context, struct error *err)
{
	int ends[2];
	pid_t pid;
	bool ok;

	if (geteuid() != 0 || account->place.personal || account->draft <= 0)
		return work(account, context, err);
	if (fflush(stdout) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return error_system(err, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		ok = work(account, context, err);
		answer(ends[1], ok, err);
		_exit(0);
	}
	close(ends[1]);
	ok = pid > 0 ? listen_to(ends[0], err) : error_system(err, errno, "cannot make a process");
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return ok;
}
