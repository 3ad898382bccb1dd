/* turn.h: that a user who asks too often, or in vain, is a nuisance to nobody else. There is no
 * process that could count; so those who serve share a file of the state directory, `.door`, which
 * no account's file can be called. A turn is a lock on one octet of it, and ends with the process
 * that took it; its first octets tell of whom the log has heard. */
#ifndef SASLFRESH_TURN_H
#define SASLFRESH_TURN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TURNS_MAX = 64,	   /* of one user at a time; as many smtp processes of Postfix can wait */
	TURN_NEWS = 60,	   /* seconds before the log hears again of the same user */
	TURN_USERS = 1024, /* that the log can tell apart */
};

/* Takes a turn of the user; false if all are taken. Where the file cannot be used (a full or
 * read-only disk) everybody has a turn. The turn ends when fd is closed; it is -1 without one. */
bool turn_take(const char *state, uid_t uid, int *fd);

/* True if the log has not heard of the user for TURN_NEWS seconds; from now on it has. */
bool turn_is_news(const char *state, uid_t uid, int64_t now);

#endif
