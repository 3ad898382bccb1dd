/* secret.h: the client secret, fetched from where the account keeps it. */
#ifndef SASLFRESH_SECRET_H
#define SASLFRESH_SECRET_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

enum { SECRET_MAX = 4096, SECRET_COMMAND_SECONDS = 10 };

/* Adds the client secret of account to secret; nothing where the account has none, or does not use
 * it (token_endpoint_auth_method = none). A file must be readable by its owner alone, a command
 * gets /bin/sh and SECRET_COMMAND_SECONDS, and of both the first line counts. ERROR_CONFIG
 * otherwise. */
bool secret_load(const struct account *account, struct buffer *secret, struct error *err);

#endif
