#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "paths.h"

extern char **environ;

enum { ENVIRONMENT_MAX = 64, FIRST_FREE_FD = 10, REAP_MILLISECONDS = 20 };

int64_t clock_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what the program inherits ---- */

static bool is_listed(const char *variable, const char *const *names)
{
	size_t len = strcspn(variable, "=");

	for (; *names != NULL; names++)
		if (strlen(*names) == len && strncmp(variable, *names, len) == 0)
			return true;
	return false;
}

static bool is_wanted(const char *variable, bool for_person)
{
	static const char *const names[] = {"HOME", "USER", "LOGNAME", "PATH", "LANG", "TZ",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "CREDENTIALS_DIRECTORY",
		/* What unlocks a key asks the person where the person is. */
		"GNUPGHOME", "GPG_TTY", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
		"DBUS_SESSION_BUS_ADDRESS", NULL};
	static const char *const of_person[] = {
		"BROWSER", "SSH_CONNECTION", "TERM", "NO_COLOR", NULL};
	size_t len = strcspn(variable, "=");

	if (strncmp(variable, "LC_", 3) == 0 || strncmp(variable, "XDG_", 4) == 0)
		return true;
	if (len > 6 &&
		(strncmp(variable + len - 6, "_proxy", 6) == 0 ||
			strncmp(variable + len - 6, "_PROXY", 6) == 0))
		return true;
	return is_listed(variable, names) || (for_person && is_listed(variable, of_person));
}

static void reduce_environment(bool for_person, char *reduced[ENVIRONMENT_MAX + 1])
{
	size_t count = 0;

	for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
		if (count < ENVIRONMENT_MAX && is_wanted(*variable, for_person))
			reduced[count++] = *variable;
	reduced[count] = NULL;
}

static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int number;

	sigfillset(&all);
	sigemptyset(&none);
	number = posix_spawnattr_setsigdefault(attributes, &all);
	if (number == 0)
		number = posix_spawnattr_setsigmask(attributes, &none);
	if (number == 0)
		number = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	return number;
}

/* All fds are at FIRST_FREE_FD or above, out of each other's way: the socket, then the kept ones.
 */
static int set_descriptors(
	posix_spawn_file_actions_t *actions, const struct ask *ask, const int *fds)
{
	int fd = fds[0];
	int number = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);

	if (number == 0)
		number = posix_spawn_file_actions_adddup2(actions, fd, STDOUT_FILENO);
	if (number == 0 && !ask->keep_stderr)
		number = posix_spawn_file_actions_addopen(
			actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	for (int i = 0; number == 0 && i < ask->kept; i++) {
		if (fds[1 + i] >= 0)
			number = posix_spawn_file_actions_adddup2(
				actions, fds[1 + i], ASK_KEPT_FD + i);
		else
			number = posix_spawn_file_actions_addopen(
				actions, ASK_KEPT_FD + i, "/dev/null", O_RDWR, 0);
	}
	if (number == 0)
		number = posix_spawn_file_actions_addclosefrom_np(actions, ASK_KEPT_FD + ask->kept);
	return number;
}

static int spawn(const struct ask *ask, const int *fds, pid_t *pid)
{
	char *arguments[] = {(char *)ask->program, (char *)ask->verb, (char *)ask->account, NULL};
	char *environment[ENVIRONMENT_MAX + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number = posix_spawn_file_actions_init(&actions);

	if (number != 0)
		return number;
	number = posix_spawnattr_init(&attributes);
	if (number == 0) {
		reduce_environment(ask->for_person, environment);
		number = set_signals(&attributes);
		if (number == 0)
			number = set_descriptors(&actions, ask, fds);
		if (number == 0)
			number = posix_spawn(
				pid, ask->program, &actions, &attributes, arguments, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return number;
}

/* ---- the life of the program ---- */

/* Tells by poll when the process has ended; -1 where the system cannot. */
static int open_process(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

/* With all that it started in its session. A child that nobody has waited for still has its number.
 */
static void kill_process(pid_t pid)
{
	if (waitpid(pid, NULL, WNOHANG) == 0)
		kill(-pid, SIGKILL);
}

/* Leaves no zombie. The program has closed its end or is to be killed. Gives its wait status; that
 * of a program that was killed where the host has it. */
static int reap(pid_t pid, int process, bool finished, int64_t deadline)
{
	int status = SIGKILL;
	struct pollfd ended = {.fd = process, .events = POLLIN};

	while (finished && waitpid(pid, &status, WNOHANG) == 0) {
		poll(&ended, process >= 0 ? 1 : 0, REAP_MILLISECONDS);
		finished = clock_milliseconds() < deadline;
	}
	if (!finished) {
		kill_process(pid);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (process >= 0)
		close(process);
	return status;
}

void ask_send(int fd, const struct buffer *request)
{
	ssize_t sent = 0;

	for (size_t done = 0; done < request->len; done += (size_t)sent) {
		do
			sent = send(fd, request->data + done, request->len - done,
				MSG_NOSIGNAL | MSG_DONTWAIT);
		while (sent < 0 && errno == EINTR);
		if (sent <= 0)
			break;
	}
}

bool ask_receive(int fd, int64_t deadline, struct buffer *answer)
{
	char block[4096];
	ssize_t got = -1;

	while (got != 0) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - clock_milliseconds();

		if (left <= 0) {
			errno = ETIMEDOUT;
			break;
		}
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		got = recv(fd, block, sizeof(block), MSG_DONTWAIT);
		/* It closed without having read all that we sent. */
		if (got < 0 && errno == ECONNRESET)
			got = 0;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			break;
		if (got > 0)
			buffer_add(answer, block, (size_t)got);
		if (!buffer_ok(answer)) {
			errno = EMSGSIZE;
			break;
		}
	}
	wipe(block, sizeof(block));
	return got == 0;
}

/* fds: our end of the socket, the program's end, and what it keeps. */
static bool converse(const struct ask *ask, int *fds, const struct buffer *request,
	struct buffer *answer, struct error *err)
{
	int64_t deadline = clock_milliseconds() + ask->seconds * 1000;
	pid_t pid;
	int process, number, status;
	bool ok;

	number = spawn(ask, fds + 1, &pid);
	if (number != 0)
		return error_system(err, number, "cannot run %s", ask->program);
	process = open_process(pid);
	close(fds[1]);
	fds[1] = -1;
	ask_send(fds[0], request);
	if (!ask->for_person)
		shutdown(fds[0], SHUT_WR);
	ok = ask_receive(fds[0], deadline, answer);
	number = errno;
	status = reap(pid, process, ok, deadline);
	if (ask->exit_status != NULL)
		*ask->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (ok && answer->len == 0)
		return error_set(err, ERROR_SYSTEM, "%s ended without an answer", ask->program);
	if (ok)
		return true;
	if (number == ETIMEDOUT)
		return error_set(err, ERROR_TEMPORARY, "%s gave no answer within %d s",
			ask->program, (int)ask->seconds);
	return error_system(err, number, "no answer from %s", ask->program);
}

/* A copy out of the way of the standard descriptors, which a host may have closed. */
static int copy_away(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

bool ask_program(const struct ask *ask, const struct buffer *request, struct buffer *answer,
	struct error *err)
{
	int fds[2 + ASK_KEPT_MAX] = {-1, -1, -1, -1, -1, -1};
	int pair[2];
	bool ok = true;

	if (process_is_privileged())
		return error_set(
			err, ERROR_CONFIG, "a set-id program must not run %s", ask->program);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return error_system(err, errno, "cannot make a socket pair");
	for (int i = 0; ok && i < 2 + ask->kept; i++) {
		if (i >= 2 && ask->kept_fds[i - 2] < 0)
			continue;
		fds[i] = copy_away(i < 2 ? pair[i] : ask->kept_fds[i - 2]);
		ok = fds[i] >= 0;
	}
	if (!ok)
		error_system(err, errno, "no descriptor is free");
	close(pair[0]);
	close(pair[1]);
	ok = ok && converse(ask, fds, request, answer, err);
	for (int i = 0; i < 2 + ASK_KEPT_MAX; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return ok;
}

bool answer_write(int fd, const struct buffer *answer)
{
	for (size_t done = 0; done < answer->len;) {
		ssize_t put = write(fd, answer->data + done, answer->len - done);

		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	return true;
}
