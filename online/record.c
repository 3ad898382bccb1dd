#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base64.h"
#include "fields.h"

enum { FILE_VERSION = 1, SEALED_VERSION = 2 };

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

/* As many digits as three octets often fit into a line that people can still look at. */
enum { BODY_LINE = 960, BODY_OCTETS = BODY_LINE / 4 * 3 };

static void put_octets(
	struct buffer *text, const char *key, const unsigned char *octets, size_t len)
{
	buffer_puts(text, key);
	buffer_puts(text, " = ");
	base64_encode(text, octets, len);
	buffer_puts(text, "\n");
}

void record_print_sealed(const struct sealed *sealed, const char *account, struct buffer *text)
{
	const unsigned char *body = (const unsigned char *)sealed->body.data;

	keyfile_put_number(text, "version", SEALED_VERSION);
	keyfile_put(text, "account", account);
	keyfile_put(text, "sealed_by", sealed->by);
	put_octets(text, "key", (const unsigned char *)sealed->key.data, sealed->key.len);
	for (size_t done = 0; done < sealed->body.len; done += BODY_OCTETS) {
		size_t left = sealed->body.len - done;

		put_octets(text, "body", body + done, left < BODY_OCTETS ? left : BODY_OCTETS);
	}
	keyfile_end(text);
}

/* ---- reading ---- */

struct reading {
	const char *name;
	struct grant *grant;
	struct sealed sealed;
	int64_t version; /* 0: not seen */
};

static bool read_octets(struct buffer *octets, const struct keyfile_entry *entry)
{
	return base64_decode(octets, entry->value, strlen(entry->value));
}

static bool read_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;
	struct sealed *sealed = &reading->sealed;
	bool ok = true;

	if (strcmp(entry->key, "version") == 0)
		keyfile_number(entry->value, FILE_VERSION, SEALED_VERSION, &reading->version);
	else if (strcmp(entry->key, "sealed_by") == 0)
		ok = keyfile_copy(sealed->by, sizeof(sealed->by), entry->value);
	else if (strcmp(entry->key, "key") == 0)
		ok = read_octets(&sealed->key, entry);
	else if (strcmp(entry->key, "body") == 0)
		ok = read_octets(&sealed->body, entry);
	if (!ok)
		return error_set(err, ERROR_SYSTEM, "%s:%u: %s has a value that cannot be",
			reading->name, entry->line, entry->key);
	return fields_read(fields, FIELDS, reading->grant, reading->name, entry, err);
}

/* A grant, plain or sealed, that lacks nothing. */
static bool is_whole(const struct reading *reading)
{
	const struct sealed *sealed = &reading->sealed;

	if (reading->version == SEALED_VERSION)
		return sealed->by[0] != '\0' && sealed->key.len > 0 && sealed->body.len > 0;
	return reading->version == FILE_VERSION && reading->grant->refresh_token[0] != '\0' &&
		sealed->body.len == 0;
}

static bool parse(struct reading *reading, struct buffer *text, struct error *err)
{
	const struct keyfile_visitor visitor = {read_entry, reading};

	reading->sealed = (struct sealed){
		.key = BUFFER(RECORD_SEALED_KEY_MAX), .body = BUFFER(RECORD_BODY_MAX)};
	return keyfile_parse(text, KEYFILE_RECORD, reading->name, &visitor, err) &&
		(is_whole(reading) ||
			error_set(err, ERROR_SYSTEM, "%s is not a grant of this version",
				reading->name));
}

bool record_parse(struct buffer *text, struct grant *grant, struct error *err)
{
	struct reading reading = {.name = "the sealed grant", .grant = grant_new(err)};
	bool ok = reading.grant != NULL && parse(&reading, text, err) &&
		(reading.version == FILE_VERSION ||
			error_set(err, ERROR_SYSTEM, "a sealed grant is in the sealed grant"));

	if (ok)
		*grant = *reading.grant;
	record_free(&reading.sealed);
	grant_free(reading.grant);
	return ok;
}

bool record_read(const char *path, uid_t owner, struct grant *grant, struct sealed *sealed,
	enum record_found *found, struct error *err)
{
	struct buffer text = BUFFER(RECORD_SEALED_MAX);
	struct reading reading = {.name = path, .grant = grant_new(err)};
	struct stat status;

	*found = RECORD_UNREADABLE;
	if (reading.grant == NULL ||
		!keyfile_load(path, KEYFILE_PRIVATE, owner, &text, &status, err))
		goto out;
	*found = status.st_nlink == 0 ? RECORD_ABSENT : RECORD_TORN;
	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	if (*found == RECORD_TORN && parse(&reading, &text, err))
		*found = RECORD_WHOLE;
	if (*found != RECORD_TORN) {
		*grant = *reading.grant;
		*sealed = reading.sealed;
		reading.sealed = (struct sealed){0};
	}
out:
	record_free(&reading.sealed);
	grant_free(reading.grant);
	buffer_free(&text);
	return *found == RECORD_ABSENT || *found == RECORD_WHOLE;
}

void record_free(struct sealed *sealed)
{
	buffer_free(&sealed->key);
	buffer_free(&sealed->body);
}
