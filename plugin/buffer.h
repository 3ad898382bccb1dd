/* buffer.h: bytes that grow up to a maximum and are wiped before their memory is given back.
 * A buffer that could not grow is spoiled: it keeps what it had, further additions do nothing, and
 * buffer_ok says so once at the end, so that a run of additions needs one check. */
#ifndef SASLFRESH_BUFFER_H
#define SASLFRESH_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* len octets and a NUL; NULL while nothing was added */
	size_t len;
	size_t size; /* octets allocated */
	size_t max;  /* len never exceeds this */
	bool spoiled;
};

#define BUFFER(maximum) ((struct buffer){.max = (maximum)})

/* Takes the memory for len octets in all, so that adding up to there cannot fail. */
bool buffer_reserve(struct buffer *buffer, size_t len);

/* Adds len octets. */
void buffer_add(struct buffer *buffer, const void *bytes, size_t len);

/* Adds a string without its NUL. */
void buffer_puts(struct buffer *buffer, const char *text);

/* True unless an addition went over the maximum or memory ran out. */
bool buffer_ok(const struct buffer *buffer);

/* The text, "" while nothing was added; valid until the next addition. */
const char *buffer_text(const struct buffer *buffer);

/* Wipes and frees; the buffer can be used again with the same maximum. */
void buffer_free(struct buffer *buffer);

/* Wipes size octets so that the compiler does not leave it out. NULL is allowed with size 0. */
void wipe(void *bytes, size_t size);

#endif
