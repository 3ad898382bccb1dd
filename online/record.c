#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fields.h"

enum { FILE_VERSION = 1 };

static const struct field fields[] = {
	FIELD_TEXT(struct grant, refresh_token),
	FIELD_TEXT(struct grant, previous_refresh_token),
	FIELD_TEXT(struct grant, scope),
	FIELD_TEXT(struct grant, client_id),
	FIELD_TEXT(struct grant, issuer),
	FIELD_NUMBER(struct grant, consented_at),
	FIELD_NUMBER(struct grant, refreshed_at),
	FIELD_NUMBER(struct grant, refresh_token_expires_at),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

struct grant *grant_new(struct error *err)
{
	struct grant *grant = calloc(1, sizeof(*grant));

	if (grant == NULL)
		error_set(err, ERROR_SYSTEM, "out of memory");
	return grant;
}

void grant_free(struct grant *grant)
{
	if (grant != NULL)
		wipe(grant, sizeof(*grant));
	free(grant);
}

void record_print(const struct grant *grant, const char *account, struct buffer *text)
{
	keyfile_put_number(text, "version", FILE_VERSION);
	keyfile_put(text, "account", account);
	fields_print(fields, FIELDS, grant, text);
	keyfile_end(text);
}

struct reading {
	const char *path;
	struct grant *grant;
	bool version_seen;
};

static bool read_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;
	int64_t version;

	if (strcmp(entry->key, "version") == 0)
		reading->version_seen =
			keyfile_number(entry->value, FILE_VERSION, FILE_VERSION, &version);
	return fields_read(fields, FIELDS, reading->grant, reading->path, entry, err);
}

bool record_read(const char *path, uid_t owner, struct grant *grant, enum record_found *found,
	struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	struct reading reading = {.path = path, .grant = grant_new(err)};
	const struct keyfile_visitor visitor = {read_entry, &reading};
	struct stat status;

	*found = RECORD_UNREADABLE;
	if (reading.grant == NULL ||
		!keyfile_load(path, KEYFILE_PRIVATE, owner, &text, &status, err))
		goto out;
	*found = status.st_nlink == 0 ? RECORD_ABSENT : RECORD_TORN;
	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	if (*found == RECORD_TORN && keyfile_parse(&text, KEYFILE_RECORD, path, &visitor, err)) {
		if (reading.version_seen && reading.grant->refresh_token[0] != '\0')
			*found = RECORD_WHOLE;
		else
			error_set(err, ERROR_SYSTEM, "%s is not a grant of this version", path);
	}
	if (*found != RECORD_TORN)
		*grant = *reading.grant;
out:
	grant_free(reading.grant);
	buffer_free(&text);
	return *found == RECORD_ABSENT || *found == RECORD_WHOLE;
}
