/* cipher.h: encryption that tells when what it encrypted was changed: AES-256-GCM. The only file
 * besides digest.c that knows libcrypto. */
#ifndef SASLFRESH_CIPHER_H
#define SASLFRESH_CIPHER_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

enum { CIPHER_KEY_SIZE = 32, CIPHER_NONCE_SIZE = 12, CIPHER_TAG_SIZE = 16 };
enum { CIPHER_OVERHEAD = CIPHER_NONCE_SIZE + CIPHER_TAG_SIZE };

/* What encrypts once; see cipher_ready. */
struct cipher;

/* Gets everything that encrypting one text needs: after that nothing can fail for want of memory or
 * random octets. context is bound to the text and has to be known to open it. NULL with err set. */
struct cipher *cipher_ready(
	const unsigned char key[CIPHER_KEY_SIZE], const char *context, struct error *err);

/* Adds nonce, encrypted text and tag to octets, which must have room reserved. Only once for each
 * cipher_ready. */
bool cipher_close(struct cipher *cipher, const struct buffer *text, struct buffer *octets);

void cipher_free(struct cipher *cipher);

/* Adds to text what cipher_close made; false if key or context is another or octets were changed.
 */
bool cipher_open(const unsigned char key[CIPHER_KEY_SIZE], const char *context,
	const struct buffer *octets, struct buffer *text);

#endif
