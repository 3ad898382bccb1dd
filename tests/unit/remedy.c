#include "remedy.h"

#include <string.h>

#include "programs_support.h"

enum { NOW = 2000000000, DAY = 86400 };

static struct account account = {.name = (char *)"me@example.test", .file = "/f/saslfresh.conf"};

static void provider_is(const char *provider, const char *issuer, const char *console)
{
	account.values[ACCOUNT_PROVIDER] = (char *)provider;
	account.values[ACCOUNT_ISSUER] = (char *)issuer;
	account.values[ACCOUNT_CONSOLE] = (char *)console;
}

static struct error told;

/* The hint for an error after so many seconds since the consent (0: not known). */
static const char *hint_of(const char *error, const char *suberror, int64_t age)
{
	const struct remedy_case it = {&account, error, suberror, age == 0 ? 0 : NOW - age, NOW};

	error_set(&told, remedy_kind(&it), "it failed");
	remedy_hint(&it, &told);
	return told.hint;
}

static void mentions(const char *hint, const char *words)
{
	if (strstr(hint, words) == NULL)
		fail_msg("`%s` does not say `%s`", hint, words);
}

static void lacks(const char *hint, const char *words)
{
	if (strstr(hint, words) != NULL)
		fail_msg("`%s` says `%s`", hint, words);
}

static const struct row {
	const char *provider;
	const char *error;
	const char *suberror;
	enum error_kind kind;
	const char *words; /* "": no hint at all */
} rows[] = {
	{NULL, "invalid_grant", "", ERROR_LOGIN, "saslfresh login me@example.test"},
	{NULL, "invalid_grant", "unheard_of", ERROR_LOGIN, "saslfresh login me@example.test"},
	{"google", "invalid_grant", "", ERROR_LOGIN, "6 months went by unused"},
	{"google", "invalid_grant", "invalid_rapt", ERROR_LOGIN, "how long a Google session lasts"},
	{"google", "admin_policy_enforced", "", ERROR_LOGIN, "admin.google.com"},
	{"google", "org_internal", "", ERROR_CONFIG, "members of its organisation"},
	{"google", "deleted_client", "", ERROR_CONFIG, "was deleted"},
	{"google", "invalid_client", "", ERROR_CONFIG, "has expired; https://console.test/"},
	{"microsoft", "invalid_grant", "", ERROR_LOGIN, "90 days went by unused"},
	{"microsoft-gov", "invalid_grant", "", ERROR_LOGIN, "90 days went by unused"},
	{"microsofty", "invalid_grant", "", ERROR_LOGIN, "saslfresh login me@example.test"},
	{"microsoft", "invalid_grant", "bad_token", ERROR_LOGIN, "90 days went by unused"},
	{"microsoft", "invalid_grant", "client_mismatch", ERROR_LOGIN, "another client_id"},
	{"microsoft", "invalid_grant", "consent_required", ERROR_LOGIN,
		"administrator must approve"},
	{"microsoft", "invalid_grant", "user_password_expired", ERROR_LOGIN, "change it"},
	{"microsoft", "invalid_grant", "basic_action", ERROR_LOGIN, "second factor"},
	{"microsoft", "invalid_grant", "additional_action", ERROR_LOGIN, "device, network"},
	{"microsoft", "invalid_grant", "message_only", ERROR_LOGIN, "ask its administrator"},
	{"microsoft", "invalid_grant", "protection_policy_required", ERROR_LOGIN, "managed apps"},
	{"microsoft", "invalid_grant", "device_authentication_failed", ERROR_LOGIN, "registered"},
	{"microsoft", "interaction_required", "", ERROR_LOGIN, "second factor"},
	{"microsoft", "interaction_required", "additional_action", ERROR_LOGIN, "device, network"},
	{"microsoft", "interaction_required", "message_only", ERROR_LOGIN, "does not let"},
	{"microsoft", "interaction_required", "user_password_expired", ERROR_LOGIN, "change it"},
	{"microsoft", "interaction_required", "consent_required", ERROR_LOGIN, "must approve"},
	{"microsoft", "consent_required", "", ERROR_LOGIN, "administrator must approve"},
	{"microsoft", "invalid_client", "", ERROR_CONFIG, "its Value, not its ID"},
	{"microsoft", "unauthorized_client", "", ERROR_CONFIG, "the client is disabled"},
	{"microsoft", "invalid_request", "", ERROR_CONFIG, "check tenant"},
	{NULL, "invalid_request", "", ERROR_CONFIG,
		"[account me@example.test] in /f/saslfresh.conf"},
	{NULL, "invalid_client", "", ERROR_CONFIG, "the provider's console"},
	{NULL, "invalid_scope", "", ERROR_CONFIG, "check scope"},
	{NULL, "invalid_target", "", ERROR_CONFIG, "one service"},
	{NULL, "invalid_resource", "", ERROR_CONFIG, "one service"},
	{NULL, "unsupported_grant_type", "", ERROR_CONFIG, "check token_endpoint"},
	{NULL, "login_required", "", ERROR_LOGIN, "saslfresh login me@example.test"},
	{NULL, "account_selection_required", "", ERROR_LOGIN, "the mailbox me@example.test"},
	{NULL, "access_denied", "", ERROR_LOGIN, "access was denied"},
	{NULL, "temporarily_unavailable", "", ERROR_TEMPORARY, ""},
	{NULL, "server_error", "", ERROR_TEMPORARY, ""},
	{NULL, "slow_down", "", ERROR_TEMPORARY, ""},
	{NULL, "something_new", "", ERROR_SERVER, ""},
	{NULL, "Invalid_Grant", "", ERROR_SERVER, ""},
	{NULL, "", "", ERROR_SERVER, ""},
};

static void each_error_has_its_kind_and_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *hint;

		provider_is(rows[i].provider, NULL,
			rows[i].provider != NULL ? "https://console.test/" : NULL);
		hint = hint_of(rows[i].error, rows[i].suberror, 0);
		assert_int_equal(told.kind, rows[i].kind);
		mentions(hint, rows[i].words);
		lacks(hint, "{");
		lacks(hint, "}");
		if (rows[i].words[0] == '\0')
			assert_string_equal(hint, "");
		if (told.kind == ERROR_LOGIN)
			mentions(hint, "saslfresh login me@example.test");
		/* A path of an ordinary length leaves room for the whole sentence. */
		assert_true(strlen(hint) < ERROR_HINT_MAX - 40);
	}
}

static void a_week_after_the_consent_google_means_testing(void **state)
{
	(void)state;
	provider_is("google", NULL, "https://console.test/clients");
	mentions(hint_of("invalid_grant", "", 7 * DAY),
		"the client is in Testing; publish it at "
		"https://console.test/clients (In production), then log in again: "
		"saslfresh login me@example.test");
	mentions(hint_of("invalid_grant", "", 13 * DAY / 2), "Testing");
	mentions(hint_of("invalid_grant", "", 8 * DAY), "Testing");
	assert_int_equal(told.kind, ERROR_LOGIN);
	provider_is(NULL, "https://accounts.google.com", NULL);
	mentions(hint_of("invalid_grant", "", 7 * DAY), "publish it at the provider's console");
}

static void and_at_no_other_time_nor_of_anybody_else(void **state)
{
	(void)state;
	provider_is("google", "https://accounts.google.com", NULL);
	lacks(hint_of("invalid_grant", "", 13 * DAY / 2 - 1), "Testing");
	lacks(hint_of("invalid_grant", "", 8 * DAY + 1), "Testing");
	lacks(hint_of("invalid_grant", "", -7 * DAY), "Testing");
	lacks(hint_of("invalid_grant", "", 0), "Testing");
	lacks(hint_of("invalid_grant", "invalid_rapt", 7 * DAY), "Testing");
	lacks(hint_of("admin_policy_enforced", "", 7 * DAY), "Testing");
	lacks(hint_of("invalid_client", "", 7 * DAY), "Testing");
	provider_is("microsoft", "https://login.microsoftonline.com/x/v2.0", NULL);
	lacks(hint_of("invalid_grant", "", 7 * DAY), "Testing");
	provider_is(NULL, "https://accounts.google.com.evil.test", NULL);
	lacks(hint_of("invalid_grant", "", 7 * DAY), "Testing");
	provider_is(NULL, NULL, NULL);
	lacks(hint_of("invalid_grant", "", 7 * DAY), "Testing");
}

static void a_consent_at_an_absurd_time_does_no_harm(void **state)
{
	const struct remedy_case it = {&account, "invalid_grant", "", INT64_MAX, INT64_MIN};

	(void)state;
	provider_is("google", NULL, NULL);
	error_set(&told, ERROR_LOGIN, "it failed");
	remedy_hint(&it, &told);
	lacks(told.hint, "Testing");
}

static void names_of_any_length_are_cut_not_overrun(void **state)
{
	static char name[2000];
	char *const before = account.name;

	(void)state;
	memset(name, '{', sizeof(name) - 1);
	account.name = name;
	provider_is(NULL, NULL, NULL);
	assert_int_equal(strlen(hint_of("invalid_grant", "", 0)), ERROR_HINT_MAX - 1);
	account.name = before;
}

static void a_hint_that_is_there_stays(void **state)
{
	const struct remedy_case it = {&account, "invalid_grant", "", 0, NOW};

	(void)state;
	error_set(&told, ERROR_LOGIN, "it failed");
	error_hint(&told, "do that");
	remedy_hint(&it, &told);
	assert_string_equal(told.hint, "do that");
}

static void where_nobody_logs_in_nothing_asks_for_it(void **state)
{
	static const char *const errors[] = {"invalid_grant", "interaction_required",
		"login_required", "consent_required", "access_denied", "admin_policy_enforced"};

	(void)state;
	provider_is(NULL, NULL, NULL);
	account.values[ACCOUNT_GRANT_TYPE] = (char *)"client_credentials";
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		lacks(hint_of(errors[i], "", 0), "saslfresh login");
		assert_int_equal(told.kind, ERROR_CONFIG);
		mentions(told.hint, "/f/saslfresh.conf: with its grant_type nobody can log in");
	}
	account.values[ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD] = (char *)"private_key_jwt";
	mentions(hint_of("invalid_client", "", 0), "must be registered with the client");

	account.values[ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD] = NULL;
	account.values[ACCOUNT_GRANT_TYPE] = (char *)"jwt_bearer";
	account.values[ACCOUNT_SERVICE_ACCOUNT_FILE] = (char *)"/s.json";
	account.values[ACCOUNT_USER] = (char *)"other@example.test";
	mentions(hint_of("invalid_grant", "", 7 * DAY),
		"check that other@example.test is a mailbox");
	assert_int_equal(told.kind, ERROR_CONFIG);
	mentions(hint_of("unauthorized_client", "", 0), "Domain-wide delegation");
	memset(account.values, 0, sizeof(account.values));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_has_its_kind_and_its_sentence),
		cmocka_unit_test(a_week_after_the_consent_google_means_testing),
		cmocka_unit_test(and_at_no_other_time_nor_of_anybody_else),
		cmocka_unit_test(a_consent_at_an_absurd_time_does_no_harm),
		cmocka_unit_test(names_of_any_length_are_cut_not_overrun),
		cmocka_unit_test(a_hint_that_is_there_stays),
		cmocka_unit_test(where_nobody_logs_in_nothing_asks_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
