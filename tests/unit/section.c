/* Also the test of replace.c, which section.c shows from outside. */
#include "section.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs_support.h"
#include "replace.h"

static struct place place;
static struct error err;
static char keys_text[] = "client_id = c\nscope = s\n";
static const struct buffer keys = {.data = keys_text, .len = sizeof(keys_text) - 1};

static int setup(void **state)
{
	if (box_setup(state) != 0)
		return -1;
	memset(&err, 0, sizeof(err));
	memset(&place, 0, sizeof(place));
	return place_personal(&place) ? 0 : -1;
}

#define SECTION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, box_teardown)

static void begins_with(const char *text)
{
	char directory[PATH_SIZE];

	snprintf(directory, sizeof(directory), "%s", place.config);
	*strrchr(directory, '/') = '\0';
	*strrchr(directory, '/') = '\0';
	assert_true(mkdir(directory, 0700) == 0 || errno == EEXIST);
	directory[strlen(directory)] = '/';
	assert_true(mkdir(directory, 0700) == 0 || errno == EEXIST);
	file_puts(place.config, 0600, text);
}

static void is(const char *text)
{
	char found[8192];

	file_read(place.config, found, sizeof(found));
	assert_string_equal(found, text);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static bool nothing_else(void)
{
	char path[PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s.saslfresh", place.config);
	return !file_exists(path);
}

/* ---- what is refused, and then nothing is changed ---- */

static void refuses(const char *before, const char *words)
{
	begins_with(before);
	assert_false(section_write(&place, ACCOUNT_NAME, &keys, &err));
	assert_mentions(err, words);
	assert_mentions(err, "cannot add " ACCOUNT_NAME);
	is(before);
	assert_true(nothing_else());
}

static void what_is_no_configuration_stays_as_it_is(void **state)
{
	(void)state;
	refuses("[account a]\nnosuch = 1\n", ":2: unknown key");
	refuses("[account " ACCOUNT_NAME "]\nscope = other\n", "scope is given twice");
	refuses("[account a", "a section is written");
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	(void)state;
	begins_with("# mine\n");
	assert_int_equal(chmod(place.config, 0666), 0);
	assert_false(section_write(&place, ACCOUNT_NAME, &keys, &err));
	assert_failed(err, ERROR_CONFIG, "may be written by others");
	assert_false(section_check(&place, &err));
	is("# mine\n");
}

static void binary_and_large_files_are_refused(void **state)
{
	char *large = repeat("#", KEYFILE_CONFIG_MAX);

	(void)state;
	begins_with("");
	file_write(place.config, 0600, "a\0b", 3);
	assert_false(section_write(&place, ACCOUNT_NAME, &keys, &err));
	assert_mentions(err, "not a text file");
	file_puts(place.config, 0600, large);
	assert_false(section_write(&place, ACCOUNT_NAME, &keys, &err));
	assert_mentions(err, "larger than 262144 octets");
	free(large);
}

static void where_nothing_can_be_made_is_known_before(void **state)
{
	struct box *box = *state;

	assert_true(section_check(&place, &err));
	file_puts(box_path(box, ".config"), 0600, "");
	assert_false(section_check(&place, &err));
	assert_failed(err, ERROR_SYSTEM, "cannot add anything to");
	assert_false(section_write(&place, ACCOUNT_NAME, &keys, &err));
	assert_failed(err, ERROR_SYSTEM, "cannot make the directory");
}

/* ---- what is written ---- */

static void becomes(const char *before, const char *after)
{
	begins_with(before);
	assert_done(section_write(&place, ACCOUNT_NAME, &keys, &err), err);
	is(after);
	assert_true(nothing_else());
}

static void a_missing_file_is_made_with_its_directory(void **state)
{
	char directory[PATH_SIZE];

	(void)state;
	umask(0);
	assert_done(section_check(&place, &err), err);
	assert_done(section_write(&place, ACCOUNT_NAME, &keys, &err), err);
	is("[account " ACCOUNT_NAME "]\nclient_id = c\nscope = s\n");
	assert_int_equal(mode_of(place.config), 0600);
	snprintf(directory, sizeof(directory), "%s", place.config);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(mode_of(directory), 0700);
}

static void a_section_goes_behind_all_others(void **state)
{
	(void)state;
	becomes("", "[account " ACCOUNT_NAME "]\nclient_id = c\nscope = s\n");
	becomes("# a\r\n\n", "# a\r\n\n\n[account " ACCOUNT_NAME "]\nclient_id = c\nscope = s\n");
	becomes("[account x]\nscope = y # z",
		"[account x]\nscope = y # z\n\n[account " ACCOUNT_NAME
		"]\nclient_id = c\nscope = s\n");
	becomes("#[account " ACCOUNT_NAME "]\n[account " ACCOUNT_NAME "x]\n",
		"#[account " ACCOUNT_NAME "]\n[account " ACCOUNT_NAME "x]\n\n[account " ACCOUNT_NAME
		"]\nclient_id = c\nscope = s\n");
}

static void keys_go_behind_the_last_one_of_their_section(void **state)
{
	(void)state;
	becomes("[account " ACCOUNT_NAME "]",
		"[account " ACCOUNT_NAME "]\nclient_id = c\nscope = s\n");
	becomes(" [ account\t" ACCOUNT_NAME
		" ] \n\n# c\n  user = u\n# d\n\n\t[account x]\nuser = v\n",
		" [ account\t" ACCOUNT_NAME " ] \n\n# c\n  user = u\nclient_id = c\nscope = s\n# "
		"d\n\n\t[account x]\nuser = v\n");
	becomes("[account x]\nuser = v\n[account " ACCOUNT_NAME "]\nuser = u",
		"[account x]\nuser = v\n[account " ACCOUNT_NAME
		"]\nuser = u\nclient_id = c\nscope = s\n");
}

static void mode_and_link_are_kept(void **state)
{
	struct box *box = *state;
	struct stat status;

	begins_with("");
	assert_int_equal(unlink(place.config), 0);
	file_puts(box_path(box, "real"), 0640, "# mine\n");
	assert_int_equal(symlink(box_path(box, "real"), place.config), 0);
	assert_done(section_write(&place, ACCOUNT_NAME, &keys, &err), err);
	is("# mine\n\n[account " ACCOUNT_NAME "]\nclient_id = c\nscope = s\n");
	assert_true(lstat(place.config, &status) == 0 && S_ISLNK(status.st_mode));
	assert_int_equal(mode_of(box_path(box, "real")), 0640);
}

static void a_change_meanwhile_is_noticed(void **state)
{
	struct replacement one, two;

	(void)state;
	begins_with("# one\n");
	assert_done(replace_load(place.config, 0600, 64, &one, &err), err);
	assert_done(replace_load(place.config, 0600, 64, &two, &err), err);
	buffer_puts(&one.after, "# one's\n");
	buffer_puts(&two.after, "# two's\n");
	assert_done(replace_commit(&one, &err), err);
	assert_false(replace_commit(&two, &err));
	assert_failed(err, ERROR_TEMPORARY, "has changed meanwhile");
	is("# one's\n");
	assert_true(nothing_else());
	replace_free(&one);
	replace_free(&two);
}

static int write_eight(void *context)
{
	char account[32];

	for (int i = 0; i < 8; i++) {
		snprintf(account, sizeof(account), "%s%d@example.test", (const char *)context, i);
		if (!section_write(&place, account, &keys, &err))
			return 1;
	}
	return 0;
}

static void writers_wait_for_each_other(void **state)
{
	char text[8192], header[64];
	pid_t a = start_child(write_eight, "a"), b = start_child(write_eight, "b");

	(void)state;
	assert_int_equal(wait_child(a, 20), 0);
	assert_int_equal(wait_child(b, 20), 0);
	file_read(place.config, text, sizeof(text));
	for (int i = 0; i < 16; i++) {
		snprintf(header, sizeof(header), "[account %c%d@example.test]\nclient_id = c\n",
			i < 8 ? 'a' : 'b', i % 8);
		assert_non_null(strstr(text, header));
	}
}

static void a_secret_is_its_owner_s_alone(void **state)
{
	struct box *box = *state;
	const struct buffer secret = {.data = "s3cret", .len = 6};
	const char *path = box_path(box, "secret");
	char found[64];

	umask(0);
	assert_done(section_write_secret(&place, path, &secret, geteuid(), &err), err);
	file_read(path, found, sizeof(found));
	assert_string_equal(found, "s3cret\n");
	assert_int_equal(mode_of(path), 0600);
	file_puts(path, 0644, "older");
	assert_done(section_write_secret(&place, path, &secret, geteuid(), &err), err);
	file_read(path, found, sizeof(found));
	assert_string_equal(found, "s3cret\n");
	assert_int_equal(mode_of(path), 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SECTION_TEST(what_is_no_configuration_stays_as_it_is),
		SECTION_TEST(a_file_that_others_may_write_is_refused),
		SECTION_TEST(binary_and_large_files_are_refused),
		SECTION_TEST(where_nothing_can_be_made_is_known_before),
		SECTION_TEST(a_missing_file_is_made_with_its_directory),
		SECTION_TEST(a_section_goes_behind_all_others),
		SECTION_TEST(keys_go_behind_the_last_one_of_their_section),
		SECTION_TEST(mode_and_link_are_kept),
		SECTION_TEST(a_change_meanwhile_is_noticed),
		SECTION_TEST(writers_wait_for_each_other),
		SECTION_TEST(a_secret_is_its_owner_s_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
