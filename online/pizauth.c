#include "pizauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "crypto.h"

enum { DUMP_VERSION = 1, EMPTY = 0, ACTIVE = 1, NAMES_MAX = 200 };

/* As pizauth has it in its source. */
static const unsigned char key[CRYPTO_KEY_SIZE] = {0x66, 0xa2, 0x47, 0xa8, 0x5e, 0x48, 0xcf, 0xec,
	0xaa, 0xed, 0x9b, 0x36, 0xeb, 0xa9, 0x7d, 0x53, 0x50, 0xd4, 0x28, 0x63, 0x75, 0x09, 0x7a,
	0x44, 0xee, 0xff, 0xb9, 0xc4, 0x54, 0x6b, 0x65, 0xa3};

/* What is still to be read. Once broken it gives nothing but zeros and empty texts. */
struct cursor {
	const unsigned char *at;
	size_t left;
	bool broken;
};

struct text {
	const char *at;
	size_t len;
};

static uint64_t read_number(struct cursor *cursor, size_t octets)
{
	uint64_t number = 0;

	if (cursor->left < octets) {
		cursor->broken = true;
		cursor->left = 0;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		number |= (uint64_t)cursor->at[i] << 8 * i;
	cursor->at += octets;
	cursor->left -= octets;
	return number;
}

static struct text read_text(struct cursor *cursor)
{
	uint64_t len = read_number(cursor, 8);
	struct text text = {(const char *)cursor->at, (size_t)len};

	if (len > cursor->left) {
		cursor->broken = true;
		cursor->left = 0;
		return (struct text){"", 0};
	}
	cursor->at += len;
	cursor->left -= (size_t)len;
	return text;
}

static struct text read_optional(struct cursor *cursor)
{
	return read_number(cursor, 1) != 0 ? read_text(cursor) : (struct text){"", 0};
}

static void skip_texts(struct cursor *cursor, unsigned each)
{
	for (uint64_t i = read_number(cursor, 8); i > 0 && !cursor->broken; i--)
		for (unsigned j = 0; j < each; j++)
			read_text(cursor);
}

struct entry {
	struct text name, client_id, client_secret, token_uri, refresh_token;
};

static void read_entry(struct cursor *cursor, struct entry *entry)
{
	uint64_t state;

	*entry = (struct entry){.name = read_text(cursor)};
	read_text(cursor);     /* auth_uri */
	skip_texts(cursor, 2); /* auth_uri_fields */
	entry->client_id = read_text(cursor);
	entry->client_secret = read_optional(cursor);
	read_text(cursor);     /* redirect_uri */
	skip_texts(cursor, 1); /* scopes */
	entry->token_uri = read_text(cursor);
	state = read_number(cursor, 4);
	if (state == ACTIVE) {
		read_text(cursor); /* access token, and when it was obtained and will expire */
		for (int i = 0; i < 2; i++) {
			read_number(cursor, 8);
			read_number(cursor, 4);
		}
		entry->refresh_token = read_optional(cursor);
	} else if (state != EMPTY) {
		cursor->broken = true;
	}
}

/* ---- which of them ---- */

static bool take(char *value, size_t size, const struct text *text)
{
	if (text->len >= size || memchr(text->at, '\0', text->len) != NULL)
		return false;
	memcpy(value, text->at, text->len);
	value[text->len] = '\0';
	return true;
}

static bool fill_in(const struct entry *entry, struct foreign_grant *foreign, struct error *err)
{
	if (take(foreign->refresh_token, sizeof(foreign->refresh_token), &entry->refresh_token) &&
		take(foreign->client_id, sizeof(foreign->client_id), &entry->client_id) &&
		take(foreign->client_secret, sizeof(foreign->client_secret),
			&entry->client_secret) &&
		take(foreign->token_endpoint, sizeof(foreign->token_endpoint), &entry->token_uri))
		return true;
	memset(foreign, 0, sizeof(*foreign));
	return error_set(err, ERROR_CONFIG, "the dump of pizauth has a value that is too long");
}

static bool is_named(const struct entry *entry, const char *name)
{
	return entry->name.len == strlen(name) &&
		memcmp(entry->name.at, name, entry->name.len) == 0;
}

static void add_name(struct buffer *names, const struct entry *entry)
{
	if (names->len > 0)
		buffer_puts(names, ", ");
	buffer_add(names, entry->name.at, entry->name.len);
}

static bool choose(
	struct cursor *cursor, const char *name, struct foreign_grant *foreign, struct error *err)
{
	struct entry entry, chosen = {{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}};
	struct buffer names = BUFFER(NAMES_MAX);
	bool named = false, ok = false;
	size_t count = 0;

	if (read_number(cursor, 8) != DUMP_VERSION)
		return error_set(err, ERROR_CONFIG, "the dump is of another version of pizauth");
	for (uint64_t i = read_number(cursor, 8); i > 0 && !cursor->broken; i--) {
		read_entry(cursor, &entry);
		if (cursor->broken || entry.refresh_token.len == 0)
			continue;
		count++;
		add_name(&names, &entry);
		if (!named)
			chosen = entry;
		named = named || is_named(&entry, name);
	}
	if (cursor->broken)
		error_set(err, ERROR_CONFIG, "the dump of pizauth is cut off or not understood");
	else if (count == 0)
		error_set(
			err, ERROR_CONFIG, "no account in the dump of pizauth has a refresh token");
	else if (named || count == 1)
		ok = fill_in(&chosen, foreign, err);
	else
		error_set(err, ERROR_CONFIG, "the dump of pizauth has no account %.200s, but %s",
			name, buffer_ok(&names) ? buffer_text(&names) : "many others");
	buffer_free(&names);
	return ok;
}

bool pizauth_parse(const char *dump, size_t len, const char *name, struct foreign_grant *foreign,
	bool *is_dump, struct error *err)
{
	unsigned char *plain = malloc(len + 1);
	struct cursor cursor = {.at = plain};
	bool ok = false;

	memset(foreign, 0, sizeof(*foreign));
	*is_dump = false;
	if (plain == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	*is_dump = crypto_unseal(key, (const unsigned char *)dump, len, plain, &cursor.left);
	if (*is_dump)
		ok = choose(&cursor, name, foreign, err);
	else
		error_set(err, ERROR_CONFIG, "this is no dump of pizauth");
	wipe(plain, len + 1);
	free(plain);
	return ok;
}
