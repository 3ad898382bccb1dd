#include "allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static gid_t groups[] = {100, 200};
static const struct peer peer = {.uid = 33, .groups = groups, .count = 2};

static bool find(const char *name, bool group, uint32_t *id)
{
	if (group ? strcmp(name, "mail") == 0 : strcmp(name, "www-data") == 0) {
		*id = group ? 200 : 33;
		return true;
	}
	if (group ? strcmp(name, "adm") == 0 : strcmp(name, "root") == 0) {
		*id = group ? 4 : 0;
		return true;
	}
	return false;
}

static void whoever_is_not_named_is_not_listed(void **state)
{
	static const char *const lists[] = {"", " , ", "root", "@adm", "nobody-here",
		"@nobody-here", "mail", "@www-data", "34", "@33", "100", "-33", "33x", "4294967295",
		"4294967329", "www-dat", "www-data2", "@", "@ mail", "root,@adm 1 2 3"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (allow_lists(lists[i], &peer, find))
			fail_msg("`%s` lists the peer", lists[i]);
}

static void a_name_that_is_too_long_lists_nobody(void **state)
{
	char *list = repeated('3', 5000);

	(void)state;
	assert_false(allow_lists(list, &peer, find));
	list[0] = '@';
	assert_false(allow_lists(list, &peer, find));
	free(list);
}

static void nobody_has_the_number_of_nobody(void **state)
{
	const struct peer invalid = {.uid = (uid_t)-1};

	(void)state;
	assert_false(allow_lists("4294967295", &invalid, find));
}

static void who_is_named_is_listed(void **state)
{
	static const char *const lists[] = {"www-data", "@mail", "33", "@200", "@100",
		"root www-data", "root,www-data", " nobody-here ,\t@mail ", "root,,33"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!allow_lists(lists[i], &peer, find))
			fail_msg("`%s` does not list the peer", lists[i]);
}

static void this_process_has_its_user_and_groups(void **state)
{
	struct peer self;
	struct error err = {0};
	bool found = false;

	(void)state;
	assert_true(peer_self(&self, &err));
	assert_int_equal(self.uid, geteuid());
	for (size_t i = 0; i < self.count; i++)
		found = found || self.groups[i] == getegid();
	assert_true(found);
	peer_free(&self);
	assert_null(self.groups);
	peer_free(&self);
}

static void the_files_here_are_read(void **state)
{
	uint32_t id = 7;

	(void)state;
	assert_false(allow_find_here("", false, &id));
	assert_false(allow_find_here("roo", false, &id));
	assert_false(allow_find_here("root:x", false, &id));
	assert_false(allow_find_here("no-user-of-this-name", true, &id));
	assert_int_equal(id, 7);
	assert_true(allow_find_here("root", false, &id));
	assert_int_equal(id, 0);
	id = 7;
	assert_true(allow_find_here("root", true, &id));
	assert_int_equal(id, 0);
	assert_true(allow_find_here("daemon", false, &id));
	assert_int_not_equal(id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_not_named_is_not_listed),
		cmocka_unit_test(a_name_that_is_too_long_lists_nobody),
		cmocka_unit_test(nobody_has_the_number_of_nobody),
		cmocka_unit_test(who_is_named_is_listed),
		cmocka_unit_test(this_process_has_its_user_and_groups),
		cmocka_unit_test(the_files_here_are_read),
	};

	return cmocka_run_group_tests_name("allow", tests, NULL, NULL);
}
