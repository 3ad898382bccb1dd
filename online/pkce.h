/* pkce.h: the secret of one authorization request (RFC 7636, method S256). */
#ifndef SASLFRESH_PKCE_H
#define SASLFRESH_PKCE_H

#include <stdbool.h>

#include "error.h"

enum { PKCE_SIZE = 44 }; /* 32 octets in base64url, and a NUL */

/* Writes a random word: a code_verifier, or a state. */
bool pkce_random(char word[PKCE_SIZE], struct error *err);

/* Writes the code_challenge of a verifier. */
bool pkce_challenge(const char *verifier, char challenge[PKCE_SIZE], struct error *err);

#endif
