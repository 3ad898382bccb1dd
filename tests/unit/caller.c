#include "caller.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support.h"

static void a_socket_of_the_network_is_no_door(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct caller caller;
	struct error err = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_false(caller_identify(fd, &caller, &err));
	assert_error(&err, ERROR_CONFIG, "the door is a Unix socket");
	close(fd);
	assert_false(caller_identify(fd, &caller, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
}

static void a_pipe_and_a_pair_are_ourselves(void **state)
{
	struct caller caller;
	struct error err = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(caller_identify(fds[0], &caller, &err));
	assert_false(caller.knocks);
	assert_true(caller_is_trusted(&caller));
	caller_free(&caller);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(caller_identify(fds[0], &caller, &err));
	assert_false(caller.knocks);
	assert_true(caller_is_trusted(&caller));
	assert_int_equal(caller.pid, getpid());
	caller_free(&caller);
	close(fds[0]);
	close(fds[1]);
}

/* Connects as USER_A with the groups given, which is one of the groups then. */
static int connect_as(const char *path, const gid_t *groups, size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(listen(listener, 1), 0);
	if (fork() == 0) {
		int door = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(count, groups) != 0 || setgid(USER_B) != 0 || setuid(USER_A) != 0 ||
			connect(door, (struct sockaddr *)&address, sizeof(address)) != 0)
			_exit(1);
		_exit(0);
	}
	fd = accept(listener, NULL, NULL);
	close(listener);
	return fd;
}

static void who_knocks_has_user_and_groups(void **state)
{
	static const gid_t groups[] = {61010, 61011};
	struct account account = {.name = (char *)"me"};
	struct config config = {.accounts = &account, .count = 1};
	struct caller caller;
	struct error err = {0};
	int fd;

	root_only();
	fd = connect_as(path_of(*state, "door"), groups, 2);
	assert_true(caller_identify(fd, &caller, &err));
	assert_true(caller.knocks);
	assert_int_equal(caller.peer.uid, USER_A);
	assert_false(caller_is_trusted(&caller));
	assert_false(caller_may_use(&caller, &account));
	assert_false(caller_is_known(&caller, &config));
	account.values[ACCOUNT_ALLOW] = (char *)"root, @61012, 61010";
	assert_false(caller_is_known(&caller, &config));
	account.values[ACCOUNT_ALLOW] = (char *)"root, @61011";
	assert_true(caller_may_use(&caller, &account));
	assert_true(caller_is_known(&caller, &config));
	account.values[ACCOUNT_ALLOW] = (char *)"@61002";
	assert_true(caller_may_use(&caller, &account));
	account.values[ACCOUNT_ALLOW] = (char *)"61001";
	assert_true(caller_may_use(&caller, &account));
	caller_free(&caller);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(a_socket_of_the_network_is_no_door),
		in_directory(a_pipe_and_a_pair_are_ourselves),
		in_directory(who_knocks_has_user_and_groups),
	};

	return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
