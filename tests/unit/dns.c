#include "dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

/* An answer as it is built: head, the question for example.test, records. */
struct packet {
	unsigned char bytes[4096];
	size_t len;
};

enum { A = 1, CNAME = 5, MX = 15, TXT = 16, QUESTION = 12 };

static void put(struct packet *packet, const void *bytes, size_t len)
{
	assert_true(packet->len + len <= sizeof(packet->bytes));
	memcpy(packet->bytes + packet->len, bytes, len);
	packet->len += len;
}

static void put16(struct packet *packet, unsigned number)
{
	const unsigned char bytes[2] = {(unsigned char)(number >> 8), (unsigned char)number};

	put(packet, bytes, 2);
}

static void put_name(struct packet *packet, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");
		unsigned char octet = (unsigned char)len;

		put(packet, &octet, 1);
		put(packet, name, len);
		name += len + (name[len] == '.');
	}
	put(packet, "", 1);
}

static void start(struct packet *packet, unsigned answers)
{
	static const unsigned char head[4] = {0x12, 0x34, 0x81, 0x80};

	packet->len = 0;
	put(packet, head, sizeof(head));
	put16(packet, 1);
	put16(packet, answers);
	put16(packet, 0);
	put16(packet, 0);
	put_name(packet, "example.test");
	put16(packet, MX);
	put16(packet, 1);
}

static void put_head(struct packet *packet, const char *owner, unsigned type, size_t len)
{
	static const unsigned char life[4] = {0, 0, 0, 60};

	put_name(packet, owner);
	put16(packet, type);
	put16(packet, 1);
	put(packet, life, sizeof(life));
	put16(packet, (unsigned)len);
}

static size_t name_len(const char *name)
{
	return *name == '\0' ? 1 : strlen(name) + 2;
}

static void put_mx(struct packet *packet, const char *owner, unsigned preference, const char *host)
{
	put_head(packet, owner, MX, 2 + name_len(host));
	put16(packet, preference);
	put_name(packet, host);
}

static void put_alias(struct packet *packet, const char *owner, const char *name)
{
	put_head(packet, owner, CNAME, name_len(name));
	put_name(packet, name);
}

static struct dns_mx read_mx(const struct packet *packet)
{
	struct dns_mx mx;

	memset(&mx, 0x55, sizeof(mx));
	dns_parse_mx(packet->bytes, packet->len, "example.test", &mx);
	return mx;
}

/* ---- names ---- */

static void addresses_have_domains(void **state)
{
	static const char *const bad[] = {"", "me", "me@", "@example.test", "me@test", "me@.test",
		"me@a..test", "me@-a.test", "me@a-.test", "me@a.-b", "me@a.b-", "me@a_b.test",
		"me@a b.test", "me@a/b.test", "me@[::1]", "me@\xc3\xa9.test", "me@a.test..",
		"me@example.test@"};
	char domain[DNS_NAME_SIZE] = "old", label[80], address[512] = "me@";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dns_domain(bad[i], domain))
			fail_msg("`%s` has the domain %s", bad[i], domain);
	assert_string_equal(domain, "old");
	assert_true(dns_domain("me@Example.TEST.", domain));
	assert_string_equal(domain, "example.test");
	assert_true(dns_domain("a@b@xn--9ca.test", domain));
	assert_string_equal(domain, "xn--9ca.test");
	memset(label, 'a', 64);
	strcpy(label + 63, ".test");
	strcpy(address + 3, label);
	assert_true(dns_domain(address, domain));
	memset(label, 'a', 64);
	strcpy(label + 64, ".test");
	strcpy(address + 3, label);
	assert_false(dns_domain(address, domain));
	for (size_t i = 3; i < 3 + 257; i++)
		address[i] = i % 2 == 0 ? '.' : 'a';
	address[3 + 257] = '\0';
	assert_false(dns_domain(address, domain));
	address[3 + 255] = '\0';
	assert_true(dns_domain(address, domain));
}

/* ---- answers ---- */

static void exchangers_come_by_preference(void **state)
{
	struct packet packet;
	struct dns_mx mx;

	(void)state;
	start(&packet, 4);
	put_mx(&packet, "example.test", 30, "Third.Example.TEST");
	put_mx(&packet, "EXAMPLE.test", 10, "b.example.test");
	put_mx(&packet, "example.test", 65535, "last.example.test");
	put_mx(&packet, "example.test", 10, "a.example.test");
	mx = read_mx(&packet);
	assert_int_equal(mx.count, 4);
	assert_string_equal(mx.exchanges[0].host, "a.example.test");
	assert_string_equal(mx.exchanges[1].host, "b.example.test");
	assert_string_equal(mx.exchanges[2].host, "third.example.test");
	assert_int_equal(mx.exchanges[3].preference, 65535);
}

static void aliases_are_followed_in_the_answer(void **state)
{
	struct packet packet;
	struct dns_mx mx;

	(void)state;
	start(&packet, 4);
	put_mx(&packet, "second.test", 10, "mx.second.test");
	put_alias(&packet, "first.test", "second.test");
	put_alias(&packet, "example.test", "first.test");
	put_mx(&packet, "example.test", 5, "mx.example.test");
	mx = read_mx(&packet);
	assert_int_equal(mx.count, 1);
	assert_string_equal(mx.exchanges[0].host, "mx.second.test");
	start(&packet, 2);
	put_alias(&packet, "example.test", "second.test");
	put_alias(&packet, "second.test", "example.test");
	assert_int_equal(read_mx(&packet).count, 0);
}

static void what_is_about_others_is_passed_over(void **state)
{
	struct packet packet;

	(void)state;
	start(&packet, 7);
	put_mx(&packet, "elsewhere.test", 10, "mx.elsewhere.test");
	put_mx(&packet, "sub.example.test", 10, "mx.example.test");
	put_mx(&packet, "example.test", 0, "");
	put_mx(&packet, "example.test", 0, "single");
	put_mx(&packet, "example.test", 0, "under_score.test");
	put_head(&packet, "example.test", A, 4);
	put(&packet, "\x7f\0\0\1", 4);
	put_head(&packet, "example.test", MX, 2);
	put16(&packet, 10);
	assert_int_equal(read_mx(&packet).count, 0);
}

static void more_than_enough_is_not_read(void **state)
{
	struct packet packet;
	struct dns_mx mx;
	char host[64];

	(void)state;
	start(&packet, DNS_RECORDS + 4);
	for (unsigned i = 0; i < DNS_RECORDS + 4; i++) {
		snprintf(host, sizeof(host), "mx%u.example.test", i);
		put_mx(&packet, "example.test", i, host);
	}
	mx = read_mx(&packet);
	assert_int_equal(mx.count, DNS_RECORDS);
}

/* Every answer that ends too early, and every one with one octet changed. */
static void broken_answers_break_nothing(void **state)
{
	struct packet packet, broken;
	struct dns_texts texts;
	struct dns_mx mx;

	(void)state;
	start(&packet, 3);
	put_alias(&packet, "example.test", "second.test");
	put_mx(&packet, "second.test", 10, "mx.second.test");
	put_head(&packet, "second.test", TXT, 6);
	put(&packet, "\5hello", 6);
	for (size_t len = 0; len < packet.len; len++) {
		unsigned char *exact = malloc(len + 1);

		memcpy(exact, packet.bytes, len);
		dns_parse_mx(exact, len, "example.test", &mx);
		assert_int_equal(mx.count, 0);
		dns_parse_texts(exact, len, "example.test", &texts);
		assert_int_equal(texts.count, 0);
		free(exact);
	}
	for (size_t i = 0; i < packet.len; i++)
		for (unsigned value = 0; value < 256; value += 0x3f) {
			broken = packet;
			broken.bytes[i] = (unsigned char)value;
			dns_parse_mx(broken.bytes, broken.len, "example.test", &mx);
			assert_true(mx.count <= 1);
			dns_parse_texts(broken.bytes, broken.len, "example.test", &texts);
			assert_true(texts.count <= 1);
		}
}

static void a_pointer_to_itself_ends(void **state)
{
	struct packet packet;

	(void)state;
	start(&packet, 1);
	put_head(&packet, "example.test", MX, 4);
	put16(&packet, 10);
	put16(&packet, 0xc000 | (unsigned)packet.len);
	assert_int_equal(read_mx(&packet).count, 0);
}

static void texts_are_joined_and_checked(void **state)
{
	struct packet packet;
	struct dns_texts texts;

	(void)state;
	start(&packet, 6);
	put_head(&packet, "example.test", TXT, 10);
	put(&packet, "\3one\5 two ", 10);
	put_head(&packet, "example.test", TXT, 4);
	put(&packet, "\3a\nb", 4);
	put_head(&packet, "example.test", TXT, 4);
	put(&packet, "\4abc", 4);
	put_head(&packet, "example.test", TXT, 1);
	put(&packet, "", 1);
	put_head(&packet, "example.test", TXT, 3 * 256);
	for (int i = 0; i < 3; i++) {
		char text[256];

		memset(text, 'x', sizeof(text));
		text[0] = (char)0xff;
		put(&packet, text, sizeof(text));
	}
	put_head(&packet, "elsewhere.test", TXT, 2);
	put(&packet, "\1x", 2);
	dns_parse_texts(packet.bytes, packet.len, "example.test", &texts);
	assert_int_equal(texts.count, 2);
	assert_string_equal(texts.texts[0], "one two ");
	assert_string_equal(texts.texts[1], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_domains),
		cmocka_unit_test(exchangers_come_by_preference),
		cmocka_unit_test(aliases_are_followed_in_the_answer),
		cmocka_unit_test(what_is_about_others_is_passed_over),
		cmocka_unit_test(more_than_enough_is_not_read),
		cmocka_unit_test(broken_answers_break_nothing),
		cmocka_unit_test(a_pointer_to_itself_ends),
		cmocka_unit_test(texts_are_joined_and_checked),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
