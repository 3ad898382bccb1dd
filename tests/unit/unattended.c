#include "unattended.h"

#include <stdio.h>
#include <string.h>

#include "online_support.h"

enum { NOW = 2000000000 };

static struct error err;
static struct token token;

static int unattended_setup(void **state)
{
	memset(&token, 0, sizeof(token));
	return server_setup(state);
}

static void account_with(struct box *box, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"token_endpoint = http://127.0.0.1:%d/token\nhttp_loopback = yes\nscope = mail\n"
		"grant_type = client_credentials\nclient_id = app\n%s",
		server.port, lines);
	box_configure(box, text);
}

static bool renew(const struct box *box)
{
	const struct online online = {&box->config, box->account, NOW, false};
	bool ok;

	memset(&err, 0, sizeof(err));
	ok = unattended_renew(&online, &err);
	if (file_exists(state_path(box, "token")))
		token_load(box, &token);
	assert_false(file_exists(state_path(box, "grant.new")));
	return ok;
}

static void has_old_token(const struct box *box)
{
	const struct token old = {.access_token = "old",
		.access_token_hash = "h",
		.issued_at = NOW - 3000,
		.expires_at = NOW + 600};

	token_store(box, &old);
}

static void a_failure_is_remembered_and_the_token_kept(void **state)
{
	struct box *box = *state;

	account_with(box, "client_secret = s\n");
	has_old_token(box);
	server_add(&server, "503 Service Unavailable", "later");
	assert_false(renew(box));
	assert_failed(err, ERROR_TEMPORARY, "out of order");
	assert_string_equal(token.access_token, "old");
	assert_int_equal(token.kind, ERROR_TEMPORARY);
	assert_in_range(token.retry_at, NOW + 32, NOW + 48);
	server_add(&server, "400 Bad Request", "{\"error\": \"invalid_grant\"}");
	assert_false(renew(box));
	assert_failed(err, ERROR_CONFIG, "with its grant_type nobody can log in");
	assert_int_equal(token.kind, ERROR_CONFIG);
	assert_int_equal(token.retry_at, NOW + 900);
	assert_int_equal(token.failures, 2);
	assert_false(file_exists(state_path(box, "grant")));
}

static void what_cannot_be_asked_is_remembered_too(void **state)
{
	struct box *box = *state;

	account_with(box, "client_secret_file = /nonexistent/secret\n");
	has_old_token(box);
	assert_false(renew(box));
	assert_failed(err, ERROR_CONFIG, "there is no /nonexistent/secret");
	assert_int_equal(token.kind, ERROR_CONFIG);
	assert_int_equal(token.retry_at, 0);
	assert_int_equal(server.requests, 0);
}

static void a_token_comes_without_a_grant(void **state)
{
	struct box *box = *state;

	account_with(box, "client_secret = s\nclient_secret_expires = 2040-01-01\n");
	server_add(&server, "200 OK",
		"{\"access_token\": \"new\", \"token_type\": \"bearer\", \"expires_in\": 600, "
		"\"refresh_token\": \"unasked\"}");
	assert_done(renew(box), err);
	assert_non_null(strstr(server.request,
		"\r\n\r\ngrant_type=client_credentials&scope=mail&client_id=app&client_secret=s"));
	assert_string_equal(token.access_token, "new");
	assert_string_equal(token.scope, "mail");
	assert_int_equal(token.expires_at, NOW + 600);
	assert_string_equal(token.grant_ends_by, "secret");
	assert_false(file_exists(state_path(box, "grant")));
}

static void a_grant_of_other_times_stays(void **state)
{
	struct box *box = *state;
	char text[256];

	account_with(box, "client_secret = s\n");
	file_puts(state_path(box, "grant"), 0600,
		"version = 1\naccount = " ACCOUNT_NAME "\nrefresh_token = rt\nend = 3\n");
	server_add(&server, "200 OK",
		"{\"access_token\": \"new\", \"scope\": \"mail more\", \"refresh_token\": \"x\"}");
	assert_done(renew(box), err);
	assert_string_equal(token.scope, "mail more");
	file_read(state_path(box, "grant"), text, sizeof(text));
	assert_non_null(strstr(text, "refresh_token = rt\n"));
}

#define UNATTENDED_TEST(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, unattended_setup, server_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNATTENDED_TEST(a_failure_is_remembered_and_the_token_kept),
		UNATTENDED_TEST(what_cannot_be_asked_is_remembered_too),
		UNATTENDED_TEST(a_token_comes_without_a_grant),
		UNATTENDED_TEST(a_grant_of_other_times_stays),
	};

	return cmocka_run_group_tests_name("unattended", tests, library_setup, library_teardown);
}
