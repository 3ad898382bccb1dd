/* The plugin is a guest in the program: what was there before is there afterwards, and nothing
 * else. */
#include "client.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sasl/saslplug.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char account[] = "[account me@example.org]\n";

/* No plugins but ours: those of others may leave things behind. */
static void ours_alone(const struct client *client)
{
	setenv("SASL_PATH", path_of(client->directory, "plugins"), 1);
}

static int start(struct client *client)
{
	const char *response, *chosen;
	unsigned len;

	return client_start(client, "XOAUTH2", &response, &len, &chosen);
}

/* One connection from beginning to end. */
static void use(struct client *client)
{
	const char *response;
	unsigned len;

	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(start(client), SASL_CONTINUE);
	assert_int_equal(sasl_client_step(client->conn, NULL, 0, NULL, &response, &len), SASL_OK);
	client_close(client);
	client_done(client);
}

/* ---- what is mapped, open and set ---- */

/* The objects that are mapped, each once, in the order of the map. */
static char *mapped_objects(void)
{
	char *objects = calloc(1, 256 * 1024), line[8192];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps) != NULL) {
		char *object = strchr(line, '/');

		if (object != NULL && strstr(objects, object) == NULL)
			strcat(objects, object);
	}
	fclose(maps);
	return objects;
}

static void nothing_stays_mapped(void **state)
{
	struct client *client = *state;
	char *before, *between, *after;

	ours_alone(client);
	client_configure(client, account);
	client_cache(client, "me@example.org", "tok", 3600, "");
	before = mapped_objects();
	client_init(client);
	between = mapped_objects();
	client_done(client);
	use(client);
	after = mapped_objects();
	assert_null(strstr(before, "libsaslfresh.so"));
	assert_non_null(strstr(between, "libsaslfresh.so"));
	assert_string_equal(before, after);
	free(before);
	free(between);
	free(after);
}

static void nothing_stays_mapped_where_there_is_no_account(void **state)
{
	struct client *client = *state;
	char *before, *after;

	if (access(SASLFRESH_SYSCONFDIR "/saslfresh/saslfresh.conf", F_OK) == 0)
		skip();
	ours_alone(client);
	before = mapped_objects();
	client_init(client);
	client_done(client);
	after = mapped_objects();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* What a library could have changed, as one text. */
static void describe(char *text, size_t size)
{
	mode_t mask = umask(0);
	char directory[4096];
	sigset_t blocked;
	size_t len;

	umask(mask);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	len = (size_t)snprintf(text, size, "%o %s %d\n", mask, getcwd(directory, sizeof(directory)),
		count_descriptors());
	for (int number = 1; number <= SIGRTMAX; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0)
			len += (size_t)snprintf(text + len, size - len, "%p%d ",
				(void *)(uintptr_t)action.sa_handler,
				sigismember(&blocked, number));
	}
	for (char **variable = environ; *variable != NULL; variable++)
		len += (size_t)snprintf(text + len, size - len, "%s\n", *variable);
	assert_true(len < size);
}

static void the_process_is_as_it_was(void **state)
{
	static char before[64 * 1024], after[64 * 1024];
	struct client *client = *state;

	ours_alone(client);
	client_configure(client, "command = %s\n[account me@example.org]\n");
	client_command(client, "status = login\ncause = c\nend = 2\n");
	client_cache(client, "me@example.org", "tok", 100, "");
	describe(before, sizeof(before));
	use(client);
	describe(after, sizeof(after));
	assert_string_equal(before, after);
	assert_string_not_equal(client_requests(client), "");
	assert_true(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void a_program_may_begin_and_end_again(void **state)
{
	struct client *client = *state;

	client_configure(client, account);
	client_cache(client, "me@example.org", "tok", 3600, "");
	for (int i = 0; i < 3; i++)
		use(client);
	client_configure(client, "[account you]\n");
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(start(client), SASL_NOUSER);
}

/* An older libsasl2 than we were built for gets no mechanism, and no failure that it would log. */
static void an_old_interface_gets_nothing(void **state)
{
	struct client *client = *state;
	void *object = dlopen(path_of(client->directory, "plugins/libsaslfresh.so"), RTLD_NOW);
	sasl_client_plug_init_t *entry;
	sasl_client_plug_t *plugs = NULL;
	int version = 0, count = 42;

	client_configure(client, account);
	assert_non_null(object);
	*(void **)&entry = dlsym(object, "sasl_client_plug_init");
	assert_non_null(entry);
	assert_int_equal(
		entry(NULL, SASL_CLIENT_PLUG_VERSION - 1, &version, &plugs, &count), SASL_OK);
	assert_int_equal(count, 0);
	assert_null(plugs);
	dlclose(object);
}

/* ---- memory ---- */

/* An access token that stands nowhere in this process until the plugin reads it. */
enum { SECRET_LEN = 40 };

static char secret_octet(size_t i)
{
	return (char)('A' + (i * 7 + 3) % 26);
}

static bool is_secret(const char *bytes)
{
	for (size_t i = 0; i < SECRET_LEN; i++)
		if (bytes[i] != secret_octet(i))
			return false;
	return true;
}

static int count_secrets_between(int memory, off_t start, off_t stop)
{
	enum { STEP = 1024 * 1024 };
	static char window[STEP + SECRET_LEN];
	int count = 0;

	for (off_t at = start; at < stop; at += STEP) {
		off_t want = stop - at < (off_t)sizeof(window) ? stop - at : (off_t)sizeof(window);
		ssize_t got = pread(memory, window, (size_t)want, at);

		for (ssize_t i = 0; i + SECRET_LEN <= got; i++)
			count += is_secret(window + i);
	}
	memset(window, 0, sizeof(window));
	return count;
}

/* How often it stands in the memory that this process may write to. */
static int count_secrets(void)
{
	enum { LARGEST = 256 * 1024 * 1024 }; /* more is the shadow of a sanitizer */
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long long start, stop;
	char line[8192], mode[8];
	int count = 0;

	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%llx-%llx %7s", &start, &stop, mode) == 3 && mode[1] == 'w' &&
			stop - start < LARGEST)
			count += count_secrets_between(memory, (off_t)start, (off_t)stop);
	fclose(maps);
	close(memory);
	return count;
}

static int write_secret(void *context)
{
	char access_token[SECRET_LEN + 1] = {0};

	for (size_t i = 0; i < SECRET_LEN; i++)
		access_token[i] = secret_octet(i);
	client_cache(context, "me@example.org", access_token, 3600, "");
	return 0;
}

static int leave_no_secret(void *context)
{
	struct client *client = context;
	const char *response;
	unsigned len;
	int between;

	CHECK(count_secrets() == 0);
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_CONTINUE);
	between = count_secrets();
	CHECK(between == 1);
	CHECK(sasl_client_step(client->conn, "", 0, NULL, &response, &len) == SASL_OK);
	CHECK(count_secrets() == 0);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_CONTINUE);
	client_close(client);
	CHECK(count_secrets() == 0);
	client_done(client);
	return 0;
}

static void no_token_stays_in_memory(void **state)
{
	struct client *client = *state;

	ours_alone(client);
	client_configure(client, account);
	assert_int_equal(in_child(write_secret, client, 60), 0);
	assert_int_equal(in_child(leave_no_secret, client, 120), 0);
	assert_string_equal(client_stderr(client), "");
}

static int countdown;

static void *failing_malloc(size_t size)
{
	return countdown > 0 && --countdown == 0 ? NULL : malloc(size);
}

static void *failing_calloc(size_t count, size_t size)
{
	return countdown > 0 && --countdown == 0 ? NULL : calloc(count, size);
}

static int run_out_of_memory(void *context)
{
	struct client *client = context;
	bool failed = true;

	sasl_set_alloc(failing_malloc, failing_calloc, realloc, free);
	client_init(client);
	for (int n = 1; failed && n < 50; n++) {
		int code;

		client_open(client, "smtp", "mail.example.org", client_callbacks(client));
		countdown = n;
		code = start(client);
		failed = countdown == 0;
		countdown = 0;
		CHECK(failed || code == SASL_CONTINUE);
		CHECK(code == SASL_CONTINUE || code == SASL_NOMEM || code == SASL_FAIL);
	}
	CHECK(!failed);
	client_close(client);
	client_done(client);
	return 0;
}

static void without_memory_it_is_a_failure(void **state)
{
	struct client *client = *state;

	ours_alone(client);
	client_configure(client, account);
	client_cache(client, "me@example.org", "tok", 3600, "");
	assert_int_equal(in_child(run_out_of_memory, client, 60), 0);
}

/* ---- programs that do things of their own ---- */

static sigjmp_buf away;

static void jump(int number)
{
	(void)number;
	siglongjmp(away, 1);
}

static int jump_out(void *context)
{
	struct client *client = context;
	pid_t hanging;

	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	signal(SIGALRM, jump);
	if (sigsetjmp(away, 1) == 0) {
		alarm(1);
		start(client);
		return report(__FILE__, __LINE__, "the alarm came");
	}
	signal(SIGALRM, SIG_DFL);
	alarm(60);
	hanging = (pid_t)strtol(file_text(path_of(client->directory, "pid")), NULL, 10);
	if (hanging > 1)
		kill(hanging, SIGKILL);
	client_close(client);
	client_cache(client, "me@example.org", "tok", 3600, "");
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_CONTINUE);
	client_close(client);
	client_done(client);
	return 0;
}

/* sSMTP leaves whatever it is in when its alarm rings. */
static void a_program_may_jump_out_of_us(void **state)
{
	struct client *client = *state;

	not_on_valgrind();
	client_configure(client, "command = %s\n[account me@example.org]\n");
	file_puts(path_of(client->directory, "command"),
		"#!/bin/sh\necho $$ >\"${0%/*}/pid\"\nexec sleep 600\n", 0700);
	assert_int_equal(in_child(jump_out, client, 60), 0);
}

static int fork_and_start(void *context)
{
	struct client *client = context;

	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_CONTINUE);
	client_close(client);
	client_done(client);
	return 0;
}

static void a_program_may_fork_between_init_and_start(void **state)
{
	struct client *client = *state;

	client_configure(client, account);
	client_cache(client, "me@example.org", "tok", 3600, "");
	client_init(client);
	assert_int_equal(in_child(fork_and_start, client, 60), 0);
	assert_int_equal(in_child(fork_and_start, client, 60), 0);
}

/* Postfix: init as root, then chroot and setuid, then the steps. */
static int start_in_a_jail(void *context)
{
	static const char sentence[] = "user 61001 in a chroot cannot renew it: cannot run ";
	struct client *client = context;

	client_init(client);
	CHECK(chroot(path_of(client->directory, "jail")) == 0 && chdir("/") == 0);
	CHECK(become(USER_A));
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_FAIL);
	CHECK(strstr(sasl_errdetail(client->conn), sentence) != NULL);
	client->name = "you";
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	CHECK(start(client) == SASL_NOUSER);
	return 0;
}

static void in_a_jail_the_sentence_says_so(void **state)
{
	struct client *client = *state;

	root_only();
	client_configure(client, "command = %s\n[account me@example.org]\n");
	client_command(client, "status = ok\nend = 1\n");
	directory_make(path_of(client->directory, "jail"), 0755);
	assert_int_equal(in_child(start_in_a_jail, client, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_client(nothing_stays_mapped_where_there_is_no_account),
		with_client(nothing_stays_mapped),
		with_client(the_process_is_as_it_was),
		with_client(a_program_may_begin_and_end_again),
		with_client(an_old_interface_gets_nothing),
		with_client(no_token_stays_in_memory),
		with_client(without_memory_it_is_a_failure),
		with_client(a_program_may_jump_out_of_us),
		with_client(a_program_may_fork_between_init_and_start),
		with_client(in_a_jail_the_sentence_says_so),
	};

	return cmocka_run_group_tests_name("mechanism_guest", tests, NULL, NULL);
}
