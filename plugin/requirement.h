/* requirement.h: what an account must have, and must not have, before an access token can be asked
 * for. Pure. */
#ifndef SASLFRESH_REQUIREMENT_H
#define SASLFRESH_REQUIREMENT_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

/* True if the account, filled in from its provider, has what its grant_type and its client's
 * authentication need: token_endpoint, client_id, at most one client secret, certificate and key,
 * a scope, a tenant. Otherwise ERROR_CONFIG, which names where the account stands, what is wrong
 * and what to add. */
bool requirement_check(const struct account *account, struct error *err);

#endif
