/* check.h: what only the online half can find out about an account: it may open the grant, and it
 * talks. Reads, asks, and changes nothing; needs no lock. */
#ifndef SASLFRESH_CHECK_H
#define SASLFRESH_CHECK_H

#include "finding.h"
#include "renewal.h"

/* The grant, the authorization server, what the access token says of itself, the mail servers. */
void check_account(const struct online *online, const struct findings *findings);

/* The mail servers alone: one login at each that the account names, with the token in the cache. */
void check_mail(const struct online *online, const struct findings *findings);

#endif
