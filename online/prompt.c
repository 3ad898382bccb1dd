#include "prompt.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "token.h"

enum { BACKSPACE = 0x08, KILL_LINE = 0x15, END_OF_INPUT = 0x04, RUBOUT = 0x7f };

void prompt_start(struct prompt *prompt, int fd)
{
	*prompt = (struct prompt){
		.fd = fd, .terminal = fd >= 0 && isatty(fd), .line = BUFFER(PROMPT_LINE_MAX)};
}

void prompt_stop(struct prompt *prompt)
{
	buffer_free(&prompt->line);
	wipe(prompt, sizeof(*prompt));
	prompt->fd = -1;
}

void prompt_read(struct prompt *prompt)
{
	ssize_t got = read(prompt->fd, prompt->block, sizeof(prompt->block));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	prompt->used = 0;
	prompt->filled = got > 0 ? (size_t)got : 0;
	if (got <= 0)
		prompt->fd = -1;
}

/* Editing on a terminal, which leaves it to us. */
static bool edit(struct prompt *prompt, char c)
{
	struct buffer *line = &prompt->line;

	if (!prompt->terminal)
		return false;
	if (c == END_OF_INPUT)
		return true;
	if ((c == BACKSPACE || c == RUBOUT) && line->len > 0)
		line->data[--line->len] = '\0';
	else if (c == KILL_LINE)
		buffer_free(line);
	return c == BACKSPACE || c == RUBOUT || c == KILL_LINE;
}

static void trim(struct buffer *line)
{
	size_t blanks = strspn(buffer_text(line), " \t\r");

	while (line->len > blanks && strchr(" \t\r", line->data[line->len - 1]) != NULL)
		line->data[--line->len] = '\0';
	if (blanks > 0) {
		line->len -= blanks;
		memmove(line->data, line->data + blanks, line->len + 1);
	}
}

/* The line ends here; true if there is something in it. */
static bool end_line(struct prompt *prompt)
{
	bool whole = !prompt->too_long;

	prompt->too_long = false;
	trim(&prompt->line);
	prompt->given = whole && prompt->line.len > 0;
	return prompt->given;
}

enum prompt_event prompt_next(struct prompt *prompt)
{
	if (prompt->given)
		buffer_free(&prompt->line);
	prompt->given = false;
	while (prompt->used < prompt->filled) {
		char c = prompt->block[prompt->used++];

		if (c == '\n' || c == '\r') {
			if (end_line(prompt))
				return PROMPT_LINE;
			buffer_free(&prompt->line);
		} else if (!prompt->too_long && !edit(prompt, c)) {
			buffer_add(&prompt->line, c != '\0' ? &c : "?", 1);
			if (!buffer_ok(&prompt->line)) {
				buffer_free(&prompt->line);
				prompt->too_long = true;
				return PROMPT_TOO_LONG;
			}
		}
	}
	wipe(prompt->block, sizeof(prompt->block));
	prompt->used = prompt->filled = 0;
	if (prompt->fd >= 0)
		return PROMPT_NOTHING;
	return end_line(prompt) ? PROMPT_LINE : PROMPT_END;
}

bool prompt_ask(int fd, int parent_fd, int64_t milliseconds)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLIN}, {.fd = parent_fd, .events = POLLIN | POLLRDHUP}};
	char key = 'n';
	bool yes;

	if (poll(fds, 2, (int)milliseconds) <= 0 || fds[1].revents != 0 || read(fd, &key, 1) != 1)
		key = 'n';
	yes = key == '\n' || key == '\r' || key == 'y' || key == 'Y';
	prompt_say("%s\n", yes ? "yes" : "no");
	return yes;
}

void prompt_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
}
