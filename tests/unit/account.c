#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "support.h"

static struct stat private_file = {.st_mode = S_IFREG | 0600};
static const struct account_source in_account = {.file = "FILE", .status = &private_file};
static const struct account_source in_own_account = {
	.file = "FILE", .status = &private_file, .personal = true};
static const struct account_source in_preset = {
	.file = "FILE", .status = &private_file, .preset = true};

static int own_the_file(void **state)
{
	(void)state;
	private_file.st_uid = geteuid();
	return 0;
}

static bool set(struct account *account, const struct account_source *source, const char *key,
	const char *value, struct error *err)
{
	const struct keyfile_entry entry = {"account", "me", key, value, 7};

	return account_set(account, source, &entry, err);
}

static void assert_refused(const struct account_source *source, const char *key, const char *value,
	const char *sentence)
{
	struct account account = {0};
	struct error err = {0};

	assert_false(set(&account, source, key, value, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_sentence(&err, sentence);
	for (int i = 0; i < ACCOUNT_KEYS; i++)
		assert_null(account.values[i]);
	account_free(&account);
}

static void assert_taken(
	const struct account_source *source, const char *key, const char *value, const char *kept)
{
	struct account account = {0};
	struct error err = {0};
	int count = 0;

	assert_true(set(&account, source, key, value, &err));
	for (int i = 0; i < ACCOUNT_KEYS; i++) {
		if (account.values[i] == NULL)
			continue;
		assert_string_equal(account_key_name(i), key);
		assert_string_equal(account_value(&account, i), kept);
		count++;
	}
	assert_int_equal(count, 1);
	account_free(&account);
}

/* ---- keys ---- */

static void an_unknown_key_is_told_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(
		&in_account, "hots", "a", "FILE:7: unknown key `hots` (did you mean `hosts`?)");
	assert_refused(&in_account, "client-id", "a",
		"FILE:7: unknown key `client-id` (did you mean `client_id`?)");
	assert_refused(
		&in_account, "Hosts", "a", "FILE:7: unknown key `Hosts` (did you mean `hosts`?)");
	assert_refused(&in_account, "zzz", "a", "FILE:7: unknown key `zzz`");
}

static void a_key_stands_where_it_belongs(void **state)
{
	static const char *const of_accounts[] = {"provider", "user", "client_id", "client_secret",
		"client_secret_file", "client_secret_command", "client_secret_credential", "group",
		"imap_user", "pop_user", "smtp_user", "grant", "allow"};
	static const char *const of_presets[] = {
		"title", "domains", "mx", "console", "account_page", "note"};

	(void)state;
	for (size_t i = 0; i < sizeof(of_accounts) / sizeof(of_accounts[0]); i++) {
		struct account account = {0};
		struct error err = {0};

		assert_false(set(&account, &in_preset, of_accounts[i], "/a", &err));
		assert_error(&err, ERROR_CONFIG, "FILE:7: unknown key");
	}
	for (size_t i = 0; i < sizeof(of_presets) / sizeof(of_presets[0]); i++) {
		struct account account = {0};
		struct error err = {0};

		assert_false(set(&account, &in_account, of_presets[i], "https://a", &err));
		assert_error(&err, ERROR_CONFIG, "FILE:7: unknown key");
		assert_taken(&in_preset, of_presets[i], "https://a", "https://a");
	}
}

static void a_key_is_given_once(void **state)
{
	struct account account = {0};
	struct error err = {0};

	(void)state;
	assert_true(set(&account, &in_account, "user", "a", &err));
	assert_false(set(&account, &in_account, "user", "b", &err));
	assert_error(&err, ERROR_CONFIG, "FILE:7: user is given twice");
	assert_string_equal(account_value(&account, ACCOUNT_USER), "a");
	assert_true(set(&account, &in_account, "client_secret", "a", &err));
	assert_false(set(&account, &in_account, "client_secret", "b", &err));
	assert_error(&err, ERROR_CONFIG, "FILE:7: client_secret is given twice");
	account_free(&account);
}

/* ---- values ---- */

static void a_value_has_the_form_of_its_key(void **state)
{
	(void)state;
	assert_refused(&in_account, "provider", "../google",
		"FILE:7: provider takes letters, digits, '.', '-' and '_', not `../google`");
	assert_refused(&in_account, "provider", ".google",
		"FILE:7: provider takes letters, digits, '.', '-' and '_', not `.google`");
	assert_refused(&in_account, "tenant", "a b",
		"FILE:7: tenant takes letters, digits, '.', '-' and '_', not `a b`");
	assert_refused(&in_account, "client_secret_credential", "a/b",
		"FILE:7: client_secret_credential takes letters, digits, '.', '-' and '_', not "
		"`a/b`");
	assert_refused(&in_account, "allow", "@", "FILE:7: allow takes users and @groups, not `@`");
	assert_refused(&in_account, "allow", "a, @@b",
		"FILE:7: allow takes users and @groups, not `a, @@b`");
	assert_refused(
		&in_account, "allow", "a:b", "FILE:7: allow takes users and @groups, not `a:b`");
	assert_refused(&in_account, "token_endpoint", "ftp://a",
		"FILE:7: token_endpoint takes a URL that begins with https://, not `ftp://a`");
	assert_refused(&in_account, "issuer", "https://",
		"FILE:7: issuer takes a URL that begins with https://, not `https://`");
	assert_refused(&in_account, "issuer", "HTTPS://a",
		"FILE:7: issuer takes a URL that begins with https://, not `HTTPS://a`");
	assert_refused(&in_account, "ca_file", "ca.pem",
		"FILE:7: ca_file takes an absolute path, not `ca.pem`");
	assert_refused(&in_account, "ca_file", "~/ca.pem",
		"FILE:7: ca_file takes an absolute path, not `~/ca.pem`");
	assert_refused(&in_account, "http_loopback", "true",
		"FILE:7: http_loopback is one of: yes no; not `true`");
	assert_refused(&in_account, "http_loopback", "yes no",
		"FILE:7: http_loopback is one of: yes no; not `yes no`");
	assert_refused(&in_account, "refresh_token_reuse", "Tolerated",
		"FILE:7: refresh_token_reuse is one of: tolerated punished; not `Tolerated`");
	assert_refused(&in_account, "grant_idle_days", "3651",
		"FILE:7: grant_idle_days is a number of days from 1 to 3650, not `3651`");
	assert_refused(&in_account, "grant_testing_days", "0",
		"FILE:7: grant_testing_days is a number of days from 1 to 3650, not `0`");
	assert_refused(&in_account, "grant_testing_days", "7 days",
		"FILE:7: grant_testing_days is a number of days from 1 to 3650, not `7 days`");
	assert_refused(&in_account, "token_endpoint_auth_method", "client_secret",
		"FILE:7: token_endpoint_auth_method is one of: none client_secret_post "
		"client_secret_basic private_key_jwt; not `client_secret`");
	assert_refused(&in_account, "grant_type", "password",
		"FILE:7: grant_type is one of: refresh_token client_credentials jwt_bearer; not "
		"`password`");
	assert_refused(&in_account, "client_key", "key.pem",
		"FILE:7: client_key takes an absolute path, not `key.pem`");
	assert_refused(&in_account, "client_secret_expires", "2027-2-30",
		"FILE:7: client_secret_expires is a day, YYYY-MM-DD, not `2027-2-30`");
	assert_refused(&in_account, "client_secret_expires", "2027-02-29",
		"FILE:7: client_secret_expires is a day, YYYY-MM-DD, not `2027-02-29`");
}

static void a_value_of_the_right_form_is_kept(void **state)
{
	(void)state;
	setenv("HOME", "/home/me", 1);
	assert_taken(&in_account, "provider", "micro-soft_365.x", "micro-soft_365.x");
	assert_taken(&in_account, "grant_idle_days", "3650", "3650");
	assert_taken(&in_account, "token_endpoint", "https://a", "https://a");
	assert_taken(&in_account, "token_endpoint", "http://[::1]:8080/t", "http://[::1]:8080/t");
	assert_taken(&in_account, "ca_file", "/etc/ca.pem", "/etc/ca.pem");
	assert_taken(&in_own_account, "ca_file", "~/ca.pem", "/home/me/ca.pem");
	assert_taken(&in_own_account, "client_secret_file", "~/s", "/home/me/s");
	assert_taken(&in_account, "http_loopback", "no", "no");
	assert_taken(&in_account, "refresh_token_reuse", "punished", "punished");
	assert_taken(&in_account, "token_endpoint_auth_method", "none", "none");
	assert_taken(&in_account, "imap", "mail.example.test:993", "mail.example.test:993");
	assert_taken(&in_account, "user", "J\xc3\xbcrgen = Doe", "J\xc3\xbcrgen = Doe");
	assert_taken(&in_preset, "token_endpoint", "https://{tenant}/t", "https://{tenant}/t");
}

static void a_value_has_a_maximum(void **state)
{
	char *value = repeated('v', 4097);

	(void)state;
	assert_refused(&in_account, "scope", value, "FILE:7: scope is longer than 4096 octets");
	assert_taken(&in_account, "scope", value + 1, value + 1);
	free(value);
}

static void a_path_has_a_maximum(void **state)
{
	char *value = repeated('/', PATH_SIZE);
	struct account account = {0};
	struct error err = {0};

	(void)state;
	assert_false(set(&account, &in_account, "ca_file", value, &err));
	assert_error(&err, ERROR_CONFIG, "FILE:7: ca_file takes an absolute path, not `/");
	assert_taken(&in_account, "ca_file", value + 1, value + 1);
	free(value);
}

/* ---- the client secret ---- */

static void a_secret_in_a_readable_file_is_refused(void **state)
{
	struct stat status = {.st_mode = S_IFREG | 0644, .st_uid = USER_A};
	const struct account_source source = {.file = "/conf", .status = &status};

	(void)state;
	if (geteuid() != 0) {
		status.st_uid = geteuid();
		assert_refused(&source, "client_secret", "hidden",
			"/conf:7: client_secret: /conf may be read by others: its mode is 0644 "
			"(chmod 0600 '/conf')");
		return;
	}
	assert_refused(&source, "client_secret", "hidden",
		"/conf:7: client_secret: /conf belongs to user 61001 (chown 0 '/conf')");
	status.st_uid = 0;
	assert_refused(&source, "client_secret", "hidden",
		"/conf:7: client_secret: /conf may be read by others: its mode is 0644 "
		"(chmod 0640 '/conf')");
	status.st_mode = S_IFREG | 0660;
	assert_refused(&source, "client_secret", "hidden",
		"/conf:7: client_secret: /conf may be written by others: its mode is 0660 "
		"(chmod 0640 '/conf')");
	status.st_mode = S_IFREG | 0640;
	assert_taken(&source, "client_secret", "hidden", "set");
}

static void the_secret_itself_is_not_kept(void **state)
{
	struct account account = {0};
	struct error err = {0};

	(void)state;
	allocation_watch("hidden");
	assert_true(set(&account, &in_account, "client_secret", "hidden", &err));
	assert_string_equal(account_value(&account, ACCOUNT_CLIENT_SECRET), "set");
	account_free(&account);
	assert_int_equal(allocation_leaks(), 0);
	allocation_reset();
}

/* ---- the rest ---- */

static void no_memory_is_a_failure(void **state)
{
	static const char *const keys[] = {"user", "client_secret", "ca_file"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct account account = {0};
		struct error err = {0};

		allocation_fail(1);
		assert_false(set(&account, &in_account, keys[i], "/a", &err));
		assert_error(&err, ERROR_SYSTEM, "out of memory");
		allocation_reset();
		account_free(&account);
	}
}

static void a_key_that_is_not_set_is_empty(void **state)
{
	const struct account account = {0};

	(void)state;
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		assert_string_equal(account_value(&account, key), "");
}

static void a_freed_account_can_be_freed_again(void **state)
{
	struct account account = {0};
	struct error err = {0};

	(void)state;
	assert_true(set(&account, &in_account, "user", "a", &err));
	account_free(&account);
	account_free(&account);
	assert_string_equal(account_value(&account, ACCOUNT_USER), "");
}

/* ---- the names of the user ---- */

static void a_service_may_have_a_user_of_its_own(void **state)
{
	struct account account = {.name = (char *)"me"};

	(void)state;
	assert_string_equal(account_user(&account, NULL), "me");
	assert_string_equal(account_user(&account, "imap"), "me");
	account.values[ACCOUNT_USER] = (char *)"you";
	account.values[ACCOUNT_IMAP_USER] = (char *)"box";
	account.values[ACCOUNT_POP_USER] = (char *)"post";
	account.values[ACCOUNT_SMTP_USER] = (char *)"delegate";
	assert_string_equal(account_user(&account, NULL), "you");
	assert_string_equal(account_user(&account, ""), "you");
	assert_string_equal(account_user(&account, "sieve"), "you");
	assert_string_equal(account_user(&account, "IMAP"), "you");
	assert_string_equal(account_user(&account, "imaps"), "you");
	assert_string_equal(account_user(&account, "imap"), "box");
	assert_string_equal(account_user(&account, "pop"), "post");
	assert_string_equal(account_user(&account, "pop3"), "post");
	assert_string_equal(account_user(&account, "smtp"), "delegate");
}

/* ---- shared accounts ---- */

static void what_belongs_to_the_grant_stands_with_it(void **state)
{
	static const char *const others[][2] = {{"client_id", "a"}, {"provider", "google"},
		{"client_secret", "a"}, {"token_endpoint", "https://a"}, {"scope", "a"},
		{"group", "a"}, {"ca_file", "/a"}, {"redirect_uri", "https://a"}};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		for (int order = 0; order < 2; order++) {
			const char *const first[] = {"grant", others[i][0]};
			const char *const values[] = {"me", others[i][1]};
			struct account account = {0};
			struct error err = {0};
			char sentence[256];

			assert_true(set(&account, &in_account, first[order], values[order], &err));
			assert_false(
				set(&account, &in_account, first[!order], values[!order], &err));
			snprintf(sentence, sizeof(sentence),
				"FILE:7: `%s` and `grant` cannot both stand here (what belongs to "
				"the grant stands in [account me])",
				others[i][0]);
			assert_error(&err, ERROR_CONFIG, sentence);
			account_free(&account);
		}
	}
}

static void a_shared_account_takes_what_it_leaves_open(void **state)
{
	struct account grantor = {.name = (char *)"me"}, account = {0};
	struct error err = {0};

	(void)state;
	assert_string_equal(account_grantor(&grantor), "me");
	assert_false(account_is_shared(&grantor));
	assert_true(set(&grantor, &in_account, "client_id", "c", &err));
	assert_true(set(&grantor, &in_account, "user", "u", &err));
	assert_true(set(&grantor, &in_account, "smtp_user", "s", &err));
	assert_true(set(&grantor, &in_account, "hosts", "a b", &err));
	assert_true(set(&grantor, &in_account, "imap", "i:993", &err));
	account.name = strdup("box");
	assert_true(set(&account, &in_account, "grant", "me", &err));
	assert_int_equal(account.grant_line, 7);
	assert_true(set(&account, &in_account, "imap", "j:993", &err));
	assert_true(account_share(&account, &grantor, &err));
	assert_true(account_is_shared(&account));
	assert_string_equal(account_grantor(&account), "me");
	assert_string_equal(account_value(&account, ACCOUNT_CLIENT_ID), "c");
	assert_string_equal(account_value(&account, ACCOUNT_HOSTS), "a b");
	assert_string_equal(account_value(&account, ACCOUNT_IMAP), "j:993");
	assert_string_equal(account_user(&account, "smtp"), "box");
	account_free(&account);
	grantor.name = NULL;
	account_free(&grantor);
}

static void a_stamp_is_the_modification_to_the_nanosecond(void **state)
{
	const struct stat status = {.st_mtim = {.tv_sec = 1700000000, .tv_nsec = 7}};

	(void)state;
	assert_true(account_stamp_of(&status) == 1700000000000000007);
}

static void a_list_has_whole_words(void **state)
{
	(void)state;
	assert_false(list_contains("", "a"));
	assert_false(list_contains("ab, ca", "a"));
	assert_false(list_contains(" , ", ""));
	assert_false(list_contains("a b", "a b"));
	assert_false(list_contains("smtp", "SMTP"));
	assert_true(list_contains("a", "a"));
	assert_true(list_contains("x,a\ty", "a"));
	assert_true(list_contains(",, x  a", "a"));
	assert_true(list_contains("a,", "a"));
}

#define owned(test) cmocka_unit_test_setup(test, own_the_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		owned(an_unknown_key_is_told_with_the_nearest),
		owned(a_key_stands_where_it_belongs),
		owned(a_key_is_given_once),
		owned(a_value_has_the_form_of_its_key),
		owned(a_value_has_a_maximum),
		owned(a_path_has_a_maximum),
		owned(a_secret_in_a_readable_file_is_refused),
		owned(the_secret_itself_is_not_kept),
		owned(no_memory_is_a_failure),
		owned(a_value_of_the_right_form_is_kept),
		owned(a_key_that_is_not_set_is_empty),
		owned(a_freed_account_can_be_freed_again),
		owned(a_service_may_have_a_user_of_its_own),
		owned(what_belongs_to_the_grant_stands_with_it),
		owned(a_shared_account_takes_what_it_leaves_open),
		owned(a_stamp_is_the_modification_to_the_nanosecond),
		owned(a_list_has_whole_words),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
