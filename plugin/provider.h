/* provider.h: presets, and accounts completed from them. A preset is a file NAME.conf in a person's
 * own or the system's directory of providers; the first of the two that exists is used. */
#ifndef SASLFRESH_PROVIDER_H
#define SASLFRESH_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "account.h"
#include "error.h"

/* Reads the preset of that name. ERROR_CONFIG if there is none, with the nearest that exists.
 * The caller frees preset with account_free. */
bool provider_read(const char *name, struct account *preset, struct error *err);

/* The names of all presets, sorted, ended by NULL; freed with provider_names_free. NULL with err
 * set. */
char **provider_names(struct error *err);
void provider_names_free(char **names);

/* Fills in what the account leaves open from its provider, replaces {tenant} and {region}, and
 * checks that an access token can be asked for (requirement.h). account->stamp becomes the latest
 * modification of all files involved. */
bool account_complete(struct account *account, struct error *err);

#endif
