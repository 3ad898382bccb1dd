/* clients.h: what in a person's own configuration of mbsync or msmtp keeps an account from being
 * used. The files are read and nothing of them is shown but the lines that matter. */
#ifndef SASLFRESH_CLIENTS_H
#define SASLFRESH_CLIENTS_H

#include "account.h"
#include "finding.h"

/* What is said of the sections that use the account. */
void clients_check_mbsync(const struct account *account, const struct findings *findings);
void clients_check_msmtp(const struct account *account, const struct findings *findings);

#endif
