/* owner.h: root works for an account as the user whose state it is, never as root, so that no file
 * ends up where its owner cannot renew it, and no more rights are used than the job needs. */
#ifndef SASLFRESH_OWNER_H
#define SASLFRESH_OWNER_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

/* False in a process that is neither root nor the owner of the state directory of an account of the
 * system, if there is one: err says whose it is. */
bool owner_allows(const struct account *account, struct error *err);

/* In a process of root, when the account is the system's and its state directory belongs to
 * somebody else: becomes that user, with that user's groups, for good, and forgets HOME and XDG_*.
 * Otherwise the same as owner_allows. */
bool owner_become(const struct account *account, struct error *err);

#endif
