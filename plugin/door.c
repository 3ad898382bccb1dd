#include "door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"

/* Waits for a place in the listener's queue, no longer than to the deadline. 0 or an errno value.
 */
static int reach(int fd, const struct sockaddr_un *address, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - clock_milliseconds();
		struct timeval limit = {.tv_sec = (time_t)(left / 1000),
			.tv_usec = (suseconds_t)(left % 1000 * 1000)};

		if (left <= 0)
			return ETIMEDOUT;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
			return errno;
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno != EINTR)
			return errno == EAGAIN ? ETIMEDOUT : errno;
	}
}

/* Those of the one who called listen(2): of systemd, or of `saslfresh answer --listen`. */
static bool is_believed(int fd, const char *path, uid_t keeper, struct error *err)
{
	struct ucred listener;
	socklen_t size = sizeof(listener);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0)
		return error_system(err, errno, "cannot tell who listens at %s", path);
	if (listener.uid == 0 || listener.uid == keeper)
		return true;
	return error_set(err, ERROR_SYSTEM,
		"user %u listens at %s, who is neither root nor the owner of the accounts",
		(unsigned)listener.uid, path);
}

static bool exchange(int fd, const char *path, int64_t deadline, const struct buffer *request,
	struct buffer *answer, struct error *err)
{
	ask_send(fd, request);
	shutdown(fd, SHUT_WR);
	if (ask_receive(fd, deadline, answer)) {
		if (answer->len > 0)
			return true;
		return error_set(
			err, ERROR_TEMPORARY, "whoever listens at %s gave no answer", path);
	}
	if (errno == ETIMEDOUT)
		return error_set(err, ERROR_TEMPORARY, "no answer from %s in time", path);
	error_system(err, errno, "no answer from %s", path);
	err->kind = ERROR_TEMPORARY;
	return false;
}

bool door_ask(const char *path, uid_t keeper, int64_t deadline, const struct buffer *request,
	struct buffer *answer, bool *open, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool ok = false;
	int fd, number;

	*open = false;
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_SYSTEM, "the path %s is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_system(err, errno, "cannot make a socket");
	number = reach(fd, &address, deadline);
	if (number == ETIMEDOUT)
		*open = !error_set(err, ERROR_TEMPORARY, "%s is too busy", path);
	else if (number != 0)
		error_system(err, number, "nobody answers at %s", path);
	else if (is_believed(fd, path, keeper, err)) {
		*open = true;
		ok = exchange(fd, path, deadline, request, answer, err);
	}
	close(fd);
	return ok;
}
