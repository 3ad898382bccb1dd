#include "reject.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "programs_support.h"

enum { NOW = 2000000000, SOON = 300 };

static struct box *box;
static struct token token;
static struct error err;

static int reject_setup(void **state)
{
	if (box_setup(state) != 0)
		return -1;
	box = *state;
	box_configure(box, "");
	return 0;
}

/* The cache has "at", of the hash "abc", issued so many seconds ago. */
static void token_is_issued(int64_t ago)
{
	memset(&token, 0, sizeof(token));
	snprintf(token.access_token, sizeof(token.access_token), "at");
	snprintf(token.access_token_hash, sizeof(token.access_token_hash), "abc");
	token.issued_at = NOW - ago;
	token.expires_at = token.issued_at + 3600;
	token_store(box, &token);
}

static bool reject(const char *hash)
{
	const struct online online = {&box->config, box->account, NOW, false};
	bool ok;

	memset(&err, 0, sizeof(err));
	ok = reject_token(&online, hash, &err);
	if (ok)
		token_load(box, &token);
	assert_false(file_exists(state_path(box, "grant.new")));
	assert_false(file_exists(state_path(box, "token.new")));
	return ok;
}

static void a_cache_that_others_may_write_is_refused(void **state)
{
	(void)state;
	token_is_issued(0);
	assert_int_equal(chmod(state_path(box, "token"), 0666), 0);
	assert_false(reject("abc"));
	assert_failed(err, ERROR_CONFIG, "chmod");
}

static void where_nothing_can_be_written_it_is_told(void **state)
{
	(void)state;
	token_is_issued(0);
	assert_int_equal(mkdir(state_path(box, "token.new"), 0700), 0);
	assert_false(reject_token(
		&(struct online){&box->config, box->account, NOW, false}, "abc", &err));
	assert_failed(err, ERROR_SYSTEM, ".token.new");
}

static void another_token_s_refusal_is_old_news(void **state)
{
	static const char *const others[] = {"abd", "ab", "abcd", "ABC", ""};

	(void)state;
	token_is_issued(0);
	for (size_t i = 0; i < 5; i++) {
		assert_done(reject(others[i]), err);
		assert_string_equal(token.rejected, "");
		assert_int_equal(token.rejections, 0);
	}
}

static void without_a_token_nothing_is_noted(void **state)
{
	(void)state;
	assert_done(reject("abc"), err);
	assert_false(file_exists(state_path(box, "token")));
}

static void the_first_refusal_asks_for_a_renewal_at_once(void **state)
{
	(void)state;
	token_is_issued(0);
	assert_done(reject("abc"), err);
	assert_true(token_is_rejected(&token));
	assert_int_equal(token.rejections, 1);
	assert_int_equal(token.rejected_at, NOW);
	assert_int_equal(token.retry_at, 0);
	assert_false(token_is_held(&token, NOW, box->account->stamp));
	assert_string_equal(token.access_token, "at");
}

static void the_same_refusal_again_changes_nothing(void **state)
{
	struct token before;

	(void)state;
	token_is_issued(0);
	assert_done(reject("abc"), err);
	before = token;
	assert_done(reject("abc"), err);
	assert_memory_equal(&token, &before, sizeof(token));
}

/* Renewing was not the cure: the next try waits, longer each time. */
static void a_renewed_token_refused_soon_holds(void **state)
{
	int64_t before = 0;

	(void)state;
	for (int64_t rejections = 1; rejections <= 3; rejections++) {
		token_is_issued(SOON - 1);
		token.rejections = rejections;
		token_store(box, &token);
		assert_done(reject("abc"), err);
		assert_int_equal(token.rejections, rejections + 1);
		assert_true(token.retry_at - NOW > before);
		assert_true(token_is_held(&token, NOW, box->account->stamp));
		before = token.retry_at - NOW;
	}
	assert_true(before <= 900);
}

static void a_token_that_has_served_is_refused_as_for_the_first_time(void **state)
{
	(void)state;
	token_is_issued(SOON);
	token.rejections = 5;
	token_store(box, &token);
	assert_done(reject("abc"), err);
	assert_int_equal(token.rejections, 1);
	assert_int_equal(token.retry_at, 0);
}

/* The refresh token's troubles are another story, and remembered. */
static void a_remembered_failure_stays(void **state)
{
	(void)state;
	token_is_issued(0);
	token.kind = ERROR_TEMPORARY;
	token.retry_at = NOW + 77;
	token.failures = 3;
	token_store(box, &token);
	assert_done(reject("abc"), err);
	assert_int_equal(token.kind, ERROR_TEMPORARY);
	assert_int_equal(token.retry_at, NOW + 77);
	assert_int_equal(token.failures, 3);
	assert_true(token_is_rejected(&token));
}

#define REJECT_TEST(name) cmocka_unit_test_setup_teardown(name, reject_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REJECT_TEST(a_cache_that_others_may_write_is_refused),
		REJECT_TEST(where_nothing_can_be_written_it_is_told),
		REJECT_TEST(another_token_s_refusal_is_old_news),
		REJECT_TEST(without_a_token_nothing_is_noted),
		REJECT_TEST(the_first_refusal_asks_for_a_renewal_at_once),
		REJECT_TEST(the_same_refusal_again_changes_nothing),
		REJECT_TEST(a_renewed_token_refused_soon_holds),
		REJECT_TEST(a_token_that_has_served_is_refused_as_for_the_first_time),
		REJECT_TEST(a_remembered_failure_stays),
	};

	return cmocka_run_group_tests_name("reject", tests, NULL, NULL);
}
