#include "nearest.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char *const keys[] = {"rank", "programs", "command", "timeout", "connect_timeout", NULL};

static void a_word_too_far_away_is_not_guessed(void **state)
{
	(void)state;
	assert_null(nearest_word("xyz", keys));
	assert_null(nearest_word("", keys));
	assert_null(nearest_word("colour", keys));
}

static void no_words_no_guess(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	assert_null(nearest_word("rank", none));
}

/* One change more than a third, so that two letters of "rnak" may have changed places. */
static void the_bound_is_a_third_and_one(void **state)
{
	static const char *const words[] = {"abcdef", NULL};

	(void)state;
	assert_string_equal(nearest_word("abcxyz", words), "abcdef");
	assert_null(nearest_word("abwxyz", words));
	assert_string_equal(nearest_word("rnak", keys), "rank");
	assert_null(nearest_word("rxyz", keys));
}

static void insertions_deletions_and_changes_count_one(void **state)
{
	(void)state;
	assert_string_equal(nearest_word("rank", keys), "rank");
	assert_string_equal(nearest_word("ranks", keys), "rank");
	assert_string_equal(nearest_word("rak", keys), "rank");
	assert_string_equal(nearest_word("rbnk", keys), "rank");
	assert_string_equal(nearest_word("conect_timeuot", keys), "connect_timeout");
}

static void the_nearest_of_several_wins_and_the_first_of_equals(void **state)
{
	static const char *const words[] = {"aaaa", "abaa", "abba", "aaab", NULL};

	(void)state;
	assert_string_equal(nearest_word("abbb", words), "abba");
	assert_string_equal(nearest_word("aaac", words), "aaaa");
}

static void a_long_word_is_not_taken_for_another(void **state)
{
	char *mistyped = repeated('x', 300);
	char *fits = repeated('y', 64);
	char *longer = repeated('y', 65);
	const char *const words[] = {fits, longer, NULL};

	(void)state;
	assert_null(nearest_word(mistyped, words));
	free(mistyped);
	free(fits);
	free(longer);
}

static void a_word_of_the_longest_kind_is_found(void **state)
{
	char *known = repeated('y', 64);
	char *mistyped = repeated('y', 64);
	const char *const words[] = {known, NULL};

	(void)state;
	mistyped[63] = 'x';
	assert_ptr_equal(nearest_word(mistyped, words), known);
	free(mistyped);
	free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_too_far_away_is_not_guessed),
		cmocka_unit_test(no_words_no_guess),
		cmocka_unit_test(the_bound_is_a_third_and_one),
		cmocka_unit_test(a_long_word_is_not_taken_for_another),
		cmocka_unit_test(a_word_of_the_longest_kind_is_found),
		cmocka_unit_test(insertions_deletions_and_changes_count_one),
		cmocka_unit_test(the_nearest_of_several_wins_and_the_first_of_equals),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
