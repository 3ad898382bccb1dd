/* allow.h: whom an account's `allow` names: users, @groups, both also by number, separated by
 * blanks or commas. */
#ifndef SASLFRESH_ALLOW_H
#define SASLFRESH_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* A user with all groups: gid among groups. */
struct peer {
	uid_t uid;
	gid_t *groups; /* owned, from malloc */
	size_t count;
};

/* True if list names the peer. find gives the number of a user or group, and false if there is none
 * of that name. */
bool allow_lists(const char *list, const struct peer *peer,
	bool (*find)(const char *name, bool group, uint32_t *id));

/* Fills in this process; peer_free is due. ERROR_SYSTEM. */
bool peer_self(struct peer *peer, struct error *err);

void peer_free(struct peer *peer);

/* A find that reads /etc/passwd and /etc/group and nothing else: directories of users may
 * themselves use libsasl2, and a plugin must not wait for them. */
bool allow_find_here(const char *name, bool group, uint32_t *id);

#endif
