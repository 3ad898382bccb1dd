/* programs_support.h: what the tests of command/ and online/ share. A box is a directory of a
 * test's own, with a configuration, an account in it and a state directory; a server is a loopback
 * address that answers each request with the next of its replies, octet by octet. */
#ifndef SASLFRESH_PROGRAMS_SUPPORT_H
#define SASLFRESH_PROGRAMS_SUPPORT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "account.h"
#include "config.h"
#include "error.h"
#include "token.h"

#define ACCOUNT_NAME "me@example.test"

struct box {
	char dir[128];
	struct config config;
	struct account *account; /* completed; NULL before box_configure */
};

/* Setup and teardown of a test; *state is the box. HOME and XDG_* lead into it. */
int box_setup(void **state);
int box_teardown(void **state);

/* Reads a configuration of one account with these lines (and a client_id and token_endpoint where
 * they name none). Its state directory is there, of mode 0700. */
void box_configure(struct box *box, const char *lines);

/* The path of name in the box, in one of eight static arrays in turn. */
const char *box_path(const struct box *box, const char *name);

/* The path of the account's file with that suffix. */
const char *state_path(const struct box *box, const char *suffix);

/* Files. All fail the test where the system fails. */
void file_write(const char *path, mode_t mode, const void *bytes, size_t len);
void file_puts(const char *path, mode_t mode, const char *text);
size_t file_read(const char *path, char *text, size_t size); /* ended by a NUL */
bool file_exists(const char *path);			     /* no link is followed */
size_t file_lines(const char *path);			     /* 0 where there is no file */

/* The token file of the account. */
void token_store(const struct box *box, const struct token *token);
void token_load(const struct box *box, struct token *token);

/* Runs body in a child of its own, which exits with what it returns; -1 if that took longer than
 * the seconds given (it is then killed), 256 + N if signal N ended it. */
int run_child(int (*body)(void *context), void *context, int seconds);

/* Starts body in a child, and waits for one. */
pid_t start_child(int (*body)(void *context), void *context);
int wait_child(pid_t pid, int seconds);

/* True as soon as condition is; false after the seconds given. */
bool poll_until(bool (*condition)(void *context), void *context, int seconds);

/* How many descriptors this process has open. */
int open_descriptors(void);

/* How many processes wait for a flock on path. */
int lock_waiters(const char *path);

/* Bytes of a text that is repeated to fill len octets and a NUL; freed by the caller. */
char *repeat(const char *text, size_t len);

enum { SERVER_REPLIES = 8, SERVER_REQUEST_MAX = 256 * 1024 };

struct server {
	int port;
	int requests;  /* how many have come */
	char *request; /* the last one, ended by a NUL */

	/* Called for each request before it is answered; may be NULL. */
	void (*on_request)(void *context, int number);
	void *context;

	struct {
		char *bytes;
		size_t len;
	} replies[SERVER_REPLIES];
	int count;
	int listening;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_mutex_t serving; /* held from a request to the end of its connection */
};

/* Listens; the account's endpoint is http://127.0.0.1:PORT/token. */
void server_start(struct server *server);
void server_stop(struct server *server);

/* Waits for the end of a connection, and has neither replies nor requests then; same port. */
void server_reset(struct server *server);

/* Adds what the next request is answered with: all octets, or a head with that status and body. */
void server_add_bytes(struct server *server, const void *bytes, size_t len);
void server_add(struct server *server, const char *status, const char *body);

/* A group of tests that each get a box. */
#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, box_setup, box_teardown)

/* Asserts on a failure. */
#define assert_failed(err, wanted_kind, words)                                                     \
	do {                                                                                       \
		assert_int_equal((err).kind, wanted_kind);                                         \
		assert_mentions(err, words);                                                       \
	} while (0)
#define assert_mentions(err, words)                                                                \
	do {                                                                                       \
		char line_[ERROR_LINE_MAX];                                                        \
		error_line(&(err), line_, sizeof(line_));                                          \
		if (strstr(line_, words) == NULL)                                                  \
			fail_msg("`%s` does not mention `%s`", line_, words);                      \
	} while (0)
#define assert_done(call, err)                                                                     \
	do {                                                                                       \
		if (!(call)) {                                                                     \
			char line_[ERROR_LINE_MAX];                                                \
			error_line(&(err), line_, sizeof(line_));                                  \
			fail_msg("%s: %s", #call, line_);                                          \
		}                                                                                  \
	} while (0)

#endif
