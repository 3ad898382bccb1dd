#include "seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs_support.h"
#include "provider.h"
#include "store.h"

static struct box *box;
static struct grant grant;
static struct error err;

/* The commands count how often they are run; what they seal is turned around. */
#define SEAL "echo >>@/sealed; tr a-zA-Z n-za-mN-ZA-M"
#define UNSEAL "echo >>@/unsealed; tr a-zA-Z n-za-mN-ZA-M"

static void configure(const char *seal, const char *unseal)
{
	char lines[2048] = "";
	size_t len = 0;
	const char *const parts[] = {*seal != '\0' ? "seal_command = " : "", seal, "\n",
		*unseal != '\0' ? "unseal_command = " : "", unseal, "\n"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *c = parts[i]; *c != '\0'; c++)
			len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%.*s",
				*c == '@' ? 199 : 1, *c == '@' ? box->dir : c);
	box_configure(box, lines);
}

static size_t runs(const char *name)
{
	return file_lines(box_path(box, name));
}

/* Reserves, reads, prepares and commits as a refresh does. */
static bool renew(const char *refresh_token)
{
	struct store store;
	bool ok;

	memset(&err, 0, sizeof(err));
	memset(&grant, 0, sizeof(grant));
	ok = store_reserve(box->account, &store, &err) && store_read_grant(&store, &grant, &err) &&
		store_seal(&store, &err);
	if (ok) {
		snprintf(grant.refresh_token, sizeof(grant.refresh_token), "%s", refresh_token);
		ok = store_commit_grant(&store, &grant, &err);
	}
	store_close(&store);
	return ok;
}

static bool look(void)
{
	struct store store;
	bool ok;

	memset(&err, 0, sizeof(err));
	memset(&grant, 0, sizeof(grant));
	ok = store_open(box->account, &store, &err) && store_read_grant(&store, &grant, &err);
	store_close(&store);
	return ok;
}

static void stays(const char *text)
{
	static char again[256 * 1024];

	file_read(state_path(box, "grant"), again, sizeof(again));
	assert_string_equal(again, text);
	assert_false(file_exists(state_path(box, "grant.new")));
}

static const char *on_disk(void)
{
	static char text[256 * 1024];

	file_read(state_path(box, "grant"), text, sizeof(text));
	return text;
}

/* ---- what fails ---- */

static void a_seal_that_is_not_proved_costs_nothing(void **state)
{
	static const struct {
		const char *seal, *unseal;
		enum error_kind kind;
		const char *words;
	} rows[] = {
		{"exit 3", "cat", ERROR_TEMPORARY, "seal_command failed with status 3"},
		{"true", "cat", ERROR_TEMPORARY, "seal_command gave nothing"},
		{"head -c 2097152 /dev/zero", "cat", ERROR_CONFIG, "seal_command gave more than"},
		{"head -c 4097 /dev/zero", "cat", ERROR_CONFIG, "seal_command gave more than"},
		{"cat", "exit 2", ERROR_TEMPORARY, "saslfresh refresh --force"},
		{"cat", "cat >/dev/null", ERROR_TEMPORARY, "unseal_command gave nothing"},
		{"cat", "tr a-z A-Z | tr -d _-", ERROR_CONFIG, "unseal_command"},
		{"cat", "head -c 2097152 /dev/zero", ERROR_CONFIG, "unseal_command gave more than"},
		{"cat", "head -c 42", ERROR_CONFIG, "something else"},
		{"cat", "echo; cat", ERROR_CONFIG, "something else"},
		{"/no/such/program 2>&-", "cat", ERROR_CONFIG, "status 127"},
	};

	(void)state;
	configure("", "");
	assert_true(renew("rt-1"));
	{
		char *before = strdup(on_disk());

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			configure(rows[i].seal, rows[i].unseal);
			if (renew("rt-2"))
				fail_msg("`%s` and `%s` are taken", rows[i].seal, rows[i].unseal);
			assert_failed(err, rows[i].kind, rows[i].words);
			stays(before);
		}
		free(before);
	}
}

static void a_grant_that_cannot_be_opened_stays(void **state)
{
	char *before;

	(void)state;
	configure(SEAL, UNSEAL);
	assert_true(renew("rt-1"));
	before = strdup(on_disk());
	configure(SEAL, "exit 2");
	assert_false(renew("rt-2"));
	assert_failed(err, ERROR_TEMPORARY, "unseal_command failed with status 2");
	assert_mentions(err, "cannot unseal the grant of " ACCOUNT_NAME);
	stays(before);
	configure("none", "");
	assert_false(renew("rt-2"));
	assert_failed(err, ERROR_CONFIG, "there is no unseal_command");
	stays(before);
	configure(SEAL, "echo AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_false(renew("rt-2"));
	assert_failed(err, ERROR_SYSTEM, "sealed with another key");
	stays(before);
	free(before);
}

static void seal_command_alone_is_an_error(void **state)
{
	struct config config = {0};
	struct account *account;

	(void)state;
	configure("", "");
	file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600,
		"[account a]\nclient_id = x\ntoken_endpoint = https://x/\nseal_command = cat\n");
	memset(&err, 0, sizeof(err));
	assert_true(config_load(&config, &err));
	account = config_find(&config, "a");
	assert_false(account_complete(account, &err));
	assert_failed(err, ERROR_CONFIG, "has no unseal_command");
	config_free(&config);
}

/* What was changed in the file, or belongs to another account, is not believed. */
static void a_changed_file_is_refused(void **state)
{
	static const char *const keys[] = {"body = ", "key = "};

	(void)state;
	configure(SEAL, UNSEAL);
	for (size_t i = 0; i < 2; i++) {
		char *text, *at;

		unlink(state_path(box, "grant"));
		assert_true(renew("rt-1"));
		text = strdup(on_disk());
		at = strstr(text, keys[i]);
		assert_non_null(at);
		at += strlen(keys[i]) + 5;
		*at = *at == 'A' ? 'B' : 'A';
		file_puts(state_path(box, "grant"), 0600, text);
		assert_false(look());
		assert_true(err.kind == ERROR_SYSTEM || err.kind == ERROR_CONFIG);
		free(text);
	}
}

static void a_torn_file_is_none(void **state)
{
	char *text;
	size_t len;

	(void)state;
	configure(SEAL, UNSEAL);
	assert_true(renew("rt-1"));
	text = strdup(on_disk());
	len = strlen(text);
	for (size_t cut = 1; cut < len; cut += cut < 40 ? 1 : 97) {
		file_write(state_path(box, "grant"), 0600, text, len - cut);
		assert_false(look());
		assert_mentions(err, "saslfresh login");
	}
	free(text);
}

/* ---- what works ---- */

static void a_sealed_grant_is_renewed_with_one_command(void **state)
{
	char refresh_token[32];

	(void)state;
	configure("", "");
	assert_true(renew("rt-plain"));
	assert_non_null(strstr(on_disk(), "refresh_token = rt-plain"));
	configure(SEAL, UNSEAL);
	for (int i = 1; i <= 5; i++) {
		snprintf(refresh_token, sizeof(refresh_token), "rt-%d", i);
		assert_done(renew(refresh_token), err);
		assert_null(strstr(on_disk(), "rt-"));
		assert_non_null(strstr(on_disk(), "version = 2\naccount = " ACCOUNT_NAME));
	}
	assert_int_equal(runs("sealed"), 1);
	assert_int_equal(runs("unsealed"), 5);
	assert_done(look(), err);
	assert_string_equal(grant.refresh_token, "rt-5");
	configure("none", UNSEAL);
	assert_done(renew("rt-6"), err);
	assert_non_null(strstr(on_disk(), "refresh_token = rt-6"));
}

static void another_command_means_another_key(void **state)
{
	(void)state;
	configure(SEAL, UNSEAL);
	assert_done(renew("rt-1"), err);
	configure(SEAL " | cat", UNSEAL);
	assert_done(renew("rt-2"), err);
	assert_done(renew("rt-3"), err);
	assert_int_equal(runs("sealed"), 2);
}

/* Two tokens of the maximum size, and the key as long as may be. */
static void the_largest_grant_fits(void **state)
{
	char *token = repeat("t", TOKEN_MAX), *scope = repeat("s", TOKEN_SCOPE_MAX);
	struct store store;

	(void)state;
	configure("cat; head -c 4052 /dev/zero", "head -c 44");
	memset(&err, 0, sizeof(err));
	memset(&grant, 0, sizeof(grant));
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_done(store_seal(&store, &err), err);
	strcpy(grant.refresh_token, token);
	strcpy(grant.previous_refresh_token, token);
	strcpy(grant.scope, scope);
	memset(grant.client_id, 'c', sizeof(grant.client_id) - 1);
	memset(grant.issuer, 'i', sizeof(grant.issuer) - 1);
	assert_done(store_commit_grant(&store, &grant, &err), err);
	store_close(&store);
	assert_done(look(), err);
	assert_string_equal(grant.previous_refresh_token, token);
	free(token);
	free(scope);
}

static void what_a_kill_left_is_adopted_unopened(void **state)
{
	char *newer;

	(void)state;
	configure(SEAL, UNSEAL);
	assert_true(renew("rt-1"));
	assert_true(renew("rt-2"));
	newer = strdup(on_disk());
	assert_true(renew("rt-3"));
	file_puts(state_path(box, "grant.new"), 0600, newer);
	assert_int_equal(runs("unsealed"), 3);
	assert_done(look(), err);
	assert_string_equal(grant.refresh_token, "rt-2");
	assert_int_equal(runs("unsealed"), 4);
	stays(newer);
	free(newer);
}

static void a_choice_for_all_is_for_the_accounts_of_its_file(void **state)
{
	struct config config = {0};

	(void)state;
	configure("", "");
	file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600,
		"seal_command = gpg -e\nunseal_command = gpg -d\n"
		"[account a]\n[account b]\nseal_command = none\n[account c]\nunseal_command = x\n");
	memset(&err, 0, sizeof(err));
	assert_done(config_load(&config, &err), err);
	assert_string_equal(
		account_value(config_find(&config, "a"), ACCOUNT_SEAL_COMMAND), "gpg -e");
	assert_string_equal(
		account_value(config_find(&config, "a"), ACCOUNT_UNSEAL_COMMAND), "gpg -d");
	assert_true(seal_is_wanted(config_find(&config, "a")));
	assert_false(seal_is_wanted(config_find(&config, "b")));
	assert_string_equal(account_value(config_find(&config, "c"), ACCOUNT_UNSEAL_COMMAND), "x");
	config_free(&config);
}

static int setup(void **state)
{
	int failed = box_setup(state);

	box = *state;
	return failed;
}

#define SEAL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEAL_TEST(a_seal_that_is_not_proved_costs_nothing),
		SEAL_TEST(a_grant_that_cannot_be_opened_stays),
		SEAL_TEST(seal_command_alone_is_an_error),
		SEAL_TEST(a_changed_file_is_refused),
		SEAL_TEST(a_torn_file_is_none),
		SEAL_TEST(a_sealed_grant_is_renewed_with_one_command),
		SEAL_TEST(another_command_means_another_key),
		SEAL_TEST(the_largest_grant_fits),
		SEAL_TEST(what_a_kill_left_is_adopted_unopened),
		SEAL_TEST(a_choice_for_all_is_for_the_accounts_of_its_file),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
