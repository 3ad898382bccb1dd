#include "turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"

static int open_file(const char *state)
{
	char path[PATH_SIZE + sizeof("/.door")];
	struct stat status;
	int fd;

	snprintf(path, sizeof(path), "%s/.door", state);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool turn_take(const char *state, uid_t uid, int *fd)
{
	int file = open_file(state);

	*fd = file;
	for (int i = 0; file >= 0 && i < TURNS_MAX; i++) {
		struct flock turn = {.l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = (off_t)uid * TURNS_MAX + i,
			.l_len = 1};

		if (fcntl(file, F_OFD_SETLK, &turn) == 0)
			return true;
		if (errno != EAGAIN && errno != EACCES)
			return true;
	}
	if (file < 0)
		return true;
	close(file);
	*fd = -1;
	return false;
}

/* Behind the turns of the last user; two who ask at the same time shall not both hear yes. */
static const off_t news_lock = (off_t)1 << 62;

bool turn_is_news(const char *state, uid_t uid, int64_t now)
{
	off_t at = (off_t)(uid % TURN_USERS) * (off_t)sizeof(now);
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = news_lock, .l_len = 1};
	int file = open_file(state);
	int64_t heard = 0;
	bool news = true;

	if (file < 0)
		return true;
	while (fcntl(file, F_OFD_SETLKW, &lock) != 0 && errno == EINTR)
		continue;
	if (pread(file, &heard, sizeof(heard), at) == (ssize_t)sizeof(heard))
		news = now < heard || now - heard >= TURN_NEWS;
	/* On a full disk it is news again. */
	if (news && pwrite(file, &now, sizeof(now), at) != (ssize_t)sizeof(now))
		heard = 0;
	close(file);
	return news;
}
