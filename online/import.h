/* import.h: taking over the grant that another tool has. The caller holds the lock. */
#ifndef SASLFRESH_IMPORT_H
#define SASLFRESH_IMPORT_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

enum { IMPORT_MAX = 64 * 1024 };

/* Reads the JSON, or the dump of pizauth, that input holds, at most IMPORT_MAX octets, and takes
 * over its refresh token as refresh_take does. incomplete is NULL, or why the account cannot be
 * used: then nothing is sent, and err also names what the file knows of the keys that are missing.
 * Nothing is sent either where the file names another client_id, or a token endpoint on another
 * host. On success prints to standard error what was found, and which keys of the configuration are
 * missing or different. */
bool import_grant(
	const struct online *online, const struct error *incomplete, int input, struct error *err);

#endif
