#include "crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "programs_support.h"

/* The vectors of FIPS 180-2, appendix B. */
static void the_published_digests(void **state)
{
	static const struct {
		const char *text;
		const char *hex;
	} vectors[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct error err = {0};
	char hex[CRYPTO_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		memset(hex, 'x', sizeof(hex));
		assert_done(crypto_hash_text(vectors[i].text, hex, &err), err);
		assert_string_equal(hex, vectors[i].hex);
	}
}

static void a_million_octets(void **state)
{
	struct error err = {0};
	char *text = repeat("a", 1000000);
	char hex[CRYPTO_HEX_SIZE];

	(void)state;
	assert_done(crypto_hash_text(text, hex, &err), err);
	assert_string_equal(
		hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(text);
}

static void bytes_beyond_ascii_count_as_they_are(void **state)
{
	struct error err = {0};
	char one[CRYPTO_HEX_SIZE], other[CRYPTO_HEX_SIZE];

	(void)state;
	assert_done(crypto_hash_text("\xff\x80", one, &err), err);
	assert_done(crypto_hash_text("\xff\x81", other, &err), err);
	assert_string_not_equal(one, other);
	assert_int_equal(strspn(one, "0123456789abcdef"), TOKEN_HASH_MAX);
}

/* ---- keys, made and checked by openssl(1) ---- */

static struct error err;

static bool openssl(const struct box *box, const char *arguments)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd '%s' && openssl %s >>log 2>&1", box->dir, arguments);
	return system(command) == 0;
}

static struct buffer contents(const struct box *box, const char *name)
{
	struct buffer text = BUFFER(65536);
	static char bytes[65536];
	size_t len = file_read(box_path(box, name), bytes, sizeof(bytes));

	buffer_add(&text, bytes, len);
	return text;
}

static bool sign(const struct box *box, const char *key, enum crypto_algorithm algorithm)
{
	struct buffer text = BUFFER(64), signature = BUFFER(4096), pem = contents(box, key);
	bool ok;

	memset(&err, 0, sizeof(err));
	buffer_puts(&text, "what is signed");
	ok = crypto_sign(algorithm, &pem, key, &text, &signature, &err);
	if (ok)
		file_write(box_path(box, "signature"), 0600, signature.data, signature.len);
	else
		assert_int_equal(signature.len, 0);
	file_puts(box_path(box, "text"), 0600, "what is signed");
	buffer_free(&text);
	buffer_free(&signature);
	buffer_free(&pem);
	return ok;
}

static void a_key_that_cannot_be_used_is_named(void **state)
{
	const struct box *box = *state;

	assert_true(openssl(box, "genrsa -out weak.pem 1024"));
	assert_false(sign(box, "weak.pem", CRYPTO_PS256));
	assert_failed(err, ERROR_CONFIG, "weak.pem has 1024 bits, fewer than 2048");
	assert_true(openssl(box, "ecparam -name prime256v1 -genkey -noout -out curve.pem"));
	assert_false(sign(box, "curve.pem", CRYPTO_PS256));
	assert_failed(err, ERROR_CONFIG, "curve.pem is no RSA key");
	assert_true(openssl(box, "genrsa -aes128 -passout pass:x -out closed.pem 2048"));
	assert_false(sign(box, "closed.pem", CRYPTO_RS256));
	assert_failed(err, ERROR_CONFIG, "closed.pem is encrypted (openssl pkey -in 'closed.pem'");
	file_puts(box_path(box, "none.pem"), 0600, "");
	assert_false(sign(box, "none.pem", CRYPTO_RS256));
	assert_failed(err, ERROR_CONFIG, "no private key (PEM) in none.pem");
	file_puts(box_path(box, "torn.pem"), 0600,
		"-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n");
	assert_false(sign(box, "torn.pem", CRYPTO_RS256));
	assert_failed(err, ERROR_CONFIG, "no private key (PEM) in torn.pem");
}

static void signatures_are_what_others_verify(void **state)
{
	const struct box *box = *state;

	assert_true(openssl(box, "genrsa -out key.pem 2048") &&
		openssl(box, "pkey -in key.pem -pubout -out public.pem"));
	assert_done(sign(box, "key.pem", CRYPTO_RS256), err);
	assert_true(openssl(box, "dgst -sha256 -verify public.pem -signature signature text"));
	assert_done(sign(box, "key.pem", CRYPTO_PS256), err);
	assert_true(openssl(box,
		"dgst -sha256 -verify public.pem -sigopt rsa_padding_mode:pss "
		"-sigopt rsa_pss_saltlen:32 -signature signature text"));
	assert_false(openssl(box, "dgst -sha256 -verify public.pem -signature signature text"));
	file_puts(box_path(box, "text"), 0600, "what is not");
	assert_false(openssl(box,
		"dgst -sha256 -verify public.pem -sigopt rsa_padding_mode:pss "
		"-sigopt rsa_pss_saltlen:32 -signature signature text"));
	assert_true(openssl(box, "rsa -in key.pem -traditional -out old.pem"));
	assert_done(sign(box, "old.pem", CRYPTO_RS256), err);
}

static bool certify(const struct box *box, const char *name, const char *key,
	struct crypto_certificate *certificate)
{
	struct buffer text = contents(box, name), pem = contents(box, key);
	bool ok;

	memset(&err, 0, sizeof(err));
	ok = crypto_read_certificate(&text, name, &pem, key, certificate, &err);
	buffer_free(&text);
	buffer_free(&pem);
	return ok;
}

static void a_certificate_and_its_key(void **state)
{
	const struct box *box = *state;
	struct crypto_certificate certificate = {.to = 7};
	char wanted[CRYPTO_HASH_SIZE + 1];

	assert_true(openssl(box,
		"req -x509 -newkey rsa:2048 -nodes -subj /CN=a -days 30 "
		"-keyout a.key -out a.pem"));
	assert_true(openssl(box, "genrsa -out b.key 2048"));
	assert_false(certify(box, "a.pem", "b.key", &certificate));
	assert_failed(err, ERROR_CONFIG,
		"the private key in b.key does not belong to the certificate in a.pem");
	assert_false(certify(box, "b.key", "b.key", &certificate));
	assert_failed(err, ERROR_CONFIG, "no certificate (PEM) in b.key");
	assert_false(certify(box, "a.pem", "a.pem", &certificate));
	assert_failed(err, ERROR_CONFIG, "no private key (PEM) in a.pem");
	assert_int_equal(certificate.to, 7);

	assert_done(certify(box, "a.pem", "a.key", &certificate), err);
	assert_int_equal(certificate.to - certificate.from, 30 * 86400);
	assert_true(certificate.from <= time(NULL) && certificate.from > time(NULL) - 600);
	assert_true(openssl(box, "x509 -in a.pem -outform DER -out a.der") &&
		openssl(box, "dgst -sha256 -binary -out a.hash a.der"));
	assert_int_equal(
		file_read(box_path(box, "a.hash"), wanted, sizeof(wanted)), CRYPTO_HASH_SIZE);
	assert_memory_equal(certificate.thumbprint, wanted, CRYPTO_HASH_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_digests),
		cmocka_unit_test(a_million_octets),
		cmocka_unit_test(bytes_beyond_ascii_count_as_they_are),
		BOX_TEST(a_key_that_cannot_be_used_is_named),
		BOX_TEST(signatures_are_what_others_verify),
		BOX_TEST(a_certificate_and_its_key),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
