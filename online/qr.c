#include "qr.h"

#ifdef HAVE_QRENCODE
#include <qrencode.h>
#endif

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MARGIN = 4 }; /* modules around it, ISO/IEC 18004 s.5.3.8 */
enum { PICTURE_MAX = 256 * 1024 };

/* ---- drawing ---- */

#ifdef HAVE_QRENCODE

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
		(code->data[y * code->width + x] & 1) != 0;
}

/* Black and white are two of the colours that no theme changes: 16 and 231 of 256. */
static void draw_line(const QRcode *code, int y, struct buffer *picture)
{
	static const char *const blocks[2][2] = {
		{" ", "\xe2\x96\x84"}, {"\xe2\x96\x80", "\xe2\x96\x88"}};

	buffer_puts(picture, "\033[38;5;16;48;5;231m");
	for (int x = -MARGIN; x < code->width + MARGIN; x++)
		buffer_puts(picture, blocks[is_dark(code, x, y)][is_dark(code, x, y + 1)]);
	buffer_puts(picture, "\033[0m\n");
}

bool qr_draw(const char *text, int columns, int rows, struct buffer *picture)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	int size = code != NULL ? code->width + 2 * MARGIN : 0;
	bool fits = code != NULL && size <= columns && (size + 1) / 2 <= rows;

	for (int y = -MARGIN; fits && y < code->width + MARGIN; y += 2)
		draw_line(code, y, picture);
	QRcode_free(code);
	return fits && buffer_ok(picture);
}

#else

bool qr_draw(const char *text, int columns, int rows, struct buffer *picture)
{
	(void)text;
	(void)columns;
	(void)rows;
	(void)picture;
	return false;
}

#endif

/* ---- the terminal ---- */

/* The locale of the environment is looked at, not made ours. */
static bool is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale != (locale_t)0)
		freelocale(locale);
	return utf8;
}

static bool has_colours(void)
{
	const char *term = getenv("TERM");
	const char *none = getenv("NO_COLOR");

	return (none == NULL || *none == '\0') && term != NULL && *term != '\0' &&
		strcmp(term, "dumb") != 0 && strncmp(term, "vt", 2) != 0;
}

bool qr_show(const char *text)
{
	struct buffer picture = BUFFER(PICTURE_MAX);
	struct winsize window;
	bool shown = isatty(STDERR_FILENO) && is_utf8() && has_colours() &&
		ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 &&
		qr_draw(text, window.ws_col, window.ws_row, &picture);

	if (shown) {
		fputs(buffer_text(&picture), stderr);
		fflush(stderr);
	}
	buffer_free(&picture);
	return shown;
}
