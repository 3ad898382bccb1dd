/* postfix.h: what in the configuration of this machine's Postfix keeps an account from being used,
 * as postconf(1) tells it. */
#ifndef SASLFRESH_POSTFIX_H
#define SASLFRESH_POSTFIX_H

#include "account.h"
#include "finding.h"

/* Tells about the service smtp. account may be NULL: then nothing is said of it. */
void postfix_check(const struct account *account, const struct findings *findings);

#endif
