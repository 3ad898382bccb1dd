#include "logout.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "online_support.h"
#include "store.h"

enum { NOW = 2000000000 };

static struct box *box;
static struct error err;

static int logout_setup(void **state)
{
	int status = server_setup(state);

	box = *state;
	return status;
}

/* An account with a revocation endpoint, or without one, and more lines. */
static void account_with(bool endpoint, const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text), "http_loopback = yes\n%s", lines);
	if (endpoint)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"revocation_endpoint = http://127.0.0.1:%d/revoke\n", server.port);
	box_configure(box, text);
}

static void is_logged_in(const char *suffix)
{
	static const char record[] = "version = 1\naccount = " ACCOUNT_NAME
				     "\nrefresh_token = rt-secret\nclient_id = client\nend = 4\n";

	file_puts(state_path(box, suffix), 0600, record);
	file_puts(state_path(box, "token"), 0600, "version = 1\nend = 1\n");
	file_puts(state_path(box, "lock"), 0600, "");
}

static bool log_out(void)
{
	memset(&err, 0, sizeof(err));
	return logout_grant(&(struct online){&box->config, box->account, NOW, false}, &err);
}

static void nothing_is_left(void)
{
	static const char *const suffixes[] = {"grant", "grant.new", "token", "token.new"};

	for (size_t i = 0; i < 4; i++)
		assert_false(file_exists(state_path(box, suffixes[i])));
	assert_true(file_exists(state_path(box, "lock")));
}

static void a_server_that_refuses_keeps_all(void **state)
{
	(void)state;
	account_with(true, "client_id = client\n");
	is_logged_in("grant");
	server_add(&server, "503 Later", "");
	assert_false(log_out());
	assert_failed(err, ERROR_TEMPORARY, "out of order");
	server_add(&server, "400 Bad", "{\"error\":\"rt-secret\"}");
	assert_false(log_out());
	assert_failed(err, ERROR_SERVER, "says *********");
	assert_true(file_exists(state_path(box, "grant")));
	assert_true(file_exists(state_path(box, "token")));
}

static void the_grant_of_another_client_is_not_sent(void **state)
{
	(void)state;
	account_with(true, "client_id = another\n");
	is_logged_in("grant");
	assert_false(log_out());
	assert_failed(err, ERROR_CONFIG, "issued to client_id client");
	assert_int_equal(server.requests, 0);
	assert_true(file_exists(state_path(box, "grant")));
}

static void a_torn_grant_is_kept_and_forgotten_on_demand(void **state)
{
	(void)state;
	account_with(true, "client_id = client\n");
	is_logged_in("grant");
	file_puts(state_path(box, "grant"), 0600, "version = 1\n");
	assert_false(log_out());
	assert_failed(err, ERROR_SYSTEM, "cut off");
	assert_true(file_exists(state_path(box, "grant")));
	assert_done(store_forget(box->account, &err), err);
	nothing_is_left();
}

static void what_cannot_be_removed_is_told_and_the_grant_stays(void **state)
{
	(void)state;
	account_with(false, "client_id = client\n");
	is_logged_in("grant");
	assert_int_equal(unlink(state_path(box, "token")), 0);
	assert_int_equal(mkdir(state_path(box, "token"), 0700), 0);
	assert_false(log_out());
	assert_failed(err, ERROR_SYSTEM, "cannot remove");
	assert_true(file_exists(state_path(box, "grant")));
}

static void a_directory_that_others_may_write_is_not_touched(void **state)
{
	(void)state;
	account_with(false, "client_id = client\n");
	is_logged_in("grant");
	assert_int_equal(chmod(box->account->place.state, 0777), 0);
	assert_false(store_forget(box->account, &err));
	assert_failed(err, ERROR_CONFIG, "chmod");
	assert_int_equal(chmod(box->account->place.state, 0700), 0);
	assert_true(file_exists(state_path(box, "grant")));
}

static void the_refresh_token_is_revoked_and_all_is_removed(void **state)
{
	(void)state;
	account_with(true, "client_id = client\nclient_secret = s&\n");
	is_logged_in("grant");
	file_puts(state_path(box, "token.new"), 0600, "");
	server_add(&server, "200 OK", "");
	assert_done(log_out(), err);
	assert_string_equal(strstr(server.request, "\r\n\r\n") + 4,
		"token=rt-secret&token_type_hint=refresh_token&client_id=client&client_secret=s%"
		"26");
	assert_non_null(strstr(server.request, "POST /revoke "));
	nothing_is_left();
}

static void a_token_that_the_server_does_not_know_is_as_good_as_revoked(void **state)
{
	(void)state;
	account_with(true, "client_id = client\n");
	is_logged_in("grant");
	server_add(&server, "400 Bad", "{\"error\":\"invalid_token\"}");
	assert_done(log_out(), err);
	nothing_is_left();
}

static void what_a_kill_left_behind_is_revoked_too(void **state)
{
	(void)state;
	account_with(true, "client_id = client\n");
	is_logged_in("grant.new");
	server_add(&server, "200 OK", "{}");
	assert_done(log_out(), err);
	assert_int_equal(server.requests, 1);
	nothing_is_left();
}

static void without_an_endpoint_nobody_is_asked(void **state)
{
	(void)state;
	account_with(false, "client_id = client\n");
	is_logged_in("grant");
	assert_done(log_out(), err);
	assert_int_equal(server.requests, 0);
	nothing_is_left();
}

static void without_a_grant_there_is_nothing_to_revoke(void **state)
{
	(void)state;
	account_with(true, "client_id = client\n");
	is_logged_in("token");
	assert_int_equal(unlink(state_path(box, "token")), 0);
	assert_done(log_out(), err);
	assert_int_equal(server.requests, 0);
	nothing_is_left();
}

#define LOGOUT_TEST(name) cmocka_unit_test_setup_teardown(name, logout_setup, server_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGOUT_TEST(a_server_that_refuses_keeps_all),
		LOGOUT_TEST(the_grant_of_another_client_is_not_sent),
		LOGOUT_TEST(a_torn_grant_is_kept_and_forgotten_on_demand),
		LOGOUT_TEST(what_cannot_be_removed_is_told_and_the_grant_stays),
		LOGOUT_TEST(a_directory_that_others_may_write_is_not_touched),
		LOGOUT_TEST(the_refresh_token_is_revoked_and_all_is_removed),
		LOGOUT_TEST(a_token_that_the_server_does_not_know_is_as_good_as_revoked),
		LOGOUT_TEST(what_a_kill_left_behind_is_revoked_too),
		LOGOUT_TEST(without_an_endpoint_nobody_is_asked),
		LOGOUT_TEST(without_a_grant_there_is_nothing_to_revoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
