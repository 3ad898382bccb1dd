#include "grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "online_support.h"

/* One exchange: what is asked with which account, and what comes of it. */
static struct asked {
	struct server server;
	struct buffer secret;
	const char *scope;
	struct reply *reply;
	struct grant_notes notes;
	struct error err;
} asked;

static int asked_setup(void **state)
{
	memset(&asked, 0, sizeof(asked));
	asked.secret = BUFFER(4096);
	asked.scope = "";
	asked.reply = calloc(1, sizeof(*asked.reply));
	server_start(&asked.server);
	return asked.reply != NULL ? box_setup(state) : -1;
}

static int asked_teardown(void **state)
{
	server_stop(&asked.server);
	buffer_free(&asked.secret);
	free(asked.reply);
	return box_teardown(state);
}

/* An account at the server, with more lines. */
static void account_with(struct box *box, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"token_endpoint = http://127.0.0.1:%d/token\nhttp_loopback = yes\n%s",
		asked.server.port, lines);
	box_configure(box, text);
}

static bool ask(const struct box *box, const char *refresh_token)
{
	const struct grant_request request = {.config = &box->config,
		.account = box->account,
		.secret = &asked.secret,
		.scope = asked.scope};

	memset(asked.reply, 0x55, sizeof(*asked.reply));
	memset(&asked.err, 0, sizeof(asked.err));
	return grant_refresh(&request, refresh_token, asked.reply, &asked.notes, &asked.err);
}

static const char *form(void)
{
	return strstr(asked.server.request, "\r\n\r\n") + 4;
}

/* ---- what failures mean ---- */

static const struct row {
	const char *status;
	const char *body;
	enum error_kind kind;
	const char *words;
} rows[] = {
	/* RFC 6749 s.5.2 and relatives */
	{"400 Bad", "{\"error\":\"invalid_grant\"}", ERROR_LOGIN, "saslfresh login " ACCOUNT_NAME},
	{"400 Bad", "{\"error\":\"invalid_grant\",\"error_description\":\"Token revoked\"}",
		ERROR_LOGIN, "127.0.0.1 says invalid_grant (Token revoked)"},
	{"400 Bad", "{\"error\":\"invalid_grant\",\"suberror\":\"bad_token\"}", ERROR_LOGIN,
		"invalid_grant/bad_token"},
	{"400 Bad", "{\"error\":\"interaction_required\"}", ERROR_LOGIN, "login"},
	{"400 Bad", "{\"error\":\"login_required\"}", ERROR_LOGIN, "login"},
	{"400 Bad", "{\"error\":\"consent_required\"}", ERROR_LOGIN, "login"},
	{"400 Bad", "{\"error\":\"access_denied\"}", ERROR_LOGIN, "login"},
	{"401 No", "{\"error\":\"invalid_client\"}", ERROR_CONFIG, "check client_id"},
	{"400 Bad", "{\"error\":\"unauthorized_client\"}", ERROR_CONFIG, "check client_id"},
	{"400 Bad", "{\"error\":\"invalid_scope\"}", ERROR_CONFIG, "check scope"},
	{"400 Bad", "{\"error\":\"invalid_request\"}", ERROR_CONFIG, "check client_id"},
	{"400 Bad", "{\"error\":\"unsupported_grant_type\"}", ERROR_CONFIG, "unsupported"},
	{"400 Bad", "{\"error\":\"temporarily_unavailable\"}", ERROR_TEMPORARY, "temporarily"},
	{"400 Bad", "{\"error\":\"server_error\"}", ERROR_TEMPORARY, "server_error"},
	{"400 Bad", "{\"error\":\"Invalid_Grant\"}", ERROR_SERVER, "Invalid_Grant"},
	{"400 Bad", "{\"error\":\"something_new\"}", ERROR_SERVER, "something_new"},
	{"200 OK", "{\"error\":\"invalid_grant\",\"access_token\":\"at\"}", ERROR_LOGIN, "login"},
	/* a server in trouble says nothing about the grant */
	{"408 Slow", "{\"error\":\"invalid_grant\"}", ERROR_TEMPORARY, "408"},
	{"429 Slow", "{\"error\":\"invalid_grant\"}", ERROR_TEMPORARY, "429"},
	{"500 Oops", "{\"error\":\"invalid_grant\"}", ERROR_TEMPORARY, "500"},
	{"503 Oops", "<html>", ERROR_TEMPORARY, "503"},
	{"599 Oops", "{\"access_token\":\"at\"}", ERROR_TEMPORARY, "599"},
	/* no answer in the sense of the protocol */
	{"302 Found", "{\"access_token\":\"at\"}", ERROR_SERVER, "redirects (HTTP 302"},
	{"200 OK", "", ERROR_SERVER, "empty body"},
	{"400 Bad", "", ERROR_SERVER, "HTTP 400 with an empty body"},
	{"200 OK", "<html>login</html>", ERROR_SERVER, "web page"},
	{"200 OK", " \r\n\t<!DOCTYPE html>", ERROR_SERVER, "web page"},
	{"403 No", "<html>", ERROR_SERVER, "web page"},
	{"200 OK", "at-1", ERROR_SERVER, "not a JSON object"},
	{"200 OK", "[]", ERROR_SERVER, "not a JSON object"},
	{"200 OK", "{}", ERROR_SERVER, "without an access token"},
	{"200 OK", "{\"access_token\":\"\"}", ERROR_SERVER, "without an access token"},
	{"200 OK", "{\"access_token\":\"a b\"}", ERROR_SERVER, "cannot be sent"},
	{"200 OK", "{\"access_token\":\"at\",\"token_type\":\"mac\"}", ERROR_SERVER, "mac"},
	{"400 Bad", "{\"access_token\":\"at\"}", ERROR_SERVER, "400"},
	{"404 No", "{}", ERROR_SERVER, "404"},
};

static void each_failure_means_what_it_says(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i % SERVER_REPLIES == 0) {
			server_stop(&asked.server);
			server_start(&asked.server);
			account_with(*state, "");
		}
		server_add(&asked.server, rows[i].status, rows[i].body);
		if (ask(*state, "rt-0") || asked.err.kind != rows[i].kind ||
			strstr(asked.err.cause, "rt-0") != NULL)
			fail_msg("%s %s: %d %s", rows[i].status, rows[i].body, asked.err.kind,
				asked.err.cause);
		assert_mentions(asked.err, rows[i].words);
		assert_true(asked.notes.answered);
	}
}

static void a_closed_port_is_worth_remembering_a_bad_url_is_not(void **state)
{
	box_configure(*state, "token_endpoint = http://127.0.0.1:1/token\nhttp_loopback = yes\n");
	assert_false(ask(*state, "rt-0"));
	assert_int_equal(asked.err.kind, ERROR_TEMPORARY);
	assert_string_equal(asked.reply->refresh_token, "");
	assert_string_equal(asked.reply->error, "");
	assert_true(asked.notes.answered);
	assert_int_equal(asked.notes.retry_after, -1);
	box_configure(*state, "token_endpoint = http://127.0.0.1:1/token\n");
	assert_false(ask(*state, "rt-0"));
	assert_failed(asked.err, ERROR_CONFIG, "http_loopback");
	assert_false(asked.notes.answered);
}

static void hostile_words_come_out_clean(void **state)
{
	account_with(*state, "");
	server_add(&asked.server, "400 Bad",
		"{\"error\":\"in\\u001b[2Jvalid\",\"error_description\":\"a\\r\\nb%s%n\\u0000c\"}");
	assert_false(ask(*state, "rt-0"));
	assert_mentions(asked.err, "in?[2Jvalid (a??b%s%n?c)");
}

static void no_secret_in(const char *text)
{
	assert_null(strstr(text, "rt-spent-0123456789"));
	assert_null(strstr(text, "s3cr3t-0123456789"));
}

static void what_a_server_repeats_of_our_secrets_is_not_shown(void **state)
{
	account_with(*state, "client_secret = x\n");
	buffer_puts(&asked.secret, "s3cr3t-0123456789");
	server_add(&asked.server, "400 Bad",
		"{\"error\":\"no rt-spent-0123456789\",\"suberror\":\"s3cr3t-0123456789\","
		"\"error_description\":\"rt-spent-0123456789 of s3cr3t-0123456789 is bad\"}");
	assert_false(ask(*state, "rt-spent-0123456789"));
	no_secret_in(asked.err.cause);
	no_secret_in(asked.reply->error);
	assert_mentions(asked.err, " is bad");
	server_add(&asked.server, "200 OK",
		"{\"access_token\":\"at\",\"scope\":\"mail rt-spent-0123456789 "
		"s3cr3t-0123456789\"}");
	assert_done(ask(*state, "rt-spent-0123456789"), asked.err);
	no_secret_in(asked.reply->scope);
	server_add(&asked.server, "200 OK",
		"{\"access_token\":\"at-new-0123456789\",\"token_type\":\"at-new-0123456789\"}");
	assert_false(ask(*state, "rt-spent-0123456789"));
	assert_null(strstr(asked.err.cause, "at-new-0123456789"));
}

static void a_request_that_is_too_large_is_not_sent(void **state)
{
	char *scope = repeat("%", 128 * 1024 / 3);

	account_with(*state, "");
	asked.scope = scope;
	assert_false(ask(*state, "rt-0"));
	assert_failed(asked.err, ERROR_SYSTEM, "too large");
	assert_int_equal(asked.server.requests, 0);
	assert_false(asked.notes.answered);
	free(scope);
}

static void what_was_issued_with_a_bad_access_token_is_there(void **state)
{
	account_with(*state, "");
	server_add(&asked.server, "200 OK",
		"{\"access_token\":\"a\\u0001b\",\"refresh_token\":\"rt-1\"}");
	assert_false(ask(*state, "rt-0"));
	assert_string_equal(asked.reply->refresh_token, "rt-1");
	assert_string_equal(asked.reply->access_token, "");
}

static void a_body_too_large_is_told(void **state)
{
	char *body = repeat(" ", HTTP_BODY_MAX + 1);

	account_with(*state, "");
	server_add(&asked.server, "200 OK", body);
	assert_false(ask(*state, "rt-0"));
	assert_failed(asked.err, ERROR_SERVER, "65536");
	free(body);
}

/* ---- the request ---- */

#define FINE "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\",\"expires_in\":60}"

static void a_public_client_sends_its_id_alone(void **state)
{
	account_with(*state, "");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, "rt-0"), asked.err);
	assert_string_equal(form(), "grant_type=refresh_token&refresh_token=rt-0&client_id=client");
	assert_null(strcasestr(asked.server.request, "\r\nAuthorization:"));
}

static void a_secret_is_posted(void **state)
{
	account_with(*state, "client_secret = x\nclient_id = me & you\n");
	buffer_puts(&asked.secret, "s3 cr+3t");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, "r/t=0"), asked.err);
	assert_string_equal(form(),
		"grant_type=refresh_token&refresh_token=r%2Ft%3D0"
		"&client_id=me%20%26%20you&client_secret=s3%20cr%2B3t");
}

/* RFC 6749 s.2.3.1: both halves are form-encoded first, so a colon divides only once. */
static void basic_encodes_both_halves(void **state)
{
	account_with(*state,
		"token_endpoint_auth_method = client_secret_basic\n"
		"client_secret = x\nclient_id = a:b\n");
	buffer_puts(&asked.secret, "c%d");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, "rt-0"), asked.err);
	/* base64 of a%3Ab:c%25d */
	assert_non_null(
		strcasestr(asked.server.request, "\r\nAuthorization: Basic YSUzQWI6YyUyNWQ=\r\n"));
	assert_string_equal(form(), "grant_type=refresh_token&refresh_token=rt-0");
}

static void the_configured_scope_goes_before_the_granted_one(void **state)
{
	asked.scope = "granted";
	account_with(*state, "");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, "rt-0"), asked.err);
	assert_non_null(strstr(form(), "&scope=granted&"));
	account_with(*state, "scope = one two\n");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, "rt-0"), asked.err);
	assert_non_null(strstr(form(), "&scope=one%20two&"));
}

/* The largest refresh token, of octets that are all written %XX, has room. */
static void the_largest_refresh_token_has_room(void **state)
{
	char *token = repeat("%", TOKEN_MAX);

	account_with(*state, "");
	buffer_puts(&asked.secret, "s");
	server_add(&asked.server, "200 OK", FINE);
	assert_done(ask(*state, token), asked.err);
	assert_true(strlen(form()) > 3 * TOKEN_MAX);
	free(token);
}

static void a_good_answer_is_read_with_any_status_of_success(void **state)
{
	static const char *const statuses[] = {"200 OK", "201 Created", "299 Well"};

	account_with(*state, "");
	for (size_t i = 0; i < 3; i++) {
		server_add(&asked.server, statuses[i], FINE);
		assert_done(ask(*state, "rt-0"), asked.err);
		assert_string_equal(asked.reply->access_token, "at-1");
		assert_string_equal(asked.reply->refresh_token, "rt-1");
		assert_int_equal(asked.reply->expires_in, 60);
		assert_true(asked.notes.answered);
	}
}

static void the_server_s_clock_and_patience_are_noted(void **state)
{
	static const char answer[] =
		"HTTP/1.1 429 Slow\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";

	account_with(*state, "");
	server_add_bytes(&asked.server, answer, sizeof(answer) - 1);
	assert_false(ask(*state, "rt-0"));
	assert_int_equal(asked.notes.date, 784111777);
	assert_int_equal(asked.notes.retry_after, 7);
}

#define ASKED_TEST(name) cmocka_unit_test_setup_teardown(name, asked_setup, asked_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ASKED_TEST(each_failure_means_what_it_says),
		ASKED_TEST(a_closed_port_is_worth_remembering_a_bad_url_is_not),
		ASKED_TEST(hostile_words_come_out_clean),
		ASKED_TEST(what_a_server_repeats_of_our_secrets_is_not_shown),
		ASKED_TEST(a_request_that_is_too_large_is_not_sent),
		ASKED_TEST(what_was_issued_with_a_bad_access_token_is_there),
		ASKED_TEST(a_body_too_large_is_told),
		ASKED_TEST(a_public_client_sends_its_id_alone),
		ASKED_TEST(a_secret_is_posted),
		ASKED_TEST(basic_encodes_both_halves),
		ASKED_TEST(the_configured_scope_goes_before_the_granted_one),
		ASKED_TEST(the_largest_refresh_token_has_room),
		ASKED_TEST(a_good_answer_is_read_with_any_status_of_success),
		ASKED_TEST(the_server_s_clock_and_patience_are_noted),
	};

	return cmocka_run_group_tests_name("grant", tests, library_setup, library_teardown);
}
