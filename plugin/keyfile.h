/* keyfile.h: our one syntax, lines of `key = value`, for every file and every frame on a pipe.
 *
 *     # a comment                 (configuration only)
 *     [account me@example.org]    (configuration only: a section, its kind and its name)
 *     key = value
 *     end = 1                     (records only: the number of lines before it)
 *
 * In a configuration blanks around key and value do not count. In a record the value is everything
 * behind "= ", and the closing line tells a whole record from a torn one.
 * Text is parsed in place in the caller's buffer; nothing is copied. */
#ifndef SASLFRESH_KEYFILE_H
#define SASLFRESH_KEYFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "buffer.h"
#include "error.h"

enum keyfile_form { KEYFILE_CONFIG, KEYFILE_RECORD };

enum {
	KEYFILE_CONFIG_MAX = 256 * 1024, /* octets of a configuration file */
	KEYFILE_RECORD_MAX = 64 * 1024,	 /* octets of a record */
	KEYFILE_KEY_MAX = 64,
	KEYFILE_VALUE_MAX = 16 * 1024,
};

enum keyfile_secrecy {
	KEYFILE_PUBLIC,	 /* others may read, not write */
	KEYFILE_SHARED,	 /* its group may read, nobody else */
	KEYFILE_SECRET,	 /* only its owner may read; the group too where the owner is root */
	KEYFILE_PRIVATE, /* only its owner may read */
};

struct keyfile_entry {
	const char *kind;    /* "account"; "" before the first section and in records */
	const char *section; /* the section's name, "" where there is none */
	const char *key;     /* NULL: the section itself begins here */
	const char *value;
	unsigned line;
};

/* Called for each line that says something; false with err set ends the parse. */
struct keyfile_visitor {
	bool (*visit)(void *context, const struct keyfile_entry *entry, struct error *err);
	void *context;
};

/* Opens path without blocking, checks that it is a regular file of at most text->max octets that
 * only owner, root or the caller own and that others cannot touch beyond secrecy, and adds it
 * to text. A symbolic link is followed only to a KEYFILE_PUBLIC file. A file that does not exist
 * gives true, an empty text and status->st_nlink 0. ERROR_CONFIG or ERROR_SYSTEM otherwise. */
bool keyfile_load(const char *path, enum keyfile_secrecy secrecy, uid_t owner, struct buffer *text,
	struct stat *status, struct error *err);

/* True if what is open as status may be used under secrecy; otherwise ERROR_CONFIG that names mode
 * or owner, path and the command that mends it. */
bool keyfile_permitted(const char *path, enum keyfile_secrecy secrecy, uid_t owner,
	const struct stat *status, struct error *err);

/* Parses text (spoiling it) and visits its entries in order. name stands before the line number in
 * errors, which are ERROR_CONFIG for a configuration and ERROR_SYSTEM for a record. */
bool keyfile_parse(struct buffer *text, enum keyfile_form form, const char *name,
	const struct keyfile_visitor *visitor, struct error *err);

/* An ERROR_CONFIG failure whose cause begins with "FILE:LINE: ". Always false. */
bool keyfile_fail(const char *file, unsigned line, struct error *err, const char *format, ...)
	ERROR_PRINTF(4, 5);

/* Adds a line to a record; an empty value adds nothing. Control bytes spoil the buffer. */
void keyfile_put(struct buffer *record, const char *key, const char *value);
void keyfile_put_number(struct buffer *record, const char *key, int64_t number);

/* Closes a record. */
void keyfile_end(struct buffer *record);

/* Copies value to text[size]; false if it does not fit. */
bool keyfile_copy(char *text, size_t size, const char *value);

/* Reads a whole decimal number between min and max. */
bool keyfile_number(const char *value, int64_t min, int64_t max, int64_t *number);

/* Reads a day, YYYY-MM-DD from 1970 on, as the second in which it begins (UTC). */
bool keyfile_date(const char *value, int64_t *seconds);

#endif
