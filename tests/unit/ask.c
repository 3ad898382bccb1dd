/* What the program that is asked does, or does not do. What the host is like is in ask_host.c. */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { MAX = 64 * 1024 };

/* A call, and what came of it. */
struct call {
	struct ask ask;
	struct buffer request, answer;
	struct error err;
	int64_t milliseconds;
};

static struct call calling(const char *directory, const char *script)
{
	struct call call = {.ask = {.program = path_of(directory, "program"), .verb = "answer",
				    .seconds = 20},
		.request = BUFFER(1024 * 1024), .answer = BUFFER(MAX)};
	char *text = malloc(strlen(script) + 64);

	sprintf(text, "#!/bin/sh\n%s\n", script);
	file_puts(call.ask.program, text, 0700);
	free(text);
	return call;
}

/* Whatever happens: no descriptor is left open, no child is left, the deadline is kept. */
static bool run(struct call *call)
{
	int descriptors = count_descriptors();
	int64_t start = clock_milliseconds();
	bool ok = ask_program(&call->ask, &call->request, &call->answer, &call->err);

	call->milliseconds = clock_milliseconds() - start;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(count_descriptors(), descriptors);
	assert_true(call->milliseconds < call->ask.seconds * 1000 + 10000);
	assert_int_equal(ok, call->err.kind == ERROR_NONE);
	return ok;
}

static void end(struct call *call)
{
	buffer_free(&call->request);
	buffer_free(&call->answer);
}

static void assert_fails(struct call call, enum error_kind kind, const char *text)
{
	assert_false(run(&call));
	assert_error(&call.err, kind, text);
	assert_error(&call.err, kind, call.ask.program);
	end(&call);
}

static void assert_answers(struct call call, const char *answer)
{
	assert_true(run(&call));
	assert_string_equal(buffer_text(&call.answer), answer);
	end(&call);
}

/* True once the process that wrote its id to the file is gone; a child of a child may take a while. */
static bool is_gone(const char *file)
{
	int64_t deadline = clock_milliseconds() + 10000;
	pid_t pid = (pid_t)strtol(file_text(file), NULL, 10);

	assert_true(pid > 1);
	while (kill(pid, 0) == 0 && clock_milliseconds() < deadline)
		sched_yield();
	return kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- no answer ---- */

static void what_cannot_be_run_is_a_failure(void **state)
{
	struct call call = calling(*state, "echo no");

	not_on_valgrind();
	assert_int_equal(unlink(call.ask.program), 0);
	assert_fails(call, ERROR_SYSTEM, ": No such file or directory");
	directory_make(call.ask.program, 0700);
	assert_fails(call, ERROR_SYSTEM, ": Permission denied");
	assert_int_equal(rmdir(call.ask.program), 0);
	file_puts(call.ask.program, "#!/bin/sh\necho no\n", 0600);
	assert_fails(call, ERROR_SYSTEM, ": Permission denied");
	file_puts(call.ask.program, "#!/no/such/shell\n", 0700);
	assert_fails(call, ERROR_SYSTEM, ": No such file or directory");
	/* A shell would take it for a script; there must be no shell. */
	file_puts(call.ask.program, "echo no\n", 0700);
	assert_fails(call, ERROR_SYSTEM, ": Exec format error");
}

static void a_program_is_not_looked_for(void **state)
{
	struct call call = calling(*state, "echo no");

	not_on_valgrind();
	call.ask.program = "sh";
	assert_fails(call, ERROR_SYSTEM, "cannot run sh: No such file or directory");
}

static void silence_is_a_failure(void **state)
{
	assert_fails(calling(*state, "exit 0"), ERROR_SYSTEM, " ended without an answer");
	assert_fails(calling(*state, "exit 7"), ERROR_SYSTEM, " ended without an answer");
	assert_fails(calling(*state, "kill -9 $$"), ERROR_SYSTEM, " ended without an answer");
	assert_fails(calling(*state, "cat >/dev/null"), ERROR_SYSTEM, " ended without an answer");
	assert_fails(calling(*state, "exec <&- >&-"), ERROR_SYSTEM, " ended without an answer");
}

static void a_program_that_hangs_is_killed(void **state)
{
	struct call call = calling(*state, "echo $$ >\"${0%/*}/pid\"; exec sleep 600");

	call.ask.seconds = 1;
	assert_fails(call, ERROR_TEMPORARY, " gave no answer within 1 s");
	assert_true(is_gone(path_of(*state, "pid")));
}

static void a_program_that_does_not_want_to_end_is_killed(void **state)
{
	struct call call = calling(*state,
		"trap '' TERM INT HUP ALRM PIPE; echo $$ >\"${0%/*}/pid\"; exec sleep 600");

	call.ask.seconds = 1;
	assert_fails(call, ERROR_TEMPORARY, " gave no answer within 1 s");
	assert_true(is_gone(path_of(*state, "pid")));
}

static void what_it_started_is_killed_with_it(void **state)
{
	struct call call = calling(*state, "sleep 600 & echo $! >\"${0%/*}/pid\"; wait");

	call.ask.seconds = 1;
	assert_fails(call, ERROR_TEMPORARY, " gave no answer within 1 s");
	assert_true(is_gone(path_of(*state, "pid")));
}

/* Each octet comes in time, the whole does not. */
static void a_program_that_drips_is_killed(void **state)
{
	struct call call = calling(*state,
		"echo $$ >\"${0%/*}/pid\"; while :; do echo x; sleep 0.05; done");

	call.ask.seconds = 1;
	assert_fails(call, ERROR_TEMPORARY, " gave no answer within 1 s");
	assert_true(is_gone(path_of(*state, "pid")));
}

static void a_program_that_floods_is_killed(void **state)
{
	struct call call = calling(*state,
		"echo $$ >\"${0%/*}/pid\"; exec dd if=/dev/zero bs=4096 count=256 2>/dev/null");

	assert_false(run(&call));
	assert_int_equal(call.err.kind, ERROR_SYSTEM);
	assert_true(call.milliseconds < 15000);
	assert_true(call.answer.len <= MAX);
	assert_true(is_gone(path_of(*state, "pid")));
	end(&call);
}

static void an_answer_has_a_maximum(void **state)
{
	struct call call = calling(*state, "printf 12345");

	call.answer = BUFFER(4);
	assert_fails(call, ERROR_SYSTEM, "no answer from ");
	call.answer = BUFFER(5);
	assert_answers(call, "12345");
}

/* A request that nobody reads must not block the host. */
static void a_program_that_never_reads_is_killed(void **state)
{
	struct call call = calling(*state, "exec sleep 600");
	char *request = repeated('r', 1024 * 1024);

	call.ask.seconds = 1;
	buffer_puts(&call.request, request);
	free(request);
	alarm(60);
	assert_fails(call, ERROR_TEMPORARY, " gave no answer within 1 s");
	alarm(0);
}

/* ---- an answer ---- */

static void an_answer_counts_whether_or_not_the_request_was_read(void **state)
{
	for (int i = 0; i < 25; i++) {
		struct call call = calling(*state, i % 2 ? "printf answer" : "exec <&-; printf answer");
		char *request = repeated('r', 1000);

		buffer_puts(&call.request, request);
		free(request);
		assert_answers(call, "answer");
	}
}

static void the_answer_counts_and_not_the_exit_status(void **state)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = {{"printf a", 0}, {"printf a; exit 77", 77}, {"printf a; kill -9 $$", -1}};

	for (size_t i = 0; i < 3; i++) {
		struct call call = calling(*state, rows[i].script);
		int status = 42;

		call.ask.exit_status = &status;
		assert_answers(call, "a");
		assert_int_equal(status, rows[i].status);
		call.ask.exit_status = NULL;
		assert_answers(call, "a");
	}
}

/* It has said all and stays: the answer counts, the program is killed at the deadline. */
static void a_program_that_stays_is_killed_and_its_answer_counts(void **state)
{
	struct call call = calling(*state,
		"echo $$ >\"${0%/*}/pid\"; printf a; exec sleep 600 <&- >&-");

	call.ask.seconds = 1;
	assert_answers(call, "a");
	assert_true(is_gone(path_of(*state, "pid")));
}

static void the_request_arrives_whole_and_ends(void **state)
{
	struct call call = calling(*state, "exec cat");
	char *bytes = repeated('b', 60000);

	for (int i = 0; i < 256; i++)
		bytes[i * 7] = (char)i;
	buffer_add(&call.request, bytes, 60000);
	assert_true(run(&call));
	assert_int_equal(call.answer.len, 60000);
	assert_memory_equal(call.answer.data, bytes, 60000);
	free(bytes);
	end(&call);
}

static void an_empty_request_ends_at_once(void **state)
{
	assert_answers(calling(*state, "cat; printf done"), "done");
}

static void the_arguments_are_handed_on_as_they_are(void **state)
{
	struct call call = calling(*state, "printf '%s|' \"$#\" \"$@\"");

	assert_answers(call, "1|answer|");
	call.ask.verb = "refresh";
	call.ask.account = "$(id) 'a' \"b\" -x * \\";
	assert_answers(call, "2|refresh|$(id) 'a' \"b\" -x * \\|");
}

static void an_answer_in_pieces_is_one_answer(void **state)
{
	assert_answers(calling(*state, "for i in 1 2 3 4 5 6 7 8 9; do printf $i; done; /bin/echo x"),
		"123456789x\n");
}

static void its_errors_go_nowhere_or_where_ours_go(void **state)
{
	struct call call = calling(*state, "echo complaint >&2; printf a");
	int saved = dup(STDERR_FILENO);
	int file = open(path_of(*state, "stderr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	dup2(file, STDERR_FILENO);
	assert_answers(call, "a");
	assert_string_equal(file_text(path_of(*state, "stderr")), "");
	call.ask.keep_stderr = true;
	assert_answers(call, "a");
	assert_string_equal(file_text(path_of(*state, "stderr")), "complaint\n");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(file);
}

/* ---- a machine without room ---- */

static int ask_with_few_descriptors(void *context)
{
	struct call *call = context;
	int descriptors = count_descriptors();

	for (rlim_t most = 5; most <= 30; most++) {
		enum error_kind kind;

		call->err = (struct error){0};
		CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){most, 30}) == 0);
		ask_program(&call->ask, &call->request, &call->answer, &call->err);
		CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){30, 30}) == 0);
		kind = call->err.kind;
		CHECK(kind == ERROR_SYSTEM || (kind == ERROR_NONE && most > 11));
		CHECK(kind == ERROR_NONE || most < 30);
		CHECK(count_descriptors() == descriptors);
		buffer_free(&call->answer);
	}
	return 0;
}

/* Our copies are put at 10 and above: under a limit of 11 there is no room. */
static void without_descriptors_it_is_a_failure(void **state)
{
	struct call call = calling(*state, "printf a");

	not_on_valgrind();
	assert_int_equal(in_child(ask_with_few_descriptors, &call, 60), 0);
}

static int ask_without_processes(void *context)
{
	const struct rlimit none = {0, 0};
	struct call *call = context;

	CHECK(become(USER_A) && setrlimit(RLIMIT_NPROC, &none) == 0);
	CHECK(!ask_program(&call->ask, &call->request, &call->answer, &call->err));
	CHECK(call->err.kind == ERROR_SYSTEM);
	CHECK(strstr(call->err.cause, ": Resource temporarily unavailable") != NULL);
	return 0;
}

static void without_processes_it_is_a_failure(void **state)
{
	struct call call = calling(*state, "printf a");

	root_only();
	chmod(call.ask.program, 0755);
	assert_int_equal(in_child(ask_without_processes, &call, 60), 0);
}

static void the_clock_goes_forward(void **state)
{
	int64_t first = clock_milliseconds(), second;

	(void)state;
	assert_true(first > 0);
	do
		second = clock_milliseconds();
	while (second == first);
	assert_true(second > first && second < first + 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(what_cannot_be_run_is_a_failure),
		in_directory(a_program_is_not_looked_for),
		in_directory(silence_is_a_failure),
		in_directory(a_program_that_hangs_is_killed),
		in_directory(a_program_that_does_not_want_to_end_is_killed),
		in_directory(what_it_started_is_killed_with_it),
		in_directory(a_program_that_drips_is_killed),
		in_directory(a_program_that_floods_is_killed),
		in_directory(an_answer_has_a_maximum),
		in_directory(a_program_that_never_reads_is_killed),
		in_directory(without_descriptors_it_is_a_failure),
		in_directory(without_processes_it_is_a_failure),
		in_directory(an_answer_counts_whether_or_not_the_request_was_read),
		in_directory(the_answer_counts_and_not_the_exit_status),
		in_directory(a_program_that_stays_is_killed_and_its_answer_counts),
		in_directory(the_request_arrives_whole_and_ends),
		in_directory(an_empty_request_ends_at_once),
		in_directory(the_arguments_are_handed_on_as_they_are),
		in_directory(an_answer_in_pieces_is_one_answer),
		in_directory(its_errors_go_nowhere_or_where_ours_go),
		cmocka_unit_test(the_clock_goes_forward),
	};

	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
