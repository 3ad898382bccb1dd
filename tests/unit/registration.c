#include "registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "online_support.h"

static struct box *box;
static struct buffer keys;
static struct error err;

static void configure(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"http_loopback = yes\ntoken_endpoint = https://example.test/token\n"
		"registration_endpoint = http://127.0.0.1:%d/reg\n%s",
		server.port, lines);
	box_configure(box, text);
}

static int setup(void **state)
{
	if (server_setup(state) != 0)
		return -1;
	box = *state;
	memset(&err, 0, sizeof(err));
	keys = BUFFER(8192);
	configure("");
	return 0;
}

static int teardown(void **state)
{
	buffer_free(&keys);
	return server_teardown(state);
}

static bool register_client(const char *status, const char *body)
{
	server_stop(&server);
	server_start(&server);
	free(box->account->values[ACCOUNT_REGISTRATION_ENDPOINT]);
	if (asprintf(&box->account->values[ACCOUNT_REGISTRATION_ENDPOINT],
		    "http://127.0.0.1:%d/reg", server.port) < 0)
		return false;
	server_add(&server, status, body);
	memset(&err, 0, sizeof(err));
	buffer_free(&keys);
	return registration_register(&box->config, box->account, &keys, &err);
}

static void without_an_endpoint_nobody_is_asked(void **state)
{
	(void)state;
	free(box->account->values[ACCOUNT_REGISTRATION_ENDPOINT]);
	box->account->values[ACCOUNT_REGISTRATION_ENDPOINT] = NULL;
	assert_false(registration_register(&box->config, box->account, &keys, &err));
	assert_failed(err, ERROR_CONFIG, "registers no clients by itself");
}

static void refusals_are_sentences(void **state)
{
	static const struct {
		const char *status, *body, *words;
		enum error_kind kind;
	} rows[] = {
		{"400 Bad Request",
			"{\"error\":\"invalid_redirect_uri\",\"error_description\":\"no\\u001b[m\"}",
			"invalid_redirect_uri: no?[m", ERROR_CONFIG},
		{"400 Bad Request", "{\"error\":\"invalid_redirect_uri\"}",
			"redirect_uri = ", ERROR_CONFIG},
		{"400 Bad Request", "{\"error\":\"invalid_client_metadata\"}", "another `scope`",
			ERROR_CONFIG},
		{"401 Unauthorized", "", "ask its administrator", ERROR_CONFIG},
		{"403 Forbidden", "<html>no</html>", "HTTP 403", ERROR_CONFIG},
		{"404 Not Found", "gone", "HTTP 404", ERROR_CONFIG},
		{"429 Slow", "{}", "registers nobody for now (HTTP 429)", ERROR_TEMPORARY},
		{"500 Broken", "<html>", "registers nobody for now (HTTP 500)", ERROR_TEMPORARY},
		{"302 Found", "", "redirects", ERROR_SERVER},
		{"200 OK", "<html>", "web page", ERROR_SERVER},
		{"201 Created", "", "is empty", ERROR_SERVER},
		{"201 Created", "[]", "not a JSON object", ERROR_SERVER},
		{"201 Created", "{}", "no client_id", ERROR_SERVER},
		{"201 Created", "{\"client_id\":\"\"}", "no client_id", ERROR_SERVER},
		{"201 Created", "{\"client_id\":7}", "no client_id", ERROR_SERVER},
		{"201 Created", "{\"client_id\":\"a\\nb\"}", "no client_id", ERROR_SERVER},
		{"201 Created", "{\"client_id\":\" a\"}", "blank", ERROR_SERVER},
		{"201 Created", "{\"client_id\":\"a\",\"client_secret\":\"b\\nscope = c\"}",
			"client_secret that cannot be used", ERROR_SERVER},
		{"201 Created", "{\"client_id\":\"a\",\"client_secret\":\"b \"}", "blank",
			ERROR_SERVER},
		{"201 Created",
			"{\"client_id\":\"a\",\"token_endpoint_auth_method\":\"private_key_jwt\"}",
			"private_key_jwt", ERROR_SERVER},
		{"201 Created",
			"{\"client_id\":\"a\",\"token_endpoint_auth_method\":\"client_secret_post\"}",
			"client_secret_post", ERROR_SERVER},
		{"201 Created",
			"{\"client_id\":\"a\",\"redirect_uris\":[\"https://evil.test/\","
			"\"http://127.0.0.1.evil.test/\"]}",
			"without a redirect URI to this machine", ERROR_SERVER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (register_client(rows[i].status, rows[i].body))
			fail_msg("%s %s is taken", rows[i].status, rows[i].body);
		assert_failed(err, rows[i].kind, rows[i].words);
		assert_mentions(err, "cannot register a client for " ACCOUNT_NAME);
		assert_int_equal(keys.len, 0);
	}
}

static void an_answer_has_a_maximum(void **state)
{
	char *body = repeat(" ", HTTP_BODY_MAX + 1);

	(void)state;
	memcpy(body, "{\"client_id\":\"a\"}", 17);
	assert_false(register_client("201 Created", body));
	assert_failed(err, ERROR_SERVER, "more than 65536 octets");
	free(body);
}

static void what_does_not_fit_is_not_half_there(void **state)
{
	(void)state;
	keys.max = 16;
	assert_false(register_client("201 Created", "{\"client_id\":\"0123456789\"}"));
	assert_int_equal(keys.len, 0);
}

static void the_request_describes_us(void **state)
{
	static const char *const parts[] = {"POST /reg HTTP/1.1\r\n",
		"\r\nContent-Type: application/json\r\n", "{\"client_name\":\"saslfresh\",",
		"\"software_id\":\"1e89bcd8-2da4-46da-b8a5-443dd84ff027\"",
		"\"software_version\":\"" SASLFRESH_VERSION "\"", "\"application_type\":\"native\"",
		"\"token_endpoint_auth_method\":\"none\"",
		"\"redirect_uris\":[\"http://127.0.0.1/callback\",\"http://localhost/callback\"]",
		"\"grant_types\":[\"authorization_code\",\"refresh_token\"]",
		"\"response_types\":[\"code\"]"};

	(void)state;
	assert_done(register_client("201 Created", "{\"client_id\":\"a\"}"), err);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(server.request, parts[i]) == NULL)
			fail_msg("no %s in %s", parts[i], server.request);
	assert_null(strstr(server.request, "\"scope\""));
	configure("scope = mail \"x\"\nlogin_scope = openid\n"
		  "redirect_uri = http://localhost:1234/x\n"
		  "device_authorization_endpoint = https://a.test/d\n");
	assert_done(register_client("201 Created", "{\"client_id\":\"a\"}"), err);
	assert_non_null(strstr(server.request, "\"redirect_uris\":[\"http://localhost:1234/x\"]"));
	assert_non_null(strstr(server.request, "\"scope\":\"mail \\\"x\\\" openid\""));
	assert_non_null(strstr(server.request, "grant-type:device_code\"]"));
}

static void what_was_registered_is_what_is_used(void **state)
{
	static const char ours[] = "redirect_uri = http://127.0.0.1/callback\n";
	static const struct {
		const char *body, *keys, *redirect;
	} rows[] = {
		{"{\"client_id\":\"a b\"}", "client_id = a b\ntoken_endpoint_auth_method = none\n",
			ours},
		{"{\"client_id\":\"a\",\"client_secret\":\"s\"}",
			"client_id = a\nclient_secret = s\n"
			"token_endpoint_auth_method = client_secret_basic\n",
			ours},
		{"{\"client_id\":\"a\",\"client_secret\":\"s\","
		 "\"token_endpoint_auth_method\":\"client_secret_post\"}",
			"client_id = a\nclient_secret = s\n"
			"token_endpoint_auth_method = client_secret_post\n",
			ours},
		{"{\"client_id\":\"a\",\"client_secret\":\"s\","
		 "\"token_endpoint_auth_method\":\"none\"}",
			"client_id = a\ntoken_endpoint_auth_method = none\n", ours},
		{"{\"client_id\":\"a\",\"redirect_uris\":[\"http://localhost/callback\"]}",
			"client_id = a\ntoken_endpoint_auth_method = none\n",
			"redirect_uri = http://localhost/callback\n"},
		{"{\"client_id\":\"a\",\"redirect_uris\":[\"http://localhost/callback\","
		 "\"http://127.0.0.1/callback\"]}",
			"client_id = a\ntoken_endpoint_auth_method = none\n", ours},
		{"{\"client_id\":\"a\",\"redirect_uris\":[]}",
			"client_id = a\ntoken_endpoint_auth_method = none\n", ours},
	};
	char wanted[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_done(register_client("201 Created", rows[i].body), err);
		snprintf(wanted, sizeof(wanted), "%s%s", rows[i].keys, rows[i].redirect);
		assert_string_equal(buffer_text(&keys), wanted);
	}
	configure("token_endpoint_auth_method = none\nredirect_uri = http://localhost/callback\n");
	assert_done(
		register_client("200 OK",
			"{\"client_id\":\"a\",\"redirect_uris\":[\"http://localhost/callback\"]}"),
		err);
	assert_string_equal(buffer_text(&keys), "client_id = a\n");
}

#define REGISTRATION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTRATION_TEST(without_an_endpoint_nobody_is_asked),
		REGISTRATION_TEST(refusals_are_sentences),
		REGISTRATION_TEST(an_answer_has_a_maximum),
		REGISTRATION_TEST(what_does_not_fit_is_not_half_there),
		REGISTRATION_TEST(the_request_describes_us),
		REGISTRATION_TEST(what_was_registered_is_what_is_used),
	};

	return cmocka_run_group_tests_name("registration", tests, library_setup, library_teardown);
}
