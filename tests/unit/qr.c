#include "qr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

enum { SIZE_1 = 21, MARGINS = 8 }; /* modules of the smallest code */

#ifdef HAVE_QRENCODE

static struct buffer picture;

static bool draw(const char *text, int columns, int rows)
{
	buffer_free(&picture);
	picture = BUFFER(256 * 1024);
	return qr_draw(text, columns, rows, &picture);
}

static void what_does_not_fit_is_not_drawn(void **state)
{
	char *long_text = repeat("x", 4000);
	int columns = SIZE_1 + MARGINS, rows = (SIZE_1 + MARGINS + 1) / 2;

	(void)state;
	assert_false(draw("http://a", columns - 1, 100));
	assert_int_equal(picture.len, 0);
	assert_false(draw("http://a", 100, rows - 1));
	assert_int_equal(picture.len, 0);
	assert_false(draw("http://a", 0, 0));
	assert_false(draw("", 100, 100));
	assert_false(draw(long_text, 1000, 1000));
	assert_int_equal(picture.len, 0);
	assert_true(draw("http://a", columns, rows));
	free(long_text);
}

/* How many characters of a line are blocks or blanks, behind its colours. */
static size_t width(const char *line, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)line[i] & 0xc0) != 0x80;
	return count;
}

static void lines_have_their_colours_and_margin(void **state)
{
	static const char start[] = "\033[38;5;16;48;5;231m", stop[] = "\033[0m";
	int lines = 0;

	(void)state;
	assert_true(draw("http://a", 80, 24));
	for (const char *line = buffer_text(&picture); *line != '\0'; lines++) {
		size_t len = strcspn(line, "\n");

		assert_memory_equal(line, start, strlen(start));
		assert_memory_equal(line + len - strlen(stop), stop, strlen(stop));
		assert_memory_equal(line + strlen(start), "    ", 4);
		assert_int_equal(width(line + strlen(start), len - strlen(start) - strlen(stop)),
			SIZE_1 + MARGINS);
		line += len + 1;
	}
	assert_int_equal(lines, (SIZE_1 + MARGINS + 1) / 2);
	/* The line below the margin begins the first finder pattern: seven dark ones. */
	assert_non_null(strstr(buffer_text(&picture),
		"m    \xe2\x96\x88\xe2\x96\x80\xe2\x96\x80"
		"\xe2\x96\x80\xe2\x96\x80\xe2\x96\x80"
		"\xe2\x96\x88 "));
	buffer_free(&picture);
}

#endif

static void without_a_terminal_nothing_is_shown(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	assert_non_null(freopen("/dev/null", "w", stderr));
	assert_false(qr_show("http://a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_QRENCODE
		cmocka_unit_test(what_does_not_fit_is_not_drawn),
		cmocka_unit_test(lines_have_their_colours_and_margin),
#endif
		cmocka_unit_test(without_a_terminal_nothing_is_shown),
	};

	return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
