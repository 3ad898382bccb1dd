/* logout.h: the end of a grant. The caller holds the lock. */
#ifndef SASLFRESH_LOGOUT_H
#define SASLFRESH_LOGOUT_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

/* Revokes the refresh token at the account's revocation_endpoint, where it has one, and then
 * removes the grant and the token. If the server does not agree, or cannot be asked, nothing is
 * removed. */
bool logout_grant(const struct online *online, struct error *err);

#endif
