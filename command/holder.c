#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keyfile.h"
#include "verb.h"

struct holder {
	long pid; /* 0: not known */
	char name[32];
	int64_t seconds; /* since it was started; 0: not known */
};

/* The line of /proc/locks "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF" (proc(5)). Its device
 * is not that of stat(2) on every file system, so the inode has to do. */
static long find_pid(const struct stat *status)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], kind[16];
	uintmax_t inode;
	long pid, found = 0;

	while (locks != NULL && found == 0 && fgets(line, sizeof(line), locks) != NULL)
		if (sscanf(line, "%*s %15s %*s %*s %ld %*x:%*x:%" SCNuMAX, kind, &pid, &inode) ==
				3 &&
			strcmp(kind, "FLOCK") == 0 && inode == (uintmax_t)status->st_ino)
			found = pid;
	if (locks != NULL)
		fclose(locks);
	return found;
}

/* The name and the 22nd field of /proc/PID/stat: ticks from boot to its start. */
static void describe(struct holder *holder)
{
	char path[64], text[1024];
	unsigned long long ticks = 0;
	struct timespec now;
	char *open, *close;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%ld/stat", holder->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open)
		return;
	snprintf(holder->name, sizeof(holder->name), "%.*s", (int)(close - open - 1), open + 1);
	clock_gettime(CLOCK_BOOTTIME, &now);
	if (sscanf(close + 1,
		    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		    "%llu",
		    &ticks) == 1)
		holder->seconds = (int64_t)now.tv_sec -
			(int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static void tell_held(const struct stat *status, const struct findings *findings)
{
	struct holder holder = {.pid = find_pid(status)};
	struct error err = {0};
	char time[32] = "an unknown time";

	if (holder.pid != 0)
		describe(&holder);
	if (holder.seconds > 0)
		verb_print_duration(holder.seconds, time, sizeof(time));
	error_set(&err, ERROR_TEMPORARY, "process %ld (%s) holds it and has been running for %s",
		holder.pid, holder.name[0] != '\0' ? holder.name : "not to be seen from here",
		time);
	if (holder.seconds > HOLDER_STALE_SECONDS) {
		error_hint(&err, "kill %ld", holder.pid);
		finding_fail(findings, "lock", &err);
	} else {
		error_hint(&err, "wait: a renewal takes seconds, a person's login up to 10 min");
		finding_warn(findings, "lock", &err);
	}
}

void holder_check(const struct account *account, const struct findings *findings)
{
	char path[PATH_SIZE];
	struct error err = {0};
	struct stat status;
	int fd = -1;

	errno = ENAMETOOLONG;
	if (place_file(account->place.state, account_grantor(account), "lock", path))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		if (errno == ENOENT || errno == ENOTDIR) {
			finding_ok(findings, "lock", "nobody has needed one yet");
		} else {
			error_system(&err, errno, "cannot look at %s", path);
			error_hint(&err, "run this as the user of the account, or as root");
			finding_warn(findings, "lock", &err);
		}
	} else if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		finding_ok(findings, "lock", "free");
	} else {
		tell_held(&status, findings);
	}
	if (fd >= 0)
		close(fd);
}
