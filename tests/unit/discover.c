/* Also the test of document.c and metadata.c, which discover.c shows from outside. What a domain
 * publishes needs the DNS: tests/e2e/discover.sh. */
#include "discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "http.h"
#include "metadata.h"
#include "online_support.h"

static struct box *box;
static struct buffer keys;
static struct error err;
static char issuer[256];

/* A server that is as new, and its issuer. */
static void reset(void)
{
	server_stop(&server);
	server_start(&server);
	snprintf(issuer, sizeof(issuer), "http://127.0.0.1:%d", server.port);
}

static int setup(void **state)
{
	if (server_setup(state) != 0)
		return -1;
	box = *state;
	memset(&err, 0, sizeof(err));
	keys = BUFFER(8192);
	buffer_puts(&keys, "before = 1\n");
	snprintf(issuer, sizeof(issuer), "http://127.0.0.1:%d", server.port);
	box_configure(box, "http_loopback = yes\ntoken_endpoint = https://example.test/token\n");
	return 0;
}

static int teardown(void **state)
{
	buffer_free(&keys);
	return server_teardown(state);
}

static bool discover(const char *path)
{
	char asked[300];

	snprintf(asked, sizeof(asked), "%s%s", issuer, path);
	return discover_issuer(&box->config, box->account, asked, &keys, &err);
}

/* A document whose issuer is ours with path, and more members. */
static const char *document(const char *path, const char *more)
{
	static char json[2048];

	snprintf(json, sizeof(json), "{\"issuer\":\"%s%s\"%s}", issuer, path, more);
	return json;
}

static const char endpoints[] = ",\"token_endpoint\":\"https://a.test/token\","
				"\"authorization_endpoint\":\"https://a.test/auth\"";

static void refused(bool ok, enum error_kind kind, const char *words)
{
	assert_false(ok);
	assert_failed(err, kind, words);
	assert_string_equal(buffer_text(&keys), "before = 1\n");
	memset(&err, 0, sizeof(err));
}

static void what_is_no_issuer_is_not_asked(void **state)
{
	static const char *const bad[] = {"", "127.0.0.1", "ftp://127.0.0.1", "https://",
		"https:///a", "https://me@example.test", "https://example.test/a b",
		"https://example.test/?a", "https://example.test/#a",
		"https://example.test/{tenant}", "https://?x"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(discover_issuer(&box->config, box->account, bad[i], &keys, &err),
			ERROR_CONFIG, "cannot be an issuer");
	box_configure(box, "token_endpoint = https://example.test/token\n");
	refused(discover(""), ERROR_CONFIG, "cannot be an issuer");
	assert_int_equal(server.requests, 0);
}

static void redirects_are_named_not_followed(void **state)
{
	static const char redirect[] = "HTTP/1.1 301 Moved\r\nLocation: https://evil.test/x\r\n"
				       "Content-Length: 0\r\nConnection: close\r\n\r\n";

	(void)state;
	server_add_bytes(&server, redirect, strlen(redirect));
	server_add(&server, "404 Not Found", "{}");
	refused(discover(""), ERROR_SERVER, "redirects to https://evil.test/x (HTTP 301)");
	assert_int_equal(server.requests, 2);
}

static void what_is_no_document_is_named(void **state)
{
	static const struct {
		const char *status, *body, *words;
		enum error_kind kind;
	} rows[] = {
		{"200 OK", "<html>", "web page", ERROR_SERVER},
		{"200 OK", "", "is empty", ERROR_SERVER},
		{"404 Not Found", "{}", "is not there (HTTP 404)", ERROR_SERVER},
		{"403 Forbidden", "no", "is not there (HTTP 403)", ERROR_SERVER},
		{"500 Broken", "{}", "HTTP 500", ERROR_TEMPORARY},
		{"503 Busy", "<html>", "HTTP 503", ERROR_TEMPORARY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		server_add(&server, rows[i].status, rows[i].body);
		server_add(&server, "404 Not Found", "{}");
		refused(discover(""), rows[i].kind, rows[i].words);
		assert_int_equal(server.requests, 2);
	}
}

static void a_document_that_cannot_be_used_ends_it(void **state)
{
	static const struct {
		const char *json, *words;
	} rows[] = {
		{"[]", "not a JSON object"},
		{"{\"issuer\":", "not a JSON object"},
		{"{}", "no issuer"},
		{"{\"issuer\":1}", "no issuer"},
		{"{\"issuer\":\"https://other.test\",\"token_endpoint\":\"https://a.test/\","
		 "\"authorization_endpoint\":\"https://a.test/\"}",
			"is about another issuer: https://other.test"},
		{"{\"issuer\":\"\",\"token_endpoint\":\"https://a.test/\"}", "no issuer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		server_add(&server, "200 OK", rows[i].json);
		refused(discover(""), ERROR_SERVER, rows[i].words);
		assert_int_equal(server.requests, 1);
	}
}

static void endpoints_must_be_there_and_addresses(void **state)
{
	static const struct {
		const char *more, *words;
	} rows[] = {
		{"", "no token_endpoint"},
		{",\"token_endpoint\":\"https://a.test/\"", "no authorization_endpoint"},
		{",\"token_endpoint\":[],\"authorization_endpoint\":\"https://a.test/\"",
			"no token_endpoint"},
		{",\"token_endpoint\":\"https://a.test/\\n\",\"authorization_endpoint\":\"x\"",
			"no token_endpoint"},
		{",\"token_endpoint\":\"ftp://a.test/\",\"authorization_endpoint\":\"https://a.test/\"",
			"token_endpoint that"},
		{",\"token_endpoint\":\"https://a.test/\",\"authorization_endpoint\":\"file:///x\"",
			"authorization_endpoint that"},
		{",\"token_endpoint\":\"https://a.test/{region}\","
		 "\"authorization_endpoint\":\"https://a.test/\"",
			"is no https address"},
		{",\"token_endpoint\":\"https://a.test/\",\"authorization_endpoint\":"
		 "\"https://a.test@evil.test/\"",
			"is no https address"},
		{",\"token_endpoint\":\"https://a.test/\",\"authorization_endpoint\":"
		 "\"https://a.test/\",\"revocation_endpoint\":\"https://a.test/ scope = x\"",
			"revocation_endpoint that"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		server_add(&server, "200 OK", document("", rows[i].more));
		refused(discover(""), ERROR_SERVER, rows[i].words);
	}
}

static void a_document_has_a_maximum(void **state)
{
	char *json = repeat(" ", HTTP_BODY_MAX + 1);

	(void)state;
	memcpy(json, "{}", 2);
	server_add(&server, "200 OK", json);
	server_add(&server, "404 Not Found", "");
	refused(discover(""), ERROR_SERVER, "more than 65536 octets");
	free(json);
}

static void nobody_is_asked_twice_for_nothing(void **state)
{
	(void)state;
	refused(discover_issuer(&box->config, box->account, "http://127.0.0.1:1", &keys, &err),
		ERROR_TEMPORARY, "cannot be reached");
}

static void well_known_stands_before_the_path_then_behind_it(void **state)
{
	static const struct {
		const char *path, *first, *second;
	} rows[] = {
		{"", "GET /.well-known/oauth-authorization-server HTTP",
			"GET /.well-known/openid-configuration HTTP"},
		{"/", "GET /.well-known/oauth-authorization-server HTTP",
			"GET /.well-known/openid-configuration HTTP"},
		{"/a/b", "GET /.well-known/oauth-authorization-server/a/b HTTP",
			"GET /a/b/.well-known/openid-configuration HTTP"},
		{"/a/b/", "GET /.well-known/oauth-authorization-server/a/b HTTP",
			"GET /a/b/.well-known/openid-configuration HTTP"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		server_add(&server, "200 OK", document(rows[i].path, endpoints));
		assert_done(discover(rows[i].path), err);
		assert_ptr_equal(strstr(server.request, rows[i].first), server.request);

		reset();
		server_add(&server, "404 Not Found", "");
		server_add(&server, "200 OK", document(rows[i].path, endpoints));
		assert_done(discover(rows[i].path), err);
		assert_ptr_equal(strstr(server.request, rows[i].second), server.request);
	}
}

static void an_issuer_is_compared_octet_by_octet(void **state)
{
	static const struct {
		const char *asked, *named;
	} rows[] = {{"", "/"}, {"/", ""}, {"/a", "/A"}, {"/a", "/a/"}, {"/a", "/a/../a"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		server_add(&server, "200 OK", document(rows[i].named, endpoints));
		refused(discover(rows[i].asked), ERROR_SERVER, "is about another issuer");
	}
}

static void keys_that_are_there_are_not_added(void **state)
{
	char wanted[512];

	(void)state;
	server_add(&server, "200 OK",
		document("",
			",\"token_endpoint\":\"https://a.test/token\","
			"\"device_authorization_endpoint\":\"https://a.test/device\","
			"\"scopes_supported\":[\"openid\",\"email\",\"mail\",1,null]"));
	assert_done(discover(""), err);
	snprintf(wanted, sizeof(wanted),
		"before = 1\nissuer = %s\ndevice_authorization_endpoint = https://a.test/device\n"
		"scope = mail\nlogin_scope = openid email\n",
		issuer);
	assert_string_equal(buffer_text(&keys), wanted);
}

/* ---- what a domain publishes ---- */

static bool read_domain(const char *json, struct metadata_domain *domain)
{
	return metadata_parse_domain(json, strlen(json), domain, &err);
}

static void a_domain_s_document_is_read(void **state)
{
	static const char *const bad[] = {"[]", "{\"authentication\":{\"oauth-public\":{}}}",
		"{\"authentication\":{\"oauth-public\":{\"issuer\":7}}}",
		"{\"protocols\":{\"imap\":{}}}", "{\"protocols\":{\"imap\":{\"host\":\"imap\"}}}",
		"{\"protocols\":{\"imap\":{\"host\":\"*.example.test\"}}}",
		"{\"protocols\":{\"smtp\":{\"host\":\"a.test b.test\"}}}",
		"{\"protocols\":{\"pop3\":{\"host\":\"a.test\\nscope = x\"}}}"};
	struct metadata_domain domain;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_domain(bad[i], &domain))
			fail_msg("%s is taken", bad[i]);
	assert_true(read_domain("{}", &domain));
	assert_string_equal(domain.issuer, "");
	assert_true(read_domain("{\"protocols\":{\"smtp\":{\"host\":\"old.test\"},"
				"\"submit\":{\"host\":\"new.test\"}}}",
		&domain));
	assert_string_equal(domain.hosts[METADATA_SMTP], "new.test");
	metadata_print_domain(&domain, box->account, &keys);
	assert_string_equal(
		buffer_text(&keys), "before = 1\nhosts = new.test\nsmtp = new.test:465\n");
}

#define DISCOVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DISCOVER_TEST(what_is_no_issuer_is_not_asked),
		DISCOVER_TEST(redirects_are_named_not_followed),
		DISCOVER_TEST(what_is_no_document_is_named),
		DISCOVER_TEST(a_document_that_cannot_be_used_ends_it),
		DISCOVER_TEST(endpoints_must_be_there_and_addresses),
		DISCOVER_TEST(a_document_has_a_maximum),
		DISCOVER_TEST(nobody_is_asked_twice_for_nothing),
		DISCOVER_TEST(well_known_stands_before_the_path_then_behind_it),
		DISCOVER_TEST(an_issuer_is_compared_octet_by_octet),
		DISCOVER_TEST(keys_that_are_there_are_not_added),
		DISCOVER_TEST(a_domain_s_document_is_read),
	};

	return cmocka_run_group_tests_name("discover", tests, library_setup, library_teardown);
}
