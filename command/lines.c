#include "lines.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_OCTETS = 2048 };

void lines_add(const struct lines *lines, const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof(line))
		lines->text->spoiled = true;
	else
		buffer_puts(lines->text, line);
}

void lines_add_user(const struct lines *lines, const char *user)
{
	for (const char *c = user; *c != '\0'; c++)
		lines_add(lines, *c == '@' || *c == '+' ? "%%%02X" : "%c", (unsigned char)*c);
}

bool lines_have(const struct mail_server *server)
{
	return server->host[0] != '\0';
}
