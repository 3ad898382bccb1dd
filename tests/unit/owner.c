#include "owner.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs_support.h"

enum { NOBODY = 65534, UNKNOWN_USER = 3999999 };

static void place_system_state(struct box *box, uid_t owner, mode_t mode)
{
	box_configure(box, "");
	box->account->place.personal = false;
	snprintf(box->account->place.state, PATH_SIZE, "%s", box_path(box, "system"));
	assert_int_equal(mkdir(box->account->place.state, 0700), 0);
	assert_int_equal(chmod(box->dir, 0711), 0);
	assert_int_equal(chown(box->account->place.state, owner, (gid_t)-1), 0);
	assert_int_equal(chmod(box->account->place.state, mode), 0);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

/* The bits of an exit status say what did not hold. */
static int become_and_look(void *context)
{
	const struct box *box = context;
	const struct passwd *user = getpwuid(NOBODY);
	struct error err = {0};
	gid_t groups[64], wanted[64];
	int count, wanted_count = 64, wrong = 0;

	setenv("XDG_CONFIG_HOME", "/x", 1);
	setenv("XDG_STATE_HOME", "/x", 1);
	if (user == NULL || !owner_become(box->account, &err))
		return 64;
	getgrouplist(user->pw_name, user->pw_gid, wanted, &wanted_count);
	count = getgroups(64, groups);
	for (int i = 0; i < count; i++) {
		bool known = false;

		for (int j = 0; j < wanted_count; j++)
			known = known || wanted[j] == groups[i];
		wrong |= known ? 0 : 1;
	}
	wrong |= getuid() == NOBODY && geteuid() == NOBODY ? 0 : 2;
	wrong |= getgid() == user->pw_gid && getegid() == user->pw_gid ? 0 : 4;
	wrong |= setuid(0) != 0 && setgid(0) != 0 && seteuid(0) != 0 ? 0 : 8;
	wrong |= getenv("HOME") == NULL && getenv("XDG_CONFIG_HOME") == NULL &&
			getenv("XDG_STATE_HOME") == NULL
		? 0
		: 16;
	return wrong;
}

static int become_in_vain(void *context)
{
	const struct box *box = context;
	struct error err = {0};

	if (owner_become(box->account, &err))
		return 100;
	return (int)err.kind + (geteuid() == 0 ? 0 : 50) + (getenv("HOME") != NULL ? 0 : 20);
}

/* 0: still the same user, with HOME. */
static int become_nobody_else(void *context)
{
	const struct box *box = context;
	struct error err = {0};
	uid_t before = geteuid();

	return owner_become(box->account, &err) && geteuid() == before && getenv("HOME") != NULL
		? 0
		: 1;
}

static void a_state_directory_that_others_may_write_is_refused(void **state)
{
	need_root();
	place_system_state(*state, NOBODY, 0770);
	assert_int_equal(run_child(become_in_vain, *state, 10), ERROR_CONFIG);
}

static void a_link_in_place_of_the_state_directory_is_refused(void **state)
{
	struct box *box = *state;

	need_root();
	place_system_state(box, NOBODY, 0700);
	assert_int_equal(rename(box->account->place.state, box_path(box, "real")), 0);
	assert_int_equal(symlink(box_path(box, "real"), box->account->place.state), 0);
	assert_int_equal(run_child(become_in_vain, box, 10), ERROR_CONFIG);
}

static void an_owner_who_is_not_known_here_is_told(void **state)
{
	need_root();
	assert_null(getpwuid(UNKNOWN_USER));
	place_system_state(*state, UNKNOWN_USER, 0700);
	assert_int_equal(run_child(become_in_vain, *state, 10), ERROR_SYSTEM);
}

static void root_becomes_the_owner_for_good(void **state)
{
	need_root();
	place_system_state(*state, NOBODY, 0700);
	assert_int_equal(run_child(become_and_look, *state, 10), 0);
}

static void root_stays_root_for_a_state_of_root(void **state)
{
	need_root();
	place_system_state(*state, 0, 0700);
	assert_int_equal(run_child(become_nobody_else, *state, 10), 0);
}

static void root_stays_root_for_its_own_account(void **state)
{
	struct box *box = *state;

	need_root();
	place_system_state(box, NOBODY, 0700);
	box->account->place.personal = true;
	assert_int_equal(run_child(become_nobody_else, box, 10), 0);
}

static void root_stays_root_where_there_is_no_state_yet(void **state)
{
	struct box *box = *state;

	need_root();
	place_system_state(box, NOBODY, 0700);
	assert_int_equal(rmdir(box->account->place.state), 0);
	assert_int_equal(run_child(become_nobody_else, box, 10), 0);
}

static int drop_and_become(void *context)
{
	return seteuid(NOBODY) == 0 ? become_nobody_else(context) : 2;
}

static void the_owner_goes_on_as_the_owner(void **state)
{
	struct box *box = *state;

	need_root();
	place_system_state(box, NOBODY, 0700);
	assert_int_equal(run_child(drop_and_become, box, 10), 0);
}

/* 0: told, with the owner's number, and still the same user. */
static int drop_and_be_told(void *context)
{
	const struct box *box = context;
	struct error err = {0};

	if (seteuid(NOBODY) != 0 || owner_become(box->account, &err) || geteuid() != NOBODY)
		return 1;
	return err.kind == ERROR_SYSTEM && strstr(err.cause, "belongs to user 1,") != NULL &&
			strcmp(err.hint, "run this as root") == 0
		? 0
		: 2;
}

static void whoever_else_is_told_whose_the_state_is(void **state)
{
	struct box *box = *state;

	need_root();
	place_system_state(box, 1, 0700);
	assert_int_equal(run_child(drop_and_be_told, box, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_state_directory_that_others_may_write_is_refused),
		BOX_TEST(a_link_in_place_of_the_state_directory_is_refused),
		BOX_TEST(an_owner_who_is_not_known_here_is_told),
		BOX_TEST(root_becomes_the_owner_for_good),
		BOX_TEST(root_stays_root_for_a_state_of_root),
		BOX_TEST(root_stays_root_for_its_own_account),
		BOX_TEST(root_stays_root_where_there_is_no_state_yet),
		BOX_TEST(the_owner_goes_on_as_the_owner),
		BOX_TEST(whoever_else_is_told_whose_the_state_is),
	};

	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
