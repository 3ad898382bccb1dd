#include "crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_BITS_MIN = 2048, SIGNATURE_MAX = 2048, TAG_SIZE = 16, SEALED_MAX = 1 << 20 };

/* ---- hashes ---- */

static bool hash(const void *bytes, size_t len, unsigned char octets[CRYPTO_HASH_SIZE])
{
	unsigned char made[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (EVP_Digest(bytes, len, made, &size, EVP_sha256(), NULL) != 1 ||
		size != CRYPTO_HASH_SIZE)
		return false;
	memcpy(octets, made, CRYPTO_HASH_SIZE);
	return true;
}

bool crypto_hash(const char *text, unsigned char octets[CRYPTO_HASH_SIZE], struct error *err)
{
	return hash(text, strlen(text), octets) ||
		error_set(err, ERROR_SYSTEM, "libcrypto has no SHA-256");
}

bool crypto_hash_text(const char *text, char hex[CRYPTO_HEX_SIZE], struct error *err)
{
	unsigned char octets[CRYPTO_HASH_SIZE];

	if (!crypto_hash(text, octets, err))
		return false;
	for (unsigned i = 0; i < CRYPTO_HASH_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	return true;
}

bool crypto_random(unsigned char *octets, size_t size, struct error *err)
{
	return RAND_bytes(octets, (int)size) == 1 ||
		error_set(err, ERROR_SYSTEM, "libcrypto has no random octets");
}

/* ---- keys ---- */

/* What libcrypto asks where a key is encrypted: nobody is there to answer. */
static int note_encryption(char *text, int size, int writing, void *encrypted)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)encrypted = true;
	return -1;
}

static bool is_usable(EVP_PKEY *key, const char *what, struct error *err)
{
	if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA)
		return error_set(err, ERROR_CONFIG, "the private key in %s is no RSA key", what);
	if (EVP_PKEY_bits(key) < KEY_BITS_MIN)
		return error_set(err, ERROR_CONFIG,
			"the private key in %s has %d bits, fewer than %d", what,
			EVP_PKEY_bits(key), KEY_BITS_MIN);
	return true;
}

/* NULL with err set. */
static EVP_PKEY *read_key(const struct buffer *text, const char *what, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(buffer_text(text), (int)text->len);
	bool encrypted = false;
	EVP_PKEY *key = bio != NULL
		? PEM_read_bio_PrivateKey(bio, NULL, note_encryption, &encrypted)
		: NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL && is_usable(key, what, err))
		return key;
	if (encrypted) {
		error_set(err, ERROR_CONFIG, "the private key in %s is encrypted", what);
		error_hint(err, "openssl pkey -in '%s' -out NEW, in a directory of your own", what);
	} else if (key == NULL) {
		error_set(err, ERROR_CONFIG, "there is no private key (PEM) in %s", what);
	}
	EVP_PKEY_free(key);
	return NULL;
}

/* RFC 7518 s.3.5: MGF1 and a salt, both of the size of the hash. */
static bool set_padding(EVP_PKEY_CTX *context, enum crypto_algorithm algorithm)
{
	if (algorithm == CRYPTO_RS256)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, CRYPTO_HASH_SIZE) == 1;
}

bool crypto_sign(enum crypto_algorithm algorithm, const struct buffer *key, const char *what,
	const struct buffer *text, struct buffer *signature, struct error *err)
{
	unsigned char octets[SIGNATURE_MAX];
	size_t len = sizeof(octets);
	EVP_PKEY *private = read_key(key, what, err);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context; /* digest's */
	bool ok = private != NULL;

	if (ok) {
		ok = digest != NULL &&
			EVP_DigestSignInit(digest, &context, EVP_sha256(), NULL, private) == 1 &&
			set_padding(context, algorithm) &&
			EVP_DigestSign(digest, octets, &len,
				(const unsigned char *)buffer_text(text), text->len) == 1;
		if (ok)
			buffer_add(signature, octets, len);
		ok = (ok && buffer_ok(signature)) ||
			error_set(err, ERROR_SYSTEM, "libcrypto cannot sign with %s", what);
	}
	EVP_MD_CTX_free(digest);
	EVP_PKEY_free(private);
	ERR_clear_error();
	return ok;
}

/* ---- certificates ---- */

static int64_t seconds_of(const ASN1_TIME *when)
{
	struct tm parts;

	return ASN1_TIME_to_tm(when, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static bool describe(X509 *x509, struct crypto_certificate *certificate)
{
	unsigned size = 0;

	certificate->from = seconds_of(X509_get0_notBefore(x509));
	certificate->to = seconds_of(X509_get0_notAfter(x509));
	return X509_digest(x509, EVP_sha256(), certificate->thumbprint, &size) == 1 &&
		size == CRYPTO_HASH_SIZE;
}

static bool is_pair(X509 *x509, const char *what, const struct buffer *key, const char *key_what,
	struct error *err)
{
	EVP_PKEY *private = read_key(key, key_what, err);
	bool ok = private != NULL;

	if (ok && X509_check_private_key(x509, private) != 1) {
		ok = error_set(err, ERROR_CONFIG,
			"the private key in %s does not belong to the certificate in %s", key_what,
			what);
		error_hint(err,
			"openssl x509 -in '%s' -noout -pubkey and openssl pkey -in '%s' "
			"-pubout tell the same of a pair",
			what, key_what);
	}
	EVP_PKEY_free(private);
	ERR_clear_error();
	return ok;
}

bool crypto_read_certificate(const struct buffer *text, const char *what, const struct buffer *key,
	const char *key_what, struct crypto_certificate *certificate, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(buffer_text(text), (int)text->len);
	X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	struct crypto_certificate read;
	bool ok = x509 != NULL && describe(x509, &read);

	BIO_free(bio);
	ERR_clear_error();
	if (!ok)
		error_set(err, ERROR_CONFIG, "there is no certificate (PEM) in %s", what);
	ok = ok && (key == NULL || is_pair(x509, what, key, key_what, err));
	if (ok)
		*certificate = read;
	X509_free(x509);
	return ok;
}

/* ---- a cipher ---- */

bool crypto_unseal(const unsigned char key[CRYPTO_KEY_SIZE], const unsigned char *sealed,
	size_t len, unsigned char *plain, size_t *plain_len)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int got = 0, rest = 0;
	bool ok = false;

	*plain_len = 0;
	if (context != NULL && len >= CRYPTO_NONCE_SIZE + TAG_SIZE && len <= SEALED_MAX) {
		size_t text = len - CRYPTO_NONCE_SIZE - TAG_SIZE;
		unsigned char tag[TAG_SIZE];

		memcpy(tag, sealed + len - TAG_SIZE, TAG_SIZE);
		ok = EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, sealed) == 1 &&
			EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
			EVP_DecryptUpdate(
				context, plain, &got, sealed + CRYPTO_NONCE_SIZE, (int)text) == 1 &&
			EVP_DecryptFinal_ex(context, plain + got, &rest) == 1;
	}
	EVP_CIPHER_CTX_free(context);
	if (ok)
		*plain_len = (size_t)got + (size_t)rest;
	return ok;
}
