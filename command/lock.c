#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "ask.h"
#include "paths.h"

enum { TICK_MICROSECONDS = 100000 };

static void interrupt(int number)
{
	(void)number;
}

/* What SIGALRM was for before we ticked. */
struct before {
	struct sigaction action;
	sigset_t mask;
};

/* Interrupts flock again and again, for one signal could come just before the wait begins. Whoever
 * started us may have left SIGALRM blocked. */
static void start_ticking(struct before *before)
{
	const struct itimerval ticks = {{0, TICK_MICROSECONDS}, {0, TICK_MICROSECONDS}};
	struct sigaction action = {.sa_handler = interrupt};
	sigset_t alarm_only;

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, &before->action);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_only, &before->mask);
	setitimer(ITIMER_REAL, &ticks, NULL);
}

static void stop_ticking(const struct before *before)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before->action, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* 0, EWOULDBLOCK, or another errno value. */
static int wait_for(int fd, int64_t milliseconds)
{
	int64_t deadline = clock_milliseconds() + milliseconds;
	struct before before;
	int number = 0;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK || milliseconds == 0)
		return errno;
	start_ticking(&before);
	while (flock(fd, LOCK_EX) != 0) {
		number = errno;
		if (number != EINTR || clock_milliseconds() >= deadline)
			break;
		number = 0;
	}
	stop_ticking(&before);
	return number == EINTR ? EWOULDBLOCK : number;
}

static int open_lock(const char *path, struct error *err)
{
	int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	struct stat status;

	if (fd < 0) {
		error_system(err, errno, "cannot open %s", path);
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	error_set(err, ERROR_SYSTEM, "%s is not a regular file", path);
	return -1;
}

bool lock_take(const char *state, const char *account, int64_t milliseconds, struct lock *lock,
	bool *busy, struct error *err)
{
	char path[PATH_SIZE];
	int fd, number;

	*busy = false;
	if (!place_file(state, account, "lock", path))
		return error_set(
			err, ERROR_CONFIG, "the name of account %.200s is too long", account);
	fd = open_lock(path, err);
	if (fd < 0)
		return false;
	number = wait_for(fd, milliseconds);
	if (number == 0) {
		lock->fd = fd;
		return true;
	}
	close(fd);
	*busy = number == EWOULDBLOCK;
	if (!*busy)
		return error_system(err, number, "cannot lock %s", path);
	return error_set(err, ERROR_TEMPORARY, "another process is still renewing it after %d s",
		(int)(milliseconds / 1000));
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	*lock = LOCK_NONE;
}
