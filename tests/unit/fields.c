#include "fields.h"

#include <string.h>

#include "support.h"

struct thing {
	char name[5];
	int64_t number;
	char last[3];
};

static const struct field fields[] = {
	FIELD_TEXT(struct thing, name),
	FIELD_NUMBER(struct thing, number),
	FIELD_TEXT(struct thing, last),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool read(struct thing *thing, const char *key, const char *value, struct error *err)
{
	const struct keyfile_entry entry = {"", "", key, value, 7};

	return fields_read(fields, FIELDS, thing, "FILE", &entry, err);
}

static void a_text_that_does_not_fit_is_refused(void **state)
{
	struct thing thing = {"old", 1, "z"};
	struct error err = {0};

	(void)state;
	assert_false(read(&thing, "name", "12345", &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_sentence(&err, "FILE:7: name has a value that cannot be");
	assert_string_equal(thing.name, "old");
	assert_true(read(&thing, "name", "1234", &err));
	assert_string_equal(thing.name, "1234");
	assert_false(read(&thing, "last", "123", &err));
	assert_true(read(&thing, "last", "12", &err));
	assert_int_equal(thing.number, 1);
}

static void what_is_no_number_is_refused(void **state)
{
	struct thing thing = {"old", 1, "z"};
	struct error err = {0};

	(void)state;
	assert_false(read(&thing, "number", "1x", &err));
	assert_sentence(&err, "FILE:7: number has a value that cannot be");
	assert_false(read(&thing, "number", "", &err));
	assert_false(read(&thing, "number", "9223372036854775808", &err));
	assert_int_equal(thing.number, 1);
	assert_true(read(&thing, "number", "-9223372036854775808", &err));
	assert_true(thing.number == INT64_MIN);
}

static void a_key_of_nobody_is_passed_over(void **state)
{
	struct thing thing = {"old", 1, "z"};
	struct error err = {0};

	(void)state;
	assert_true(read(&thing, "colour", "blue", &err));
	assert_true(read(&thing, "nam", "x", &err));
	assert_true(read(&thing, "name_", "x", &err));
	assert_string_equal(thing.name, "old");
}

static void what_says_nothing_is_not_written(void **state)
{
	struct buffer record = BUFFER(100);
	const struct thing full = {"abcd", -5, "z"}, empty = {"", 0, ""};

	(void)state;
	fields_print(fields, FIELDS, &empty, &record);
	assert_string_equal(buffer_text(&record), "");
	fields_print(fields, FIELDS, &full, &record);
	assert_string_equal(buffer_text(&record), "name = abcd\nnumber = -5\nlast = z\n");
	buffer_free(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_that_does_not_fit_is_refused),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(a_key_of_nobody_is_passed_over),
		cmocka_unit_test(what_says_nothing_is_not_written),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
