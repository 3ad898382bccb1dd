#include "ssmtp_link.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* ---- texts for people ---- */

static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void ssmtp_say(char *text, const char *format, ...)
{
	char made[SSMTP_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(made, sizeof(made), format, arguments);
	va_end(arguments);
	make_printable(made);
	memcpy(text, made, sizeof(made));
}

static void show(const struct ssmtp_link *link, const char *arrow, const char *line)
{
	char text[SSMTP_TEXT_MAX];

	if (!link->verbose && !link->debug)
		return;
	ssmtp_say(text, "%s", line);
	if (link->verbose)
		fprintf(stderr, "[%s] %s\n", arrow, text);
	if (link->debug)
		link->log(LOG_INFO, "%s", text);
}

/* ---- sending ---- */

void ssmtp_link_wait(const struct ssmtp_link *link, unsigned seconds)
{
	if (link->alarm != NULL)
		link->alarm(seconds);
}

bool ssmtp_link_send(const struct ssmtp_link *link, const char *line, size_t len, const char *shown)
{
	char *whole = malloc(len + 2);
	size_t sent = 0;

	if (whole == NULL)
		return false;
	show(link, "->", shown);
	memcpy(whole, line, len);
	memcpy(whole + len, "\r\n", 2);
	while (sent < len + 2) {
		ssize_t put = link->put(link->fd, whole + sent, len + 2 - sent);

		if (put <= 0)
			break;
		sent += (size_t)put;
	}
	explicit_bzero(whole, len + 2);
	free(whole);
	return sent == len + 2;
}

/* ---- reading ---- */

static bool append(struct ssmtp_reply *reply, char byte)
{
	if (reply->len + 1 >= reply->room) {
		size_t room = reply->room == 0 ? 1024 : 2 * reply->room;
		char *text = room > SSMTP_REPLY_MAX ? NULL : realloc(reply->text, room);

		if (text == NULL) {
			reply->problem = "the reply is too long";
			return false;
		}
		reply->text = text;
		reply->room = room;
	}
	reply->text[reply->len++] = byte;
	reply->text[reply->len] = '\0';
	return true;
}

/* Appends a line without its end. */
static bool read_line(const struct ssmtp_link *link, struct ssmtp_reply *reply)
{
	char byte;

	for (;;) {
		if (link->get(link->fd, &byte) != 1) {
			reply->problem = "the connection was lost";
			return false;
		}
		if (byte == '\n')
			return true;
		if (byte != '\r' && !append(reply, byte == '\0' ? '?' : byte))
			return false;
	}
}

/* RFC 5321 s.4.2: three digits, then a blank, a hyphen if more lines follow, or the end; one code
 * for all lines. */
static bool take_code(struct ssmtp_reply *reply, size_t start, bool *more)
{
	char *line = reply->text + start;
	size_t len = reply->len - start;
	int code;

	if (len < 3 || line[0] < '2' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
		!isdigit((unsigned char)line[2]) || (len > 3 && line[3] != ' ' && line[3] != '-'))
		return false;
	code = 100 * (line[0] - '0') + 10 * (line[1] - '0') + (line[2] - '0');
	if (reply->code != 0 && reply->code != code)
		return false;
	reply->code = code;
	*more = len > 3 && line[3] == '-';
	len = len > 3 ? len - 4 : 0;
	memmove(line, reply->text + reply->len - len, len);
	reply->len = start + len;
	return append(reply, '\n');
}

bool ssmtp_link_read(const struct ssmtp_link *link, struct ssmtp_reply *reply)
{
	bool more;

	reply->code = 0;
	reply->len = 0;
	reply->problem = NULL;
	if (!append(reply, ' '))
		return false;
	reply->len = 0;
	ssmtp_link_wait(link, SSMTP_PATIENCE);
	do {
		size_t start = reply->len;

		if (!read_line(link, reply))
			return false;
		show(link, "<-", reply->len > start ? reply->text + start : "");
		if (!take_code(reply, start, &more)) {
			if (reply->problem == NULL)
				reply->problem = "the reply is not SMTP";
			return false;
		}
	} while (more);
	return true;
}

void ssmtp_reply_line(const struct ssmtp_reply *reply, char *line)
{
	char joined[SSMTP_TEXT_MAX];
	size_t len = 0;

	while (len + 1 < sizeof(joined) && len + 1 < reply->len) {
		joined[len] = reply->text[len] == '\n' ? ' ' : reply->text[len];
		len++;
	}
	joined[len] = '\0';
	ssmtp_say(line, "%d %s", reply->code, joined);
}

void ssmtp_reply_free(struct ssmtp_reply *reply)
{
	free(reply->text);
	*reply = (struct ssmtp_reply){0};
}
