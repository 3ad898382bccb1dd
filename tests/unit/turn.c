#include "turn.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum { NOW = 1700000000 };

static void all_have_a_turn_where_nobody_can_count(void **state)
{
	int fd = 7;

	assert_true(turn_take(path_of(*state, "nonexistent"), 33, &fd));
	assert_int_equal(fd, -1);
	assert_true(turn_is_news(path_of(*state, "nonexistent"), 33, NOW));
	assert_int_equal(symlink("elsewhere", path_of(*state, ".door")), 0);
	assert_true(turn_take(*state, 33, &fd));
	assert_int_equal(fd, -1);
	assert_int_not_equal(access(path_of(*state, "elsewhere"), F_OK), 0);
}

static void a_user_has_so_many_turns_and_no_more(void **state)
{
	int fds[TURNS_MAX], other, more = 7;

	for (int i = 0; i < TURNS_MAX; i++)
		assert_true(turn_take(*state, 33, &fds[i]));
	assert_false(turn_take(*state, 33, &more));
	assert_int_equal(more, -1);
	assert_true(turn_take(*state, 34, &other));
	close(other);
	assert_true(turn_take(*state, 32, &other));
	close(other);
	assert_true(turn_take(*state, (uid_t)-2, &other));
	close(other);
	close(fds[5]);
	assert_true(turn_take(*state, 33, &fds[5]));
	for (int i = 0; i < TURNS_MAX; i++)
		close(fds[i]);
}

static void the_log_hears_of_a_user_once_in_a_while(void **state)
{
	struct stat status;

	assert_true(turn_is_news(*state, 33, NOW));
	assert_false(turn_is_news(*state, 33, NOW));
	assert_false(turn_is_news(*state, 33, NOW + TURN_NEWS - 1));
	assert_true(turn_is_news(*state, 34, NOW));
	assert_true(turn_is_news(*state, 33, NOW + TURN_NEWS));
	assert_true(turn_is_news(*state, 33, NOW));
	assert_true(turn_is_news(*state, (uid_t)-2, NOW));
	assert_int_equal(stat(path_of(*state, ".door"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(status.st_size <= TURN_USERS * 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(all_have_a_turn_where_nobody_can_count),
		in_directory(a_user_has_so_many_turns_and_no_more),
		in_directory(the_log_hears_of_a_user_once_in_a_while),
	};

	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
