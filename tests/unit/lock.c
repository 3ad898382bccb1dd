#include "lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "programs_support.h"

enum { CROWD = 64 };

static const char *lock_path(const struct box *box)
{
	return box_path(box, ACCOUNT_NAME ".lock");
}

static bool take(const struct box *box, int64_t milliseconds, struct lock *lock, bool *busy,
	struct error *err)
{
	return lock_take(box->dir, ACCOUNT_NAME, milliseconds, lock, busy, err);
}

static void refused(struct box *box, const char *words)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	int descriptors = open_descriptors();
	bool busy = true;

	assert_false(take(box, 1000, &lock, &busy, &err));
	assert_int_equal(open_descriptors(), descriptors);
	assert_failed(err, ERROR_SYSTEM, words);
	assert_mentions(err, lock_path(box));
	assert_false(busy);
	assert_int_equal(lock.fd, -1);
}

static void a_symbolic_link_is_no_lock(void **state)
{
	file_puts(box_path(*state, "elsewhere"), 0600, "");
	assert_int_equal(symlink("elsewhere", lock_path(*state)), 0);
	refused(*state, "cannot open");
}

static void a_link_to_nowhere_makes_no_file(void **state)
{
	assert_int_equal(symlink("nowhere", lock_path(*state)), 0);
	refused(*state, "cannot open");
	assert_false(file_exists(box_path(*state, "nowhere")));
}

static void a_directory_is_no_lock(void **state)
{
	assert_int_equal(mkdir(lock_path(*state), 0700), 0);
	refused(*state, "cannot open");
}

static int take_once(void *context)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	bool busy;

	return take(context, 1000, &lock, &busy, &err) ? 0 : (int)err.kind;
}

static void a_fifo_is_no_lock_and_stops_nobody(void **state)
{
	assert_int_equal(mkfifo(lock_path(*state), 0600), 0);
	assert_int_equal(run_child(take_once, *state, 10), ERROR_SYSTEM);
	refused(*state, "not a regular file");
}

static void no_directory_no_lock(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	bool busy;

	assert_false(lock_take(box_path(*state, "absent"), "me", 0, &lock, &busy, &err));
	assert_failed(err, ERROR_SYSTEM, "absent/me.lock");
	assert_false(file_exists(box_path(*state, "absent")));
}

static int take_as_nobody(void *context)
{
	return setegid(65534) == 0 && seteuid(65534) == 0 ? take_once(context) : 99;
}

static void a_read_only_directory_has_no_new_lock(void **state)
{
	assert_int_equal(chmod(((struct box *)*state)->dir, 0555), 0);
	assert_int_equal(
		run_child(geteuid() == 0 ? take_as_nobody : take_once, *state, 10), ERROR_SYSTEM);
	assert_false(file_exists(lock_path(*state)));
}

/* "NAME.lock" takes 5 octets of the 255 of a file name. */
static void a_name_at_the_limit_and_one_past(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	char *name = repeat("a", 251);
	bool busy;

	assert_false(lock_take(((struct box *)*state)->dir, name, 0, &lock, &busy, &err));
	assert_failed(err, ERROR_CONFIG, "too long");
	name[250] = '\0';
	assert_done(lock_take(((struct box *)*state)->dir, name, 0, &lock, &busy, &err), err);
	lock_release(&lock);
	free(name);
}

static void busy_is_told_at_once_without_a_wait(void **state)
{
	struct lock first = LOCK_NONE, second = LOCK_NONE;
	struct error err = {0};
	bool busy = true;
	int64_t start = clock_milliseconds();
	int descriptors = open_descriptors();

	assert_done(take(*state, 0, &first, &busy, &err), err);
	assert_false(busy);
	assert_false(take(*state, 0, &second, &busy, &err));
	assert_true(busy);
	assert_int_equal(err.kind, ERROR_TEMPORARY);
	assert_int_equal(second.fd, -1);
	assert_true(clock_milliseconds() - start < 100);
	assert_int_equal(open_descriptors(), descriptors + 1);
	lock_release(&first);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(first.fd, -1);
	assert_done(take(*state, 0, &second, &busy, &err), err);
	lock_release(&second);
}

static void a_wait_ends_at_its_deadline(void **state)
{
	struct lock first = LOCK_NONE, second = LOCK_NONE;
	struct error err = {0};
	bool busy = false;
	int64_t start, waited;

	assert_done(take(*state, 0, &first, &busy, &err), err);
	start = clock_milliseconds();
	assert_false(take(*state, 1000, &second, &busy, &err));
	waited = clock_milliseconds() - start;
	assert_true(busy);
	assert_failed(err, ERROR_TEMPORARY, "after 1 s");
	assert_in_range(waited, 1000, 3000);
	lock_release(&first);
}

static int take_with_blocked_alarm(void *context)
{
	sigset_t alarm_only;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_only, NULL);
	return take_once(context);
}

static int take_with_ignored_alarm(void *context)
{
	signal(SIGALRM, SIG_IGN);
	return take_once(context);
}

/* A signal mask is inherited: who started us may have blocked SIGALRM. */
static void whoever_started_us_cannot_take_the_deadline_away(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	bool busy;

	assert_done(take(*state, 0, &lock, &busy, &err), err);
	assert_int_equal(run_child(take_with_ignored_alarm, *state, 5), ERROR_TEMPORARY);
	assert_int_equal(run_child(take_with_blocked_alarm, *state, 5), ERROR_TEMPORARY);
	lock_release(&lock);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void a_wait_leaves_timer_and_handler_as_they_were(void **state)
{
	struct lock first = LOCK_NONE, second = LOCK_NONE;
	struct sigaction action = {.sa_handler = count_alarm}, after;
	struct error err = {0};
	sigset_t blocked, mask;
	bool busy;

	alarms = 0;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigaddset(&blocked, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_done(take(*state, 0, &first, &busy, &err), err);
	assert_false(take(*state, 200, &second, &busy, &err));
	assert_int_equal(sigaction(SIGALRM, NULL, &after), 0);
	assert_true(after.sa_handler == count_alarm);
	assert_int_equal(alarm(0), 0);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, &mask), 0);
	assert_int_equal(alarms, 0);
	assert_true(sigismember(&mask, SIGALRM) && sigismember(&mask, SIGUSR1));
	signal(SIGALRM, SIG_DFL);
	lock_release(&first);
}

static int wait_for_end_of_pipe(void *context)
{
	char byte;

	return read(*(int *)context, &byte, 1) == 0 ? 0 : 1;
}

static void the_lock_lives_as_long_as_the_last_who_inherited_it(void **state)
{
	struct lock first = LOCK_NONE, second = LOCK_NONE;
	struct error err = {0};
	int ends[2];
	pid_t heir;
	bool busy;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_done(take(*state, 0, &first, &busy, &err), err);
	heir = fork();
	assert_true(heir >= 0);
	if (heir == 0) {
		close(ends[1]);
		_exit(wait_for_end_of_pipe(&ends[0]));
	}
	lock_release(&first);
	assert_false(take(*state, 0, &second, &busy, &err));
	assert_true(busy);
	close(ends[1]);
	assert_int_equal(wait_child(heir, 10), 0);
	assert_done(take(*state, 0, &second, &busy, &err), err);
	lock_release(&second);
	close(ends[0]);
}

static void a_killed_holder_frees_the_lock(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	int ready[2], forever[2];
	char byte;
	pid_t holder;
	bool busy;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(forever, O_CLOEXEC), 0);
	holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		close(forever[1]);
		if (!take(*state, 0, &lock, &busy, &err) || write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(wait_for_end_of_pipe(&forever[0]));
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_false(take(*state, 0, &lock, &busy, &err));
	assert_true(busy);
	kill(holder, SIGKILL);
	assert_int_equal(wait_child(holder, 10), 256 + SIGKILL);
	assert_done(take(*state, 0, &lock, &busy, &err), err);
	lock_release(&lock);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(forever[i]);
	}
}

static bool all_wait(void *context)
{
	return lock_waiters(lock_path(context)) == CROWD;
}

/* A child's copy of the holder's descriptor, which would hold the lock as well. */
static int inherited = -1;

static int take_patiently(void *context)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	bool busy;

	close(inherited);
	if (!take(context, 20000, &lock, &busy, &err))
		return 1;
	lock_release(&lock);
	return 0;
}

static void all_of_a_crowd_get_it_soon_after_the_holder(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	pid_t crowd[CROWD];
	int64_t start;
	bool busy;

	assert_done(take(*state, 0, &lock, &busy, &err), err);
	inherited = lock.fd;
	for (int i = 0; i < CROWD; i++)
		crowd[i] = start_child(take_patiently, *state);
	assert_true(poll_until(all_wait, *state, 15));
	start = clock_milliseconds();
	lock_release(&lock);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(wait_child(crowd[i], 15), 0);
	assert_true(clock_milliseconds() - start < 3000);
}

static void the_file_is_empty_private_and_stays(void **state)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	struct stat before, after;
	bool busy;

	assert_done(take(*state, 0, &lock, &busy, &err), err);
	assert_int_equal(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(stat(lock_path(*state), &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	assert_int_equal(before.st_size, 0);
	lock_release(&lock);
	lock_release(&lock);
	assert_done(take(*state, 0, &lock, &busy, &err), err);
	lock_release(&lock);
	assert_int_equal(stat(lock_path(*state), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_symbolic_link_is_no_lock),
		BOX_TEST(a_link_to_nowhere_makes_no_file),
		BOX_TEST(a_directory_is_no_lock),
		BOX_TEST(a_fifo_is_no_lock_and_stops_nobody),
		BOX_TEST(no_directory_no_lock),
		BOX_TEST(a_read_only_directory_has_no_new_lock),
		BOX_TEST(a_name_at_the_limit_and_one_past),
		BOX_TEST(busy_is_told_at_once_without_a_wait),
		BOX_TEST(a_wait_ends_at_its_deadline),
		BOX_TEST(whoever_started_us_cannot_take_the_deadline_away),
		BOX_TEST(a_wait_leaves_timer_and_handler_as_they_were),
		BOX_TEST(the_lock_lives_as_long_as_the_last_who_inherited_it),
		BOX_TEST(a_killed_holder_frees_the_lock),
		BOX_TEST(all_of_a_crowd_get_it_soon_after_the_holder),
		BOX_TEST(the_file_is_empty_private_and_stays),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
