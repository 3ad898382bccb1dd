/* pizauth.h: the grant in what `pizauth dump` writes: ChaCha20-Poly1305 (RFC 8439) under a key that
 * is known to all, so that grep finds nothing, and in it numbers and texts with their lengths. */
#ifndef SASLFRESH_PIZAUTH_H
#define SASLFRESH_PIZAUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "reply.h"

/* Fills foreign from the dump's account of that name, or its only one with a refresh token.
 * is_dump tells whether it is a dump at all. ERROR_CONFIG where it is none, has no such account or
 * is of another version; err then names the accounts that it has. foreign is zeroed on failure. */
bool pizauth_parse(const char *dump, size_t len, const char *name, struct foreign_grant *foreign,
	bool *is_dump, struct error *err);

#endif
