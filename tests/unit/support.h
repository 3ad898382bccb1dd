/* support.h: what the unit tests share: a directory of their own, files with mode and owner, a process
 * of their own where a test changes the process, and one assertion on failures.
 * Includes cmocka.h with what it needs, so that a test includes this and nothing of cmocka's. */
#ifndef SASLFRESH_TEST_SUPPORT_H
#define SASLFRESH_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "error.h"

/* Two users that own nothing on any machine. */
enum { USER_A = 61001, USER_B = 61002 };

/* Before and after a test: *state is the path of a new directory, 0711, removed with all in it. */
int directory_setup(void **state);
int directory_teardown(void **state);

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

/* directory/name; good until the eighth call after this one. */
char *path_of(const char *directory, const char *name);

/* Writes a file of that mode, whatever the umask. An existing one is replaced. */
void file_write(const char *path, const void *bytes, size_t len, mode_t mode);
void file_puts(const char *path, const char *text, mode_t mode);

/* The whole of a file and a NUL, "" if there is none; good until the next call. */
const char *file_text(const char *path);

/* Makes a directory of that mode, whatever the umask. */
void directory_make(const char *path, mode_t mode);

/* count octets of byte and a NUL; freed by the caller. */
char *repeated(char byte, size_t count);

/* How many descriptors are open. */
int count_descriptors(void);

/* Runs act in a child process, which ends after seconds at the latest. Gives what act returned (0 to
 * 127), or minus the signal that ended it. act must not use assertions: report() says what is wrong. */
int in_child(int (*act)(void *context), void *context, unsigned seconds);

/* For act: prints where and what, gives 1. */
int report(const char *file, int line, const char *what);
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return report(__FILE__, __LINE__, #condition);                             \
	} while (0)

/* For act: gives up all rights but those of uid. */
bool become(uid_t uid);

/* Ends a test that needs root where it has not. */
#define root_only()                                                                                \
	do {                                                                                       \
		if (geteuid() != 0)                                                                \
			skip();                                                                    \
	} while (0)

/* Ends a test of what valgrind does not show: it forks where we spawn, and so loses exec's error. */
bool on_valgrind(void);
#define not_on_valgrind()                                                                          \
	do {                                                                                       \
		if (on_valgrind())                                                                 \
			skip();                                                                    \
	} while (0)

/* The failure is of that kind, and its sentence has text in it. */
#define assert_error(err, kind, text) check_error((err), (kind), (text), __FILE__, __LINE__)
void check_error(const struct error *err, enum error_kind kind, const char *text, const char *file,
	int line);

/* The failure's whole sentence. */
#define assert_sentence(err, text)                                                                 \
	do {                                                                                       \
		char sentence_[ERROR_LINE_MAX];                                                    \
		error_line((err), sentence_, sizeof(sentence_));                                   \
		assert_string_equal(sentence_, (text));                                            \
	} while (0)

#endif
