/* ask.h in hosts of every kind: what they do to signals and descriptors must not reach the program,
 * and what we do must not reach them. The program that is asked is this one again: see act(). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "support.h"

extern char **environ;

static char self[PATH_MAX];

/* ---- the program ---- */

static void tell_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
}

/* What is blocked and ignored, but for two signals that libc keeps for itself. A sanitizer has
 * handlers of its own, so the kernel is asked. */
static void tell_signals(void)
{
	const unsigned long long libc_s_own = 3ULL << 31;
	FILE *status = fopen("/proc/self/status", "r");
	unsigned long long set;
	char line[256];

	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "SigBlk: %llx", &set) == 1 ||
			sscanf(line, "SigIgn: %llx", &set) == 1)
			printf("%llx ", set & ~libc_s_own);
	fclose(status);
}

static void tell_environment(void)
{
	for (char **variable = environ; *variable != NULL; variable++)
		printf("%s\n", *variable);
}

static void tell_kept(void)
{
	char text[8];

	for (int fd = 3; fd <= 4; fd++)
		printf("%.*s|", (int)read(fd, text, sizeof(text)), text);
}

static int act(const char *verb)
{
	if (strcmp(verb, "descriptors") == 0)
		tell_descriptors();
	else if (strcmp(verb, "signals") == 0)
		tell_signals();
	else if (strcmp(verb, "environment") == 0)
		tell_environment();
	else if (strcmp(verb, "kept") == 0)
		tell_kept();
	else if (strcmp(verb, "session") == 0)
		printf("%d %d", getsid(0) == getpid(), getpgrp() == getpid());
	else if (strcmp(verb, "hang") == 0)
		pause();
	return 0;
}

/* ---- asking it ---- */

static bool ask_self(const char *verb, struct ask ask, struct buffer *answer, struct error *err)
{
	const struct buffer nothing = BUFFER(0);

	ask.program = self;
	ask.verb = verb;
	if (ask.seconds == 0)
		ask.seconds = 20;
	*answer = BUFFER(64 * 1024);
	return ask_program(&ask, &nothing, answer, err);
}

static bool answers(const char *verb, const char *expected)
{
	struct error err = {0};
	struct buffer answer;
	bool ok = ask_self(verb, (struct ask){0}, &answer, &err) &&
		strcmp(buffer_text(&answer), expected) == 0;

	if (!ok)
		dprintf(STDERR_FILENO, "%s: `%s` (%s)\n", verb, buffer_text(&answer), err.cause);
	buffer_free(&answer);
	return ok;
}

static bool times_out(void)
{
	struct error err = {0};
	struct buffer answer;
	int64_t start = clock_milliseconds();
	bool ok = ask_self("hang", (struct ask){.seconds = 1}, &answer, &err);
	int64_t took = clock_milliseconds() - start;

	return !ok && err.kind == ERROR_TEMPORARY && took >= 900 && took < 10000;
}

static bool has_no_children(void)
{
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

/* ---- hosts that do not wait for their children, or for all of them ---- */

static int ignore_children(void *context)
{
	(void)context;
	signal(SIGCHLD, SIG_IGN);
	CHECK(answers("session", "1 1"));
	CHECK(times_out());
	CHECK(has_no_children());
	CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	return 0;
}

static void a_host_may_ignore_its_children(void **state)
{
	(void)state;
	assert_int_equal(in_child(ignore_children, NULL, 60), 0);
}

static void reap_all(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = saved;
}

static int reap_children(void *context)
{
	const struct sigaction action = {.sa_handler = reap_all, .sa_flags = *(int *)context};

	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	for (int i = 0; i < 20; i++)
		CHECK(answers("session", "1 1"));
	CHECK(times_out());
	CHECK(has_no_children());
	return 0;
}

static void a_host_may_reap_its_children(void **state)
{
	static int flags[] = {0, SA_RESTART, SA_NOCLDWAIT};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(in_child(reap_children, &flags[i], 90), 0);
}

static int have_another_child(void *context)
{
	int status;
	pid_t other = fork();

	(void)context;
	if (other == 0)
		_exit(7);
	CHECK(answers("session", "1 1"));
	CHECK(times_out());
	CHECK(waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 7);
	return 0;
}

static void other_children_of_the_host_are_left_to_it(void **state)
{
	(void)state;
	assert_int_equal(in_child(have_another_child, NULL, 60), 0);
}

/* ---- hosts with signals ---- */

static int ignore_and_block(void *context)
{
	sigset_t all, after;

	(void)context;
	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	CHECK(answers("signals", "0 0 "));
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHECK(sigismember(&after, SIGTERM) == 1 && sigismember(&after, SIGCHLD) == 1);
	CHECK(signal(SIGTERM, SIG_DFL) == SIG_IGN);
	return 0;
}

static void the_program_has_default_signals_and_an_empty_mask(void **state)
{
	(void)state;
	assert_int_equal(in_child(ignore_and_block, NULL, 60), 0);
}

static volatile sig_atomic_t ticks;

static void tick(int number)
{
	(void)number;
	if (++ticks > 200000)
		_exit(3);
}

static int be_interrupted(void *context)
{
	const struct itimerval often = {{0, 500}, {0, 500}};
	const struct sigaction action = {.sa_handler = tick};

	(void)context;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (int i = 0; i < 20; i++)
		CHECK(answers("session", "1 1"));
	CHECK(times_out());
	CHECK(ticks > 100);
	CHECK(has_no_children());
	return 0;
}

static void a_host_may_be_interrupted_all_the_time(void **state)
{
	(void)state;
	assert_int_equal(in_child(be_interrupted, NULL, 0), 0);
}

static void the_program_has_a_session_of_its_own(void **state)
{
	(void)state;
	assert_true(answers("session", "1 1"));
}

/* ---- hosts with descriptors ---- */

/* How many of the standard descriptors in a word of three letters are not as it says. */
static int count_wrong(const char *closed)
{
	int wrong = 0;

	for (int fd = 0; fd < 3; fd++) {
		bool is_open = fcntl(fd, F_GETFD) >= 0;

		wrong += closed[fd] == 'c' ? is_open : !is_open;
	}
	return wrong;
}

/* context: a letter for each standard descriptor; c: closed. */
static int close_standard_descriptors(void *context)
{
	const char *closed = context;

	for (int fd = 0; fd < 3; fd++) {
		dup2(99, fd);
		if (closed[fd] == 'c')
			close(fd);
	}
	close(99);
	if (!answers("descriptors", "0 1 2 "))
		return 10;
	return count_wrong(closed);
}

static void a_host_may_have_closed_its_standard_descriptors(void **state)
{
	static char closed[][4] = {"ooo", "coo", "oco", "ooc", "cco", "coc", "occ", "ccc"};
	int null = open("/dev/null", O_RDWR);

	(void)state;
	assert_int_equal(dup2(null, 99), 99);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(in_child(close_standard_descriptors, closed[i], 60), 0);
	close(99);
	close(null);
}

static int leave_descriptors_open(void *context)
{
	(void)context;
	for (int fd = 3; fd < 12; fd++)
		dup2(STDIN_FILENO, fd);
	dup2(STDIN_FILENO, 200);
	dup2(STDIN_FILENO, 1000);
	CHECK(answers("descriptors", "0 1 2 "));
	CHECK(fcntl(1000, F_GETFD) == 0);
	return 0;
}

static void no_descriptor_of_the_host_reaches_the_program(void **state)
{
	(void)state;
	assert_int_equal(in_child(leave_descriptors_open, NULL, 60), 0);
}

static int open_text(const char *directory, const char *text)
{
	const char *path = path_of(directory, text);
	int fd;

	file_puts(path, text, 0600);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	return fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

/* context: the directory. The kept ones stand where they must go, but crosswise. */
static int keep_descriptors(void *context)
{
	struct ask ask = {.kept_fds = {4, 3}, .kept = 2};
	struct error err = {0};
	struct buffer answer;
	int one = open_text(context, "one"), two = open_text(context, "two");

	CHECK(dup2(one, 4) == 4 && dup2(two, 3) == 3);
	CHECK(ask_self("kept", ask, &answer, &err));
	CHECK(strcmp(buffer_text(&answer), "one|two|") == 0);
	buffer_free(&answer);
	lseek(4, 0, SEEK_SET);
	ask.kept = 1;
	CHECK(ask_self("descriptors", ask, &answer, &err));
	CHECK(strcmp(buffer_text(&answer), "0 1 2 3 ") == 0);
	buffer_free(&answer);
	/* One that is empty leaves its place to nothing. */
	ask.kept_fds[0] = -1;
	ask.kept_fds[1] = 3;
	ask.kept = 2;
	lseek(3, 0, SEEK_SET);
	CHECK(ask_self("kept", ask, &answer, &err));
	CHECK(strcmp(buffer_text(&answer), "|two|") == 0);
	buffer_free(&answer);
	CHECK(fcntl(4, F_GETFD) >= 0 && fcntl(3, F_GETFD) >= 0);
	return 0;
}

static void kept_descriptors_arrive_at_three_and_four(void **state)
{
	assert_int_equal(in_child(keep_descriptors, *state, 60), 0);
}

static void a_kept_descriptor_that_is_closed_is_a_failure(void **state)
{
	struct ask ask = {.kept_fds = {0, 999}, .kept = 2};
	int descriptors = count_descriptors();
	struct error err = {0};
	struct buffer answer;

	(void)state;
	assert_false(ask_self("kept", ask, &answer, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_int_equal(count_descriptors(), descriptors);
	assert_true(has_no_children());
}

/* ---- hosts with an environment ---- */

static int set_environment(void *context)
{
	static const char *const unwanted[] = {"LD_PRELOAD=", "LD_LIBRARY_PATH=/x", "SASL_PATH=/x",
		"IFS=x", "BASH_ENV=/x", "ENV=/x", "GCONV_PATH=/x", "MALLOC_CHECK_=3", "HOMES=/x",
		"XHOME=/x", "PATHS=/x", "TZDIR=/x", "LC=x", "_proxy=x", "http_proxyx=x",
		"BROWSER=x", "SSH_CONNECTION=x", "SSH_AUTH_SOCK=/x", "GPG_AGENT_INFO=x",
		"LANGUAGE=x", "SSL_CERT_FILES=x", "SECRET=x", "XDG=x", "CURL_HOME=/x", "xXDG_A=x"};
	static const char *const wanted[] = {"HOME=/h", "USER=u", "LOGNAME=l", "PATH=/bin",
		"LANG=C", "LC_ALL=C", "LC_TIME=de", "XDG_CONFIG_HOME=/c",
		"XDG_STATE_HOME=", "TZ=UTC", "http_proxy=http://a", "HTTPS_PROXY=http://b",
		"no_proxy=c", "ALL_PROXY=d", "SSL_CERT_FILE=/f", "SSL_CERT_DIR=/d",
		"CREDENTIALS_DIRECTORY=/e", "GNUPGHOME=/g", "GPG_TTY=/dev/pts/1", "DISPLAY=:0",
		"WAYLAND_DISPLAY=w", "XAUTHORITY=/x", "DBUS_SESSION_BUS_ADDRESS=unix:path=/b"};
	enum {
		UNWANTED = sizeof(unwanted) / sizeof(unwanted[0]),
		WANTED = sizeof(wanted) / sizeof(wanted[0])
	};
	char *mixed[UNWANTED + WANTED + 1], expected[1024] = "";
	size_t count = 0;

	(void)context;
	for (size_t i = 0; i < UNWANTED || i < WANTED; i++) {
		if (i < UNWANTED)
			mixed[count++] = (char *)unwanted[i];
		if (i >= WANTED)
			continue;
		mixed[count++] = (char *)wanted[i];
		strcat(strcat(expected, wanted[i]), "\n");
	}
	mixed[count] = NULL;
	environ = mixed;
	CHECK(answers("environment", expected));
	return 0;
}

static void the_environment_is_reduced_to_the_list(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_environment, NULL, 60), 0);
}

static int have_no_environment(void *context)
{
	char *nothing[] = {NULL};

	(void)context;
	environ = nothing;
	CHECK(answers("session", "1 1"));
	environ = NULL;
	CHECK(answers("session", "1 1"));
	return 0;
}

static void a_host_may_have_no_environment(void **state)
{
	(void)state;
	assert_int_equal(in_child(have_no_environment, NULL, 60), 0);
}

/* More wanted variables than there is room for, and a value of any size. */
static int have_a_large_environment(void *context)
{
	struct error err = {0};
	struct buffer answer;
	int lines = 0;

	(void)context;
	clearenv();
	setenv("HOME", "/h", 1);
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "LC_%d", i);
		setenv(name, "x", 1);
	}
	CHECK(ask_self("environment", (struct ask){0}, &answer, &err));
	for (size_t i = 0; i < answer.len; i++)
		lines += answer.data[i] == '\n';
	CHECK(lines == 64);
	CHECK(strncmp(answer.data, "HOME=/h\n", 8) == 0);
	buffer_free(&answer);
	return 0;
}

static void a_large_environment_is_cut(void **state)
{
	(void)state;
	assert_int_equal(in_child(have_a_large_environment, NULL, 60), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_may_ignore_its_children),
		cmocka_unit_test(a_host_may_reap_its_children),
		cmocka_unit_test(other_children_of_the_host_are_left_to_it),
		cmocka_unit_test(the_program_has_default_signals_and_an_empty_mask),
		cmocka_unit_test(a_host_may_be_interrupted_all_the_time),
		cmocka_unit_test(the_program_has_a_session_of_its_own),
		cmocka_unit_test(a_host_may_have_closed_its_standard_descriptors),
		cmocka_unit_test(no_descriptor_of_the_host_reaches_the_program),
		in_directory(kept_descriptors_arrive_at_three_and_four),
		cmocka_unit_test(a_kept_descriptor_that_is_closed_is_a_failure),
		cmocka_unit_test(the_environment_is_reduced_to_the_list),
		cmocka_unit_test(a_host_may_have_no_environment),
		cmocka_unit_test(a_large_environment_is_cut),
	};

	if (argc > 1)
		return act(argv[1]);
	if (realpath(argv[0], self) == NULL)
		return 1;
	return cmocka_run_group_tests_name("ask_host", tests, NULL, NULL);
}
