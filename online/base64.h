/* base64.h: base64url without padding (RFC 4648 s.5, RFC 7636 appendix A), and base64 as SASL in
 * mail has it (RFC 4648 s.4). Pure. */
#ifndef SASLFRESH_BASE64_H
#define SASLFRESH_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* Adds len octets as base64url. */
void base64_encode(struct buffer *text, const unsigned char *octets, size_t len);

/* Adds the octets that len characters stand for; false where they are no base64url. */
bool base64_decode(struct buffer *octets, const char *text, size_t len);

/* The same with "+", "/" and padding. Decoding spoils text. */
void base64_encode_padded(struct buffer *text, const unsigned char *octets, size_t len);
bool base64_decode_padded(struct buffer *octets, char *text);

#endif
