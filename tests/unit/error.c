#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static void control_bytes_are_shown_as_question_marks(void **state)
{
	struct error err = {0};

	(void)state;
	assert_false(error_set(&err, ERROR_SERVER, "a%sb", "\1\t\r\n\033\x1f\x7f"));
	assert_string_equal(err.cause, "a???????b");
	assert_false(error_what(&err, "%s", "w\n"));
	assert_string_equal(err.what, "w?");
	assert_false(error_hint(&err, "%s", "h\r\n"));
	assert_string_equal(err.hint, "h??");
	assert_false(error_system(&err, ENOENT, "%s", "c\n"));
	assert_string_equal(err.cause, "c?: No such file or directory");
}

static void other_bytes_stay(void **state)
{
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_SERVER, "%s", "gr\xc3\xbc\xc3\x9f ~ %s %n \x80\xff");
	assert_string_equal(err.cause, "gr\xc3\xbc\xc3\x9f ~ %s %n \x80\xff");
}

static void every_control_byte_is_cleaned(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char text[] = {'a', (char)byte, 'z', '\0'};

		error_clean(text);
		assert_int_equal((unsigned char)text[1], byte < 0x20 || byte == 0x7f ? '?' : byte);
		assert_int_equal(text[0], 'a');
		assert_int_equal(text[2], 'z');
	}
}

static void a_secret_is_starred_wherever_it_stands(void **state)
{
	static const char *const rows[][3] = {
		{"secret", "secret", "******"},
		{"a secret, the secret", "secret", "a ******, the ******"},
		{"secretsecret", "secret", "************"},
		{"secre", "secret", "secre"},
		{"", "secret", ""},
		{"Secret", "secret", "Secret"},
		{"sesecret", "secret", "se******"},
		{"anything", "", "anything"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];

		strcpy(text, rows[i][0]);
		error_redact(text, rows[i][1], strlen(rows[i][1]));
		assert_string_equal(text, rows[i][2]);
	}
}

static void a_part_at_its_maximum_is_whole_and_one_past_it_is_cut(void **state)
{
	char *fits = repeated('c', ERROR_CAUSE_MAX - 1);
	char *long_one = repeated('c', ERROR_CAUSE_MAX);
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_CONFIG, "%s", fits);
	assert_string_equal(err.cause, fits);
	error_set(&err, ERROR_CONFIG, "%s", long_one);
	assert_string_equal(err.cause, fits);
	error_what(&err, "%s", long_one);
	assert_int_equal(strlen(err.what), ERROR_WHAT_MAX - 1);
	error_hint(&err, "%s", long_one);
	assert_int_equal(strlen(err.hint), ERROR_HINT_MAX - 1);
	error_system(&err, EIO, "%s", long_one);
	assert_string_equal(err.cause, fits);
	free(fits);
	free(long_one);
}

static void a_new_failure_forgets_the_old_one(void **state)
{
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_LOGIN, "cause");
	error_what(&err, "what");
	error_hint(&err, "hint");
	assert_false(error_set(&err, ERROR_CONFIG, "other"));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_sentence(&err, "other");
	error_what(&err, "what");
	error_hint(&err, "hint");
	assert_false(error_system(&err, EACCES, "cannot open %s", "x"));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_sentence(&err, "cannot open x: Permission denied");
}

static void what_and_hint_are_said_once(void **state)
{
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_LOGIN, "cause");
	assert_false(error_what(&err, "first"));
	assert_false(error_what(&err, "second"));
	assert_false(error_hint(&err, "one"));
	assert_false(error_hint(&err, "two"));
	assert_sentence(&err, "first: cause (one)");
}

static void a_sentence_leaves_out_what_is_absent(void **state)
{
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_LOGIN, "cause");
	assert_sentence(&err, "cause");
	error_hint(&err, "hint");
	assert_sentence(&err, "cause (hint)");
	error_set(&err, ERROR_LOGIN, "cause");
	error_what(&err, "what");
	assert_sentence(&err, "what: cause");
}

static void a_sentence_is_cut_to_its_size(void **state)
{
	struct error err = {0};
	char line[8] = "unused!";

	(void)state;
	error_set(&err, ERROR_LOGIN, "a cause");
	error_line(&err, line, 8);
	assert_string_equal(line, "a cause");
	error_line(&err, line, 7);
	assert_string_equal(line, "a caus");
	error_line(&err, line, 1);
	assert_string_equal(line, "");
}

static void the_longest_sentence_fits(void **state)
{
	char *long_one = repeated('x', 4096);
	struct error err = {0};
	char line[ERROR_LINE_MAX];

	(void)state;
	error_set(&err, ERROR_LOGIN, "%s", long_one);
	error_what(&err, "%s", long_one);
	error_hint(&err, "%s", long_one);
	error_line(&err, line, sizeof(line));
	assert_int_equal(strlen(line), ERROR_WHAT_MAX - 1 + 2 + ERROR_CAUSE_MAX - 1 + 2 +
			ERROR_HINT_MAX - 1 + 1);
	assert_int_equal(line[strlen(line) - 1], ')');
	free(long_one);
}

static void kinds_have_names_and_exit_statuses(void **state)
{
	static const struct {
		enum error_kind kind;
		const char *name;
		int status;
	} kinds[] = {
		{ERROR_CONFIG, "config", 78},
		{ERROR_LOGIN, "login", 77},
		{ERROR_TEMPORARY, "temporary", 75},
		{ERROR_REFUSED, "refused", 77},
		{ERROR_SERVER, "server", 76},
		{ERROR_SYSTEM, "system", 71},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_string_equal(error_kind_name(kinds[i].kind), kinds[i].name);
		assert_int_equal(error_kind_of(kinds[i].name), kinds[i].kind);
		assert_int_equal(error_exit_status(kinds[i].kind), kinds[i].status);
	}
	assert_int_equal(error_exit_status(ERROR_NONE), 0);
}

static void other_names_are_no_kind(void **state)
{
	(void)state;
	assert_int_equal(error_kind_of("none"), ERROR_NONE);
	assert_int_equal(error_kind_of(""), ERROR_NONE);
	assert_int_equal(error_kind_of("Login"), ERROR_NONE);
	assert_int_equal(error_kind_of("login "), ERROR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_bytes_are_shown_as_question_marks),
		cmocka_unit_test(every_control_byte_is_cleaned),
		cmocka_unit_test(a_secret_is_starred_wherever_it_stands),
		cmocka_unit_test(a_part_at_its_maximum_is_whole_and_one_past_it_is_cut),
		cmocka_unit_test(a_new_failure_forgets_the_old_one),
		cmocka_unit_test(what_and_hint_are_said_once),
		cmocka_unit_test(other_names_are_no_kind),
		cmocka_unit_test(a_sentence_is_cut_to_its_size),
		cmocka_unit_test(the_longest_sentence_fits),
		cmocka_unit_test(a_sentence_leaves_out_what_is_absent),
		cmocka_unit_test(other_bytes_stay),
		cmocka_unit_test(kinds_have_names_and_exit_statuses),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
