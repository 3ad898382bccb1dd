/* text.h: text as JSON and others want it, in UTF-8. */
#ifndef SASLFRESH_TEXT_H
#define SASLFRESH_TEXT_H

#include <stddef.h>

/* Octets of the UTF-8 sequence that begins at text; 0 if none does. */
size_t text_sequence(const char *text);

#endif
