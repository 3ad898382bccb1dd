#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_status;
} kinds[] = {
	[ERROR_NONE] = {"none", 0},
	[ERROR_CONFIG] = {"config", 78},
	[ERROR_LOGIN] = {"login", 77},
	[ERROR_TEMPORARY] = {"temporary", 75},
	[ERROR_REFUSED] = {"refused", 77},
	[ERROR_SERVER] = {"server", 76},
	[ERROR_SYSTEM] = {"system", 71},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void error_clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void error_redact(char *text, const char *secret, size_t len)
{
	size_t left = strlen(text);

	for (; len > 0 && left >= len; text++, left--)
		if (memcmp(text, secret, len) == 0)
			memset(text, '*', len);
}

ERROR_PRINTF(3, 0)
static void print(char *part, size_t size, const char *format, va_list arguments)
{
	vsnprintf(part, size, format, arguments);
	error_clean(part);
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	err->kind = kind;
	err->what[0] = err->hint[0] = '\0';
	va_start(arguments, format);
	print(err->cause, sizeof(err->cause), format, arguments);
	va_end(arguments);
	return false;
}

bool error_system(struct error *err, int number, const char *format, ...)
{
	va_list arguments;
	size_t len;

	err->kind = ERROR_SYSTEM;
	err->what[0] = err->hint[0] = '\0';
	va_start(arguments, format);
	print(err->cause, sizeof(err->cause), format, arguments);
	va_end(arguments);
	len = strlen(err->cause);
	snprintf(err->cause + len, sizeof(err->cause) - len, ": %s", strerror(number));
	return false;
}

bool error_what(struct error *err, const char *format, ...)
{
	va_list arguments;

	if (err->what[0] != '\0')
		return false;
	va_start(arguments, format);
	print(err->what, sizeof(err->what), format, arguments);
	va_end(arguments);
	return false;
}

bool error_hint(struct error *err, const char *format, ...)
{
	va_list arguments;

	if (err->hint[0] != '\0')
		return false;
	va_start(arguments, format);
	print(err->hint, sizeof(err->hint), format, arguments);
	va_end(arguments);
	return false;
}

void error_line(const struct error *err, char *line, size_t size)
{
	snprintf(line, size, "%s%s%s%s%s%s", err->what, err->what[0] != '\0' ? ": " : "",
		err->cause, err->hint[0] != '\0' ? " (" : "", err->hint,
		err->hint[0] != '\0' ? ")" : "");
}

int error_exit_status(enum error_kind kind)
{
	return kinds[kind].exit_status;
}

const char *error_kind_name(enum error_kind kind)
{
	return kinds[kind].name;
}

enum error_kind error_kind_of(const char *name)
{
	for (int kind = ERROR_NONE + 1; kind < KINDS; kind++)
		if (strcmp(name, kinds[kind].name) == 0)
			return (enum error_kind)kind;
	return ERROR_NONE;
}
