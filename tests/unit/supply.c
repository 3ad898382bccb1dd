#include "supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocation.h"
#include "support.h"

enum { NOW = 1700000000 };

struct fixture {
	const char *directory;
	struct config config;
	struct account account;
	struct token *token;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err = {0};

	if (fixture == NULL || directory_setup(state) != 0)
		return -1;
	fixture->directory = *state;
	fixture->config.command = strdup("/nonexistent/saslfresh");
	fixture->account.name = strdup("me");
	fixture->account.stamp = 7;
	fixture->account.place.personal = true;
	snprintf(fixture->account.place.state, PATH_SIZE, "%s", fixture->directory);
	fixture->token = token_new(&err);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	*state = (void *)fixture->directory;
	config_free(&fixture->config);
	account_free(&fixture->account);
	token_free(fixture->token);
	free(fixture);
	return directory_teardown(state);
}

/* The cache: a token of an hour with left seconds to live, and more lines. */
static void cache(struct fixture *fixture, int left, const char *lines, int count)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"version = 1\naccess_token = OLD\naccess_token_hash = aa\nissued_at = %d\n"
		"expires_at = %d\n%send = %d\n",
		NOW + left - 3600, NOW + left, lines, 5 + count);
	file_puts(path_of(fixture->directory, "me.token"), text, 0600);
}

/* The command: logs its arguments and its request, then says the answer. */
static void command(struct fixture *fixture, const char *answer)
{
	char *text = malloc(strlen(answer) + 256);
	char *path = path_of(fixture->directory, "command");

	sprintf(text,
		"#!/bin/sh\ncd \"${0%%/*}\"\necho \"$@\" >>log\ncat >>log\ncat <<'END'\n%sEND\n",
		answer);
	file_puts(path, text, 0700);
	free(text);
	free(fixture->config.command);
	fixture->config.command = strdup(path);
}

static const char *log_of(const struct fixture *fixture)
{
	return file_text(path_of(fixture->directory, "log"));
}

static bool supply(struct fixture *fixture)
{
	int descriptors = count_descriptors();
	bool ok;

	memset(fixture->token, 1, sizeof(*fixture->token));
	fixture->err = (struct error){0};
	ok = supply_token(&fixture->config, &fixture->account, NOW, fixture->token, &fixture->err);
	assert_int_equal(count_descriptors(), descriptors);
	if (!ok) {
		char *untouched = repeated('\1', sizeof(*fixture->token));

		assert_memory_equal(fixture->token, untouched, sizeof(*fixture->token));
		free(untouched);
	}
	return ok;
}

static void assert_supplied(struct fixture *fixture, const char *access_token)
{
	assert_true(supply(fixture));
	assert_string_equal(fixture->token->access_token, access_token);
}

static void assert_not_supplied(struct fixture *fixture, enum error_kind kind, const char *text)
{
	assert_false(supply(fixture));
	assert_error(&fixture->err, kind, text);
}

static const char new_token[] = "status = ok\nversion = 1\naccess_token = NEW\n"
				"issued_at = 1700000000\nexpires_at = 1700003600\nend = 5\n";
static const char failure[] = "status = login\nwhat = no access token of me\ncause = it is gone\n"
			      "hint = saslfresh login me\nend = 4\n";

/* ---- who may renew ---- */

static void the_owner_of_the_state_may_renew_and_nobody_else(void **state)
{
	struct fixture *fixture = *state;
	struct account *account = &fixture->account;

	assert_true(supply_may_renew(account));
	account->place.personal = false;
	assert_true(supply_may_renew(account));
	snprintf(account->place.state, PATH_SIZE, "%s/absent", fixture->directory);
	assert_true(supply_may_renew(account));
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	snprintf(account->place.state, PATH_SIZE, "/etc");
	assert_false(supply_may_renew(account));
	account->place.personal = true;
	assert_true(supply_may_renew(account));
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

/* ---- failures ---- */

static void the_command_s_sentence_comes_through(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, failure);
	assert_not_supplied(fixture, ERROR_LOGIN, "");
	assert_sentence(&fixture->err, "no access token of me: it is gone (saslfresh login me)");
	cache(fixture, 0, "", 0);
	assert_not_supplied(fixture, ERROR_LOGIN, "");
	assert_sentence(&fixture->err, "no access token of me: it is gone (saslfresh login me)");
}

static void every_kind_of_failure_comes_through(void **state)
{
	struct fixture *fixture = *state;

	for (int kind = ERROR_CONFIG; kind <= ERROR_SYSTEM; kind++) {
		char answer[256];

		snprintf(answer, sizeof(answer), "status = %s\nwhat = w\ncause = c\nend = 3\n",
			error_kind_name(kind));
		command(fixture, answer);
		assert_not_supplied(fixture, kind, "");
		assert_sentence(&fixture->err, "w: c");
	}
}

static void a_command_that_cannot_be_run_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	not_on_valgrind();
	assert_not_supplied(fixture, ERROR_SYSTEM,
		"cannot renew it: cannot run /nonexistent/saslfresh: No such file or directory (for "
		"such programs there are accounts of the system, see saslfresh(8))");
}

static void a_command_that_says_nothing_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, "");
	assert_not_supplied(fixture, ERROR_SYSTEM, "command ended without an answer");
	assert_null(strstr(fixture->err.hint, "chroot"));
}

static void what_is_no_answer_is_a_failure(void **state)
{
	static const char *const answers[] = {"hello\n", "status = ok\n", "status = ok\nend = 1\n",
		"status = ok\nversion = 2\nend = 2\n", "status = maybe\nend = 1\n",
		"status = ok\nversion = 1\naccess_token = N W\nend = 3\n"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		command(fixture, answers[i]);
		assert_not_supplied(fixture, ERROR_SYSTEM, "no access token of me: ");
	}
}

static void an_answer_that_is_torn_is_a_failure(void **state)
{
	struct fixture *fixture = *state;
	char text[sizeof(new_token)];

	for (const char *at = strchr(new_token, '\n'); at[1] != '\0'; at = strchr(at + 1, '\n')) {
		snprintf(text, (size_t)(at - new_token) + 2, "%s", new_token);
		command(fixture, text);
		assert_not_supplied(fixture, ERROR_SYSTEM, "the record is cut off");
	}
}

/* "Gives a token of account that has not expired." */
static void a_token_that_cannot_be_used_is_not_supplied(void **state)
{
	static const char expired[] = "status = ok\nversion = 1\naccess_token = NEW\n"
				      "issued_at = 1699990000\nexpires_at = 1699999999\nend = 5\n";
	static const char none[] = "status = ok\nversion = 1\nissued_at = 1700000000\n"
				   "expires_at = 1700003600\nend = 4\n";
	static const char *const answers[] = {expired, none, "status = ok\nversion = 1\nend = 2\n"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		command(fixture, answers[i]);
		assert_false(supply(fixture));
	}
}

static void a_name_that_is_too_long_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, new_token);
	free(fixture->account.name);
	fixture->account.name = repeated('a', TOKEN_USER_MAX + 1);
	assert_not_supplied(fixture, ERROR_CONFIG, "the name of account aaa");
	assert_string_equal(log_of(fixture), "");
}

static void no_memory_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	cache(fixture, 3600, "", 0);
	allocation_fail(1);
	assert_false(supply(fixture));
	assert_error(&fixture->err, ERROR_SYSTEM, "out of memory");
	allocation_reset();
	assert_supplied(fixture, "OLD");
}

/* ---- the cache is enough ---- */

static void a_fresh_token_needs_no_command(void **state)
{
	struct fixture *fixture = *state;

	cache(fixture, 3600, "user = box@example.org\nhosts = *.example.org\n", 2);
	assert_supplied(fixture, "OLD");
	assert_string_equal(fixture->token->user, "box@example.org");
	assert_string_equal(fixture->token->hosts, "*.example.org");
	command(fixture, new_token);
	cache(fixture, 361, "", 0);
	assert_supplied(fixture, "OLD");
	assert_string_equal(log_of(fixture), "");
	cache(fixture, 360, "", 0);
	assert_supplied(fixture, "NEW");
}

static void a_token_that_is_held_needs_no_command(void **state)
{
	static const struct {
		const char *lines;
		int count;
	} holds[] = {
		{"failure = temporary\nretry_at = 1700000001\n", 2},
		{"failure = server\nretry_at = 1700000001\n", 2},
		{"failure = config\nretry_at = 1700000001\nconfig_stamp = 7\n", 3},
		{"failure = login\nconfig_stamp = 7\n", 2},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		cache(fixture, 360, holds[i].lines, holds[i].count);
		command(fixture, new_token);
		assert_supplied(fixture, "OLD");
		cache(fixture, 61, holds[i].lines, holds[i].count);
		assert_supplied(fixture, "OLD");
		assert_string_equal(log_of(fixture), "");
	}
}

static void a_wait_that_is_over_holds_nothing(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, new_token);
	cache(fixture, 360, "failure = temporary\nretry_at = 1700000000\n", 2);
	assert_supplied(fixture, "NEW");
	cache(fixture, 360, "failure = login\nconfig_stamp = 6\n", 2);
	assert_supplied(fixture, "NEW");
}

/* The mail server has refused it, and its successor would not fare better for now. */
static void a_refused_token_is_replaced_unless_it_is_held(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, new_token);
	cache(fixture, 3600, "rejected = bb\n", 1);
	assert_supplied(fixture, "OLD");
	cache(fixture, 3600, "rejected = aa\nretry_at = 1700000001\n", 2);
	assert_supplied(fixture, "OLD");
	assert_string_equal(log_of(fixture), "");
	cache(fixture, 3600, "rejected = aa\n", 1);
	assert_supplied(fixture, "NEW");
}

/* ---- the command is asked ---- */

static void a_living_token_survives_a_command_that_fails(void **state)
{
	static const int left[] = {360, 61, 60, 1};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 4; i++) {
		cache(fixture, left[i], "", 0);
		assert_supplied(fixture, "OLD");
	}
	command(fixture, failure);
	for (size_t i = 0; i < 4; i++) {
		cache(fixture, left[i], "", 0);
		assert_supplied(fixture, "OLD");
		assert_string_not_equal(log_of(fixture), "");
	}
}

/* Only a person could get another one: the old one would be refused again. */
static void a_refused_token_does_not_survive_the_need_of_a_login(void **state)
{
	struct fixture *fixture = *state;

	cache(fixture, 3600, "rejected = aa\n", 1);
	command(fixture, failure);
	assert_not_supplied(fixture, ERROR_LOGIN, "it is gone (saslfresh login me)");
	command(fixture, "status = temporary\ncause = c\nend = 2\n");
	assert_supplied(fixture, "OLD");
	cache(fixture, 3600, "rejected = bb\n", 1);
	command(fixture, failure);
	assert_supplied(fixture, "OLD");
}

static void a_dead_token_is_renewed_by_the_command(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, new_token);
	assert_supplied(fixture, "NEW");
	assert_string_equal(log_of(fixture), "answer\nrequest = token\naccount = me\nend = 2\n");
	cache(fixture, 0, "failure = login\nconfig_stamp = 7\n", 2);
	assert_supplied(fixture, "NEW");
	cache(fixture, 3600 + 61, "", 0);
	assert_supplied(fixture, "NEW");
}

static void a_cache_that_cannot_be_read_is_renewed_by_the_command(void **state)
{
	struct fixture *fixture = *state;
	const char *file = path_of(fixture->directory, "me.token");

	command(fixture, new_token);
	file_puts(file, "version = 1\naccess_token = OL", 0600);
	assert_supplied(fixture, "NEW");
	cache(fixture, 3600, "", 0);
	assert_int_equal(chmod(file, 0666), 0);
	assert_supplied(fixture, "NEW");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_supplied(fixture, "NEW");
}

static void nothing_of_ours_stays_in_freed_memory(void **state)
{
	struct fixture *fixture = *state;

	cache(fixture, 360, "", 0);
	command(fixture, new_token);
	allocation_watch("access_token = ");
	assert_supplied(fixture, "NEW");
	assert_int_equal(allocation_leaks(), 0);
	allocation_watch("OLD");
	assert_supplied(fixture, "NEW");
	assert_int_equal(allocation_leaks(), 0);
	allocation_reset();
}

/* ---- a token that was refused ---- */

static void a_refusal_reaches_the_command(void **state)
{
	struct fixture *fixture = *state;

	command(fixture, "status = ok\nend = 1\n");
	assert_true(supply_reject(&fixture->config, &fixture->account, "af09", &fixture->err));
	assert_string_equal(log_of(fixture),
		"answer\nrequest = reject\naccount = me\nrejected = af09\nend = 3\n");
}

static void a_refusal_that_cannot_be_told_is_a_failure(void **state)
{
	struct fixture *fixture = *state;
	char *hash = repeated('f', TOKEN_HASH_MAX + 1);

	assert_false(supply_reject(&fixture->config, &fixture->account, "af09", &fixture->err));
	assert_error(&fixture->err, ERROR_SYSTEM, "/nonexistent/saslfresh");
	command(fixture, failure);
	assert_false(supply_reject(&fixture->config, &fixture->account, "af09", &fixture->err));
	assert_error(&fixture->err, ERROR_LOGIN, "it is gone");
	command(fixture, "status = ok\nend = 1\n");
	assert_false(supply_reject(&fixture->config, &fixture->account, hash, &fixture->err));
	assert_int_equal(fixture->err.kind, ERROR_CONFIG);
	assert_true(supply_reject(&fixture->config, &fixture->account, hash + 1, &fixture->err));
	free(hash);
}

static void the_command_is_the_one_that_was_built_where_none_is_named(void **state)
{
	struct fixture *fixture = *state;

	not_on_valgrind();
	if (access(SASLFRESH_COMMAND, F_OK) == 0)
		skip();
	free(fixture->config.command);
	fixture->config.command = NULL;
	assert_not_supplied(fixture, ERROR_SYSTEM, "cannot run " SASLFRESH_COMMAND ": ");
}

#define fixed(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- a shared account ---- */

static void a_shared_account_has_the_token_of_its_grantor(void **state)
{
	struct fixture *fixture = *state;

	cache(fixture, 3600, "", 0);
	fixture->account.values[ACCOUNT_GRANT] = strdup("me");
	free(fixture->account.name);
	fixture->account.name = strdup("box");
	command(fixture, failure);
	assert_supplied(fixture, "OLD");
	assert_string_equal(log_of(fixture), "");
	cache(fixture, 0, "", 0);
	command(fixture, new_token);
	assert_supplied(fixture, "NEW");
	assert_string_equal(log_of(fixture), "answer\nrequest = token\naccount = box\nend = 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixed(the_owner_of_the_state_may_renew_and_nobody_else),
		fixed(the_command_s_sentence_comes_through),
		fixed(every_kind_of_failure_comes_through),
		fixed(a_command_that_cannot_be_run_is_a_failure),
		fixed(a_command_that_says_nothing_is_a_failure),
		fixed(what_is_no_answer_is_a_failure),
		fixed(an_answer_that_is_torn_is_a_failure),
		fixed(a_token_that_cannot_be_used_is_not_supplied),
		fixed(a_name_that_is_too_long_is_a_failure),
		fixed(no_memory_is_a_failure),
		fixed(a_fresh_token_needs_no_command),
		fixed(a_token_that_is_held_needs_no_command),
		fixed(a_wait_that_is_over_holds_nothing),
		fixed(a_refused_token_is_replaced_unless_it_is_held),
		fixed(a_living_token_survives_a_command_that_fails),
		fixed(a_refused_token_does_not_survive_the_need_of_a_login),
		fixed(a_dead_token_is_renewed_by_the_command),
		fixed(a_cache_that_cannot_be_read_is_renewed_by_the_command),
		fixed(nothing_of_ours_stays_in_freed_memory),
		fixed(a_refusal_that_cannot_be_told_is_a_failure),
		fixed(a_refusal_reaches_the_command),
		fixed(a_shared_account_has_the_token_of_its_grantor),
		fixed(the_command_is_the_one_that_was_built_where_none_is_named),
	};

	return cmocka_run_group_tests_name("supply", tests, NULL, NULL);
}
