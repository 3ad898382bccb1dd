/* hook.h: the commands that an administrator wants to be run when something happens to an account
 * (event.h). Called when everything else is done: the lock is released, the answer written.
 *
 * A hook is run by /bin/sh in a session of its own, with /dev/null as its standard descriptors and
 * a reduced environment, and is killed after HOOK_SECONDS. Its failure is nobody's. */
#ifndef SASLFRESH_HOOK_H
#define SASLFRESH_HOOK_H

#include <stdbool.h>

#include "config.h"

enum { HOOK_SECONDS = 10 };

/* Runs the hook that is due for account, if there is one. wait: comes back when it has ended;
 * otherwise at once, and the hook outlives this process. account may be NULL: nothing happens. No
 * secret may be in memory any more. */
void hook_run(const struct config *config, const struct account *account, bool wait);

#endif
