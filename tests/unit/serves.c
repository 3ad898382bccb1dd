/* supply_serves: whether a process has anything to do with us at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supply.h"
#include "support.h"

/* A configuration with so many accounts, of the system or of the caller, with that state directory. */
static struct config with_accounts(size_t count, bool personal, const char *place)
{
	struct config config = {.count = count};

	config.accounts = calloc(count + 1, sizeof(*config.accounts));
	for (size_t i = 0; i < count; i++) {
		config.accounts[i].place.personal = personal;
		snprintf(config.accounts[i].place.state, PATH_SIZE, "%s", place);
	}
	return config;
}

static bool serves(struct config config, bool broken)
{
	bool served = supply_serves(&config, broken);

	config_free(&config);
	return served;
}

static void without_accounts_nobody_is_served(void **state)
{
	assert_false(serves(with_accounts(0, true, *state), false));
}

static void a_broken_configuration_is_told(void **state)
{
	assert_true(serves(with_accounts(0, true, *state), true));
}

static void other_programs_are_not_served(void **state)
{
	struct config config = with_accounts(1, true, *state);

	config.programs = strdup("smtp, mbsync");
	assert_false(serves(config, false));
	config = with_accounts(1, true, *state);
	config.programs = strdup("smtp, mbsync");
	assert_false(serves(config, true));
	config = with_accounts(1, true, *state);
	config.programs = strdup(program_invocation_short_name);
	assert_true(serves(config, false));
}

static void the_caller_s_own_account_is_served(void **state)
{
	assert_true(serves(with_accounts(1, true, *state), false));
	assert_true(serves(with_accounts(1, true, "/nonexistent/state"), false));
}

static int ask_as_user(void *context)
{
	const char *closed = context;
	struct config two;

	CHECK(become(USER_A));
	CHECK(!serves(with_accounts(2, false, closed), false));
	CHECK(serves(with_accounts(2, false, closed), true));
	CHECK(serves(with_accounts(2, true, closed), false));
	two = with_accounts(2, false, closed);
	strcpy(two.accounts[1].place.state, "/");
	CHECK(serves(two, false));
	CHECK(serves(with_accounts(1, false, "/nonexistent/state"), false));
	return 0;
}

static int ask_as_user_who_may(void *context)
{
	CHECK(become(USER_A));
	CHECK(serves(with_accounts(1, false, context), false));
	return 0;
}

/* The mailers of users must not notice an account of the system that is not for them. */
static void an_account_of_the_system_is_served_to_whom_may_enter(void **state)
{
	char *closed = path_of(*state, "closed");

	root_only();
	directory_make(closed, 0700);
	assert_true(serves(with_accounts(1, false, closed), false));
	assert_int_equal(in_child(ask_as_user, closed, 60), 0);
	assert_int_equal(chmod(closed, 0711), 0);
	assert_int_equal(in_child(ask_as_user_who_may, closed, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(without_accounts_nobody_is_served),
		in_directory(a_broken_configuration_is_told),
		in_directory(other_programs_are_not_served),
		in_directory(the_caller_s_own_account_is_served),
		in_directory(an_account_of_the_system_is_served_to_whom_may_enter),
	};

	return cmocka_run_group_tests_name("serves", tests, NULL, NULL);
}
