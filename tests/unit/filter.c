#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "programs_support.h"

enum { OUTPUT_MAX = 4096 };

static struct error err;
static struct buffer output;

static bool run(const char *command, const void *input, size_t len, int64_t seconds)
{
	const struct filter filter = {"some_command", command, seconds, ERROR_TEMPORARY};
	struct buffer text = BUFFER(1024 * 1024);
	bool ok;

	buffer_free(&output);
	output = BUFFER(OUTPUT_MAX);
	memset(&err, 0, sizeof(err));
	buffer_add(&text, input, len);
	ok = filter_run(&filter, &text, &output, &err);
	buffer_free(&text);
	return ok;
}

static void gives(const char *command, const char *input, const char *wanted)
{
	assert_done(run(command, input, strlen(input), 10), err);
	assert_string_equal(buffer_text(&output), wanted);
}

static void fails(const char *command, enum error_kind kind, const char *words)
{
	if (run(command, "in", 2, 10))
		fail_msg("`%s` succeeds", command);
	assert_failed(err, kind, words);
}

static void a_command_that_fails_is_told_with_its_status(void **state)
{
	(void)state;
	fails("exit 3", ERROR_TEMPORARY, "some_command failed with status 3");
	fails("echo half; exit 1", ERROR_TEMPORARY, "some_command failed with status 1");
	fails("kill -TERM $$", ERROR_TEMPORARY, "some_command was ended by signal 15");
	fails("kill -PIPE $$", ERROR_TEMPORARY, "some_command was ended by signal 13");
}

static void a_command_that_is_not_there_is_the_configuration_s_fault(void **state)
{
	(void)state;
	fails("/no/such/program 2>&-", ERROR_CONFIG, "status 127");
	fails("/etc/passwd 2>&-", ERROR_CONFIG, "status 126");
}

static void what_comes_out_is_bounded(void **state)
{
	int64_t began = clock_milliseconds();

	(void)state;
	fails("exec yes", ERROR_CONFIG, "some_command gave more than 4096 octets");
	fails("head -c 4097 /dev/zero", ERROR_CONFIG, "more than 4096");
	assert_true(clock_milliseconds() - began < 8000);
	assert_done(run("head -c 4096 /dev/zero", "", 0, 10), err);
	assert_int_equal(output.len, OUTPUT_MAX);
}

static void what_hangs_is_ended_with_all_that_it_started(void **state)
{
	struct box *box = *state;
	char command[512], text[32];
	int64_t began = clock_milliseconds();
	pid_t pid;

	snprintf(command, sizeof(command), "sleep 300 & echo $! >%s; echo half; wait",
		box_path(box, "pid"));
	assert_false(run(command, "in", 2, 1));
	assert_failed(err, ERROR_TEMPORARY, "some_command gave no answer within 1 s");
	assert_true(clock_milliseconds() - began < 8000);
	file_read(box_path(box, "pid"), text, sizeof(text));
	pid = (pid_t)strtol(text, NULL, 10);
	assert_true(pid > 1);
	for (int64_t end = clock_milliseconds() + 5000; kill(pid, 0) == 0;) {
		char path[64], status[4096] = "";

		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		if (file_exists(path))
			file_read(path, status, sizeof(status));
		if (strstr(status, "State:\tZ") != NULL)
			break;
		if (clock_milliseconds() > end)
			fail_msg("what it started was left running");
	}
}

/* It has closed its output, and does not end. */
static void what_does_not_end_is_ended(void **state)
{
	(void)state;
	assert_false(run("exec >&-; sleep 300", "", 0, 1));
	assert_failed(err, ERROR_TEMPORARY, "ended by signal 9");
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	gives("cat", "key\n", "key\n");
	gives("tr a-z A-Z", "key", "KEY");
	gives("true", "nobody reads this", "");
	gives("echo no input wanted; exec <&-; exit 0", "in", "no input wanted\n");
}

/* More than a pipe holds, in both directions at once; and nobody reads. */
static void input_is_fed_as_it_is_read(void **state)
{
	char *text = repeat("0123456789abcdef", 512 * 1024);

	(void)state;
	assert_done(run("wc -c | tr -d ' \\n'", text, 512 * 1024, 10), err);
	assert_string_equal(buffer_text(&output), "524288");
	assert_done(run("head -c 8", text, 512 * 1024, 10), err);
	assert_string_equal(buffer_text(&output), "01234567");
	assert_done(run("exit 0", text, 512 * 1024, 10), err);
	free(text);
}

/* Some programs open /dev/stdin, which a socket does not allow. */
static void both_ends_are_pipes(void **state)
{
	(void)state;
	gives("cat /dev/stdin >/dev/stdout", "in", "in");
	gives("test -p /dev/stdin && test -p /dev/stdout && echo pipes", "", "pipes\n");
}

static void it_gets_no_descriptor_and_no_signal_of_ours(void **state)
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	sigset_t set, before;
	int fd = open("/dev/null", O_RDONLY);
	char command[64];

	(void)state;
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &before);
	snprintf(command, sizeof(command), "test -e /proc/self/fd/%d || echo closed", fd);
	gives(command, "", "closed\n");
	gives("sed -n 's/^SigBlk:\t0*$/none/p' /proc/self/status", "", "none\n");
	fails("kill -TERM $$; echo ignored", ERROR_TEMPORARY, "ended by signal 15");
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGTERM, SIG_DFL);
	close(fd);
}

static void a_broken_pipe_is_not_our_end_also_where_signals_are_held_back(void **state)
{
	char *text = repeat("x", 512 * 1024);
	sigset_t set, before, pending;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, &before);
	assert_done(run("exec <&-; echo done", text, 512 * 1024, 10), err);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(text);
}

static void nothing_stays_open(void **state)
{
	int before = open_descriptors();

	(void)state;
	gives("cat", "in", "in");
	fails("exit 1", ERROR_TEMPORARY, "status 1");
	fails("exec yes", ERROR_CONFIG, "more than");
	assert_int_equal(open_descriptors(), before);
}

static int teardown(void **state)
{
	buffer_free(&output);
	return box_teardown(state);
}

#define FILTER_TEST(name) cmocka_unit_test_setup_teardown(name, box_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILTER_TEST(a_command_that_fails_is_told_with_its_status),
		FILTER_TEST(a_command_that_is_not_there_is_the_configuration_s_fault),
		FILTER_TEST(what_comes_out_is_bounded),
		FILTER_TEST(what_hangs_is_ended_with_all_that_it_started),
		FILTER_TEST(what_does_not_end_is_ended),
		FILTER_TEST(what_goes_in_comes_out),
		FILTER_TEST(input_is_fed_as_it_is_read),
		FILTER_TEST(both_ends_are_pipes),
		FILTER_TEST(it_gets_no_descriptor_and_no_signal_of_ours),
		FILTER_TEST(a_broken_pipe_is_not_our_end_also_where_signals_are_held_back),
		FILTER_TEST(nothing_stays_open),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
