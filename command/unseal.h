/* unseal.h: a file in which another tool keeps tokens. Where it is not JSON it is taken to be
 * encrypted, and what `gpg --decrypt` makes of it comes through a pipe: nothing is written in the
 * clear, and nobody here reads it. Order: unseal_open, (somebody reads fd), unseal_close. */
#ifndef SASLFRESH_UNSEAL_H
#define SASLFRESH_UNSEAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct unsealed {
	int fd;	   /* to be read to its end; -1: nothing is open */
	pid_t gpg; /* 0: the file is JSON */
};

/* Opens a regular file, or standard input for "-", which must be JSON unless it is a regular file
 * as well. JSON must be readable by its owner alone; what is encrypted only must not be writable by
 * others. Returns when gpg has begun to write, however long a person takes for the passphrase. On
 * failure nothing is open. */
bool unseal_open(const char *path, struct unsealed *unsealed, struct error *err);

/* Closes it and waits for gpg. */
void unseal_close(struct unsealed *unsealed);

#endif
