/* fields.h: a struct of texts and numbers as the lines of a record. */
#ifndef SASLFRESH_FIELDS_H
#define SASLFRESH_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "keyfile.h"

/* One member: a char array of size octets, or an int64_t where size is 0. */
struct field {
	const char *key;
	size_t offset;
	size_t size;
};

#define FIELD_TEXT(type, member)                                                                   \
	{                                                                                          \
#member, offsetof(type, member), sizeof(((type *)0)->member)                       \
	}
#define FIELD_NUMBER(type, member)                                                                 \
	{                                                                                          \
#member, offsetof(type, member), 0                                                 \
	}

/* Adds a line for each member of object that is neither "" nor 0. */
void fields_print(
	const struct field *fields, size_t count, const void *object, struct buffer *record);

/* Sets the member that entry names; an entry that names none is passed over. ERROR_SYSTEM, naming
 * name and line, where the value does not fit. */
bool fields_read(const struct field *fields, size_t count, void *object, const char *name,
	const struct keyfile_entry *entry, struct error *err);

#endif
