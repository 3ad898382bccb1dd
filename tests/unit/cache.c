#include "cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocation.h"
#include "paths.h"
#include "support.h"

static const char whole[] = "version = 1\naccount = me\naccess_token = abc\nend = 3\n";

/* A state directory of that mode with a token file. */
static const char *state_with(const char *directory, mode_t mode, const char *text)
{
	const char *place = path_of(directory, "state");

	directory_make(place, mode);
	if (text != NULL)
		file_puts(path_of(place, "me.token"), text, 0600);
	return place;
}

static void assert_read(const char *place, bool personal, const char *access_token)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	int descriptors = count_descriptors();

	token->issued_at = 42;
	assert_true(cache_read(place, personal, "me", token, &err));
	assert_int_equal(err.kind, ERROR_NONE);
	assert_string_equal(token->access_token, access_token);
	assert_int_equal(token->issued_at, 0);
	assert_int_equal(count_descriptors(), descriptors);
	token_free(token);
}

static void assert_refused(const char *place, bool personal, enum error_kind kind, const char *text)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	int descriptors = count_descriptors();

	token->issued_at = 42;
	assert_false(cache_read(place, personal, "me", token, &err));
	assert_error(&err, kind, text);
	assert_int_equal(token->issued_at, 42);
	assert_int_equal(count_descriptors(), descriptors);
	token_free(token);
}

/* ---- the directory ---- */

static void a_directory_others_can_write_to_is_refused(void **state)
{
	static const mode_t modes[] = {0770, 0702, 0777, 01777};
	const char *place = state_with(*state, 0700, whole);

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char text[64];

		assert_int_equal(chmod(place, modes[i]), 0);
		snprintf(text, sizeof(text), "may be written by others: its mode is %04o (chmod %04o '",
			modes[i], modes[i] & ~022);
		assert_refused(place, true, ERROR_CONFIG, text);
		assert_refused(place, false, ERROR_CONFIG, text);
	}
	assert_int_equal(chmod(place, 0755), 0);
	assert_read(place, true, "abc");
}

static void a_link_to_a_directory_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, whole);
	const char *link = path_of(*state, "link");

	assert_int_equal(symlink(place, link), 0);
	assert_refused(link, true, ERROR_CONFIG, "is not a directory (move it away)");
	assert_refused(link, false, ERROR_CONFIG, "is not a directory (move it away)");
}

static void a_file_is_no_directory(void **state)
{
	const char *place = path_of(*state, "state");

	file_puts(place, "", 0600);
	assert_refused(place, true, ERROR_CONFIG, "is not a directory (move it away)");
}

static void a_directory_of_another_user_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, NULL);

	root_only();
	assert_int_equal(chown(place, USER_A, 0), 0);
	file_puts(path_of(place, "me.token"), whole, 0600);
	assert_refused(place, true, ERROR_CONFIG, "belongs to user 61001 (chown 0 '");
	/* The system's directory belongs to whoever the administrator gave it to. */
	assert_read(place, false, "abc");
}

static int look_into_a_closed_directory(void *context)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	uid_t owner;
	bool absent;

	CHECK(become(USER_A));
	CHECK(!cache_read(context, true, "me", token, &err));
	CHECK(err.kind == ERROR_CONFIG || err.kind == ERROR_SYSTEM);
	err = (struct error){0};
	CHECK(!cache_read(context, false, "me", token, &err));
	CHECK(err.kind == ERROR_SYSTEM);
	CHECK(strstr(err.cause, ": Permission denied") != NULL);
	CHECK(!state_check(path_of(context, "below"), true, &owner, &absent, &err));
	CHECK(err.kind == ERROR_SYSTEM && !absent);
	token_free(token);
	return 0;
}

static void a_closed_directory_is_a_failure(void **state)
{
	const char *place = state_with(*state, 0700, whole);

	root_only();
	assert_int_equal(in_child(look_into_a_closed_directory, (void *)place, 60), 0);
}

static void where_there_is_no_directory_there_is_no_token(void **state)
{
	struct error err = {0};
	uid_t owner = 42;
	bool absent = false;

	assert_true(state_check(path_of(*state, "none"), true, &owner, &absent, &err));
	assert_true(absent);
	assert_int_equal(owner, geteuid());
	assert_read(path_of(*state, "none"), true, "");
	assert_read(path_of(*state, "none"), false, "");
	file_puts(path_of(*state, "file"), "", 0600);
	assert_read(path_of(*state, "file/below"), true, "");
}

static void the_owner_of_the_directory_is_told(void **state)
{
	const char *place = state_with(*state, 0700, NULL);
	struct error err = {0};
	uid_t owner = 42;
	bool absent = true;

	root_only();
	assert_int_equal(chown(place, USER_A, 0), 0);
	assert_true(state_check(place, false, &owner, &absent, &err));
	assert_int_equal(owner, USER_A);
	assert_false(absent);
}

/* ---- the file ---- */

static void a_planted_token_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, whole);

	root_only();
	assert_int_equal(chown(path_of(place, "me.token"), USER_B, 0), 0);
	assert_refused(place, true, ERROR_CONFIG, "me.token belongs to user 61002 (chown 0 '");
	assert_refused(place, false, ERROR_CONFIG, "me.token belongs to user 61002 (chown 0 '");
	assert_int_equal(chown(place, USER_B, 0), 0);
	assert_read(place, false, "abc");
	assert_int_equal(chown(path_of(place, "me.token"), 0, 0), 0);
	assert_read(place, false, "abc");
}

static void a_token_others_can_read_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, whole);
	const char *file = path_of(place, "me.token");

	assert_int_equal(chmod(file, 0644), 0);
	assert_refused(place, true, ERROR_CONFIG, "may be read by others: its mode is 0644");
	assert_int_equal(chmod(file, 0660), 0);
	assert_refused(place, true, ERROR_CONFIG, "may be written by others: its mode is 0660");
	assert_int_equal(chmod(file, 0640), 0);
	assert_read(place, true, "abc");
}

static void what_is_no_file_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, NULL);
	const char *file = path_of(place, "me.token");

	directory_make(file, 0700);
	assert_refused(place, true, ERROR_SYSTEM, "me.token is not a regular file");
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	alarm(60);
	assert_refused(place, true, ERROR_SYSTEM, "me.token is not a regular file");
	alarm(0);
	assert_int_equal(unlink(file), 0);
	file_puts(path_of(place, "other"), whole, 0600);
	assert_int_equal(symlink("other", file), 0);
	assert_refused(place, true, ERROR_SYSTEM, "me.token is a symbolic link");
}

static void a_torn_file_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, NULL);
	const char *file = path_of(place, "me.token");

	for (size_t len = 0; len < strlen(whole); len++) {
		file_write(file, whole, len, 0600);
		assert_refused(place, true, ERROR_SYSTEM, "the record is cut off");
	}
	file_puts(file, whole, 0600);
	assert_read(place, true, "abc");
}

static void another_version_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, "version = 2\naccess_token = abc\nend = 2\n");

	assert_refused(place, true, ERROR_SYSTEM, "is not a token file of this version");
}

static void a_file_has_a_maximum(void **state)
{
	const char *place = state_with(*state, 0700, NULL);
	char *bytes = repeated('x', 1024 * 1024);
	size_t start = KEYFILE_RECORD_MAX - 4;

	for (size_t i = 0; i < start; i++)
		bytes[i] = "a = b\n"[i % 6];
	file_write(path_of(place, "me.token"), bytes, 1024 * 1024, 0600);
	assert_refused(place, true, ERROR_SYSTEM, "is larger than 65536 octets");
	file_write(path_of(place, "me.token"), bytes, KEYFILE_RECORD_MAX + 1, 0600);
	assert_refused(place, true, ERROR_SYSTEM, "is larger than 65536 octets");
	file_write(path_of(place, "me.token"), bytes, KEYFILE_RECORD_MAX, 0600);
	assert_refused(place, true, ERROR_SYSTEM, "the record is cut off");
	free(bytes);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	const char *place = state_with(*state, 0700, NULL);
	char *account = repeated('a', 250);
	struct error err = {0};
	struct token *token = token_new(&err);

	assert_false(cache_read(place, true, account, token, &err));
	assert_error(&err, ERROR_CONFIG, "the name of account aaa");
	assert_true(cache_read(place, true, account + 1, token, &err));
	token_free(token);
	free(account);
}

static void no_memory_is_a_failure(void **state)
{
	const char *place = state_with(*state, 0700, whole);

	for (int n = 1; n <= 2; n++) {
		struct error err = {0};
		struct token *token = token_new(&err);

		allocation_fail(n);
		assert_false(cache_read(place, true, "me", token, &err));
		assert_true(allocation_failed());
		assert_int_equal(err.kind, ERROR_SYSTEM);
		allocation_reset();
		token_free(token);
	}
}

static void freed_memory_holds_no_token(void **state)
{
	const char *place = state_with(*state, 0700, whole);

	allocation_watch("abc");
	assert_read(place, true, "abc");
	file_puts(path_of(place, "me.token"), "access_token = abc\nbroken\n", 0600);
	assert_refused(place, true, ERROR_SYSTEM, "expected `key = value`");
	assert_int_equal(allocation_leaks(), 0);
	allocation_reset();
}

static void reading_changes_nothing(void **state)
{
	const char *place = state_with(*state, 0500, NULL);

	assert_read(place, true, "");
	assert_int_equal(rmdir(place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(a_directory_others_can_write_to_is_refused),
		in_directory(a_link_to_a_directory_is_refused),
		in_directory(a_file_is_no_directory),
		in_directory(a_directory_of_another_user_is_refused),
		in_directory(a_closed_directory_is_a_failure),
		in_directory(where_there_is_no_directory_there_is_no_token),
		in_directory(the_owner_of_the_directory_is_told),
		in_directory(a_planted_token_is_refused),
		in_directory(a_token_others_can_read_is_refused),
		in_directory(what_is_no_file_is_refused),
		in_directory(a_torn_file_is_refused),
		in_directory(another_version_is_refused),
		in_directory(a_file_has_a_maximum),
		in_directory(a_name_that_is_too_long_is_refused),
		in_directory(no_memory_is_a_failure),
		in_directory(freed_memory_holds_no_token),
		in_directory(reading_changes_nothing),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
