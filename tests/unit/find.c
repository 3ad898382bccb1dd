/* What needs the DNS is in tests/e2e/discover.sh. */
#include "find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "online_support.h"

static struct box *box;
static struct buffer keys;
static struct error err;

static int setup(void **state)
{
	if (server_setup(state) != 0)
		return -1;
	box = *state;
	memset(&err, 0, sizeof(err));
	keys = BUFFER(8192);
	box_configure(box, "");
	account_free(box->account);
	assert_int_equal(mkdir(box_path(box, ".config/saslfresh/providers"), 0755), 0);
	file_puts(box_path(box, ".config/saslfresh/providers/zz-mine.conf"), 0644,
		"title = Mine\ndomains = mine.test *.mine.test\n"
		"token_endpoint = https://mine.test/token\n");
	file_puts(box_path(box, ".config/saslfresh/providers/zz-closed.conf"), 0644,
		"title = Closed\ndomains = closed.test\ntoken_endpoint = https://mine.test/token\n"
		"app_password_page = https://closed.test/passwords\n");
	file_puts(box_path(box, ".config/saslfresh/providers/zz-none.conf"), 0644,
		"title = None\ndomains = none.test\napp_password_page = https://none.test/page\n");
	return 0;
}

static int teardown(void **state)
{
	buffer_free(&keys);
	return server_teardown(state);
}

static bool find(const char *name)
{
	free(box->account->name);
	box->account->name = strdup(name);
	return find_provider(&box->config, box->account, &keys, &err);
}

static void have(enum account_key key, const char *value)
{
	free(box->account->values[key]);
	box->account->values[key] = strdup(value);
}

static void a_name_without_a_domain_is_no_address(void **state)
{
	(void)state;
	assert_false(find("me"));
	assert_failed(err, ERROR_CONFIG, "no mail address with a domain");
	assert_mentions(err, "--provider");
	assert_int_equal(keys.len, 0);
}

static void no_oauth_is_told_with_the_page(void **state)
{
	(void)state;
	assert_false(find("me@none.test"));
	assert_failed(err, ERROR_CONFIG, "None has no OAuth 2.0 for mail programs");
	assert_mentions(err, "https://none.test/page");
	assert_int_equal(keys.len, 0);
	memset(&err, 0, sizeof(err));
	have(ACCOUNT_PROVIDER, "zz-none");
	assert_false(find("me@elsewhere.test"));
	assert_failed(err, ERROR_CONFIG, "https://none.test/page");
	have(ACCOUNT_TOKEN_ENDPOINT, "https://own.test/token");
	assert_done(find("me@elsewhere.test"), err);
}

static void a_broken_preset_is_not_passed_over(void **state)
{
	(void)state;
	file_puts(box_path(box, ".config/saslfresh/providers/000.conf"), 0644, "titel = x\n");
	assert_false(find("me@mine.test"));
	assert_failed(err, ERROR_CONFIG, "000.conf:1: unknown key");
}

static void presets_know_their_domains(void **state)
{
	static const char *const addresses[] = {"me@mine.test", "ME@MINE.Test", "me@mine.test.",
		"me@sub.mine.test", "a@b@mine.test"};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_done(find(addresses[i]), err);
		assert_string_equal(buffer_text(&keys), "provider = zz-mine\n");
		buffer_free(&keys);
	}
	assert_done(find("me@closed.test"), err);
	assert_string_equal(buffer_text(&keys), "provider = zz-closed\n");
}

static void what_is_set_is_not_looked_for(void **state)
{
	(void)state;
	have(ACCOUNT_PROVIDER, "zz-mine");
	assert_done(find("me@closed.test"), err);
	assert_int_equal(keys.len, 0);
	have(ACCOUNT_PROVIDER, "zz-mime");
	assert_false(find("me@closed.test"));
	assert_failed(err, ERROR_CONFIG, "did you mean `zz-mine`");
	free(box->account->values[ACCOUNT_PROVIDER]);
	box->account->values[ACCOUNT_PROVIDER] = NULL;
	have(ACCOUNT_TOKEN_ENDPOINT, "https://own.test/token");
	memset(&err, 0, sizeof(err));
	assert_done(find("me"), err);
	assert_int_equal(keys.len, 0);
}

static void an_issuer_is_asked_alone(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "http://127.0.0.1:%d", server.port);
	have(ACCOUNT_ISSUER, text);
	have(ACCOUNT_HTTP_LOOPBACK, "yes");
	snprintf(text, sizeof(text),
		"{\"issuer\":\"http://127.0.0.1:%d\",\"token_endpoint\":\"https://a.test/t\","
		"\"authorization_endpoint\":\"https://a.test/a\"}",
		server.port);
	server_add(&server, "200 OK", text);
	assert_done(find("me@mine.test"), err);
	assert_string_equal(buffer_text(&keys),
		"authorization_endpoint = https://a.test/a\ntoken_endpoint = https://a.test/t\n");
}

#define FIND_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIND_TEST(a_name_without_a_domain_is_no_address),
		FIND_TEST(no_oauth_is_told_with_the_page),
		FIND_TEST(a_broken_preset_is_not_passed_over),
		FIND_TEST(presets_know_their_domains),
		FIND_TEST(what_is_set_is_not_looked_for),
		FIND_TEST(an_issuer_is_asked_alone),
	};

	return cmocka_run_group_tests_name("find", tests, library_setup, library_teardown);
}
