#include "input.h"
#include "prompt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs_support.h"

static int pair[2];
static struct prompt prompt;

static int pipe_setup(void **state)
{
	(void)state;
	if (pipe(pair) != 0)
		return -1;
	prompt_start(&prompt, pair[0]);
	return 0;
}

static int pipe_teardown(void **state)
{
	(void)state;
	prompt_stop(&prompt);
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return 0;
}

static void type(const char *text)
{
	assert_int_equal(write(pair[1], text, strlen(text)), strlen(text));
	prompt_read(&prompt);
}

static void end(void)
{
	close(pair[1]);
	pair[1] = -1;
	prompt_read(&prompt);
}

static void gives(const char *line)
{
	assert_int_equal(prompt_next(&prompt), PROMPT_LINE);
	assert_string_equal(buffer_text(&prompt.line), line);
}

static void lines_come_one_by_one(void **state)
{
	(void)state;
	assert_false(prompt.terminal);
	type("one\n  two \t\r\n\n \nthr");
	gives("one");
	gives("two");
	assert_int_equal(prompt_next(&prompt), PROMPT_NOTHING);
	type("ee\r");
	gives("three");
	assert_int_equal(prompt_next(&prompt), PROMPT_NOTHING);
	type("last");
	assert_int_equal(prompt_next(&prompt), PROMPT_NOTHING);
	end();
	gives("last");
	assert_int_equal(prompt_next(&prompt), PROMPT_END);
	assert_int_equal(prompt_next(&prompt), PROMPT_END);
}

static void a_line_has_its_bounds(void **state)
{
	char *text = repeat("x", PROMPT_LINE_MAX);

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < PROMPT_LINE_MAX / 4096; i++) {
			assert_int_equal(write(pair[1], text, 4096), 4096);
			prompt_read(&prompt);
			assert_int_equal(prompt_next(&prompt), PROMPT_NOTHING);
		}
		if (round == 1)
			break;
		type("\n");
		gives(text);
	}
	type("y");
	assert_int_equal(prompt_next(&prompt), PROMPT_TOO_LONG);
	assert_int_equal(prompt_next(&prompt), PROMPT_NOTHING);
	type("zzz\nnext\n");
	gives("next");
	free(text);
}

static void a_terminal_is_edited(void **state)
{
	(void)state;
	prompt.terminal = true;
	type("\x7f"
	     "ab\x08"
	     "c\x7f\x7f\x7f\x7f"
	     "gone\x15"
	     "kept\x04\n");
	gives("kept");
	prompt.terminal = false;
	type("a\x7f\n");
	gives("a\x7f");
}

static void a_token_is_one_line(void **state)
{
	struct error err = {0};
	char text[64];

	(void)state;
	assert_int_equal(write(pair[1], "token\r\nrest", 11), 11);
	assert_done(input_read_line(pair[0], text, sizeof(text), &err), err);
	assert_string_equal(text, "token");
	assert_int_equal(write(pair[1], "\n", 1), 1);
	assert_false(input_read_line(pair[0], text, sizeof(text), &err));
	assert_failed(err, ERROR_CONFIG, "empty");
	assert_int_equal(write(pair[1], "a\tb\n", 4), 4);
	assert_false(input_read_line(pair[0], text, sizeof(text), &err));
	assert_failed(err, ERROR_CONFIG, "a byte");
}

#define PIPE_TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup, pipe_teardown)

static bool answer(const char *keys)
{
	int parent[2];
	bool yes;

	assert_int_equal(pipe(parent), 0);
	if (keys != NULL)
		assert_int_equal(write(pair[1], keys, strlen(keys)), strlen(keys));
	else
		close(parent[1]); /* nobody waits */
	yes = prompt_ask(pair[0], parent[0], keys != NULL && *keys == '\0' ? 10 : 10000);
	close(parent[0]);
	if (keys != NULL)
		close(parent[1]);
	return yes;
}

static void a_question_is_answered_by_a_key(void **state)
{
	(void)state;
	assert_false(answer(NULL));
	assert_false(answer(""));
	assert_false(answer("n"));
	assert_false(answer("x"));
	assert_false(answer("\x1b"));
	assert_true(answer("y"));
	assert_true(answer("Y"));
	assert_true(answer("\r"));
	assert_true(answer("\n"));
}

static void a_question_to_nobody_is_a_no(void **state)
{
	(void)state;
	close(pair[1]);
	pair[1] = -1;
	assert_false(prompt_ask(pair[0], -1, 10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPE_TEST(lines_come_one_by_one),
		PIPE_TEST(a_line_has_its_bounds),
		PIPE_TEST(a_terminal_is_edited),
		PIPE_TEST(a_token_is_one_line),
		PIPE_TEST(a_question_is_answered_by_a_key),
		PIPE_TEST(a_question_to_nobody_is_a_no),
	};

	return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
