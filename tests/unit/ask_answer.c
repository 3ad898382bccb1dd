/* answer_write: the other end of a question, for the programs that are asked. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "ask.h"
#include "support.h"

enum { LEN = 300000 };

static struct buffer answer_of(size_t len)
{
	struct buffer answer = BUFFER(len);
	char *text = repeated('a', len);

	for (size_t i = 0; i < len; i += 1000)
		text[i] = (char)('b' + i / 1000 % 20);
	buffer_add(&answer, text, len);
	assert_true(buffer_ok(&answer));
	free(text);
	return answer;
}

static void assert_not_written(int fd, int number)
{
	struct buffer answer = answer_of(10);

	errno = 0;
	assert_false(answer_write(fd, &answer));
	assert_int_equal(errno, number);
	buffer_free(&answer);
}

static void what_cannot_be_written_is_a_failure(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_not_written(ends[1], EPIPE);
	signal(SIGPIPE, SIG_DFL);
	close(ends[1]);
	assert_not_written(ends[1], EBADF);
	assert_not_written(full, ENOSPC);
	close(full);
}

static void an_empty_answer_is_written_at_once(void **state)
{
	struct buffer nothing = BUFFER(0);

	(void)state;
	assert_true(answer_write(-1, &nothing));
}

static void tick(int number)
{
	(void)number;
}

/* Writes more than a pipe takes at once, and is interrupted all the time. */
static int write_large(int fd)
{
	const struct itimerval often = {{0, 500}, {0, 500}};
	const struct sigaction action = {.sa_handler = tick};
	struct buffer answer = answer_of(LEN);
	bool ok;

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	ok = answer_write(fd, &answer);
	buffer_free(&answer);
	return ok ? 0 : 1;
}

static int read_large(int fd)
{
	struct buffer expected = answer_of(LEN);
	char block[100];
	size_t done = 0;
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0) {
		CHECK(done + (size_t)got <= LEN);
		CHECK(memcmp(block, expected.data + done, (size_t)got) == 0);
		done += (size_t)got;
	}
	CHECK(done == LEN);
	buffer_free(&expected);
	return 0;
}

/* The reader is this process's child, the writer a child of that one's. */
static int read_what_a_child_writes(void *context)
{
	int ends[2];
	pid_t writer;

	(void)context;
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	writer = fork();
	if (writer == 0) {
		close(ends[0]);
		_exit(write_large(ends[1]));
	}
	close(ends[1]);
	return read_large(ends[0]);
}

static void a_large_answer_is_written_whole(void **state)
{
	(void)state;
	assert_int_equal(in_child(read_what_a_child_writes, NULL, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_written_is_a_failure),
		cmocka_unit_test(an_empty_answer_is_written_at_once),
		cmocka_unit_test(a_large_answer_is_written_whole),
	};

	return cmocka_run_group_tests_name("ask_answer", tests, NULL, NULL);
}
