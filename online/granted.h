/* granted.h: what a login brought is judged and stored: a refresh token must be there, the person
 * must be the one that was meant, and scopes that are missing are named. The caller holds the
 * account's lock; it is let go while a person is at work, so that others can renew the token that
 * still lives, and taken again before anything is asked for that must be stored. */
#ifndef SASLFRESH_GRANTED_H
#define SASLFRESH_GRANTED_H

#include <stdbool.h>

#include "error.h"
#include "export.h"
#include "renewal.h"

enum { LOGIN_SECONDS = 600 }; /* that a person has */

struct login {
	struct online online;
	int64_t started; /* milliseconds of clock_milliseconds at online.now */
	int lock_fd;
	int input_fd;	       /* where an address or a code may be pasted; -1: nowhere */
	int parent_fd;	       /* its end says that the command is gone */
	bool any_user;	       /* whoever signs in is right */
	struct export *export; /* where the grant goes instead of being stored; NULL: stored */
};

void granted_unlock(const struct login *login);

/* True, with err set, if nobody waits for this login any more. */
bool granted_is_abandoned(const struct login *login, struct error *err);

/* The grant's one request; see grant.h. */
struct granted_request {
	bool (*ask)(void *context, const struct grant_request *request, struct reply *reply,
		struct grant_notes *notes, struct error *err);
	void *context;
};

/* Takes the lock again and stores what the request brings, or nothing at all. supplies were got
 * before the person was asked for anything. A login for another machine has no lock, and its grant
 * is written out. */
bool granted_store(const struct login *login, const struct supplies *supplies,
	const struct granted_request *request, struct error *err);

#endif
