/* recipe.h: what a mailer's configuration must say to use an account. Data and text alone: nothing
 * is read or written here. */
#ifndef SASLFRESH_RECIPE_H
#define SASLFRESH_RECIPE_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

enum { RECIPE_MAX = 16 * 1024, RECIPE_FILES = 5 };

struct mailer {
	const char *name;
	bool imap, pop, smtp; /* what it can do with an account; one of them suffices */
	bool tls_alone;	      /* its IMAP begins with TLS, and not after STARTTLS */
	/* Where its configuration is below a home directory (".config/" stands for
	 * $XDG_CONFIG_HOME): the first that exists, or else the first one. None: it has no file
	 * that we may write to. */
	const char *files[RECIPE_FILES + 1];
};

/* The mailers one after the other; *i is 0 first. NULL at the end. */
const struct mailer *recipe_next(size_t *i);

/* The mailer of that name; NULL with err set, which names the nearest. */
const struct mailer *recipe_mailer(const char *name, struct error *err);

/* Adds the lines for a completed account to text. command is the path of saslfresh. ERROR_CONFIG
 * where the account names no server that the mailer needs, or where a name has characters that each
 * program would want to be quoted in its own way. */
bool recipe_print(const struct mailer *mailer, const struct account *account, const char *command,
	struct buffer *text, struct error *err);

#endif
