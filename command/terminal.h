/* terminal.h: asking a person. Whoever gives up gets a terminal back that is as it was. */
#ifndef SASLFRESH_TERMINAL_H
#define SASLFRESH_TERMINAL_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"

/* Hides what is typed on standard input, until terminal_restore; with at_once also gives up the
 * terminal's own editing, which cuts long lines, and ^Z, which would leave it like that. */
bool terminal_hide(bool at_once, struct error *err);
void terminal_restore(void);

/* True if somebody is there to be asked: standard input and error are a terminal. */
bool terminal_is_there(void);

/* Shows question and adds the line that is typed then, without blanks around it, to line: at most
 * line->max octets. An end of input is ERROR_LOGIN. */
bool terminal_ask(const char *question, bool hidden, struct buffer *line, struct error *err);

#endif
