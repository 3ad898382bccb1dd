/* lock.h: who may renew an account's token. One flock(2) on ACCOUNT.lock, an empty file that is
 * never renamed and never removed, so that nobody can hold a lock on a file that is no longer
 * there. The lock belongs to the open file: it is held until the last process that inherited fd has
 * ended, and so it outlives a command that is killed while its online half is at work. Order:
 * lock_take, look again, renew, lock_release. */
#ifndef SASLFRESH_LOCK_H
#define SASLFRESH_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct lock {
	int fd; /* -1: not held */
};

#define LOCK_NONE ((struct lock){.fd = -1})

/* Waits at most the given milliseconds (0: not at all) for the lock of account in the directory
 * state. busy tells that somebody else holds it (err is then ERROR_TEMPORARY). The process must not
 * use SIGALRM or ITIMER_REAL for anything else. */
bool lock_take(const char *state, const char *account, int64_t milliseconds, struct lock *lock,
	bool *busy, struct error *err);

/* Gives our share of the lock back; a lock that is not held is left alone. */
void lock_release(struct lock *lock);

#endif
