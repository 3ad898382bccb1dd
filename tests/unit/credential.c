#include "credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "programs_support.h"

/* What a client says, and with what. */
static struct said {
	struct buffer secret, form, user, password;
	int64_t now;
	struct error err;
} said;

static int said_setup(void **state)
{
	said = (struct said){.secret = BUFFER(65536),
		.form = BUFFER(65536),
		.user = BUFFER(4096),
		.password = BUFFER(4096),
		.now = time(NULL) + 10};
	return box_setup(state);
}

static int said_teardown(void **state)
{
	buffer_free(&said.secret);
	buffer_free(&said.form);
	buffer_free(&said.user);
	buffer_free(&said.password);
	return box_teardown(state);
}

static void make(const struct box *box, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"cd '%s' && umask 077 && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a "
		"-days 30 -keyout %s.key -out %s.pem >>log 2>&1",
		box->dir, name, name);
	assert_int_equal(system(command), 0);
}

static void secret_is(const struct box *box, const char *name)
{
	static char text[65536];

	buffer_free(&said.secret);
	buffer_add(&said.secret, text, file_read(box_path(box, name), text, sizeof(text)));
}

static void configure(struct box *box, const char *certificate)
{
	char lines[4096];

	snprintf(lines, sizeof(lines),
		"client_id = id\"\\\ntoken_endpoint = https://a.test/token\nscope = mail\n"
		"token_endpoint_auth_method = private_key_jwt\nclient_certificate = %s\n"
		"client_key = %s/a.key\n",
		box_path(box, certificate), box->dir);
	box_configure(box, lines);
}

static bool authenticate(const struct box *box)
{
	const struct credential credential = {box->account, &said.secret, said.now};

	buffer_free(&said.form);
	memset(&said.err, 0, sizeof(said.err));
	return credential_authenticate(
		&credential, &said.form, &said.user, &said.password, &said.err);
}

/* Part number index of a token. */
static const char *part(const char *token, int index)
{
	static char text[4096];
	struct buffer octets = BUFFER(sizeof(text) - 1);

	for (; index > 0; index--)
		token = strchr(token, '.') + 1;
	assert_true(base64_decode(&octets, token, strcspn(token, ".&")));
	strcpy(text, buffer_text(&octets));
	buffer_free(&octets);
	return text;
}

static void begins_with(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("`%s` does not begin with `%s`", text, start);
}

static const char *assertion(void)
{
	const char *found = strstr(buffer_text(&said.form), "client_assertion=");

	assert_non_null(found);
	return found + strlen("client_assertion=");
}

static void what_cannot_sign_sends_nothing(void **state)
{
	struct box *box = *state;

	make(box, "a");
	make(box, "b");
	configure(box, "b.pem");
	secret_is(box, "a.key");
	assert_false(authenticate(box));
	assert_failed(said.err, ERROR_CONFIG, "a.key does not belong to the certificate in");
	configure(box, "a.pem");
	said.now += 31 * 86400;
	assert_false(authenticate(box));
	assert_failed(said.err, ERROR_CONFIG, "a.pem has expired on 20");
	assert_mentions(said.err, "saslfresh refresh " ACCOUNT_NAME " --force");
	configure(box, "none.pem");
	assert_false(authenticate(box));
	assert_failed(said.err, ERROR_CONFIG, "there is no ");
}

static void an_assertion_is_what_is_documented(void **state)
{
	struct box *box = *state;
	char wanted[512], first[4096];
	const char *claims;

	make(box, "a");
	configure(box, "a.pem");
	secret_is(box, "a.key");
	assert_done(authenticate(box), said.err);
	assert_non_null(strstr(buffer_text(&said.form), "client_id=id%22%5C&"));
	assert_non_null(strstr(buffer_text(&said.form),
		"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
		"jwt-bearer&"));
	assert_null(strstr(buffer_text(&said.form), "client_secret"));
	assert_null(strstr(buffer_text(&said.form), "PRIVATE"));
	begins_with(part(assertion(), 0), "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"");
	assert_int_equal(strlen(strstr(part(assertion(), 0), "S256\":\"")), 7 + 43 + 2);
	claims = part(assertion(), 1);
	begins_with(claims,
		"{\"aud\":\"https://a.test/token\",\"iss\":\"id\\\"\\\\\",\"sub\":\"id\\\"\\\\\","
		"\"jti\":\"");
	snprintf(wanted, sizeof(wanted), "\",\"nbf\":%lld,\"iat\":%lld,\"exp\":%lld}",
		(long long)said.now, (long long)said.now, (long long)said.now + 300);
	assert_string_equal(claims + strlen(claims) - strlen(wanted), wanted);
	strcpy(first, claims);
	assert_done(authenticate(box), said.err);
	assert_string_not_equal(part(assertion(), 1), first); /* another jti */
}

static void a_secret_is_sent_as_it_was_before(void **state)
{
	struct box *box = *state;

	buffer_puts(&said.secret, "s&");
	box_configure(box, "client_id = id\nclient_secret = s&\n");
	assert_done(authenticate(box), said.err);
	assert_string_equal(buffer_text(&said.form), "client_id=id&client_secret=s%26");
	box_configure(box,
		"client_id = id\nclient_secret = s&\n"
		"token_endpoint_auth_method = client_secret_basic\n");
	assert_done(authenticate(box), said.err);
	assert_string_equal(buffer_text(&said.form), "");
	assert_string_equal(buffer_text(&said.user), "id");
	assert_string_equal(buffer_text(&said.password), "s%26");
}

/* ---- service accounts ---- */

static bool assert_user(const struct box *box, struct buffer *token)
{
	const struct credential credential = {box->account, &said.secret, said.now};

	memset(&said.err, 0, sizeof(said.err));
	return credential_assert_user(&credential, token, &said.err);
}

static void service_is(const char *json)
{
	buffer_free(&said.secret);
	buffer_puts(&said.secret, json);
}

static void a_file_that_is_none_is_named(void **state)
{
	struct box *box = *state;
	struct buffer token = BUFFER(16384);

	box_configure(
		box, "grant_type = jwt_bearer\nservice_account_file = /s.json\nscope = mail\n");
	service_is("{");
	assert_false(assert_user(box, &token));
	assert_failed(said.err, ERROR_CONFIG, "/s.json is not a JSON object (it is the JSON key");
	service_is("{\"installed\": {}}");
	assert_false(assert_user(box, &token));
	assert_failed(said.err, ERROR_CONFIG, "/s.json lacks the client_email or private_key");
	service_is("{\"client_email\": \"a@b\", \"private_key\": 7}");
	assert_false(assert_user(box, &token));
	assert_failed(said.err, ERROR_CONFIG, "/s.json lacks");
	service_is("{\"client_email\": \"a@b\", \"private_key\": \"x\"}");
	assert_false(assert_user(box, &token));
	assert_failed(said.err, ERROR_CONFIG, "no private key (PEM) in /s.json");
	assert_int_equal(token.len, 0);
}

static void a_service_account_asks_for_a_mailbox(void **state)
{
	struct box *box = *state;
	struct buffer token = BUFFER(16384), json = BUFFER(16384);
	char wanted[512];

	make(box, "a");
	secret_is(box, "a.key");
	buffer_puts(&json,
		"{\"client_email\": \"a@b\", \"private_key_id\": \"k\", \"token_uri\": "
		"\"https://g.test/token\", \"private_key\": \"");
	for (const char *c = buffer_text(&said.secret); *c != '\0'; c++)
		buffer_puts(&json, *c == '\n' ? "\\n" : (char[]){*c, '\0'});
	buffer_puts(&json, "\"}");
	service_is(buffer_text(&json));
	box_configure(box,
		"grant_type = jwt_bearer\nservice_account_file = /s.json\nscope = mail\n"
		"user = other@example.test\n");
	assert_done(assert_user(box, &token), said.err);
	assert_string_equal(
		part(buffer_text(&token), 0), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\"}");
	snprintf(wanted, sizeof(wanted),
		"{\"iss\":\"a@b\",\"scope\":\"mail\",\"aud\":\"https://g.test/token\",\"sub\":"
		"\"other@example.test\",\"iat\":%lld,\"exp\":%lld}",
		(long long)said.now, (long long)said.now + 3600);
	assert_string_equal(part(buffer_text(&token), 1), wanted);
	/* The file is no client secret. */
	assert_done(authenticate(box), said.err);
	assert_null(strstr(buffer_text(&said.form), "secret"));
	assert_null(strstr(buffer_text(&said.form), "PRIVATE"));
	buffer_free(&token);
	buffer_free(&json);
}

#define SAID_TEST(name) cmocka_unit_test_setup_teardown(name, said_setup, said_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAID_TEST(what_cannot_sign_sends_nothing),
		SAID_TEST(an_assertion_is_what_is_documented),
		SAID_TEST(a_secret_is_sent_as_it_was_before),
		SAID_TEST(a_file_that_is_none_is_named),
		SAID_TEST(a_service_account_asks_for_a_mailbox),
	};

	return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
