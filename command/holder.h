/* holder.h: whether an account's lock is held, by whom and for how long. */
#ifndef SASLFRESH_HOLDER_H
#define SASLFRESH_HOLDER_H

#include "account.h"
#include "finding.h"

/* Longer than anything of ours holds it. */
enum { HOLDER_STALE_SECONDS = 900 };

/* Tells of the lock. It is tried for an instant, shared: a renewal that is not urgent may be left
 * to the next use because of it, and no other harm is done. */
void holder_check(const struct account *account, const struct findings *findings);

#endif
