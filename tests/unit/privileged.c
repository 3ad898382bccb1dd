/* A set-id process takes nothing from its environment and starts nothing. The test copies itself,
 * makes the copy set-group-ID and runs it: see act(). Where the file system ignores such bits, it
 * is skipped. */
#include <limits.h>
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
#include "paths.h"
#include "supply.h"
#include "support.h"

enum { NOW = 1700000000, NOT_PRIVILEGED = 99 };

static char self[PATH_MAX];

/* ---- the set-group-ID program: VERB DIRECTORY ---- */

static int show(bool ok, const struct token *token, const struct error *err)
{
	char line[ERROR_LINE_MAX];

	error_line(err, line, sizeof(line));
	printf("%s", ok ? token->access_token : line);
	return 0;
}

static int act_supply(const char *directory)
{
	char command[PATH_SIZE];
	char socket[PATH_SIZE];
	struct config config = {.command = command, .socket = socket};
	struct account account = {.name = (char *)"me"};
	struct error err = {0};
	struct token *token = token_new(&err);
	bool ok;

	snprintf(command, sizeof(command), "%s/command", directory);
	snprintf(socket, sizeof(socket), "%s/door", directory);
	snprintf(account.place.state, PATH_SIZE, "%s", directory);
	ok = supply_token(&config, &account, NOW, token, &err);
	show(ok, token, &err);
	token_free(token);
	return 0;
}

static int act_ask(const char *directory)
{
	char command[PATH_SIZE];
	const struct ask ask = {.program = command, .verb = "answer", .seconds = 10};
	const struct buffer nothing = BUFFER(0);
	struct buffer answer = BUFFER(100);
	struct error err = {0};

	snprintf(command, sizeof(command), "%s/command", directory);
	ask_program(&ask, &nothing, &answer, &err);
	printf("%s: ", error_kind_name(err.kind));
	return show(false, NULL, &err);
}

static int act(const char *verb, const char *directory)
{
	struct place place;

	if (!process_is_privileged())
		return NOT_PRIVILEGED;
	if (strcmp(verb, "place") == 0)
		printf("%d", place_personal(&place));
	else if (strcmp(verb, "ask") == 0)
		return act_ask(directory);
	else if (strcmp(verb, "supply") == 0)
		return act_supply(directory);
	return 0;
}

/* ---- running it ---- */

static void copy_self(const char *path)
{
	FILE *from = fopen(self, "r");
	FILE *to = fopen(path, "w");
	char block[4096];
	size_t got;

	assert_non_null(from);
	assert_non_null(to);
	while ((got = fread(block, 1, sizeof(block), from)) > 0)
		assert_int_equal(fwrite(block, 1, got, to), got);
	fclose(from);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(chown(path, 0, USER_A), 0);
	assert_int_equal(chmod(path, 02755), 0);
}

/* What the program says; ends the test where it is not privileged in spite of its mode. */
static const char *run(const char *directory, const char *verb)
{
	static char text[ERROR_LINE_MAX];
	const char *program = path_of(directory, "program");
	char line[3 * PATH_MAX];
	FILE *output;
	int status;

	if (access(program, F_OK) != 0)
		copy_self(program);
	snprintf(line, sizeof(line), "HOME='%s' exec '%s' %s '%s'", directory, program, verb,
		directory);
	output = popen(line, "r");
	assert_non_null(output);
	text[fread(text, 1, sizeof(text) - 1, output)] = '\0';
	status = pclose(output);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_PRIVILEGED)
		skip();
	assert_int_equal(status, 0);
	return text;
}

static void cache(const char *directory, int left, const char *lines, int count)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"version = 1\naccess_token = OLD\naccess_token_hash = aa\nissued_at = %d\n"
		"expires_at = %d\n%send = %d\n",
		NOW + left - 3600, NOW + left, lines, 5 + count);
	file_puts(path_of(directory, "me.token"), text, 0600);
}

static void it_starts_nothing(void **state)
{
	char expected[2 * PATH_SIZE];

	root_only();
	file_puts(path_of(*state, "command"), "#!/bin/sh\ntouch \"${0%/*}/ran\"\n", 0755);
	snprintf(expected, sizeof(expected), "config: a set-id program must not run %s",
		path_of(*state, "command"));
	assert_string_equal(run(*state, "ask"), expected);
	run(*state, "supply");
	assert_int_not_equal(access(path_of(*state, "ran"), F_OK), 0);
}

static void it_has_no_personal_place(void **state)
{
	root_only();
	assert_string_equal(run(*state, "place"), "0");
}

static void without_a_token_it_says_who_can_get_one(void **state)
{
	root_only();
	assert_string_equal(run(*state, "supply"),
		"no access token of me: the access token has yet to come, and a set-id program may "
		"not renew it (saslfresh refresh me)");
	cache(*state, 0, "", 0);
	assert_string_equal(run(*state, "supply"),
		"no access token of me: the access token has expired, and a set-id program may not "
		"renew it (saslfresh refresh me)");
}

static void with_a_failure_it_repeats_it(void **state)
{
	root_only();
	cache(*state, 0,
		"failure = login\nerror_description = it is gone\nhint = saslfresh login me\n", 3);
	assert_string_equal(
		run(*state, "supply"), "no access token of me: it is gone (saslfresh login me)");
}

static void a_cache_that_cannot_be_read_is_a_failure(void **state)
{
	root_only();
	cache(*state, 3600, "", 0);
	assert_int_equal(chmod(path_of(*state, "me.token"), 0666), 0);
	assert_non_null(strstr(run(*state, "supply"), "may be written by others"));
	file_puts(path_of(*state, "me.token"), "version = 1\n", 0600);
	assert_non_null(strstr(run(*state, "supply"), "the record is cut off"));
}

static void a_living_token_is_used(void **state)
{
	static const int left[] = {3600, 360, 60, 1};

	root_only();
	for (size_t i = 0; i < 4; i++) {
		cache(*state, left[i], "", 0);
		assert_string_equal(run(*state, "supply"), "OLD");
	}
	cache(*state, 3600, "rejected = aa\n", 1);
	assert_string_equal(run(*state, "supply"), "OLD");
}

/* One who serves one connection, in a child. */
static pid_t open_door(const char *path, const char *answer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char block[256];
	pid_t pid;

	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		fd = accept(fd, NULL, NULL);
		while (read(fd, block, sizeof(block)) > 0)
			continue;
		_exit(write(fd, answer, strlen(answer)) < 0);
	}
	close(fd);
	return pid;
}

static void it_may_knock_at_the_door(void **state)
{
	const char *answers[] = {"status = ok\nversion = 1\naccess_token = NEW\nissued_at = "
				 "1700000000\nexpires_at = 1700003600\nend = 5\n",
		"status = config\nwhat = no access token of me\ncause = you may not\nend = 3\n"};
	const char *said[] = {"NEW", "no access token of me: you may not"};

	root_only();
	file_puts(path_of(*state, "command"), "#!/bin/sh\ntouch \"${0%/*}/ran\"\n", 0755);
	for (int i = 0; i < 2; i++) {
		pid_t pid = open_door(path_of(*state, "door"), answers[i]);

		assert_string_equal(run(*state, "supply"), said[i]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(unlink(path_of(*state, "door")), 0);
	}
	assert_int_not_equal(access(path_of(*state, "ran"), F_OK), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		in_directory(it_starts_nothing),
		in_directory(it_has_no_personal_place),
		in_directory(without_a_token_it_says_who_can_get_one),
		in_directory(with_a_failure_it_repeats_it),
		in_directory(a_cache_that_cannot_be_read_is_a_failure),
		in_directory(a_living_token_is_used),
		in_directory(it_may_knock_at_the_door),
	};

	if (argc > 2)
		return act(argv[1], argv[2]);
	if (realpath(argv[0], self) == NULL)
		return 1;
	return cmocka_run_group_tests_name("privileged", tests, NULL, NULL);
}
