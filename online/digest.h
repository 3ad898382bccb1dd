/* digest.h: SHA-256 and random octets. With cipher.h the only one that knows libcrypto. */
#ifndef SASLFRESH_DIGEST_H
#define SASLFRESH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65 };

/* Writes the digest of text as 64 hexadecimal digits and a NUL. */
bool digest_text(const char *text, char hex[DIGEST_HEX_SIZE], struct error *err);

/* The digest itself. */
bool digest_octets(const char *text, unsigned char octets[DIGEST_SIZE], struct error *err);

/* Fills in octets that nobody can guess. */
bool digest_random(unsigned char *octets, size_t size, struct error *err);

#endif
