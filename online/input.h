/* input.h: a refresh token, or a file, that a person hands over. */
#ifndef SASLFRESH_INPUT_H
#define SASLFRESH_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

/* Reads the first line of input into text[size], without its end: 1 to TOKEN_MAX octets of VSCHAR
 * (RFC 6749 appendix A.17). ERROR_CONFIG for anything else, ERROR_SYSTEM where input fails or where
 * the command, which holds the other end of standard output, has gone. The caller wipes text. */
bool input_read_line(int input, char *text, size_t size, struct error *err);

/* Adds all that input holds to text. ERROR_CONFIG, speaking of "the file", where that is nothing or
 * more than text->max octets. */
bool input_read_all(int input, struct buffer *text, struct error *err);

#endif
