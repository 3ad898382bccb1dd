/* setup.h: an account on its way to a login. What the configuration does not say of it is given on
 * the command line, found, or asked for, and kept in a draft (draft.h) until the login has
 * succeeded. Order: setup_account, the login, keep_account (keep.h), setup_free (always). */
#ifndef SASLFRESH_SETUP_H
#define SASLFRESH_SETUP_H

#include <stdbool.h>

#include "config.h"
#include "error.h"

/* What is given; NULL and false: nothing. */
struct setup_wish {
	const char *name;
	const char *values[ACCOUNT_KEYS];
	const char *client_file; /* a client as its provider's console gives it */
	bool system;		 /* the account is to be the system's */
	bool complete;		 /* values are all that there is: nothing is looked for */
	bool elsewhere;		 /* the account is for another machine: nothing will be kept */
};

struct setup {
	struct config config;
	struct account *account; /* completed; of config */
	int draft;		 /* -1: the configuration says all */
};

/* Completes the account, saying on standard error what is done. Values that contradict the
 * configuration are refused. Asks only a person at a terminal. Stores
 * nothing. */
bool setup_account(struct setup *setup, const struct setup_wish *wish, struct error *err);

void setup_free(struct setup *setup);

#endif
