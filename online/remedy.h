/* remedy.h: what an error that an authorization server names means, and the one sentence on what to
 * do about it. A table; pure. Decided on are `error` (RFC 6749 s.5.2) and what refines it
 * (Microsoft's suberror, Google's error_subtype), never words or numbers of error_description,
 * which providers change as they like. */
#ifndef SASLFRESH_REMEDY_H
#define SASLFRESH_REMEDY_H

#include <stdint.h>

#include "account.h"
#include "error.h"

struct remedy_case {
	const struct account *account; /* completed */
	const char *error;
	const char *suberror; /* "": none */
	int64_t consented_at; /* 0: not known */
	int64_t now;
};

/* What the error says about the grant: ERROR_LOGIN it is dead, ERROR_CONFIG the client or the
 * request is wrong, ERROR_TEMPORARY it may work later; ERROR_SERVER for an error nobody knows. */
enum error_kind remedy_kind(const struct remedy_case *it);

/* Adds the hint, unless one is there already or nothing but time helps. */
void remedy_hint(const struct remedy_case *it, struct error *err);

#endif
