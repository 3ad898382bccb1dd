/* secret.h: what the client authenticates with, fetched from where the account keeps it: a client
 * secret, a private key, or the file of a service account. */
#ifndef SASLFRESH_SECRET_H
#define SASLFRESH_SECRET_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

/* Octets of a client secret, and of anything that is kept in its place. */
enum { CLIENT_SECRET_MAX = 4096, SECRET_MAX = 16 * 1024, SECRET_COMMAND_SECONDS = 10 };

/* Adds the client secret of account to secret, or where it has those the whole of client_key (with
 * private_key_jwt) or service_account_file; nothing where the account has none, or does not use
 * it (token_endpoint_auth_method = none). A file must be readable by its owner alone, a command
 * gets /bin/sh and SECRET_COMMAND_SECONDS, and of both the first line counts. ERROR_CONFIG
 * otherwise. */
bool secret_load(const struct account *account, struct buffer *secret, struct error *err);

#endif
