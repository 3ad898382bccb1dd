#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

static struct json_object *object;

static struct json_object *read_json(const char *json)
{
	struct error err = {0};

	object = json_parse(json, strlen(json), &err);
	if (object == NULL)
		fail_msg("%s: %s", json, err.cause);
	return object;
}

static int let_go(void **state)
{
	(void)state;
	if (object != NULL)
		json_let_go(object);
	object = NULL;
	return 0;
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "[]", "1", "\"x\"", "null", "{", "{]", "{\"a\":1,}", "{} x", "<html>"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = {0};

		if (json_parse(bad[i], strlen(bad[i]), &err) != NULL)
			fail_msg("`%s` is taken", bad[i]);
		assert_failed(err, ERROR_SERVER, "not a JSON object");
	}
	for (size_t depth = 15; depth <= 17; depth++) {
		struct error err = {0};
		char deep[256] = "{\"a\":";

		memset(deep + 5, '[', depth);
		memset(deep + 5 + depth, ']', depth);
		strcpy(deep + 5 + 2 * depth, "}");
		object = json_parse(deep, strlen(deep), &err);
		assert_int_equal(object != NULL, depth < 16);
		let_go(NULL);
	}
}

static void a_nul_ends_nothing(void **state)
{
	struct error err = {0};

	(void)state;
	assert_null(json_parse("{}\0{}", 5, &err));
}

static void members_are_objects_or_nothing(void **state)
{
	struct json_object *outer;

	(void)state;
	outer = read_json("{\"a\":{\"b\":{\"c\":\"d\"}},\"n\":null,\"l\":[],\"s\":\"x\"}");
	assert_null(json_member(outer, "none"));
	assert_null(json_member(outer, "n"));
	assert_null(json_member(outer, "l"));
	assert_null(json_member(outer, "s"));
	assert_null(json_member(json_member(outer, "none"), "b"));
	assert_non_null(json_member(json_member(outer, "a"), "b"));
}

static void elements_are_texts(void **state)
{
	char text[4] = "old";

	(void)state;
	read_json("{\"l\":[\"abc\",\"abcd\",1,null,\"a\\nb\",\"\\u00e9\",[],\"x\"],\"s\":\"abc\"}");
	assert_false(json_element(object, "none", 0, text, sizeof(text)));
	assert_false(json_element(object, "s", 0, text, sizeof(text)));
	assert_string_equal(text, "old");
	assert_true(json_element(object, "l", 0, text, sizeof(text)));
	assert_string_equal(text, "abc");
	for (size_t i = 1; i <= 6; i++) {
		strcpy(text, "old");
		assert_true(json_element(object, "l", i, text, sizeof(text)));
		assert_string_equal(text, "");
	}
	assert_true(json_element(object, "l", 7, text, sizeof(text)));
	assert_false(json_element(object, "l", 8, text, sizeof(text)));
	assert_true(json_contains(object, "l", "abcd"));
	assert_false(json_contains(object, "l", "ab"));
	assert_false(json_contains(object, "s", "abc"));
}

static void what_is_quoted_is_read_again(void **state)
{
	static const char text[] = "a\"b\\c d/{}";
	struct buffer json = BUFFER(256);
	char copy[64] = "";

	(void)state;
	buffer_puts(&json, "{\"a\":");
	json_quote(&json, text);
	buffer_puts(&json, ",\"b\":");
	json_quote(&json, "x\ny\t\x01");
	buffer_puts(&json, "}");
	assert_non_null(strstr(buffer_text(&json), "x\\u000ay\\u0009\\u0001"));
	read_json(buffer_text(&json));
	assert_true(json_text(object, "a", copy, sizeof(copy)));
	assert_string_equal(copy, text);
	buffer_free(&json);
}

static void seconds_have_a_maximum(void **state)
{
	(void)state;
	read_json("{\"a\":10,\"b\":\"10\",\"c\":1e300,\"d\":-1,\"e\":\"x\",\"f\":\"nan\"}");
	assert_int_equal(json_seconds(object, "a", 100), 10);
	assert_int_equal(json_seconds(object, "b", 9), 9);
	assert_int_equal(json_seconds(object, "c", INT64_MAX / 2), INT64_MAX / 2);
	assert_int_equal(json_seconds(object, "d", 9), 0);
	assert_int_equal(json_seconds(object, "e", 9), 0);
	assert_int_equal(json_seconds(object, "f", 9), 0);
	assert_int_equal(json_seconds(object, "none", 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_no_object_is_refused, let_go),
		cmocka_unit_test_teardown(a_nul_ends_nothing, let_go),
		cmocka_unit_test_teardown(members_are_objects_or_nothing, let_go),
		cmocka_unit_test_teardown(elements_are_texts, let_go),
		cmocka_unit_test_teardown(what_is_quoted_is_read_again, let_go),
		cmocka_unit_test_teardown(seconds_have_a_maximum, let_go),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
