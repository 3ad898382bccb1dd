/* keep.h: an account whose login has succeeded goes from its draft into the configuration. */
#ifndef SASLFRESH_KEEP_H
#define SASLFRESH_KEEP_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

/* Writes what the draft of account says into the configuration, and a client secret into a file
 * beside it that only the owner of the account's state may read; says so on standard output. An
 * account without a draft is in the configuration. Signals that people send wait meanwhile. On
 * failure both files are as they were. */
bool keep_account(const struct account *account, struct error *err);

#endif
