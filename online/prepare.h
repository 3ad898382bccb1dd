/* prepare.h: what an account lacks before anybody can log in is found and added to its draft
 * (draft.h). Nothing is stored, so no lock is needed. */
#ifndef SASLFRESH_PREPARE_H
#define SASLFRESH_PREPARE_H

#include <stdbool.h>

#include "account.h"
#include "error.h"
#include "renewal.h"

/* True for the verbs "discover", "client-file" and "register". */
bool prepare_is_verb(const char *verb);

/* Does what verb says for account, which is completed as far as that goes; input holds the file of
 * a client. Ends in the sandbox. */
bool prepare_account(const char *verb, const struct online *online, struct account *account,
	int input, struct error *err);

#endif
