#include "pkce.h"

#include <string.h>

#include "base64.h"
#include "crypto.h"

static bool write_word(const unsigned char octets[CRYPTO_HASH_SIZE], char *word, struct error *err)
{
	struct buffer text = BUFFER(PKCE_SIZE - 1);
	bool ok;

	base64_encode(&text, octets, CRYPTO_HASH_SIZE);
	ok = buffer_ok(&text) || error_set(err, ERROR_SYSTEM, "out of memory");
	if (ok)
		memcpy(word, buffer_text(&text), PKCE_SIZE);
	buffer_free(&text);
	return ok;
}

bool pkce_random(char word[PKCE_SIZE], struct error *err)
{
	unsigned char octets[CRYPTO_HASH_SIZE];
	bool ok = crypto_random(octets, sizeof(octets), err) && write_word(octets, word, err);

	wipe(octets, sizeof(octets));
	return ok;
}

bool pkce_challenge(const char *verifier, char challenge[PKCE_SIZE], struct error *err)
{
	unsigned char octets[CRYPTO_HASH_SIZE];

	return crypto_hash(verifier, octets, err) && write_word(octets, challenge, err);
}
