/* live.h: what the online half finds out about an account, see online/check.h. */
#ifndef SASLFRESH_LIVE_H
#define SASLFRESH_LIVE_H

#include <stdbool.h>

#include "account.h"
#include "error.h"
#include "finding.h"

/* Has the online half check a completed account (mail_alone: one login at each mail server and
 * nothing else), and tells what it found. False with err set if it could not. A process of root
 * becomes the owner of the account (owner.h). */
bool live_check(const struct account *account, bool mail_alone, const struct findings *findings,
	struct error *err);

#endif
