/* refresh.h: the policy of a stored grant. The caller holds the lock. */
#ifndef SASLFRESH_REFRESH_H
#define SASLFRESH_REFRESH_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

/* Renews the access token with the stored grant. A failure that the authorization server has to do
 * with is remembered in the token file; the access token there is kept. */
bool refresh_grant(const struct online *online, struct error *err);

#endif
