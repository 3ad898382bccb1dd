/* The half of keyfile.h that writes records, and its helpers for values. */
#include "keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static void a_control_byte_spoils_the_record(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		struct buffer record = BUFFER(100);
		char value[] = {'a', (char)byte, 'b', '\0'};
		bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;

		keyfile_put(&record, "key", value);
		assert_int_equal(buffer_ok(&record), !control);
		assert_int_equal(record.len, control ? 0 : strlen("key = a?b\n"));
		buffer_free(&record);
	}
}

static void a_value_has_a_maximum(void **state)
{
	struct buffer record = BUFFER(KEYFILE_RECORD_MAX);
	char *value = repeated('v', KEYFILE_VALUE_MAX + 1);

	(void)state;
	keyfile_put(&record, "key", value);
	assert_false(buffer_ok(&record));
	buffer_free(&record);
	keyfile_put(&record, "key", value + 1);
	assert_true(buffer_ok(&record));
	buffer_free(&record);
	free(value);
}

static void a_full_record_is_spoiled(void **state)
{
	struct buffer record = BUFFER(15);

	(void)state;
	keyfile_put(&record, "key", "v");
	keyfile_end(&record);
	assert_false(buffer_ok(&record));
	buffer_free(&record);
	record = BUFFER(16);
	keyfile_put(&record, "key", "v");
	keyfile_end(&record);
	assert_true(buffer_ok(&record));
	assert_string_equal(buffer_text(&record), "key = v\nend = 1\n");
	buffer_free(&record);
}

static void an_empty_value_adds_nothing(void **state)
{
	struct buffer record = BUFFER(100);

	(void)state;
	keyfile_put(&record, "key", "");
	keyfile_end(&record);
	assert_string_equal(buffer_text(&record), "end = 0\n");
	buffer_free(&record);
}

static void numbers_are_written_to_their_extremes(void **state)
{
	struct buffer record = BUFFER(200);

	(void)state;
	keyfile_put_number(&record, "least", INT64_MIN);
	keyfile_put_number(&record, "none", 0);
	keyfile_put_number(&record, "most", INT64_MAX);
	keyfile_end(&record);
	assert_string_equal(buffer_text(&record),
		"least = -9223372036854775808\nnone = 0\nmost = 9223372036854775807\nend = 3\n");
	buffer_free(&record);
}

static void a_copy_needs_room_for_its_nul(void **state)
{
	char text[4] = "old";

	(void)state;
	assert_false(keyfile_copy(text, sizeof(text), "four"));
	assert_string_equal(text, "old");
	assert_true(keyfile_copy(text, sizeof(text), "thr"));
	assert_string_equal(text, "thr");
	assert_true(keyfile_copy(text, 1, ""));
	assert_string_equal(text, "");
}

static void what_is_no_whole_number_is_refused(void **state)
{
	static const char *const wrong[] = {"", " 1", "1 ", "+1", "-", "--1", "1-", "1-1", "0x10",
		"1e3", "1.0", "9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999", "one", "\xd9\xa1"};
	int64_t number = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(keyfile_number(wrong[i], INT64_MIN, INT64_MAX, &number));
		assert_int_equal(number, 42);
	}
}

static void a_number_is_read_between_its_bounds(void **state)
{
	int64_t number;

	(void)state;
	assert_true(keyfile_number("-5", -5, 5, &number));
	assert_int_equal(number, -5);
	assert_true(keyfile_number("5", -5, 5, &number));
	assert_int_equal(number, 5);
	assert_false(keyfile_number("-6", -5, 5, &number));
	assert_false(keyfile_number("6", -5, 5, &number));
	assert_true(keyfile_number("9223372036854775807", 0, INT64_MAX, &number));
	assert_true(number == INT64_MAX);
	assert_true(keyfile_number("-9223372036854775808", INT64_MIN, 0, &number));
	assert_true(number == INT64_MIN);
}

static void a_failure_begins_with_file_and_line(void **state)
{
	char *long_one = repeated('x', 4096);
	struct error err = {0};

	(void)state;
	assert_false(keyfile_fail("FILE", 7, &err, "%s\n%d", "a", 1));
	assert_error(&err, ERROR_CONFIG, "FILE:7: a?1");
	assert_false(keyfile_fail("FILE", 7, &err, "%s", long_one));
	assert_int_equal(strlen(err.cause), ERROR_CAUSE_MAX - 1);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_control_byte_spoils_the_record),
		cmocka_unit_test(a_value_has_a_maximum),
		cmocka_unit_test(a_full_record_is_spoiled),
		cmocka_unit_test(an_empty_value_adds_nothing),
		cmocka_unit_test(numbers_are_written_to_their_extremes),
		cmocka_unit_test(a_copy_needs_room_for_its_nul),
		cmocka_unit_test(what_is_no_whole_number_is_refused),
		cmocka_unit_test(a_number_is_read_between_its_bounds),
		cmocka_unit_test(a_failure_begins_with_file_and_line),
	};

	return cmocka_run_group_tests_name("keyfile_write", tests, NULL, NULL);
}
