#include "unseal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "keyfile.h"

enum { NO_GPG = 127 };

/* Looks at the beginning without moving on. */
static bool is_json(int fd)
{
	char block[512];
	ssize_t got = pread(fd, block, sizeof(block), 0);
	ssize_t i = 0;
	bool json;

	while (i < got && strchr(" \t\r\n", block[i]) != NULL && block[i] != '\0')
		i++;
	json = got == 0 || (i < got && block[i] == '{');
	wipe(block, sizeof(block));
	return json;
}

static _Noreturn void become_gpg(int file, int output)
{
	if (dup2(file, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
		execlp("gpg", "gpg", "--quiet", "--decrypt", (char *)NULL);
	_exit(NO_GPG);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool fail(const char *path, int status, struct error *err)
{
	if (status == NO_GPG) {
		error_set(err, ERROR_SYSTEM,
			"%s is not JSON, and there is no gpg to decrypt it with", path);
		return error_hint(err, "apt install gnupg");
	}
	error_set(err, ERROR_SYSTEM, "%s is not JSON, and gpg cannot decrypt it", path);
	return error_hint(err, "gpg --decrypt '%s' tells why", path);
}

/* Without a first octet there will be none. */
static bool begins(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	while (poll(&ready, 1, -1) < 0 && errno == EINTR)
		continue;
	return (ready.revents & POLLIN) != 0;
}

static bool decrypt(const char *path, int file, struct unsealed *unsealed, struct error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_system(err, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		become_gpg(file, ends[1]);
	close(ends[1]);
	if (pid > 0 && begins(ends[0])) {
		*unsealed = (struct unsealed){ends[0], pid};
		return true;
	}
	close(ends[0]);
	return pid < 0 ? error_system(err, errno, "cannot run gpg")
		       : fail(path, wait_for(pid), err);
}

static int open_file(const char *path, struct stat *status, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	if (fd >= 0 && S_ISREG(status->st_mode) == 0) {
		error_set(err, ERROR_SYSTEM, "%s is not a regular file", path);
		error_hint(err, "use - for standard input");
	} else {
		error_system(err, errno, "cannot open %s", path);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool unseal_open(const char *path, struct unsealed *unsealed, struct error *err)
{
	bool standard = strcmp(path, "-") == 0, json, ok = false;
	struct stat status = {0};
	int fd;

	*unsealed = (struct unsealed){.fd = -1};
	if (standard && (fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode))) {
		unsealed->fd = STDIN_FILENO;
		return true;
	}
	fd = standard ? STDIN_FILENO : open_file(path, &status, err);
	if (fd < 0)
		return false;
	json = is_json(fd);
	if (standard ||
		keyfile_permitted(
			path, json ? KEYFILE_SECRET : KEYFILE_PUBLIC, geteuid(), &status, err))
		ok = json || decrypt(path, fd, unsealed, err);
	if (ok && json)
		unsealed->fd = fd;
	else if (!standard)
		close(fd);
	return ok;
}

void unseal_close(struct unsealed *unsealed)
{
	if (unsealed->fd > STDIN_FILENO)
		close(unsealed->fd);
	if (unsealed->gpg > 0)
		wait_for(unsealed->gpg);
	*unsealed = (struct unsealed){.fd = -1};
}
