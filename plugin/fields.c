#include "fields.h"

#include <string.h>

void fields_print(
	const struct field *fields, size_t count, const void *object, struct buffer *record)
{
	for (size_t i = 0; i < count; i++) {
		const char *member = (const char *)object + fields[i].offset;
		int64_t number;

		if (fields[i].size > 0) {
			keyfile_put(record, fields[i].key, member);
			continue;
		}
		memcpy(&number, member, sizeof(number));
		if (number != 0)
			keyfile_put_number(record, fields[i].key, number);
	}
}

static bool set_member(const struct field *field, char *member, const char *value)
{
	int64_t number;

	if (field->size > 0)
		return keyfile_copy(member, field->size, value);
	if (!keyfile_number(value, INT64_MIN, INT64_MAX, &number))
		return false;
	memcpy(member, &number, sizeof(number));
	return true;
}

bool fields_read(const struct field *fields, size_t count, void *object, const char *name,
	const struct keyfile_entry *entry, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(entry->key, fields[i].key) == 0)
			return set_member(&fields[i], (char *)object + fields[i].offset,
				       entry->value) ||
				error_set(err, ERROR_SYSTEM, "%s:%u: %s has a value that cannot be",
					name, entry->line, entry->key);
	return true;
}
