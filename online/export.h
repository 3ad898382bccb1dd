/* export.h: a login that is made here for another machine, as one text for `login --import` there
 * (command/transfer.h). A closed record (keyfile.h), so that a torn one is noticed:
 *
 *     saslfresh_export = 1
 *     account = me@example.org
 *     client_id = ...           and the other keys that the account has of its own
 *     client_secret = ...       where it has one, wherever it was kept
 *     refresh_token = ...
 *     end = N */
#ifndef SASLFRESH_EXPORT_H
#define SASLFRESH_EXPORT_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

struct export
{
	int output;	    /* where the text goes, in one piece */
	struct buffer text; /* as far as it is known */
};

/* Begins with account, which is not completed yet: presets are everywhere the same. */
void export_begin(struct export *export, const struct account *account, int output);

/* Ends with what the login brought, and writes it all. False with ERROR_SYSTEM where it cannot. */
bool export_finish(struct export *export, const struct buffer *secret, const char *refresh_token,
	struct error *err);

void export_free(struct export *export);

#endif
