/* cache.h: reading ACCOUNT.token. A file is replaced whole (see online/store.h), so reading needs
 * no lock and changes nothing. */
#ifndef SASLFRESH_CACHE_H
#define SASLFRESH_CACHE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "token.h"

/* Checks that the state directory is a directory, not a link to one, that belongs to root or the
 * caller, or is the system's own, and that only its owner may write to. Gives its owner; absent is
 * true where there is none (which is no error). ERROR_CONFIG with the command that mends it. */
bool state_check(const char *state, bool personal, uid_t *owner, bool *absent, struct error *err);

/* Reads the account's token file. No file gives a zeroed token and true. On failure token is
 * untouched; whoever may ask the command can pass such a failure over, a refresh replaces the file.
 */
bool cache_read(const char *state, bool personal, const char *account, struct token *token,
	struct error *err);

#endif
