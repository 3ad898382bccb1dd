#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "base64.h"
#include "online_support.h"

#define START                                                                                      \
	"{\"device_code\":\"dc-secret\",\"user_code\":\"ABCD-EFGH\",\"verification_uri\":"         \
	"\"https://as.test/device\",\"expires_in\":600,\"interval\":1}"
#define FINE "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\",\"token_type\":\"Bearer\"}"
#define PENDING "{\"error\":\"authorization_pending\"}"

/* One login: the server, the command's end of the standard input, and what was said. */
static struct flow {
	struct server server;
	struct login login;
	int parent[2];
	int lock_fd;
	bool forbidden;
	struct error err;
	char said[8192];
	int64_t seconds;
} flow;

static int flow_setup(void **state)
{
	memset(&flow, 0, sizeof(flow));
	server_start(&flow.server);
	return socketpair(AF_UNIX, SOCK_STREAM, 0, flow.parent) == 0 ? box_setup(state) : -1;
}

static int flow_teardown(void **state)
{
	server_stop(&flow.server);
	close(flow.parent[0]);
	if (flow.parent[1] >= 0)
		close(flow.parent[1]);
	return box_teardown(state);
}

static void account_with(struct box *box, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"token_endpoint = http://127.0.0.1:%d/token\n"
		"device_authorization_endpoint = http://127.0.0.1:%d/device\nhttp_loopback = yes\n"
		"%s%s",
		flow.server.port, flow.server.port,
		strstr(lines, "scope =") != NULL ? "" : "scope = mail\n", lines);
	box_configure(box, text);
}

/* Runs the flow; what it says on standard error is in flow.said. */
static bool run(const struct box *box)
{
	const char *path = box_path(box, "said");
	int saved = dup(STDERR_FILENO);
	int said = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool ok;

	flow.lock_fd = open(state_path(box, "lock"), O_RDWR | O_CREAT, 0600);
	assert_true(said >= 0 && flow.lock_fd >= 0 && flock(flow.lock_fd, LOCK_EX) == 0);
	flow.login.online = (struct online){&box->config, box->account, 1000000, false};
	flow.login.started = clock_milliseconds();
	flow.login.lock_fd = flow.lock_fd;
	flow.login.input_fd = -1;
	flow.login.parent_fd = flow.parent[0];
	memset(&flow.err, 0, sizeof(flow.err));
	dup2(said, STDERR_FILENO);
	ok = login_by_device(&flow.login, &flow.forbidden, &flow.err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(said);
	close(flow.lock_fd);
	flow.seconds = (clock_milliseconds() - flow.login.started) / 1000;
	file_read(path, flow.said, sizeof(flow.said));
	assert_null(strstr(flow.said, "dc-secret"));
	return ok;
}

static void nothing_is_stored(const struct box *box)
{
	assert_false(file_exists(state_path(box, "grant")));
	assert_false(file_exists(state_path(box, "token")));
	assert_false(file_exists(state_path(box, "grant.new")));
}

static void approved_after_a_while(void **state)
{
	struct token token;

	account_with(*state, "");
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "400 Bad", PENDING);
	server_add(&flow.server, "428 Wait", PENDING);
	server_add(&flow.server, "200 OK", FINE);
	assert_done(run(*state), flow.err);
	assert_int_equal(flow.server.requests, 4);
	assert_non_null(strstr(flow.server.request,
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"));
	assert_non_null(strstr(flow.server.request, "device_code=dc-secret"));
	assert_non_null(strstr(flow.said, "\n  https://as.test/device\n"));
	assert_non_null(strstr(flow.said, "\n  ABCD-EFGH\n"));
	assert_non_null(strstr(flow.said, "does not say who"));
	token_load(*state, &token);
	assert_string_equal(token.access_token, "at-1");
	assert_true(token.issued_at >= 1000003 && token.issued_at <= 1000060);
	assert_true(file_exists(state_path(*state, "grant")));
}

static void slower_when_asked_or_when_the_network_fails(void **state)
{
	account_with(*state, "");
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "503 Oops", "");
	server_add(&flow.server, "400 Bad", "{\"error\":\"slow_down\"}");
	server_add(&flow.server, "200 OK", FINE);
	assert_done(run(*state), flow.err);
	/* 1, then 2, then 7 */
	assert_true(flow.seconds >= 10);
	assert_int_equal(flow.server.requests, 4);
}

static const struct row {
	const char *start;
	const char *status;
	const char *body;
	enum error_kind kind;
	const char *words[2];
} rows[] = {
	{START, "400 Bad", "{\"error\":\"expired_token\"}", ERROR_LOGIN, {"expired", "--device"}},
	{START, "400 Bad", "{\"error\":\"access_denied\"}", ERROR_LOGIN, {"access_denied", ""}},
	{START, "400 Bad", "{\"error\":\"authorization_declined\"}", ERROR_LOGIN,
		{"authorization_declined", ""}},
	{START, "400 Bad", "{\"error\":\"bad_verification_code\"}", ERROR_LOGIN, {"bad", ""}},
	{START, "400 Bad",
		"{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS53003: blocked "
		"dc-secret\"}",
		ERROR_LOGIN, {"(AADSTS53003: blocked *", "with a browser: saslfresh login me@"}},
	{START, "400 Bad", "{\"error\":\"interaction_required\"}", ERROR_LOGIN,
		{"interaction_required", "with a browser"}},
	{START, "200 OK", "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\"}", ERROR_CONFIG,
		{"no refresh token", "offline_access"}},
	{START, "200 OK", "<html>", ERROR_SERVER, {"web page", ""}},
	{"{\"device_code\":\"d\"}", NULL, NULL, ERROR_SERVER, {"lacks", ""}},
	{"{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"javascript:x\"}", NULL,
		NULL, ERROR_SERVER, {"lacks", ""}},
	{"{\"device_code\":\"d\",\"user_code\":\"\\u001b[2J\",\"verification_uri\":\"https://a\"}",
		NULL, NULL, ERROR_SERVER, {"lacks", ""}},
	{"[]", NULL, NULL, ERROR_SERVER, {"not a JSON object", ""}},
};

static void each_refusal_says_what_it_is(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		account_with(*state, "");
		server_reset(&flow.server);
		server_add(&flow.server, "200 OK", rows[i].start);
		if (rows[i].status != NULL)
			server_add(&flow.server, rows[i].status, rows[i].body);
		assert_false(run(*state));
		assert_failed(flow.err, rows[i].kind, rows[i].words[0]);
		assert_mentions(flow.err, rows[i].words[1]);
		nothing_is_stored(*state);
	}
}

static void a_flow_that_is_not_offered(void **state)
{
	static const char *const errors[] = {
		"unauthorized_client", "invalid_scope", "invalid_request"};
	char body[256];

	for (size_t i = 0; i < 3; i++) {
		account_with(*state, "");
		server_reset(&flow.server);
		snprintf(body, sizeof(body), "{\"error\":\"%s\"}", errors[i]);
		server_add(&flow.server, "400 Bad", body);
		assert_false(run(*state));
		assert_failed(flow.err, ERROR_CONFIG, errors[i]);
		assert_mentions(flow.err, "with a browser: saslfresh login " ACCOUNT_NAME);
		assert_true(flow.forbidden);
	}
	/* What another flow does not mend. */
	account_with(*state, "");
	server_reset(&flow.server);
	server_add(&flow.server, "400 Bad", "{\"error\":\"invalid_client\"}");
	assert_false(run(*state));
	assert_false(flow.forbidden);
	/* The policy of an organisation. */
	account_with(*state, "");
	server_reset(&flow.server);
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "400 Bad",
		"{\"error\":\"interaction_required\",\"error_description\":\"AADSTS53003: no\"}");
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_LOGIN, "device codes are not allowed here");
	assert_true(flow.forbidden);
	box_configure(*state, "");
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_CONFIG, "no device_authorization_endpoint");
	assert_true(flow.forbidden);
	box_configure(*state, "issuer = https://accounts.google.com\n");
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_CONFIG, "Google has no device flow for mail");
	assert_mentions(flow.err, "without --device: saslfresh login " ACCOUNT_NAME);
	assert_true(flow.forbidden);
}

static void a_code_that_expires_by_itself(void **state)
{
	account_with(*state, "");
	server_add(&flow.server, "200 OK",
		"{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_url\":\"https://a/b\","
		"\"expires_in\":\"1\",\"interval\":1}");
	server_add(&flow.server, "400 Bad", PENDING);
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_LOGIN, "expired");
	assert_non_null(strstr(flow.said, "  https://a/b\n"));
}

static void close_parent(void *context, int number)
{
	(void)context;
	if (number == 1) {
		close(flow.parent[1]);
		flow.parent[1] = -1;
	}
}

/* The command was killed while the server made up its mind: even a grant is dropped. */
static void whoever_gives_up_stores_nothing(void **state)
{
	account_with(*state, "");
	flow.server.on_request = close_parent;
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "200 OK", FINE);
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_LOGIN, "given up");
	assert_int_equal(flow.server.requests, 2);
	nothing_is_stored(*state);
}

/* ---- what was granted ---- */

static bool run_with_claims(struct box *box, const char *claims, const char *more)
{
	struct buffer payload = BUFFER(4096);
	char body[8192];

	base64_encode(&payload, (const unsigned char *)claims, strlen(claims));
	snprintf(body, sizeof(body),
		"{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\",\"id_token\":\"e30.%s.sig\"%"
		"s}",
		buffer_text(&payload), more);
	buffer_free(&payload);
	server_reset(&flow.server);
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "200 OK", body);
	return run(box);
}

static void the_person_is_compared(void **state)
{
	account_with(*state, "user = shared@example.test\n");
	assert_false(run_with_claims(*state, "{\"email\":\"x@example.test\",\"sub\":\"1\"}", ""));
	assert_failed(flow.err, ERROR_LOGIN, "it was x@example.test who signed in");
	assert_mentions(flow.err, "--any-user");
	nothing_is_stored(*state);
	assert_done(run_with_claims(*state, "{\"email\":\"a@b\",\"upn\":\"Me@Example.Test\"}", ""),
		flow.err);
	assert_done(run_with_claims(*state, "{\"preferred_username\":\"shared@example.test\"}", ""),
		flow.err);
	assert_done(run_with_claims(*state, "{\"sub\":\"4711\"}", ""), flow.err);
	assert_non_null(strstr(flow.said, "does not say who"));
	assert_done(run_with_claims(*state, "not json", ""), flow.err);
	flow.login.any_user = true;
	assert_done(run_with_claims(*state, "{\"email\":\"x@example.test\"}", ""), flow.err);
	flow.login.any_user = false;
}

static void a_server_is_asked_where_no_token_says_it(void **state)
{
	char lines[128];

	snprintf(lines, sizeof(lines), "userinfo_endpoint = http://127.0.0.1:%d/me\n",
		flow.server.port);
	account_with(*state, lines);
	server_add(&flow.server, "200 OK", START);
	server_add(&flow.server, "200 OK", FINE);
	server_add(&flow.server, "200 OK", "{\"email\":\"x@example.test\"}");
	assert_false(run(*state));
	assert_failed(flow.err, ERROR_LOGIN, "it was x@example.test");
	assert_true(strncmp(flow.server.request, "GET /me ", 8) == 0);
	assert_non_null(strstr(flow.server.request, "\r\nAuthorization: Bearer at-1\r\n"));
	nothing_is_stored(*state);
}

static void missing_scopes_are_named(void **state)
{
	account_with(*state, "scope = https://s/IMAP https://s/SMTP offline_access\n");
	assert_done(
		run_with_claims(*state, "{}", ",\"scope\":\"https://s/imap openid\""), flow.err);
	assert_non_null(strstr(flow.said, "warning: https://s/SMTP was not granted"));
	assert_null(strstr(flow.said, "IMAP was not"));
	assert_null(strstr(flow.said, "offline_access was not"));
	assert_done(run_with_claims(*state, "{}", ""), flow.err);
	assert_null(strstr(flow.said, "warning"));
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, flow_setup, flow_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_TEST(approved_after_a_while),
		FLOW_TEST(slower_when_asked_or_when_the_network_fails),
		FLOW_TEST(each_refusal_says_what_it_is),
		FLOW_TEST(a_flow_that_is_not_offered),
		FLOW_TEST(a_code_that_expires_by_itself),
		FLOW_TEST(whoever_gives_up_stores_nothing),
		FLOW_TEST(the_person_is_compared),
		FLOW_TEST(a_server_is_asked_where_no_token_says_it),
		FLOW_TEST(missing_scopes_are_named),
	};

	return cmocka_run_group_tests_name("device", tests, library_setup, library_teardown);
}
