/* transfer.h: the text of `login --export` (online/export.h), taken apart on the machine that is to
 * have the login. It is not believed more than a configuration is: keys that would run something
 * here, or name a file of secrets, are refused. */
#ifndef SASLFRESH_TRANSFER_H
#define SASLFRESH_TRANSFER_H

#include <stdbool.h>

#include "config.h"
#include "error.h"

struct transfer {
	char *account;
	char *values[ACCOUNT_KEYS]; /* client_secret too; NULL: not there */
	int refresh_token;	    /* a descriptor that holds it, as obtain_login wants it */
};

/* Reads all of fd, DRAFT_TRAVEL_MAX octets at most. ERROR_CONFIG where it is no whole export.
 * transfer_free ends it in any case. */
bool transfer_read(int fd, struct transfer *transfer, struct error *err);

void transfer_free(struct transfer *transfer);

#endif
