/* people.h: users and groups as this machine knows them, by every source that it has. */
#ifndef SASLFRESH_PEOPLE_H
#define SASLFRESH_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* The number of a user or group; false if there is none of that name. */
bool people_find(const char *name, bool group, uint32_t *id);

/* Becomes a user with that user's groups, for good, and forgets HOME and XDG_*. */
bool people_become(uid_t uid, struct error *err);

/* Forgets whose home this process was started in: from then on there are the system's accounts
 * alone. */
void people_forget_home(void);

#endif
