#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "online_support.h"

static struct http_request request_to(const char *url)
{
	return (struct http_request){.url = url,
		.form = "grant_type=refresh_token",
		.password = "",
		.ca_file = "",
		.proxy = "",
		.http_loopback = true,
		.connect_timeout = 2,
		.timeout = 5};
}

static char *server_url(void)
{
	static char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/token", server.port);
	return url;
}

static bool post_to(const char *url, bool http_loopback, struct error *err)
{
	struct http_request request = request_to(url);
	struct http_reply reply;
	bool ok;

	request.http_loopback = http_loopback;
	request.connect_timeout = 1;
	request.timeout = 1;
	ok = http_post(&request, &reply, err);
	buffer_free(&reply.body);
	return ok;
}

/* ---- the URL ---- */

static void what_is_no_url_is_refused(void **state)
{
	static const char *const bad[] = {"", "token", "/token", "https", "https:", "https://",
		"://localhost/", "https://local host/", "https://localhost:0x1/",
		"https://localhost:65536/", "https://localhost:-1/", "https://[::1/",
		"https://local\nhost/", "https://local\thost/", "file:///etc/passwd"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = {0};

		if (post_to(bad[i], true, &err) || err.kind != ERROR_CONFIG)
			fail_msg("`%s`: %d %s", bad[i], err.kind, err.cause);
	}
}

static void what_is_not_https_is_refused(void **state)
{
	static const char *const bad[] = {"http://example.test/token", "ftp://localhost/token",
		"gopher://127.0.0.1/", "ldap://127.0.0.1/", "smtp://127.0.0.1/",
		"http://128.0.0.1/", "http://10.0.0.1/", "http://0.0.0.0/", "http://[::2]/",
		"http://127.example.test/", "http://127.0.0.1.example.test/",
		"http://localhost.example.test/", "http://[::ffff:10.0.0.1]/",
		"http://2130706434.example.test/", "http://example.test:80/127.0.0.1",
		"http://example.test/?localhost", "http://example.test#127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = {0};

		if (post_to(bad[i], true, &err) || err.kind != ERROR_CONFIG)
			fail_msg("`%s`: %d %s", bad[i], err.kind, err.cause);
		assert_mentions(err, "is not https");
		assert_mentions(err, "https only");
	}
}

static void a_user_in_the_url_is_refused(void **state)
{
	static const char *const bad[] = {"https://me@localhost:1/", "https://me:pw@localhost:1/",
		"https://:pw@localhost:1/", "http://127.0.0.1@example.test/",
		"https://@localhost:1/"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = {0};

		if (post_to(bad[i], true, &err) || err.kind != ERROR_CONFIG)
			fail_msg("`%s`: %d %s", bad[i], err.kind, err.cause);
	}
}

/* Whether they are called: port 1 is closed, so that shows as a network that fails. */
static void http_needs_loopback_and_leave(void **state)
{
	static const char *const loopback[] = {"http://127.0.0.1:1/", "http://127.1:1/",
		"http://127.255.255.254:1/", "http://localhost:1/", "http://LOCALHOST:1/",
		"http://[::1]:1/", "HTTP://127.0.0.1:1/"};

	(void)state;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		struct error err = {0};

		assert_false(post_to(loopback[i], false, &err));
		assert_failed(err, ERROR_CONFIG, "http_loopback = yes");
		assert_false(post_to(loopback[i], true, &err));
		if (err.kind != ERROR_TEMPORARY)
			fail_msg("`%s`: %d %s", loopback[i], err.kind, err.cause);
	}
}

static void https_needs_no_leave(void **state)
{
	struct error err = {0};

	(void)state;
	assert_false(post_to("https://localhost:1/token", false, &err));
	assert_failed(err, ERROR_TEMPORARY, "localhost");
	assert_false(post_to("HTTPS://localhost:1/token", false, &err));
	assert_failed(err, ERROR_TEMPORARY, "localhost");
}

static void a_ca_file_that_cannot_be_used_is_named(void **state)
{
	struct http_request request = request_to("https://localhost:1/");
	struct http_reply reply;
	struct error err = {0};
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server.port);
	request.url = url;
	request.ca_file = "/nonexistent/ca.pem";
	assert_false(http_post(&request, &reply, &err));
	buffer_free(&reply.body);
	assert_failed(err, ERROR_CONFIG, "/nonexistent/ca.pem");
}

/* ---- the form ---- */

static void all_octets_are_encoded(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		struct buffer form = BUFFER(16);
		char value[2] = {(char)c, '\0'}, wanted[8];

		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c))
			snprintf(wanted, sizeof(wanted), "%c", c);
		else
			snprintf(wanted, sizeof(wanted), "%%%02X", (unsigned)c);
		http_form_encode(&form, value);
		assert_string_equal(buffer_text(&form), wanted);
		buffer_free(&form);
	}
}

static void a_form_joins_its_fields_and_leaves_empty_ones_out(void **state)
{
	struct buffer form = BUFFER(64);

	(void)state;
	http_form_add(&form, "empty", "");
	assert_string_equal(buffer_text(&form), "");
	http_form_add(&form, "a", "1&2=3");
	http_form_add(&form, "empty", "");
	http_form_add(&form, "b", "x y+z");
	assert_string_equal(buffer_text(&form), "a=1%262%3D3&b=x%20y%2Bz");
	assert_true(buffer_ok(&form));
	buffer_free(&form);
}

static void a_form_at_its_limit_and_one_past(void **state)
{
	struct buffer form = BUFFER(5);

	(void)state;
	http_form_add(&form, "a", "%");
	assert_true(buffer_ok(&form));
	assert_string_equal(buffer_text(&form), "a=%25");
	buffer_free(&form);
	form = BUFFER(4);
	http_form_add(&form, "a", "%");
	assert_false(buffer_ok(&form));
	buffer_free(&form);
}

/* ---- the exchange ---- */

static bool exchange(struct http_reply *reply, struct error *err)
{
	struct http_request request = request_to(server_url());

	memset(err, 0, sizeof(*err));
	return http_post(&request, reply, err);
}

static void a_body_at_the_limit_and_one_past(void **state)
{
	char *body = repeat("x", HTTP_BODY_MAX + 1);
	struct http_reply reply;
	struct error err;

	(void)state;
	server_add(&server, "200 OK", body + 1);
	server_add(&server, "200 OK", body);
	assert_done(exchange(&reply, &err), err);
	assert_true(buffer_ok(&reply.body));
	assert_int_equal(reply.body.len, HTTP_BODY_MAX);
	buffer_free(&reply.body);
	assert_done(exchange(&reply, &err), err);
	assert_false(buffer_ok(&reply.body));
	assert_int_equal(reply.status, 200);
	assert_true(reply.body.len <= HTTP_BODY_MAX);
	buffer_free(&reply.body);
	free(body);
}

static void broken_answers_are_failures(void **state)
{
	static const struct {
		const char *bytes;
		enum error_kind kind;
	} rows[] = {
		{"", ERROR_TEMPORARY},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ERROR_TEMPORARY},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", ERROR_TEMPORARY},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ERROR_TEMPORARY},
		{"220 mail.example.test ESMTP\r\n", ERROR_SERVER},
		{"\r\n\r\n", ERROR_SERVER},
	};
	struct http_reply reply;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		server_add_bytes(&server, rows[i].bytes, strlen(rows[i].bytes));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (exchange(&reply, &err) ||
			(err.kind != ERROR_TEMPORARY && err.kind != ERROR_SERVER))
			fail_msg("answer %zu: %d %s", i, err.kind, err.cause);
		if (i != 3)
			assert_int_equal(err.kind, rows[i].kind);
		assert_mentions(err, "127.0.0.1");
		buffer_free(&reply.body);
	}
}

/* Holds the answer back until the test closes its end of the pipe. */
static void hold_back(void *context, int number)
{
	char byte;

	(void)number;
	if (read(*(int *)context, &byte, 1) != 0)
		abort();
}

static void a_hang_ends_at_the_timeout(void **state)
{
	struct http_request request = request_to(server_url());
	struct http_reply reply;
	struct error err = {0};
	int ends[2];
	int64_t start = clock_milliseconds();

	(void)state;
	assert_int_equal(pipe(ends), 0);
	server.context = &ends[0];
	server.on_request = hold_back;
	request.timeout = 1;
	assert_false(http_post(&request, &reply, &err));
	assert_failed(err, ERROR_TEMPORARY, "did not answer in time");
	assert_in_range(clock_milliseconds() - start, 900, 2500);
	buffer_free(&reply.body);
	close(ends[1]);
	server_stop(&server);
	close(ends[0]);
	server_start(&server);
}

static void a_redirect_is_told_and_not_followed(void **state)
{
	struct http_reply reply;
	struct error err;
	char answer[256];

	(void)state;
	snprintf(answer, sizeof(answer),
		"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:%d/other\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n",
		server.port);
	server_add_bytes(&server, answer, strlen(answer));
	server_add(&server, "200 OK", "{}");
	assert_done(exchange(&reply, &err), err);
	assert_int_equal(reply.status, 307);
	assert_non_null(strstr(reply.location, "/other"));
	assert_int_equal(server.requests, 1);
	buffer_free(&reply.body);
}

static void the_request_is_what_a_token_endpoint_wants(void **state)
{
	struct http_reply reply;
	struct error err;

	(void)state;
	server_add(&server, "200 OK", "{}");
	assert_done(exchange(&reply, &err), err);
	assert_int_equal(strncmp(server.request, "POST /token HTTP/1.1\r\n", 22), 0);
	assert_non_null(strcasestr(
		server.request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strcasestr(server.request, "\r\nAccept: application/json\r\n"));
	assert_non_null(
		strcasestr(server.request, "\r\nUser-Agent: saslfresh/" SASLFRESH_VERSION "\r\n"));
	assert_null(strcasestr(server.request, "\r\nExpect:"));
	assert_null(strcasestr(server.request, "\r\nCookie:"));
	assert_null(strcasestr(server.request, "\r\nAuthorization:"));
	assert_non_null(strstr(server.request, "\r\n\r\ngrant_type=refresh_token"));
	buffer_free(&reply.body);
}

static void basic_is_user_and_password(void **state)
{
	struct http_request request = request_to(server_url());
	struct http_reply reply;
	struct error err = {0};

	(void)state;
	server_add(&server, "200 OK", "{}");
	request.user = "Aladdin";
	request.password = "open%20sesame";
	assert_done(http_post(&request, &reply, &err), err);
	/* base64 of Aladdin:open%20sesame */
	assert_non_null(strcasestr(
		server.request, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuJTIwc2VzYW1l\r\n"));
	buffer_free(&reply.body);
}

/* Neither a netrc nor a curlrc nor a cookie jar of the user has a say. */
static void a_netrc_is_not_read(void **state)
{
	struct http_reply reply;
	struct error err;

	server_add(&server, "200 OK", "{}");
	file_puts(box_path(*state, ".netrc"), 0600,
		"machine 127.0.0.1 login intruder password secret\n");
	assert_done(exchange(&reply, &err), err);
	assert_null(strcasestr(server.request, "\r\nAuthorization:"));
	buffer_free(&reply.body);
}

static void plain_http_goes_to_no_proxy(void **state)
{
	struct http_reply reply;
	struct error err;

	(void)state;
	server_add(&server, "200 OK", "{}");
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	assert_done(exchange(&reply, &err), err);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	assert_int_equal(server.requests, 1);
	buffer_free(&reply.body);
}

static void add_with_headers(const char *headers)
{
	char answer[2048];

	snprintf(answer, sizeof(answer),
		"HTTP/1.1 429 Slow\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", headers);
	server_add_bytes(&server, answer, strlen(answer));
}

static void headers_are_noted(void **state)
{
	struct http_reply reply;
	struct error err;

	(void)state;
	add_with_headers("Retry-After: 120\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			 "Content-Type: text/html; charset=utf-8\r\n");
	assert_done(exchange(&reply, &err), err);
	assert_int_equal(reply.status, 429);
	assert_int_equal(reply.retry_after, 120);
	assert_int_equal(reply.date, 784111777);
	assert_string_equal(reply.content_type, "text/html; charset=utf-8");
	assert_string_equal(reply.host, "127.0.0.1");
	buffer_free(&reply.body);
}

static void retry_after_may_be_a_date(void **state)
{
	struct http_reply reply;
	struct error err;
	char headers[128];
	time_t then = time(NULL) + 100;

	(void)state;
	strftime(headers, sizeof(headers), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
		gmtime(&then));
	add_with_headers(headers);
	assert_done(exchange(&reply, &err), err);
	assert_in_range(reply.retry_after, 90, 100);
	buffer_free(&reply.body);
}

static void headers_that_say_nothing_are_passed_over(void **state)
{
	static const char *const headers[] = {"", "Retry-After: soon\r\nDate: yesterday\r\n",
		"Retry-After: -5\r\nDate:\r\n", "Retry-After: 0\r\nDate: 0\r\n",
		"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate-Of: today\r\n"};
	struct http_reply reply;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		add_with_headers(headers[i]);
	for (size_t i = 0; i < 5; i++) {
		assert_done(exchange(&reply, &err), err);
		assert_int_equal(reply.retry_after, -1);
		assert_int_equal(reply.date, 0);
		assert_string_equal(reply.content_type, "");
		assert_string_equal(reply.location, "");
		buffer_free(&reply.body);
	}
}

/* "Date:" and what follows are kept in 64 octets; longer is passed over, longest words are cut. */
static void long_headers_are_cut(void **state)
{
	char *word = repeat("w", 500), headers[1600];
	struct http_reply reply;
	struct error err;

	(void)state;
	snprintf(headers, sizeof(headers),
		"Date: Sun, 06 Nov 1994 08:49:37 GMT %.100s\r\nContent-Type: %s\r\n", word, word);
	add_with_headers(headers);
	assert_done(exchange(&reply, &err), err);
	assert_int_equal(reply.date, 0);
	assert_int_equal(strlen(reply.content_type), HTTP_WORD_MAX - 1);
	buffer_free(&reply.body);
	free(word);
}

static void a_body_with_nuls_comes_whole(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\0b";
	struct http_reply reply;
	struct error err;

	(void)state;
	server_add_bytes(&server, answer, sizeof(answer) - 1);
	assert_done(exchange(&reply, &err), err);
	assert_int_equal(reply.body.len, 3);
	assert_memory_equal(reply.body.data, "a\0b", 3);
	buffer_free(&reply.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(what_is_no_url_is_refused),
		BOX_TEST(what_is_not_https_is_refused),
		BOX_TEST(a_user_in_the_url_is_refused),
		BOX_TEST(http_needs_loopback_and_leave),
		BOX_TEST(https_needs_no_leave),
		SERVER_TEST(a_ca_file_that_cannot_be_used_is_named),
		BOX_TEST(all_octets_are_encoded),
		BOX_TEST(a_form_joins_its_fields_and_leaves_empty_ones_out),
		BOX_TEST(a_form_at_its_limit_and_one_past),
		SERVER_TEST(a_body_at_the_limit_and_one_past),
		SERVER_TEST(broken_answers_are_failures),
		SERVER_TEST(a_hang_ends_at_the_timeout),
		SERVER_TEST(a_redirect_is_told_and_not_followed),
		SERVER_TEST(the_request_is_what_a_token_endpoint_wants),
		SERVER_TEST(basic_is_user_and_password),
		SERVER_TEST(a_netrc_is_not_read),
		SERVER_TEST(plain_http_goes_to_no_proxy),
		SERVER_TEST(headers_are_noted),
		SERVER_TEST(retry_after_may_be_a_date),
		SERVER_TEST(headers_that_say_nothing_are_passed_over),
		SERVER_TEST(long_headers_are_cut),
		SERVER_TEST(a_body_with_nuls_comes_whole),
	};

	return cmocka_run_group_tests_name("http", tests, library_setup, library_teardown);
}
