#include "digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <string.h>

bool digest_octets(const char *text, unsigned char octets[DIGEST_SIZE], struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) != 1 ||
		len != DIGEST_SIZE)
		return error_set(err, ERROR_SYSTEM, "libcrypto has no SHA-256");
	memcpy(octets, digest, DIGEST_SIZE);
	return true;
}

bool digest_text(const char *text, char hex[DIGEST_HEX_SIZE], struct error *err)
{
	unsigned char digest[DIGEST_SIZE];

	if (!digest_octets(text, digest, err))
		return false;
	for (unsigned i = 0; i < DIGEST_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return true;
}

bool digest_random(unsigned char *octets, size_t size, struct error *err)
{
	return RAND_bytes(octets, (int)size) == 1 ||
		error_set(err, ERROR_SYSTEM, "libcrypto has no random octets");
}
