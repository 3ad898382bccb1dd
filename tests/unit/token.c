/* The policy of the token: its age, its memory of failure. The record is in token_record.c. */
#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { NOW = 1700000000 };

static struct token *issued(int64_t at, int64_t life)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	assert_non_null(token);
	strcpy(token->access_token, "abc");
	strcpy(token->access_token_hash, "hash");
	token->issued_at = at;
	token->expires_at = at + life;
	return token;
}

/* The age of a token of that life with left seconds to live. */
static enum token_age age_of(int64_t life, int64_t left)
{
	struct token *token = issued(NOW + left - life, life);
	enum token_age age = token_age(token, NOW);

	assert_int_equal(token_left(token, NOW), left > 0 ? left : 0);
	token_free(token);
	return age;
}

/* ---- age ---- */

static void a_token_that_is_none_is_dead(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	token->access_token[0] = '\0';
	assert_int_equal(token_age(token, NOW), TOKEN_DEAD);
	assert_int_equal(token_left(token, NOW), 0);
	memset(token, 0, sizeof(*token));
	assert_int_equal(token_age(token, NOW), TOKEN_DEAD);
	assert_int_equal(token_age(token, 0), TOKEN_DEAD);
	token_free(token);
}

static void an_expired_token_is_dead(void **state)
{
	(void)state;
	assert_int_equal(age_of(3600, 1), TOKEN_HARD);
	assert_int_equal(age_of(3600, 0), TOKEN_DEAD);
	assert_int_equal(age_of(3600, -1), TOKEN_DEAD);
	assert_int_equal(age_of(3600, -1000000), TOKEN_DEAD);
}

static void a_life_that_cannot_be_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(age_of(TOKEN_LIFE_MAX, TOKEN_LIFE_MAX), TOKEN_FRESH);
	struct token *token = issued(NOW, TOKEN_LIFE_MAX + 1);

	assert_int_equal(token_age(token, NOW), TOKEN_DEAD);
	assert_int_equal(token_left(token, NOW), 0);
	token->expires_at = token->issued_at;
	assert_int_equal(token_age(token, NOW - 10), TOKEN_DEAD);
	token->expires_at = token->issued_at - 1;
	assert_int_equal(token_age(token, NOW - 10), TOKEN_DEAD);
	token_free(token);
}

/* The clock was set back: a minute is tolerated. */
static void a_token_of_the_future_is_not_believed(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	assert_int_equal(token_age(token, NOW - 60), TOKEN_FRESH);
	assert_int_equal(token_left(token, NOW - 60), 3660);
	assert_int_equal(token_age(token, NOW - 61), TOKEN_DEAD);
	assert_int_equal(token_left(token, NOW - 61), 0);
	assert_int_equal(token_age(token, 0), TOKEN_DEAD);
	assert_int_equal(token_age(token, NOW + 100000000), TOKEN_DEAD);
	token_free(token);
}

/* Soft: max(300 s, a tenth of life), at most half of life. Hard: 60 s, at most a quarter of life.
 */
static void margins_follow_the_life(void **state)
{
	static const struct {
		int64_t life, soft, hard;
	} rows[] = {
		{400 * 86400, 40 * 86400, 60},
		{86400, 8640, 60},
		{3600, 360, 60},
		{3599, 359, 60},
		{3009, 300, 60},
		{3000, 300, 60},
		{601, 300, 60},
		{600, 300, 60},
		{599, 299, 60},
		{300, 150, 60},
		{240, 120, 60},
		{239, 119, 59},
		{60, 30, 15},
		{10, 5, 2},
		{4, 2, 1},
		{3, 1, 0},
		{2, 1, 0},
		{1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t life = rows[i].life, soft = rows[i].soft, hard = rows[i].hard;

		assert_int_equal(age_of(life, life), TOKEN_FRESH);
		assert_int_equal(age_of(life, soft + 1), TOKEN_FRESH);
		assert_int_equal(age_of(life, hard + 1), soft > hard ? TOKEN_SOFT : TOKEN_FRESH);
		if (soft > 0)
			assert_int_equal(age_of(life, soft), soft > hard ? TOKEN_SOFT : TOKEN_HARD);
		if (hard > 0)
			assert_int_equal(age_of(life, hard), TOKEN_HARD);
		assert_int_equal(age_of(life, 0), TOKEN_DEAD);
	}
}

/* What a file may hold at most, at any time the clock of a machine can show. */
static void extremes_do_not_overflow(void **state)
{
	static const int64_t times[] = {0, 1, NOW, INT32_MAX, INT64_MAX - 1, INT64_MAX};
	static const int64_t clocks[] = {INT32_MIN, 0, NOW, INT32_MAX, INT64_MAX / 1000000000};
	struct token *token = issued(0, 0);

	(void)state;
	for (size_t a = 0; a < sizeof(times) / sizeof(times[0]); a++) {
		for (size_t b = 0; b < sizeof(times) / sizeof(times[0]); b++) {
			for (size_t c = 0; c < sizeof(clocks) / sizeof(clocks[0]); c++) {
				struct error err = {0};

				token->issued_at = times[a];
				token->expires_at = times[b];
				token->retry_at = times[b];
				token->kind = ERROR_TEMPORARY;
				if (times[a] >= INT32_MAX || times[b] >= INT32_MAX || clocks[c] < 0)
					assert_int_equal(token_age(token, clocks[c]), TOKEN_DEAD);
				token_is_held(token, clocks[c], 0);
				token_failure(token, clocks[c], &err);
			}
		}
	}
	token_free(token);
}

static int look_at_extreme_clocks(void *context)
{
	static const int64_t clocks[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
	struct error err = {0};

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		token_age(context, clocks[i]);
		token_left(context, clocks[i]);
		token_is_held(context, clocks[i], 0);
		token_failure(context, clocks[i], &err);
	}
	return 0;
}

/* No kernel shows such a time; with UBSan this tells whether the sums are guarded all the same. */
static void a_clock_out_of_its_mind_does_not_overflow(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	token->kind = ERROR_TEMPORARY;
	token->retry_at = NOW + 40;
	assert_int_equal(in_child(look_at_extreme_clocks, token, 60), 0);
	token_free(token);
}

/* ---- the memory of failure ---- */

static void a_wait_is_over_at_retry_at(void **state)
{
	static const enum error_kind kinds[] = {
		ERROR_TEMPORARY, ERROR_SERVER, ERROR_SYSTEM, ERROR_CONFIG, ERROR_REFUSED};
	struct token *token = issued(NOW, 3600);

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		token->kind = kinds[i];
		token->retry_at = NOW + 1;
		assert_true(token_is_held(token, NOW, 0));
		token->retry_at = NOW;
		assert_false(token_is_held(token, NOW, 0));
		token->retry_at = 0;
		assert_false(token_is_held(token, NOW, 0));
	}
	token_free(token);
}

/* The clock was set back by more than any server may ask us to wait. */
static void a_wait_that_cannot_be_is_over(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	token->kind = ERROR_TEMPORARY;
	token->retry_at = NOW + TOKEN_HOLD_MAX;
	assert_true(token_is_held(token, NOW, 0));
	token->retry_at = NOW + TOKEN_HOLD_MAX + 1;
	assert_false(token_is_held(token, NOW, 0));
	token->retry_at = INT64_MAX;
	assert_false(token_is_held(token, NOW, 0));
	token_free(token);
}

/* What a person must mend is remembered until the configuration changes. */
static void a_changed_configuration_is_a_reason_to_ask_again(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	token->config_stamp = 7;
	token->retry_at = NOW + 100;
	token->kind = ERROR_CONFIG;
	assert_true(token_is_held(token, NOW, 7));
	assert_false(token_is_held(token, NOW, 8));
	assert_false(token_is_held(token, NOW + 100, 7));
	token->kind = ERROR_LOGIN;
	token->retry_at = 0;
	assert_true(token_is_held(token, NOW, 7));
	assert_false(token_is_held(token, NOW, 8));
	token->kind = ERROR_TEMPORARY;
	token->retry_at = NOW + 100;
	assert_true(token_is_held(token, NOW, 8));
	token_free(token);
}

static void without_a_failure_nothing_is_held(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	assert_false(token_is_held(token, NOW, 0));
	token->retry_at = NOW + 100;
	assert_false(token_is_held(token, NOW, 0));
	strcpy(token->rejected, "another");
	assert_false(token_is_held(token, NOW, 0));
	token_free(token);
}

/* A new token that was refused as well: no loop of refreshes. */
static void a_refused_token_is_held_as_long_as_it_says(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	strcpy(token->rejected, "hash");
	assert_false(token_is_held(token, NOW, 0));
	token->retry_at = NOW + 100;
	assert_true(token_is_held(token, NOW, 0));
	assert_false(token_is_held(token, NOW + 100, 0));
	token_free(token);
}

static void only_this_very_token_is_rejected(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	assert_false(token_is_rejected(token));
	strcpy(token->rejected, "hash");
	assert_true(token_is_rejected(token));
	strcpy(token->access_token_hash, "hasi");
	assert_false(token_is_rejected(token));
	token->rejected[0] = token->access_token_hash[0] = '\0';
	assert_false(token_is_rejected(token));
	token_free(token);
}

static void a_token_survives_what_does_not_concern_it(void **state)
{
	struct token *token = issued(NOW, 3600);

	(void)state;
	for (int kind = ERROR_CONFIG; kind <= ERROR_SYSTEM; kind++) {
		const struct error err = {.kind = kind};

		strcpy(token->rejected, "another");
		assert_true(token_survives(token, NOW, &err));
		assert_true(token_survives(token, NOW + 3599, &err));
		assert_false(token_survives(token, NOW + 3600, &err));
		strcpy(token->rejected, "hash");
		assert_int_equal(token_survives(token, NOW, &err), kind != ERROR_LOGIN);
	}
	token_free(token);
}

static void the_remembered_failure_comes_back(void **state)
{
	struct token *token = issued(NOW, 3600);
	struct error err = {0};

	(void)state;
	token->kind = ERROR_LOGIN;
	strcpy(token->error_description, "the grant is gone %s");
	strcpy(token->hint, "saslfresh login me");
	token->retry_at = NOW + 5;
	assert_false(token_failure(token, NOW, &err));
	assert_int_equal(err.kind, ERROR_LOGIN);
	assert_sentence(&err, "the grant is gone %s (saslfresh login me)");
	token->hint[0] = '\0';
	assert_false(token_failure(token, NOW, &err));
	assert_sentence(&err, "the grant is gone %s (next try in 5 s)");
	assert_false(token_failure(token, NOW + 5, &err));
	assert_sentence(&err, "the grant is gone %s");
	token_free(token);
}

/* ---- the end of the grant ---- */

static void an_end_is_near_in_the_second_half_of_a_life_and_within_the_margin(void **state)
{
	enum { DAY = 86400 };
	static const struct {
		int64_t ends, since;
		bool soon;
	} rows[] = {
		{0, 0, false},
		{NOW + 14 * DAY, NOW - 20 * DAY, false},
		{NOW + 14 * DAY - 1, NOW - 20 * DAY, true},
		{NOW - 1, NOW - 20 * DAY, true},
		{NOW + DAY, NOW - DAY, false},
		{NOW + DAY, NOW - DAY - 2, true},
		{NOW + DAY, NOW, false},
		{NOW + DAY, 0, true},
		{INT64_MAX, INT64_MIN, false},
		{1, INT64_MAX, false},
	};
	struct token *token = issued(NOW, 3600);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		token->grant_ends_at = rows[i].ends;
		token->grant_ends_since = rows[i].since;
		assert_int_equal(token_grant_ends_soon(token, NOW, 14 * DAY), rows[i].soon);
	}
	token->grant_ends_at = NOW + DAY;
	token->grant_ends_since = 0;
	token->kind = ERROR_TEMPORARY;
	assert_true(token_grant_ends_soon(token, NOW, 14 * DAY));
	token->kind = ERROR_LOGIN;
	assert_false(token_grant_ends_soon(token, NOW, 14 * DAY));
	token_free(token);
}

/* ---- how long to wait ---- */

static void a_wait_doubles_up_to_a_quarter_of_an_hour(void **state)
{
	static const int64_t seconds[] = {40, 80, 160, 320, 640, 900, 900};

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		int64_t least = INT64_MAX, most = 0;

		for (uint32_t chance = 0; chance <= 2000; chance++) {
			int64_t wait = token_backoff((int64_t)i + 1, chance);

			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
			wait = token_backoff((int64_t)i + 1, UINT32_MAX - chance);
			assert_in_range(wait, seconds[i] * 4 / 5, seconds[i] * 6 / 5);
		}
		assert_int_equal(least, seconds[i] * 4 / 5);
		assert_int_equal(most, seconds[i] * 6 / 5);
	}
}

static int wait_after_least_failures(void *context)
{
	(void)context;
	CHECK(token_backoff(INT64_MIN, 0) >= 32 && token_backoff(INT64_MIN, UINT32_MAX) <= 48);
	return 0;
}

/* A token file may say any number. */
static void the_least_number_does_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(in_child(wait_after_least_failures, NULL, 60), 0);
}

static void any_number_of_failures_gives_a_wait(void **state)
{
	(void)state;
	assert_in_range(token_backoff(INT64_MAX, UINT32_MAX), 720, 1080);
	assert_in_range(token_backoff(1000000, 0), 720, 1080);
	assert_in_range(token_backoff(0, 0), 32, 48);
	assert_in_range(token_backoff(-1, UINT32_MAX), 32, 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_that_is_none_is_dead),
		cmocka_unit_test(an_expired_token_is_dead),
		cmocka_unit_test(a_life_that_cannot_be_is_not_believed),
		cmocka_unit_test(a_token_of_the_future_is_not_believed),
		cmocka_unit_test(margins_follow_the_life),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(a_clock_out_of_its_mind_does_not_overflow),
		cmocka_unit_test(a_wait_is_over_at_retry_at),
		cmocka_unit_test(a_wait_that_cannot_be_is_over),
		cmocka_unit_test(a_changed_configuration_is_a_reason_to_ask_again),
		cmocka_unit_test(without_a_failure_nothing_is_held),
		cmocka_unit_test(a_refused_token_is_held_as_long_as_it_says),
		cmocka_unit_test(only_this_very_token_is_rejected),
		cmocka_unit_test(a_token_survives_what_does_not_concern_it),
		cmocka_unit_test(the_remembered_failure_comes_back),
		cmocka_unit_test(an_end_is_near_in_the_second_half_of_a_life_and_within_the_margin),
		cmocka_unit_test(a_wait_doubles_up_to_a_quarter_of_an_hour),
		cmocka_unit_test(the_least_number_does_not_overflow),
		cmocka_unit_test(any_number_of_failures_gives_a_wait),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
