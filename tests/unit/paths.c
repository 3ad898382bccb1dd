#include "paths.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static int clean_environment(void **state)
{
	(void)state;
	setenv("HOME", "/home/me", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	return 0;
}

/* ---- files of an account ---- */

static void assert_file(const char *account, const char *name)
{
	char path[PATH_SIZE], expected[PATH_SIZE];

	snprintf(expected, sizeof(expected), "/state/%s.token", name);
	assert_true(place_file("/state", account, "token", path));
	assert_string_equal(path, expected);
}

static void no_name_leaves_the_directory(void **state)
{
	(void)state;
	assert_file("..", "%2E.");
	assert_file(".", "%2E");
	assert_file("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd");
	assert_file("/etc/passwd", "%2Fetc%2Fpasswd");
	assert_file("a/../b", "a%2F..%2Fb");
	assert_file(".hidden", "%2Ehidden");
	assert_file("a\nb\rc\td", "a%0Ab%0Dc%09d");
	assert_file("%2F", "%252F");
	assert_file("J\xc3\xbcrgen Doe", "J%C3%BCrgen%20Doe");
	assert_file("-rf", "-rf");
	assert_file("*?[$`'\"\\", "%2A%3F%5B%24%60%27%22%5C");
}

static void a_plain_name_stays_as_it_is(void **state)
{
	(void)state;
	assert_file("Me.2+box_9-x@mail.example.org", "Me.2+box_9-x@mail.example.org");
}

/* Every byte alone and behind another: one spelling each, and nothing but plain octets. */
static void every_byte_has_a_spelling_of_its_own(void **state)
{
	char seen[256][8] = {{0}};

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char account[] = {'a', (char)byte, '\0'};
		char path[PATH_SIZE];

		bool plain = isalnum(byte) || strchr("@._+-", byte) != NULL;

		assert_true(place_file("/s", account, "token", path));
		assert_int_equal(strlen(path), strlen(plain ? "/s/a?.token" : "/s/a%20.token"));
		*strchr(path, '.') = byte == '.' ? '.' : '\0';
		snprintf(seen[byte], sizeof(seen[byte]), "%.7s", path + strlen("/s/a"));
		assert_int_equal(strspn(seen[byte],
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
					 "stuvwxyz0123456789@._+-%"),
			strlen(seen[byte]));
		for (int other = 1; other < byte; other++)
			assert_string_not_equal(seen[byte], seen[other]);
	}
}

static void a_file_name_has_255_octets_at_most(void **state)
{
	static const char *const suffixes[] = {"token", "grant.new"};
	char path[PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t max = 255 - 1 - strlen(suffixes[i]);
		char *account = repeated('a', max + 1);

		assert_false(place_file("/state", account, suffixes[i], path));
		assert_true(place_file("/state", account + 1, suffixes[i], path));
		assert_int_equal(strlen(path), strlen("/state/") + 255);
		free(account);
		account = repeated('/', max / 3 + 1);
		assert_false(place_file("/state", account, suffixes[i], path));
		assert_true(place_file("/state", account + 1, suffixes[i], path));
		free(account);
	}
	for (size_t len = 250; len < 600; len++) {
		char *account = repeated('a', len);

		assert_false(place_file("/state", account, "token", path));
		memset(account, '/', len);
		assert_false(place_file("/state", account, "token", path));
		free(account);
	}
}

static void an_account_without_a_name_has_no_file(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	assert_false(place_file("/state", "", "token", path));
}

static void a_path_has_a_maximum(void **state)
{
	size_t max = PATH_SIZE - 1 - strlen("/a.token");
	char *directory = repeated('d', max + 1);
	char path[PATH_SIZE];

	(void)state;
	directory[1] = '/';
	assert_false(place_file(directory, "a", "token", path));
	assert_true(place_file(directory + 1, "a", "token", path));
	assert_int_equal(strlen(path), PATH_SIZE - 1);
	free(directory);
}

/* ---- places ---- */

static void without_a_home_there_is_no_personal_place(void **state)
{
	struct place place;

	(void)state;
	setenv("XDG_CONFIG_HOME", "/c", 1);
	setenv("XDG_STATE_HOME", "/s", 1);
	unsetenv("HOME");
	assert_false(place_personal(&place));
	setenv("HOME", "", 1);
	assert_false(place_personal(&place));
	setenv("HOME", "home/me", 1);
	assert_false(place_personal(&place));
}

static void a_relative_directory_is_ignored(void **state)
{
	static const char *const relative[] = {"", ".", "conf", "./conf", "../conf", "~/conf"};
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
		setenv("XDG_CONFIG_HOME", relative[i], 1);
		setenv("XDG_STATE_HOME", relative[i], 1);
		assert_true(place_personal(&place));
		assert_string_equal(place.config, "/home/me/.config/saslfresh/saslfresh.conf");
		assert_string_equal(place.state, "/home/me/.local/state/saslfresh");
	}
}

static void a_place_that_is_too_long_is_none(void **state)
{
	size_t max = PATH_SIZE - 1 - strlen("/.config/saslfresh/saslfresh.conf");
	char *home = repeated('h', max + 2);
	struct place place;

	(void)state;
	home[0] = home[1] = '/';
	setenv("HOME", home, 1);
	assert_false(place_personal(&place));
	home[max] = '\0';
	setenv("HOME", home, 1);
	assert_true(place_personal(&place));
	assert_int_equal(strlen(place.config), PATH_SIZE - 1);
	free(home);
	home = repeated('/', PATH_SIZE);
	setenv("XDG_STATE_HOME", home, 1);
	assert_false(place_personal(&place));
	free(home);
}

/* Root may enter every directory, so the question is asked as nobody. */
static void a_home_that_cannot_be_entered_is_none(void **state)
{
	const char *home = path_of(*state, "home");
	struct place place;

	clean_environment(state);
	assert_int_equal(mkdir(home, 0000), 0);
	setenv("HOME", home, 1);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_false(place_personal(&place));
	setenv("XDG_CONFIG_HOME", "/c", 1);
	assert_true(place_personal(&place));
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	unsetenv("XDG_CONFIG_HOME");
}

static void a_personal_place_lies_under_home(void **state)
{
	struct place place = {.personal = false};

	(void)state;
	assert_true(place_personal(&place));
	assert_true(place.personal);
	assert_string_equal(place.config, "/home/me/.config/saslfresh/saslfresh.conf");
	assert_string_equal(place.providers, "/home/me/.config/saslfresh/providers");
	assert_string_equal(place.state, "/home/me/.local/state/saslfresh");
}

static void an_absolute_directory_is_used(void **state)
{
	struct place place;

	(void)state;
	setenv("XDG_CONFIG_HOME", "/c", 1);
	setenv("XDG_STATE_HOME", "/s", 1);
	assert_true(place_personal(&place));
	assert_string_equal(place.config, "/c/saslfresh/saslfresh.conf");
	assert_string_equal(place.providers, "/c/saslfresh/providers");
	assert_string_equal(place.state, "/s/saslfresh");
}

static void the_system_s_place_is_as_built(void **state)
{
	struct place place = {.personal = true};

	(void)state;
	unsetenv("HOME");
	assert_true(place_system(&place));
	assert_false(place.personal);
	assert_string_equal(place.config, SASLFRESH_SYSCONFDIR "/saslfresh/saslfresh.conf");
	assert_string_equal(place.providers, SASLFRESH_DATADIR "/saslfresh/providers");
	assert_string_equal(place.state, SASLFRESH_LOCALSTATEDIR "/lib/saslfresh");
}

static void this_process_is_not_privileged(void **state)
{
	(void)state;
	assert_false(process_is_privileged());
}

/* ---- paths in a configuration ---- */

static void a_relative_path_means_nothing(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	assert_false(place_expand(true, "", path));
	assert_false(place_expand(true, "file", path));
	assert_false(place_expand(true, "./file", path));
	assert_false(place_expand(true, "~", path));
	assert_false(place_expand(true, "~me/file", path));
	assert_false(place_expand(false, "~/file", path));
	unsetenv("HOME");
	assert_false(place_expand(true, "~/file", path));
}

static void a_tilde_is_the_caller_s_home(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	assert_true(place_expand(true, "~/a/b", path));
	assert_string_equal(path, "/home/me/a/b");
	assert_true(place_expand(true, "/a/b", path));
	assert_string_equal(path, "/a/b");
	assert_true(place_expand(false, "/a/~/b", path));
	assert_string_equal(path, "/a/~/b");
}

static void an_expanded_path_has_a_maximum(void **state)
{
	char *value = repeated('/', PATH_SIZE);
	char path[PATH_SIZE];

	(void)state;
	assert_false(place_expand(false, value, path));
	assert_true(place_expand(false, value + 1, path));
	assert_string_equal(path, value + 1);
	free(value);
}

#define clean(test) cmocka_unit_test_setup(test, clean_environment)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_leaves_the_directory),
		cmocka_unit_test(every_byte_has_a_spelling_of_its_own),
		cmocka_unit_test(a_file_name_has_255_octets_at_most),
		cmocka_unit_test(an_account_without_a_name_has_no_file),
		cmocka_unit_test(a_path_has_a_maximum),
		cmocka_unit_test(a_plain_name_stays_as_it_is),
		clean(without_a_home_there_is_no_personal_place),
		clean(a_relative_directory_is_ignored),
		clean(a_place_that_is_too_long_is_none),
		in_directory(a_home_that_cannot_be_entered_is_none),
		clean(a_personal_place_lies_under_home),
		clean(an_absolute_directory_is_used),
		clean(the_system_s_place_is_as_built),
		clean(this_process_is_not_privileged),
		clean(a_relative_path_means_nothing),
		clean(a_tilde_is_the_caller_s_home),
		clean(an_expanded_path_has_a_maximum),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
