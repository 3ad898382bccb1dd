/* text.h: text as JSON and others want it, in UTF-8. */
#ifndef SASLFRESH_TEXT_H
#define SASLFRESH_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Octets of the UTF-8 sequence that begins at text; 0 if none does. */
size_t text_sequence(const char *text);

/* Writes a string of JSON (RFC 8259 s.7), with its quotes; octets that are no UTF-8 become '?'. */
void text_print_json(FILE *out, const char *text);

#endif
