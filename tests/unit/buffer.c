#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "support.h"

static const char secret[] = "ya29.the-secret";

static void one_past_the_maximum_spoils(void **state)
{
	struct buffer buffer = BUFFER(4);

	(void)state;
	buffer_puts(&buffer, "abcd");
	assert_true(buffer_ok(&buffer));
	buffer_puts(&buffer, "e");
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "abcd");
	buffer_puts(&buffer, "");
	assert_false(buffer_ok(&buffer));
	buffer_free(&buffer);
	assert_true(buffer_ok(&buffer));
}

static void a_spoiled_buffer_stays_spoiled_although_there_is_room(void **state)
{
	struct buffer buffer = BUFFER(4);

	(void)state;
	buffer_puts(&buffer, "ab");
	buffer_puts(&buffer, "cde");
	buffer_puts(&buffer, "c");
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "ab");
	assert_int_equal(buffer.len, 2);
	buffer_free(&buffer);
}

static void a_buffer_of_nothing_takes_nothing(void **state)
{
	struct buffer buffer = BUFFER(0);

	(void)state;
	buffer_puts(&buffer, "");
	assert_true(buffer_ok(&buffer));
	buffer_puts(&buffer, "a");
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "");
	buffer_free(&buffer);
}

static void a_length_that_would_wrap_around_spoils(void **state)
{
	struct buffer buffer = BUFFER(100);

	(void)state;
	buffer_puts(&buffer, "abc");
	buffer_add(&buffer, secret, SIZE_MAX);
	assert_false(buffer_ok(&buffer));
	buffer_free(&buffer);
	buffer_puts(&buffer, "abc");
	buffer_add(&buffer, secret, SIZE_MAX - 2);
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "abc");
	buffer_free(&buffer);
}

static void no_memory_spoils_and_keeps_what_there_was(void **state)
{
	struct buffer buffer = BUFFER(100000);
	char *more = repeated('m', 5000);

	(void)state;
	allocation_fail(1);
	buffer_puts(&buffer, "a");
	assert_true(allocation_failed());
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "");
	buffer_free(&buffer);
	buffer_puts(&buffer, "abc");
	allocation_fail(1);
	buffer_puts(&buffer, more);
	assert_true(allocation_failed());
	assert_false(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "abc");
	allocation_reset();
	buffer_free(&buffer);
	free(more);
}

/* What is reserved is there when memory has run out. */
static void what_is_reserved_needs_no_more_memory(void **state)
{
	struct buffer buffer = BUFFER(5001);
	char *text = repeated('t', 5000);

	(void)state;
	buffer_puts(&buffer, "a");
	allocation_fail(1);
	assert_false(buffer_reserve(&buffer, 5001));
	assert_true(buffer_ok(&buffer));
	assert_string_equal(buffer_text(&buffer), "a");
	assert_true(buffer_reserve(&buffer, 5001));
	allocation_fail(1);
	assert_true(buffer_reserve(&buffer, 5001));
	buffer_puts(&buffer, text);
	assert_false(allocation_failed());
	allocation_reset();
	assert_true(buffer_ok(&buffer));
	assert_int_equal(buffer.len, 5001);
	buffer_puts(&buffer, "b");
	assert_false(buffer_ok(&buffer));
	buffer_free(&buffer);
	free(text);
}

/* Around a size that memory is taken in: the NUL has its place too. */
static void what_is_reserved_has_room_for_its_nul(void **state)
{
	char *text = repeated('t', 600);

	(void)state;
	for (size_t len = 250; len < 520; len++) {
		struct buffer buffer = BUFFER(600);

		buffer_puts(&buffer, "a");
		assert_true(buffer_reserve(&buffer, len));
		allocation_fail(1);
		buffer_add(&buffer, text, len - 1);
		assert_false(allocation_failed());
		allocation_reset();
		assert_true(buffer_ok(&buffer));
		buffer_free(&buffer);
	}
	free(text);
}

static void nothing_added_is_an_empty_text(void **state)
{
	struct buffer buffer = BUFFER(4);

	(void)state;
	assert_string_equal(buffer_text(&buffer), "");
	buffer_add(&buffer, NULL, 0);
	assert_string_equal(buffer_text(&buffer), "");
	buffer_free(&buffer);
}

static void it_grows_and_keeps_what_it_had(void **state)
{
	struct buffer buffer = BUFFER(100000);

	(void)state;
	for (int i = 0; i < 10000; i++)
		buffer_puts(&buffer, "0123456789");
	assert_true(buffer_ok(&buffer));
	assert_int_equal(buffer.len, 100000);
	for (int i = 0; i < 10000; i++)
		assert_memory_equal(buffer.data + i * 10, "0123456789", 10);
	assert_int_equal(buffer.data[100000], '\0');
	buffer_free(&buffer);
}

static void a_nul_is_a_byte_like_any_other(void **state)
{
	struct buffer buffer = BUFFER(10);

	(void)state;
	buffer_add(&buffer, "a\0b", 3);
	buffer_puts(&buffer, "c");
	assert_int_equal(buffer.len, 4);
	assert_memory_equal(buffer.data, "a\0bc", 5);
	buffer_free(&buffer);
}

/* Each length around the first size and its double has its NUL within the block. */
static void every_length_ends_in_a_nul(void **state)
{
	(void)state;
	for (size_t len = 250; len < 520; len++) {
		struct buffer buffer = BUFFER(1000);
		char *text = repeated('x', len);

		buffer_puts(&buffer, text);
		assert_string_equal(buffer_text(&buffer), text);
		assert_true(buffer.size > buffer.len);
		buffer_free(&buffer);
		free(text);
	}
}

static void freed_memory_holds_nothing(void **state)
{
	struct buffer buffer = BUFFER(100000);

	(void)state;
	allocation_watch(secret);
	buffer_puts(&buffer, secret);
	for (int i = 0; i < 1000; i++)
		buffer_puts(&buffer, "................");
	buffer_free(&buffer);
	assert_int_equal(allocation_leaks(), 0);
	assert_null(buffer.data);
	assert_int_equal(buffer.max, 100000);
	allocation_reset();
}

/* The test before this one can fail: a block that was not wiped is seen. */
static void freed_memory_that_holds_something_is_seen(void **state)
{
	char *volatile block = strdup(secret);

	(void)state;
	allocation_watch(secret);
	free(block);
	assert_int_equal(allocation_leaks(), 1);
	allocation_reset();
}

static void wiping_leaves_zeroes_and_takes_nothing(void **state)
{
	char text[] = "secret";

	(void)state;
	wipe(text, 3);
	assert_memory_equal(text, "\0\0\0ret", 7);
	wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_past_the_maximum_spoils),
		cmocka_unit_test(a_spoiled_buffer_stays_spoiled_although_there_is_room),
		cmocka_unit_test(a_buffer_of_nothing_takes_nothing),
		cmocka_unit_test(a_length_that_would_wrap_around_spoils),
		cmocka_unit_test(no_memory_spoils_and_keeps_what_there_was),
		cmocka_unit_test(what_is_reserved_needs_no_more_memory),
		cmocka_unit_test(what_is_reserved_has_room_for_its_nul),
		cmocka_unit_test(nothing_added_is_an_empty_text),
		cmocka_unit_test(it_grows_and_keeps_what_it_had),
		cmocka_unit_test(a_nul_is_a_byte_like_any_other),
		cmocka_unit_test(every_length_ends_in_a_nul),
		cmocka_unit_test(freed_memory_holds_nothing),
		cmocka_unit_test(freed_memory_that_holds_something_is_seen),
		cmocka_unit_test(wiping_leaves_zeroes_and_takes_nothing),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
