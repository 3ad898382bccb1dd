/* objection.h: what a mail server means when it refuses an access token that the authorization
 * server has just issued, and the one command or page that mends it. A table, decided by words that
 * the servers are known to use; what is not in it is shown as it came. Pure. */
#ifndef SASLFRESH_OBJECTION_H
#define SASLFRESH_OBJECTION_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

/* Puts what the server's words mean before err->cause, which they are already part of, and adds the
 * hint. Of words that nobody knows nothing is said but a hint: a token that is new will not get
 * better by being renewed. */
void objection_explain(
	const struct account *account, const char *words, bool is_new, struct error *err);

#endif
