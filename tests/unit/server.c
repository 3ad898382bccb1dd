#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

static bool parse(
	const struct box *box, const char *value, struct mail_server *server, struct error *err)
{
	char *values[1] = {box->account->values[ACCOUNT_SMTP]};
	bool ok;

	memset(err, 0, sizeof(*err));
	memset(server, 0x55, sizeof(*server));
	box->account->values[ACCOUNT_SMTP] = (char *)value;
	ok = server_of(box->account, ACCOUNT_SMTP, server, err);
	box->account->values[ACCOUNT_SMTP] = values[0];
	return ok;
}

static void what_is_no_server_is_told(void **state)
{
	static const char *const values[] = {"mail.example.test", ":25", "a:", "a:0", "a:65536",
		"a:25x", "a:-1", "a:25 tlss", "a:25 tls starttls", "a b:25", "a'b:25", "-a:25",
		"[::1]:25", "a/b:25", "tls", ""};
	struct mail_server server;
	struct error err;

	box_configure(*state, "");
	for (size_t i = 0; values[i][0] != '\0'; i++) {
		assert_false(parse(*state, values[i], &server, &err));
		assert_failed(err, ERROR_CONFIG, "smtp takes HOST:PORT");
		assert_mentions(err, "saslfresh.conf:");
	}
}

static void a_name_at_the_limit_and_one_past(void **state)
{
	char *value = repeat("h", SERVER_HOST_MAX + 3);
	struct mail_server server;
	struct error err;

	box_configure(*state, "");
	memcpy(value + SERVER_HOST_MAX + 1, ":5", 3);
	assert_false(parse(*state, value, &server, &err));
	assert_true(parse(*state, value + 1, &server, &err));
	assert_int_equal(strlen(server.host), SERVER_HOST_MAX);
	free(value);
}

static void the_port_tells_or_the_word_behind_it(void **state)
{
	static const struct {
		const char *value;
		int port;
		bool tls;
	} rows[] = {{"h:993", 993, true}, {"h:995", 995, true}, {"h:465", 465, true},
		{"h:587", 587, false}, {"h:143", 143, false}, {"h:1 tls", 1, true},
		{"h:993 starttls", 993, false}, {"h:65535\ttls", 65535, true}};
	struct mail_server server;
	struct error err;

	box_configure(*state, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_done(parse(*state, rows[i].value, &server, &err), err);
		assert_string_equal(server.host, "h");
		assert_int_equal(server.port, rows[i].port);
		assert_int_equal(server.tls, rows[i].tls);
	}
}

static void no_key_no_server(void **state)
{
	struct mail_server server;
	struct error err;

	box_configure(*state, "");
	assert_true(parse(*state, NULL, &server, &err));
	assert_string_equal(server.host, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(what_is_no_server_is_told),
		BOX_TEST(a_name_at_the_limit_and_one_past),
		BOX_TEST(the_port_tells_or_the_word_behind_it),
		BOX_TEST(no_key_no_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
