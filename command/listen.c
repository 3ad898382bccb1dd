#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 128, OUT_OF_BREATH_MILLISECONDS = 100 };

struct listener {
	int fd;
	const char *path;
	dev_t device; /* of the socket's file, by which it is known again */
	ino_t inode;
};

/* ---- making and removing sockets ---- */

static bool address_of(const char *path, struct sockaddr_un *address, struct error *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path[0] != '/' || strlen(path) >= sizeof(address->sun_path))
		return error_set(err, ERROR_CONFIG,
			"%.200s is not an absolute path of at most %zu octets", path,
			sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path));
	return true;
}

/* Only the last one: what is missing above it is more likely a mistake. */
static bool make_directory(const char *path, struct error *err)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	size_t len = (size_t)(strrchr(path, '/') - path);

	memcpy(directory, path, len);
	directory[len] = '\0';
	return len == 0 || mkdir(directory, 0755) == 0 || errno == EEXIST ||
		error_system(err, errno, "cannot make the directory %s", directory);
}

/* Nobody listens at a socket that refuses connections. */
static bool clear(const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	struct stat status;
	int fd, number = 0;

	if (lstat(path, &status) != 0)
		return errno == ENOENT || error_system(err, errno, "cannot look at %s", path);
	if (!S_ISSOCK(status.st_mode)) {
		error_set(err, ERROR_CONFIG, "%s is there, and no socket", path);
		return error_hint(err, "move it away");
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_system(err, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		number = errno;
	close(fd);
	if (number != ECONNREFUSED) {
		error_set(err, ERROR_CONFIG, "somebody listens at %s already", path);
		return error_hint(err, "end that one first");
	}
	return unlink(path) == 0 || errno == ENOENT ||
		error_system(err, errno, "cannot remove %s", path);
}

static bool open_listener(
	const char *path, mode_t mode, struct listener *listener, struct error *err)
{
	struct sockaddr_un address;
	struct stat status;
	mode_t before;
	int fd, bound, number;

	if (!address_of(path, &address, err) || !make_directory(path, err) || !clear(&address, err))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_system(err, errno, "cannot make a socket");
	before = umask(0777 & ~mode);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	number = errno;
	umask(before);
	if (bound == 0 && lstat(path, &status) == 0 && listen(fd, BACKLOG) == 0) {
		*listener = (struct listener){fd, path, status.st_dev, status.st_ino};
		return true;
	}
	close(fd);
	return error_system(err, bound != 0 ? number : errno, "cannot listen at %s", path);
}

/* Not one that somebody else has put in its place. */
static void close_listener(const struct listener *listener)
{
	struct stat status;

	if (lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
		status.st_ino == listener->inode)
		unlink(listener->path);
	close(listener->fd);
}

/* ---- serving ---- */

static volatile sig_atomic_t ending;

static void end(int number)
{
	(void)number;
	ending = 1;
}

static void wake(int number)
{
	(void)number;
}

static const int signals[] = {SIGTERM, SIGINT, SIGCHLD};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* They are delivered only where we wait; before is the mask to wait and to serve with. */
static void catch_signals(sigset_t *before)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, before);
	for (int i = 0; i < SIGNALS; i++) {
		struct sigaction action = {.sa_handler = signals[i] == SIGCHLD ? wake : end};

		sigemptyset(&action.sa_mask);
		sigaction(signals[i], &action, NULL);
		sigdelset(before, signals[i]);
	}
}

struct children {
	pid_t pids[LISTEN_CONNECTIONS];
	size_t count;
};

/* As the first process of a container we also get children that are not ours. */
static void reap(struct children *children, int options)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, options)) > 0)
		for (size_t i = 0; i < children->count; i++)
			if (children->pids[i] == pid)
				children->pids[i] = children->pids[--children->count];
}

static _Noreturn void serve(const struct listen *listen, int fd, const sigset_t *before)
{
	for (int i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(EXIT_FAILURE);
	closefrom(STDERR_FILENO + 1);
	_exit(listen->serve());
}

/* False if there is nothing left to accept with; others may end meanwhile. */
static bool accept_one(const struct listen *listen, const struct listener *listener,
	struct children *children, const sigset_t *before)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
	pid = fork();
	if (pid == 0)
		serve(listen, fd, before);
	close(fd);
	if (pid > 0)
		children->pids[children->count++] = pid;
	return pid > 0;
}

static void accept_all(
	const struct listen *listen, const struct listener *listeners, const sigset_t *before)
{
	struct children children = {.count = 0};
	struct pollfd waiting[LISTEN_PATHS_MAX] = {0};

	for (size_t i = 0; i < listen->count; i++)
		waiting[i] = (struct pollfd){.fd = listeners[i].fd, .events = POLLIN};
	while (!ending) {
		bool full = children.count == LISTEN_CONNECTIONS;
		int ready = ppoll(waiting, full ? 0 : listen->count, NULL, before);

		reap(&children, WNOHANG);
		for (size_t i = 0; ready > 0 && !full && i < listen->count; i++) {
			if ((waiting[i].revents & POLLIN) == 0 ||
				children.count == LISTEN_CONNECTIONS)
				continue;
			if (!accept_one(listen, &listeners[i], &children, before))
				poll(NULL, 0, OUT_OF_BREATH_MILLISECONDS);
		}
	}
}

bool listen_run(const struct listen *listen, struct error *err)
{
	struct listener listeners[LISTEN_PATHS_MAX];
	struct children none = {.count = 0};
	sigset_t before;
	size_t count = 0;

	if (listen->count > LISTEN_PATHS_MAX)
		return error_set(
			err, ERROR_CONFIG, "there are more than %d sockets", LISTEN_PATHS_MAX);
	while (count < listen->count &&
		open_listener(listen->paths[count], listen->mode, &listeners[count], err))
		count++;
	if (count == listen->count) {
		catch_signals(&before);
		accept_all(listen, listeners, &before);
	}
	for (size_t i = 0; i < count; i++)
		close_listener(&listeners[i]);
	if (count < listen->count)
		return false;
	reap(&none, 0);
	return true;
}
