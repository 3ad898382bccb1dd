/* apart.h: work that becomes another user for good (owner.h) while this process stays what it is.
 */
#ifndef SASLFRESH_APART_H
#define SASLFRESH_APART_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

/* Does work, in a process of its own where it would leave this one without the rights that writing
 * the configuration afterwards takes: root, the system's place, and a draft. */
bool apart_run(const struct account *account,
	bool (*work)(const struct account *account, const void *context, struct error *err),
	const void *context, struct error *err);

#endif
