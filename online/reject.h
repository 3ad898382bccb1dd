/* reject.h: the memory of access tokens that mail servers refused. The caller holds the lock. */
#ifndef SASLFRESH_REJECT_H
#define SASLFRESH_REJECT_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

/* Remembers that a mail server refused the access token of that hash, if it is the one in the
 * cache. */
bool reject_token(const struct online *online, const char *hash, struct error *err);

#endif
