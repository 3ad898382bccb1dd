/* supplies.h: what a request needs and only commands or files elsewhere give: the client secret and
 * the seal of the grant. They are got before the server is asked for anything, and before the
 * sandbox is entered, in which nothing could be run. */
#ifndef SASLFRESH_SUPPLIES_H
#define SASLFRESH_SUPPLIES_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"
#include "seal.h"
#include "secret.h"

struct supplies {
	struct buffer secret;
	struct seal seal; /* with a key that was proved, where the account wants one */
};

/* Gets both; to be freed also after a failure. */
bool supplies_get(const struct account *account, struct supplies *supplies, struct error *err);

void supplies_free(struct supplies *supplies);

#endif
