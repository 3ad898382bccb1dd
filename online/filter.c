#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"

/* What sh gives for a command that cannot be run or is not there. */
enum { NOT_RUN = 126, NOT_FOUND = 127, FIRST_FREE_FD = 10, REAP_MILLISECONDS = 5 };

struct life {
	const struct filter *filter;
	int64_t deadline;  /* of clock_milliseconds */
	int input, output; /* our ends of the pipes; -1: closed */
	pid_t pid;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- beginning ---- */

static _Noreturn void become_command(const char *command, int input, int output)
{
	sigset_t none;

	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
		closefrom(STDERR_FILENO + 1);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	_exit(NOT_RUN);
}

/* Both ends out of the way of the standard descriptors. */
static bool open_pipe(int ends[2])
{
	int low[2], number;

	if (pipe2(low, O_CLOEXEC) != 0)
		return false;
	for (int i = 0; i < 2; i++)
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	number = errno;
	close(low[0]);
	close(low[1]);
	errno = number;
	return ends[0] >= 0 && ends[1] >= 0;
}

static bool start(struct life *life)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, number = 0;

	if (!open_pipe(in) || !open_pipe(out) || fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 || (life->pid = fork()) < 0)
		number = errno;
	else if (life->pid == 0)
		become_command(life->filter->command, in[0], out[1]);
	close_end(&in[0]);
	close_end(&out[1]);
	if (number != 0) {
		close_end(&in[1]);
		close_end(&out[0]);
	}
	life->input = in[1];
	life->output = out[0];
	errno = number;
	return number == 0;
}

/* ---- talking ---- */

static void feed(struct life *life, const struct buffer *input, size_t *fed)
{
	ssize_t put = 0;

	if (*fed < input->len)
		put = write(life->input, input->data + *fed, input->len - *fed);
	if (put > 0)
		*fed += (size_t)put;
	/* One that does not care for its input may answer all the same. */
	if (*fed == input->len || (put < 0 && errno != EINTR && errno != EAGAIN))
		close_end(&life->input);
}

static void collect(struct life *life, struct buffer *output)
{
	char block[4096];
	ssize_t got = read(life->output, block, sizeof(block));

	if (got > 0)
		buffer_add(output, block, (size_t)got);
	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN) || !buffer_ok(output))
		close_end(&life->output);
	wipe(block, sizeof(block));
}

/* Until it has closed its end; false if its time was up before. */
static bool converse(struct life *life, const struct buffer *input, struct buffer *output)
{
	size_t fed = 0;

	while (life->output >= 0) {
		int64_t left = life->deadline - clock_milliseconds();
		struct pollfd fds[] = {{.fd = life->output, .events = POLLIN},
			{.fd = life->input, .events = POLLOUT}};

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[1].revents != 0)
			feed(life, input, &fed);
		if (fds[0].revents != 0)
			collect(life, output);
	}
	return true;
}

/* ---- the end ---- */

/* Gives the wait status; whoever has not ended by itself is ended. */
static int reap(struct life *life, bool finished)
{
	int status = 0;

	close_end(&life->input);
	close_end(&life->output);
	while (finished && waitpid(life->pid, &status, WNOHANG) == 0) {
		poll(NULL, 0, REAP_MILLISECONDS);
		finished = clock_milliseconds() < life->deadline;
	}
	if (!finished) {
		kill(-life->pid, SIGKILL);
		kill(life->pid, SIGKILL);
		while (waitpid(life->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	}
	return status;
}

static bool judge(const struct filter *filter, int status, struct error *err)
{
	int exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (exited == 0)
		return true;
	if (exited < 0)
		return error_set(err, filter->failure, "%s was ended by signal %d", filter->name,
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return error_set(err,
		exited == NOT_RUN || exited == NOT_FOUND ? ERROR_CONFIG : filter->failure,
		"%s failed with status %d", filter->name, exited);
}

/* Without the signal of a pipe that nobody reads any more, which is not to come later either. */
static bool converse_quietly(struct life *life, const struct buffer *input, struct buffer *output)
{
	const struct timespec now = {0};
	sigset_t broken, before, pending;
	bool finished;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &broken, &before);
	finished = converse(life, input, output);
	while (!sigismember(&pending, SIGPIPE) && sigtimedwait(&broken, NULL, &now) < 0 &&
		errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return finished;
}

bool filter_run(const struct filter *filter, const struct buffer *input, struct buffer *output,
	struct error *err)
{
	struct life life = {
		.filter = filter, .deadline = clock_milliseconds() + filter->seconds * 1000};
	bool finished;
	int status;

	if (!start(&life))
		return error_system(err, errno, "cannot run %s", filter->name);
	finished = converse_quietly(&life, input, output);
	/* What said too much is not waited for. */
	status = reap(&life, finished && buffer_ok(output));
	if (!finished)
		return error_set(err, ERROR_TEMPORARY, "%s gave no answer within %d s",
			filter->name, (int)filter->seconds);
	if (!buffer_ok(output))
		return error_set(err, ERROR_CONFIG, "%s gave more than %zu octets", filter->name,
			output->max);
	return judge(filter, status, err);
}
