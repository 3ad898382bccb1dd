#include "cipher.h"

#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

enum { TEXT_MAX = 64 * 1024 };

static const unsigned char key[CIPHER_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static void encrypt(const char *text, size_t len, struct buffer *octets)
{
	struct buffer plain = BUFFER(TEXT_MAX);
	struct error err = {0};
	struct cipher *cipher = cipher_ready(key, "context", &err);

	assert_non_null(cipher);
	buffer_add(&plain, text, len);
	*octets = BUFFER(TEXT_MAX + CIPHER_OVERHEAD);
	assert_true(cipher_close(cipher, &plain, octets));
	assert_int_equal(octets->len, len + CIPHER_OVERHEAD);
	cipher_free(cipher);
	buffer_free(&plain);
}

static bool decrypts(const unsigned char *with, const char *context, const struct buffer *octets)
{
	struct buffer text = BUFFER(TEXT_MAX);
	bool ok = cipher_open(with, context, octets, &text);

	if (!ok)
		assert_int_equal(text.len, 0);
	buffer_free(&text);
	return ok;
}

static void every_changed_octet_is_noticed(void **state)
{
	struct buffer octets;

	(void)state;
	encrypt("refresh_token", 13, &octets);
	assert_true(decrypts(key, "context", &octets));
	for (size_t i = 0; i < octets.len; i++) {
		octets.data[i] ^= 1;
		assert_false(decrypts(key, "context", &octets));
		octets.data[i] ^= 1;
	}
	for (; octets.len > 0; octets.len--)
		if (octets.len < 13 + CIPHER_OVERHEAD)
			assert_false(decrypts(key, "context", &octets));
	assert_false(decrypts(key, "context", &octets));
	buffer_free(&octets);
}

static void another_key_or_context_opens_nothing(void **state)
{
	unsigned char other[CIPHER_KEY_SIZE];
	struct buffer octets;

	(void)state;
	encrypt("refresh_token", 13, &octets);
	memcpy(other, key, sizeof(other));
	other[31] ^= 0x80;
	assert_false(decrypts(other, "context", &octets));
	assert_false(decrypts(key, "contex", &octets));
	assert_false(decrypts(key, "", &octets));
	buffer_free(&octets);
}

static void text_of_any_length_comes_back(void **state)
{
	static const size_t lengths[] = {1, 15, 16, 17, 4095, 4096, 4097, 40000, TEXT_MAX};
	char *text = repeat("some text ", TEXT_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buffer octets, again = BUFFER(TEXT_MAX);

		encrypt(text, lengths[i], &octets);
		assert_null(memmem(octets.data, octets.len, text, lengths[i] < 8 ? 9 : 8));
		assert_true(cipher_open(key, "context", &octets, &again));
		assert_int_equal(again.len, lengths[i]);
		assert_memory_equal(again.data, text, lengths[i]);
		buffer_free(&octets);
		buffer_free(&again);
	}
	free(text);
}

static void the_same_text_never_looks_the_same(void **state)
{
	struct buffer a, b;

	(void)state;
	encrypt("refresh_token", 13, &a);
	encrypt("refresh_token", 13, &b);
	assert_memory_not_equal(a.data, b.data, CIPHER_NONCE_SIZE);
	assert_memory_not_equal(a.data + CIPHER_NONCE_SIZE, b.data + CIPHER_NONCE_SIZE, 13);
	buffer_free(&a);
	buffer_free(&b);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct buffer octets, text = BUFFER(12);

	(void)state;
	encrypt("refresh_token", 13, &octets);
	assert_false(cipher_open(key, "context", &octets, &text));
	buffer_free(&text);
	buffer_free(&octets);
	cipher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_octet_is_noticed),
		cmocka_unit_test(another_key_or_context_opens_nothing),
		cmocka_unit_test(text_of_any_length_comes_back),
		cmocka_unit_test(the_same_text_never_looks_the_same),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("cipher", tests, NULL, NULL);
}
