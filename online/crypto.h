/* crypto.h: SHA-256, random octets, RSA signatures, X.509 certificates and a cipher. The only file
 * that knows libcrypto. Keys are read, used and wiped within one call. */
#ifndef SASLFRESH_CRYPTO_H
#define SASLFRESH_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum { CRYPTO_HASH_SIZE = 32, CRYPTO_HEX_SIZE = 65, CRYPTO_KEY_SIZE = 32, CRYPTO_NONCE_SIZE = 12 };

/* Writes the SHA-256 of text as 64 hexadecimal digits and a NUL. */
bool crypto_hash_text(const char *text, char hex[CRYPTO_HEX_SIZE], struct error *err);

/* The octets themselves. */
bool crypto_hash(const char *text, unsigned char octets[CRYPTO_HASH_SIZE], struct error *err);

/* Fills in octets that nobody can guess. */
bool crypto_random(unsigned char *octets, size_t size, struct error *err);

/* RFC 7518 s.3.3 and s.3.5, both with SHA-256 */
enum crypto_algorithm { CRYPTO_RS256, CRYPTO_PS256 };

/* Adds the signature of text to signature. key is a private RSA key in PEM of 2048 bits or more,
 * not encrypted; what (a file) names it in errors, which are ERROR_CONFIG for a key that cannot be
 * used. */
bool crypto_sign(enum crypto_algorithm algorithm, const struct buffer *key, const char *what,
	const struct buffer *text, struct buffer *signature, struct error *err);

struct crypto_certificate {
	unsigned char thumbprint[CRYPTO_HASH_SIZE]; /* SHA-256 of its DER form: x5t#S256 */
	int64_t from, to;			    /* when it is valid */
};

/* Reads the first certificate of text, in PEM. ERROR_CONFIG if there is none, or, unless key is
 * NULL, if that (as above) is not its private key. */
bool crypto_read_certificate(const struct buffer *text, const char *what, const struct buffer *key,
	const char *key_what, struct crypto_certificate *certificate, struct error *err);

/* Decrypts what ChaCha20-Poly1305 (RFC 8439) has made under key: a nonce, the text, a tag of 16
 * octets. plain has room for len octets; plain_len is how many it got. False if it is not whole, or
 * not made under this key; plain then holds nothing to be believed. */
bool crypto_unseal(const unsigned char key[CRYPTO_KEY_SIZE], const unsigned char *sealed,
	size_t len, unsigned char *plain, size_t *plain_len);

#endif
