/* prompt.h: lines that a person types or pastes, on a descriptor that may be a terminal, a pipe or
 * nothing. A terminal is expected to give every octet at once and to show none (the command sees to
 * that and to what it was before): a line may be longer than a terminal's own limit. */
#ifndef SASLFRESH_PROMPT_H
#define SASLFRESH_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum { PROMPT_LINE_MAX = 16 * 1024 };

struct prompt {
	int fd; /* -1: nobody is there */
	bool terminal;
	bool too_long; /* the rest of a long line is passed over */
	bool given;    /* line was handed out */
	struct buffer line;
	char block[4096];
	size_t used, filled;
};

enum prompt_event {
	PROMPT_NOTHING,	 /* no whole line yet */
	PROMPT_LINE,	 /* line holds it */
	PROMPT_TOO_LONG, /* a line of more than PROMPT_LINE_MAX octets */
	PROMPT_END,	 /* no more lines will come */
};

void prompt_start(struct prompt *prompt, int fd);

/* Reads once from the descriptor, which is ready. */
void prompt_read(struct prompt *prompt);

/* The next event in what was read; a line without blanks around it, valid until the next call. */
enum prompt_event prompt_next(struct prompt *prompt);

/* Wipes what was read. */
void prompt_stop(struct prompt *prompt);

/* Asks a question that is answered by one key, Enter for yes, on a terminal; false for no, for
 * anything but an answer within the milliseconds given, and where nobody is there. parent_fd: its
 * end says that nobody waits. */
bool prompt_ask(int fd, int parent_fd, int64_t milliseconds);

/* Says something on standard error. */
void prompt_say(const char *format, ...) ERROR_PRINTF(1, 2);

#endif
