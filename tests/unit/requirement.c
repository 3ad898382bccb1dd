#include "requirement.h"

#include <string.h>

#include "programs_support.h"

static struct account account;
static struct error err;

/* An account that has these keys, each followed by its value; ended by -1. */
static void has(int first, ...)
{
	va_list rest;

	memset(&account, 0, sizeof(account));
	account.name = (char *)"me@example.test";
	strcpy(account.file, "/f/saslfresh.conf");
	account.line = 3;
	account.values[ACCOUNT_TOKEN_ENDPOINT] = (char *)"https://a.test/token";
	va_start(rest, first);
	for (int key = first; key >= 0; key = va_arg(rest, int))
		account.values[key] = va_arg(rest, char *);
	va_end(rest);
}

static void lacks(const char *words)
{
	memset(&err, 0, sizeof(err));
	assert_false(requirement_check(&account, &err));
	assert_failed(err, ERROR_CONFIG, words);
	assert_mentions(err, "/f/saslfresh.conf:3: account me@example.test has ");
}

static void is_complete(void)
{
	memset(&err, 0, sizeof(err));
	assert_done(requirement_check(&account, &err), err);
}

#define CLIENT ACCOUNT_CLIENT_ID, "id"
#define METHOD(name) ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD, name
#define PAIR ACCOUNT_CLIENT_CERTIFICATE, "/c.pem", ACCOUNT_CLIENT_KEY, "/c.key"
#define SECRET ACCOUNT_CLIENT_SECRET, "set"
#define CREDENTIALS ACCOUNT_GRANT_TYPE, "client_credentials"
#define SERVICE ACCOUNT_GRANT_TYPE, "jwt_bearer"
#define FILE_OF_SERVICE ACCOUNT_SERVICE_ACCOUNT_FILE, "/s.json"
#define SCOPE ACCOUNT_SCOPE, "mail"

static void a_certificate_needs_its_method_and_its_key(void **state)
{
	(void)state;
	has(CLIENT, PAIR, -1);
	lacks("has client_certificate, but not token_endpoint_auth_method = private_key_jwt (add");
	has(CLIENT, SECRET, ACCOUNT_CLIENT_KEY, "/c.key", METHOD("client_secret_post"), -1);
	lacks("has client_key, but not token_endpoint_auth_method = private_key_jwt");
	has(CLIENT, METHOD("private_key_jwt"), ACCOUNT_CLIENT_KEY, "/c.key", -1);
	lacks("has no client_certificate (add `client_certificate = ...`)");
	has(CLIENT, METHOD("private_key_jwt"), ACCOUNT_CLIENT_CERTIFICATE, "/c.pem", -1);
	lacks("has no client_key");
	has(CLIENT, METHOD("private_key_jwt"), PAIR, SECRET, -1);
	lacks("has a client secret, and private_key_jwt");
	has(METHOD("private_key_jwt"), PAIR, -1);
	lacks("has no client_id");
	has(CLIENT, METHOD("private_key_jwt"), PAIR, -1);
	is_complete();
}

static void client_credentials_need_a_secret_a_scope_and_a_tenant(void **state)
{
	static const char *const shared[] = {"common", "organizations", "consumers"};

	(void)state;
	has(CLIENT, CREDENTIALS, SCOPE, -1);
	lacks("but no secret (add `client_secret_file = ...`, or client_certificate");
	has(CLIENT, CREDENTIALS, SCOPE, SECRET, METHOD("none"), -1);
	lacks("but no secret");
	has(CLIENT, CREDENTIALS, SECRET, -1);
	lacks("has no scope (add `scope = ...`)");
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		has(CLIENT, CREDENTIALS, SECRET, SCOPE, ACCOUNT_TENANT, shared[i], -1);
		lacks("needs a tenant of its own, not ");
		assert_mentions(err, shared[i]);
	}
	has(CREDENTIALS, SECRET, SCOPE, -1);
	lacks("has no client_id");
	has(CLIENT, CREDENTIALS, SECRET, SCOPE, ACCOUNT_TENANT, "example.test", -1);
	is_complete();
	has(CLIENT, CREDENTIALS, METHOD("private_key_jwt"), PAIR, SCOPE, -1);
	is_complete();
}

static void a_service_account_needs_its_file_alone(void **state)
{
	(void)state;
	has(SERVICE, SCOPE, -1);
	lacks("has no service_account_file");
	has(SERVICE, FILE_OF_SERVICE, -1);
	lacks("has no scope");
	has(SERVICE, FILE_OF_SERVICE, SCOPE, SECRET, -1);
	lacks("has grant_type = jwt_bearer, and a secret of a client");
	has(SERVICE, FILE_OF_SERVICE, SCOPE, PAIR, -1);
	lacks("has grant_type = jwt_bearer, and a secret of a client");
	has(CLIENT, FILE_OF_SERVICE, -1);
	lacks("has service_account_file, but not grant_type = jwt_bearer");
	has(SERVICE, FILE_OF_SERVICE, SCOPE, -1);
	account.values[ACCOUNT_TOKEN_ENDPOINT] = NULL;
	lacks("has no token_endpoint");
	has(SERVICE, FILE_OF_SERVICE, SCOPE, -1);
	is_complete();
}

static void refresh_tokens_need_what_they_did(void **state)
{
	(void)state;
	has(CLIENT, SECRET, ACCOUNT_CLIENT_SECRET_FILE, "/s", -1);
	lacks("has more than one client secret");
	has(CLIENT, METHOD("client_secret_basic"), -1);
	lacks("has no client_secret_file");
	has(CLIENT, ACCOUNT_GRANT_TYPE, "refresh_token", ACCOUNT_TENANT, "common", -1);
	is_complete();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_needs_its_method_and_its_key),
		cmocka_unit_test(client_credentials_need_a_secret_a_scope_and_a_tenant),
		cmocka_unit_test(a_service_account_needs_its_file_alone),
		cmocka_unit_test(refresh_tokens_need_what_they_did),
	};

	return cmocka_run_group_tests_name("requirement", tests, NULL, NULL);
}
