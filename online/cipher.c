#include "cipher.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

struct cipher {
	EVP_CIPHER_CTX *context;
	unsigned char nonce[CIPHER_NONCE_SIZE];
};

static bool start(EVP_CIPHER_CTX *cipher, const unsigned char *key, const unsigned char *nonce,
	const char *context, bool encrypt)
{
	int len;

	return EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
		EVP_CipherUpdate(cipher, NULL, &len, (const unsigned char *)context,
			(int)strlen(context)) == 1;
}

struct cipher *cipher_ready(
	const unsigned char key[CIPHER_KEY_SIZE], const char *context, struct error *err)
{
	struct cipher *cipher = calloc(1, sizeof(*cipher));

	if (cipher != NULL)
		cipher->context = EVP_CIPHER_CTX_new();
	if (cipher != NULL && cipher->context != NULL &&
		RAND_bytes(cipher->nonce, CIPHER_NONCE_SIZE) == 1 &&
		start(cipher->context, key, cipher->nonce, context, true))
		return cipher;
	cipher_free(cipher);
	error_set(err, ERROR_SYSTEM, "libcrypto has no AES-256-GCM");
	return NULL;
}

bool cipher_close(struct cipher *cipher, const struct buffer *text, struct buffer *octets)
{
	unsigned char block[4096], tag[CIPHER_TAG_SIZE];
	int len = 0;

	buffer_add(octets, cipher->nonce, CIPHER_NONCE_SIZE);
	for (size_t done = 0; done < text->len; done += (size_t)len) {
		size_t size = text->len - done;

		if (size > sizeof(block))
			size = sizeof(block);
		if (EVP_CipherUpdate(cipher->context, block, &len,
			    (const unsigned char *)text->data + done, (int)size) != 1 ||
			len != (int)size)
			return false;
		buffer_add(octets, block, size);
	}
	if (EVP_CipherFinal_ex(cipher->context, block, &len) != 1 || len != 0 ||
		EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_GET_TAG, CIPHER_TAG_SIZE, tag) !=
			1)
		return false;
	buffer_add(octets, tag, CIPHER_TAG_SIZE);
	return buffer_ok(octets);
}

void cipher_free(struct cipher *cipher)
{
	if (cipher != NULL)
		EVP_CIPHER_CTX_free(cipher->context);
	free(cipher);
}

/* Nothing is given out before the tag was found right. */
static bool open_octets(
	EVP_CIPHER_CTX *cipher, const unsigned char *octets, size_t len, unsigned char *text)
{
	unsigned char tag[CIPHER_TAG_SIZE], rest[16];
	int put = 0;

	memcpy(tag, octets + len, sizeof(tag));
	return EVP_CipherUpdate(cipher, text, &put, octets, (int)len) == 1 && put == (int)len &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, CIPHER_TAG_SIZE, tag) == 1 &&
		EVP_CipherFinal_ex(cipher, rest, &put) == 1 && put == 0;
}

bool cipher_open(const unsigned char key[CIPHER_KEY_SIZE], const char *context,
	const struct buffer *octets, struct buffer *text)
{
	const unsigned char *data = (const unsigned char *)octets->data;
	EVP_CIPHER_CTX *cipher = NULL;
	unsigned char *opened = NULL;
	size_t len = 0;
	bool ok = false;

	if (octets->len > CIPHER_OVERHEAD && octets->len <= INT32_MAX) {
		len = octets->len - CIPHER_OVERHEAD;
		cipher = EVP_CIPHER_CTX_new();
		opened = malloc(len);
	}
	ok = cipher != NULL && opened != NULL && start(cipher, key, data, context, false) &&
		open_octets(cipher, data + CIPHER_NONCE_SIZE, len, opened);
	if (ok)
		buffer_add(text, opened, len);
	if (opened != NULL)
		wipe(opened, len);
	free(opened);
	EVP_CIPHER_CTX_free(cipher);
	return ok && buffer_ok(text);
}
