/* unattended.h: access tokens that are asked for without a person and without a grant that lasts:
 * with client credentials, or by a service account. The caller holds the account's lock. */
#ifndef SASLFRESH_UNATTENDED_H
#define SASLFRESH_UNATTENDED_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

/* Asks for a new access token and writes it down; there is no grant file. A failure that the
 * authorization server or the configuration has to do with is remembered in the token file; the
 * access token there is kept. */
bool unattended_renew(const struct online *online, struct error *err);

#endif
