/* door_ask, with a listener in a child of the test. */
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "support.h"

enum { NOBODY_KEEPS = 0 };

struct call {
	const char *path;
	uid_t keeper;
	int64_t milliseconds;
	struct buffer answer;
	bool open;
	struct error err;
};

/* What a listener does with its one connection: answers with text after it has read to the end;
 * NULL: neither reads nor answers, for as long as the test runs. */
static pid_t listen_as(const char *path, uid_t uid, const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), ready[2];
	char block[1024];
	pid_t pid;

	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (uid != 0 && setuid(uid) != 0)
			_exit(1);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			listen(fd, 0) != 0)
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		alarm(20);
		if (text == NULL)
			pause();
		fd = accept(fd, NULL, NULL);
		while (read(fd, block, sizeof(block)) > 0)
			continue;
		_exit(write(fd, text, strlen(text)) < 0);
	}
	close(fd);
	close(ready[1]);
	assert_int_equal(read(ready[0], block, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool ask(struct call *call)
{
	struct buffer request = BUFFER(100);
	int descriptors = count_descriptors();
	bool ok;

	buffer_puts(&request, "request = token\n");
	buffer_free(&call->answer);
	call->answer = BUFFER(100);
	call->err = (struct error){0};
	ok = door_ask(call->path, call->keeper, clock_milliseconds() + call->milliseconds, &request,
		&call->answer, &call->open, &call->err);
	buffer_free(&request);
	assert_int_equal(count_descriptors(), descriptors);
	return ok;
}

static struct call call_of(void **state)
{
	return (struct call){
		.path = path_of(*state, "door"), .keeper = geteuid(), .milliseconds = 10000};
}

static void where_nobody_listens_it_is_closed(void **state)
{
	struct call call = call_of(state);
	pid_t pid;

	assert_false(ask(&call));
	assert_false(call.open);
	assert_error(&call.err, ERROR_SYSTEM, "nobody answers at ");
	assert_error(&call.err, ERROR_SYSTEM, "No such file");
	pid = listen_as(call.path, 0, NULL);
	end(pid);
	assert_false(ask(&call));
	assert_false(call.open);
	assert_error(&call.err, ERROR_SYSTEM, "Connection refused");
}

static void a_path_that_does_not_fit_is_a_failure(void **state)
{
	struct call call = call_of(state);
	char *path = repeated('x', sizeof(((struct sockaddr_un *)NULL)->sun_path));

	call.path = path;
	assert_false(ask(&call));
	assert_error(&call.err, ERROR_SYSTEM, "too long for a socket");
	path[strlen(path) - 1] = '\0';
	assert_false(ask(&call));
	assert_error(&call.err, ERROR_SYSTEM, "nobody answers at ");
	free(path);
}

static void who_is_neither_root_nor_the_keeper_is_not_believed(void **state)
{
	struct call call = call_of(state);
	pid_t pid;

	root_only();
	assert_int_equal(chmod(*state, 0777), 0);
	pid = listen_as(call.path, USER_A, "status = ok\n");
	call.keeper = NOBODY_KEEPS;
	assert_false(ask(&call));
	assert_false(call.open);
	assert_error(&call.err, ERROR_SYSTEM, "user 61001 listens at ");
	assert_int_equal(call.answer.len, 0);
	end(pid);
	assert_int_equal(unlink(call.path), 0);
	pid = listen_as(call.path, USER_A, "status = ok\n");
	call.keeper = USER_A;
	assert_true(ask(&call));
	end(pid);
	buffer_free(&call.answer);
}

static void an_answer_that_does_not_come_is_not_waited_for_forever(void **state)
{
	struct call call = call_of(state);
	pid_t pid = listen_as(call.path, 0, NULL);
	int64_t began = clock_milliseconds();

	call.milliseconds = 300;
	assert_false(ask(&call));
	assert_true(call.open);
	assert_error(&call.err, ERROR_TEMPORARY, "in time");
	/* The queue of the listener holds that one; the next does not get in. */
	assert_false(ask(&call));
	assert_int_equal(call.err.kind, ERROR_TEMPORARY);
	assert_true(clock_milliseconds() - began < 5000);
	end(pid);
}

static void no_answer_and_too_large_a_one_are_failures(void **state)
{
	struct call call = call_of(state);
	char *large = repeated('x', 101);
	pid_t pid = listen_as(call.path, 0, "");

	assert_false(ask(&call));
	assert_true(call.open);
	assert_error(&call.err, ERROR_TEMPORARY, "gave no answer");
	end(pid);
	assert_int_equal(unlink(call.path), 0);
	pid = listen_as(call.path, 0, large);
	assert_false(ask(&call));
	assert_int_equal(call.err.kind, ERROR_TEMPORARY);
	end(pid);
	free(large);
	buffer_free(&call.answer);
}

static void an_answer_comes_through(void **state)
{
	struct call call = call_of(state);
	pid_t pid = listen_as(call.path, 0, "status = ok\nend = 1\n");

	assert_true(ask(&call));
	assert_true(call.open);
	assert_string_equal(buffer_text(&call.answer), "status = ok\nend = 1\n");
	end(pid);
	buffer_free(&call.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(where_nobody_listens_it_is_closed),
		in_directory(a_path_that_does_not_fit_is_a_failure),
		in_directory(who_is_neither_root_nor_the_keeper_is_not_believed),
		in_directory(an_answer_that_does_not_come_is_not_waited_for_forever),
		in_directory(no_answer_and_too_large_a_one_are_failures),
		in_directory(an_answer_comes_through),
	};

	return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
