#include "crypto.h"

#include <stdlib.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_digests),
		cmocka_unit_test(a_million_octets),
		cmocka_unit_test(bytes_beyond_ascii_count_as_they_are),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
