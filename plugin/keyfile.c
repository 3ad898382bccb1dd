#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static mode_t forbidden_bits(enum keyfile_secrecy secrecy, const struct stat *status)
{
	switch (secrecy) {
	case KEYFILE_PUBLIC:
		return 0022;
	case KEYFILE_SHARED:
		return 0027;
	case KEYFILE_SECRET:
		return status->st_uid == 0 ? 0027 : 0077;
	case KEYFILE_PRIVATE:
		break;
	}
	return 0077;
}

bool keyfile_permitted(const char *path, enum keyfile_secrecy secrecy, uid_t owner,
	const struct stat *status, struct error *err)
{
	mode_t forbidden = forbidden_bits(secrecy, status);
	mode_t mode = status->st_mode & 07777;

	if (status->st_uid != 0 && status->st_uid != owner && status->st_uid != geteuid()) {
		error_set(
			err, ERROR_CONFIG, "%s belongs to user %u", path, (unsigned)status->st_uid);
		return error_hint(err, "chown %u '%s'", (unsigned)owner, path);
	}
	if ((mode & forbidden) != 0) {
		error_set(err, ERROR_CONFIG, "%s may be %s by others: its mode is %04o", path,
			(mode & 0022) != 0 ? "written" : "read", (unsigned)mode);
		return error_hint(err, "chmod %04o '%s'", (unsigned)(mode & ~forbidden), path);
	}
	return true;
}

static bool read_all(int fd, const char *path, struct buffer *text, struct error *err)
{
	char block[4096];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_system(err, errno, "cannot read %s", path);
			break;
		}
		buffer_add(text, block, (size_t)got);
		if (!buffer_ok(text)) {
			error_set(
				err, ERROR_SYSTEM, "%s is larger than %zu octets", path, text->max);
			break;
		}
	}
	wipe(block, sizeof(block));
	return got == 0;
}

bool keyfile_load(const char *path, enum keyfile_secrecy secrecy, uid_t owner, struct buffer *text,
	struct stat *status, struct error *err)
{
	int follow = secrecy == KEYFILE_PUBLIC ? 0 : O_NOFOLLOW;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
	bool ok = false;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		memset(status, 0, sizeof(*status));
		return true;
	}
	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERROR_SYSTEM, "%s is a symbolic link", path);
	if (fd < 0)
		return error_system(err, errno, "cannot open %s", path);
	if (fstat(fd, status) != 0)
		error_system(err, errno, "cannot look at %s", path);
	else if (!S_ISREG(status->st_mode))
		error_set(err, ERROR_SYSTEM, "%s is not a regular file", path);
	else if (keyfile_permitted(path, secrecy, owner, status, err))
		ok = read_all(fd, path, text, err);
	close(fd);
	return ok;
}

/* ---- parsing ---- */

bool keyfile_fail(const char *file, unsigned line, struct error *err, const char *format, ...)
{
	char cause[ERROR_CAUSE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(cause, sizeof(cause), format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_CONFIG, "%s:%u: %s", file, line, cause);
}

struct parser {
	enum keyfile_form form;
	const char *name;
	struct keyfile_entry entry;
	bool ended;
};

static bool fail(const struct parser *parser, struct error *err, const char *cause)
{
	return error_set(err, parser->form == KEYFILE_CONFIG ? ERROR_CONFIG : ERROR_SYSTEM,
		"%s:%u: %s", parser->name, parser->entry.line, cause);
}

static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool is_clean(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return false;
	return true;
}

/* [kind name] */
static bool parse_section(struct parser *parser, char *line, struct error *err)
{
	char *close = strrchr(line, ']');
	char *kind, *name;

	if (close == NULL || close[1] != '\0')
		return fail(parser, err, "a section is written [account NAME]");
	*close = '\0';
	kind = trim(line + 1);
	name = kind + strcspn(kind, " \t");
	if (*name != '\0')
		*name++ = '\0';
	parser->entry.kind = kind;
	parser->entry.section = trim(name);
	parser->entry.key = parser->entry.value = NULL;
	return true;
}

static bool parse_pair(struct parser *parser, char *line, struct error *err)
{
	char *equals = strchr(line, '=');

	if (equals == NULL)
		return fail(parser, err, "expected `key = value`");
	*equals = '\0';
	parser->entry.key = trim(line);
	if (parser->form == KEYFILE_CONFIG)
		parser->entry.value = trim(equals + 1);
	else
		parser->entry.value = equals[1] == ' ' ? equals + 2 : equals + 1;
	if (*parser->entry.key == '\0' || strlen(parser->entry.key) > KEYFILE_KEY_MAX)
		return fail(parser, err, "expected `key = value`");
	if (strlen(parser->entry.value) > KEYFILE_VALUE_MAX)
		return fail(parser, err, "the value is too long");
	if (parser->form == KEYFILE_CONFIG && *parser->entry.value == '\0')
		return fail(parser, err, "the key has no value");
	return true;
}

static bool is_end(struct parser *parser)
{
	int64_t lines;

	return parser->form == KEYFILE_RECORD && strcmp(parser->entry.key, "end") == 0 &&
		keyfile_number(parser->entry.value, 0, UINT32_MAX, &lines) &&
		lines == parser->entry.line - 1;
}

static bool parse_line(struct parser *parser, char *line, size_t len,
	const struct keyfile_visitor *visitor, struct error *err)
{
	if (parser->ended)
		return fail(parser, err, "there is more behind the end");
	if (!is_clean(line, len))
		return fail(parser, err, "a control byte");
	if (parser->form == KEYFILE_CONFIG) {
		line = trim(line);
		if (*line == '\0' || *line == '#')
			return true;
		if (*line == '[')
			return parse_section(parser, line, err) &&
				visitor->visit(visitor->context, &parser->entry, err);
	}
	if (!parse_pair(parser, line, err))
		return false;
	if (is_end(parser)) {
		parser->ended = true;
		return true;
	}
	return visitor->visit(visitor->context, &parser->entry, err);
}

bool keyfile_parse(struct buffer *text, enum keyfile_form form, const char *name,
	const struct keyfile_visitor *visitor, struct error *err)
{
	struct parser parser = {.form = form, .name = name, .entry = {.kind = "", .section = ""}};
	char *line = text->data;
	char *stop = text->len > 0 ? line + text->len : line;

	while (line < stop) {
		char *newline = memchr(line, '\n', (size_t)(stop - line));
		char *next = newline != NULL ? newline + 1 : stop;
		size_t len = (size_t)((newline != NULL ? newline : stop) - line);

		parser.entry.line++;
		if (newline == NULL && form == KEYFILE_RECORD)
			return fail(&parser, err, "the record is cut off");
		if (len > 0 && form == KEYFILE_CONFIG && line[len - 1] == '\r')
			len--;
		line[len] = '\0';
		if (!parse_line(&parser, line, len, visitor, err))
			return false;
		line = next;
	}
	if (form == KEYFILE_RECORD && !parser.ended)
		return fail(&parser, err, "the record is cut off");
	return true;
}

/* ---- writing ---- */

void keyfile_put(struct buffer *record, const char *key, const char *value)
{
	if (*value == '\0')
		return;
	if (!is_clean(value, strlen(value)) || strlen(value) > KEYFILE_VALUE_MAX) {
		record->spoiled = true;
		return;
	}
	buffer_puts(record, key);
	buffer_puts(record, " = ");
	buffer_puts(record, value);
	buffer_puts(record, "\n");
}

void keyfile_put_number(struct buffer *record, const char *key, int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	keyfile_put(record, key, digits);
}

void keyfile_end(struct buffer *record)
{
	int64_t lines = 0;

	for (size_t i = 0; i < record->len; i++)
		if (record->data[i] == '\n')
			lines++;
	keyfile_put_number(record, "end", lines);
}

bool keyfile_copy(char *text, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len >= size)
		return false;
	memcpy(text, value, len + 1);
	return true;
}

bool keyfile_number(const char *value, int64_t min, int64_t max, int64_t *number)
{
	char *stop;
	long long read;

	if (*value == '\0' || strspn(value, "-0123456789") != strlen(value))
		return false;
	errno = 0;
	read = strtoll(value, &stop, 10);
	if (errno != 0 || *stop != '\0' || read < min || read > max)
		return false;
	*number = read;
	return true;
}

/* Days from the first of March of year 0 to a day of a year that begins in March, so that the odd
 * month comes last. */
static int64_t count_days(int64_t year, int64_t month, int64_t day)
{
	int64_t from_march = (month + 9) % 12;

	year -= month <= 2;
	return year * 365 + year / 4 - year / 100 + year / 400 + (from_march * 153 + 2) / 5 + day -
		1;
}

bool keyfile_date(const char *value, int64_t *seconds)
{
	static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t year, month, day;
	char text[] = "YYYY-MM-DD";

	if (strlen(value) != strlen(text) || value[4] != '-' || value[7] != '-')
		return false;
	memcpy(text, value, sizeof(text));
	text[4] = text[7] = '\0';
	if (!keyfile_number(text, 1970, 9999, &year) || !keyfile_number(text + 5, 1, 12, &month) ||
		!keyfile_number(text + 8, 1, lengths[month - 1], &day) ||
		(month == 2 && day == 29 &&
			(year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return false;
	*seconds = (count_days(year, month, day) - count_days(1970, 1, 1)) * 86400;
	return true;
}
