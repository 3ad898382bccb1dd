/* reach.h: whether the authorization server can be reached: names, proxy, TLS, certificates; and
 * what its clock says. */
#ifndef SASLFRESH_REACH_H
#define SASLFRESH_REACH_H

#include "finding.h"
#include "renewal.h"

/* Calls each host of the account's endpoints once, with a GET that carries no secret. */
void reach_check(const struct online *online, const struct findings *findings);

#endif
