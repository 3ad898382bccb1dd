#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

int file_open_secret(const char *path, struct error *err)
{
	struct stat status;
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		error_system(err, errno, "cannot open %s", path);
	} else if (!S_ISREG(status.st_mode)) {
		error_set(err, ERROR_SYSTEM, "%s is not a regular file", path);
		error_hint(err, "use - for standard input");
	} else if (keyfile_permitted(path, KEYFILE_SECRET, geteuid(), &status, err)) {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}
