#include "event.h"

#include <string.h>

#include "programs_support.h"

enum { NOW = 2000000000, DAY = 86400 };

static struct config config;
static struct token token;

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	memset(&token, 0, sizeof(token));
	for (int hook = 0; hook < CONFIG_HOOKS; hook++)
		config.hooks[hook] = (char *)"true";
	return 0;
}

static void is_due(enum event event, int64_t now)
{
	assert_string_equal(event_name(event_due(&config, &token, now)), event_name(event));
}

static void told(enum event event, int64_t now)
{
	is_due(event, now);
	event_note(event, now, &token);
	is_due(EVENT_NONE, now);
}

static void a_well_account_is_no_event(void **state)
{
	(void)state;
	is_due(EVENT_NONE, NOW);
	for (int kind = ERROR_NONE; kind <= ERROR_SYSTEM; kind++) {
		token.kind = (enum error_kind)kind;
		if (kind != ERROR_LOGIN)
			is_due(EVENT_NONE, NOW);
	}
}

static void a_login_then_a_recovery(void **state)
{
	(void)state;
	token.kind = ERROR_LOGIN;
	told(EVENT_LOGIN_NEEDED, NOW);
	token.kind = ERROR_TEMPORARY;
	is_due(EVENT_NONE, NOW + 5);
	token.kind = ERROR_NONE;
	told(EVENT_RECOVERED, NOW + 10);
	is_due(EVENT_NONE, NOW + 10LL * DAY);
}

static void within_one_second_too(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		token.kind = ERROR_LOGIN;
		told(EVENT_LOGIN_NEEDED, NOW + round * (int64_t)DAY);
		token.kind = ERROR_NONE;
		told(EVENT_RECOVERED, NOW + round * (int64_t)DAY);
	}
	token.login_told_at = 0;
	token.kind = ERROR_LOGIN;
	event_note(EVENT_LOGIN_NEEDED, NOW + 2LL * DAY, &token);
	assert_true(token.login_told_at > token.recovered_told_at);
	is_due(EVENT_NONE, NOW + 2LL * DAY);
}

static void once_per_interval(void **state)
{
	(void)state;
	token.kind = ERROR_LOGIN;
	told(EVENT_LOGIN_NEEDED, NOW);
	is_due(EVENT_NONE, NOW + DAY - 1);
	told(EVENT_LOGIN_NEEDED, NOW + DAY);
	config.hook_interval = 60;
	is_due(EVENT_NONE, NOW + DAY + 59);
	told(EVENT_LOGIN_NEEDED, NOW + DAY + 60);
}

static void before_the_end_of_a_grant_that_lives(void **state)
{
	(void)state;
	token.grant_ends_at = NOW + 14LL * DAY;
	token.grant_ends_since = NOW - 100LL * DAY;
	is_due(EVENT_NONE, NOW);
	told(EVENT_BEFORE_END, NOW + 1);
	is_due(EVENT_NONE, NOW + DAY);
	told(EVENT_BEFORE_END, NOW + DAY + 1);
	token.end_told_at = 0;
	token.kind = ERROR_TEMPORARY;
	is_due(EVENT_BEFORE_END, NOW + DAY);
	token.kind = ERROR_LOGIN;
	is_due(EVENT_LOGIN_NEEDED, NOW + DAY);
}

static void only_what_somebody_wants_to_know(void **state)
{
	(void)state;
	token.kind = ERROR_LOGIN;
	config.hooks[HOOK_BEFORE_END] = NULL;
	config.hooks[HOOK_LOGIN_NEEDED] = NULL;
	is_due(EVENT_LOGIN_NEEDED, NOW);
	config.hooks[HOOK_RECOVERED] = NULL;
	is_due(EVENT_NONE, NOW);
	token.kind = ERROR_NONE;
	token.login_told_at = NOW - 5;
	token.grant_ends_at = NOW + 1;
	is_due(EVENT_NONE, NOW);
}

static void a_clock_that_was_set_back_silences_nothing_for_ever(void **state)
{
	(void)state;
	token.kind = ERROR_LOGIN;
	token.login_told_at = NOW + 3600;
	is_due(EVENT_NONE, NOW);
	token.login_told_at = NOW + 2LL * DAY;
	is_due(EVENT_LOGIN_NEEDED, NOW);
	token.login_told_at = INT64_MAX;
	is_due(EVENT_LOGIN_NEEDED, INT64_MIN);
}

static void names_and_events_are_each_other_s(void **state)
{
	(void)state;
	for (int event = EVENT_NONE; event <= EVENT_BEFORE_END; event++)
		assert_int_equal(event_named(event_name((enum event)event)), event);
	assert_int_equal(event_named("refresh"), EVENT_NONE);
	assert_int_equal(event_named(""), EVENT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_well_account_is_no_event, setup),
		cmocka_unit_test_setup(a_login_then_a_recovery, setup),
		cmocka_unit_test_setup(within_one_second_too, setup),
		cmocka_unit_test_setup(once_per_interval, setup),
		cmocka_unit_test_setup(before_the_end_of_a_grant_that_lives, setup),
		cmocka_unit_test_setup(only_what_somebody_wants_to_know, setup),
		cmocka_unit_test_setup(a_clock_that_was_set_back_silences_nothing_for_ever, setup),
		cmocka_unit_test_setup(names_and_events_are_each_other_s, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
