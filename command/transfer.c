#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ask.h"
#include "draft.h"

static bool read_all(int fd, struct buffer *text, struct error *err)
{
	char block[4096];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_system(err, errno, "cannot read the export");
		buffer_add(text, block, (size_t)got);
		wipe(block, sizeof(block));
		if (!buffer_ok(text))
			return error_set(err, ERROR_CONFIG, "the export is larger than %d octets",
				DRAFT_TRAVEL_MAX);
	}
	return text->len > 0 || error_set(err, ERROR_CONFIG, "the export is empty");
}

static bool keep_text(char **text, const char *value, struct error *err)
{
	if (*text != NULL)
		return error_set(err, ERROR_CONFIG, "the export says something twice");
	*text = strdup(value);
	return *text != NULL || error_set(err, ERROR_SYSTEM, "out of memory");
}

static bool keep_refresh_token(struct transfer *transfer, const char *value, struct error *err)
{
	const struct buffer line = {.data = (char *)value, .len = strlen(value)};

	if (transfer->refresh_token >= 0)
		return error_set(err, ERROR_CONFIG, "the export says something twice");
	transfer->refresh_token = memfd_create("saslfresh-export", MFD_CLOEXEC);
	return (transfer->refresh_token >= 0 && answer_write(transfer->refresh_token, &line) &&
		       lseek(transfer->refresh_token, 0, SEEK_SET) == 0) ||
		error_system(err, errno, "cannot keep the refresh token in memory");
}

static bool keep_key(
	struct transfer *transfer, const struct keyfile_entry *entry, struct error *err)
{
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (strcmp(entry->key, account_key_name((enum account_key)key)) == 0 &&
			(key == ACCOUNT_CLIENT_SECRET || draft_travels((enum account_key)key)))
			return keep_text(&transfer->values[key], entry->value, err);
	return error_set(err, ERROR_CONFIG, "an export cannot have the key `%s`", entry->key);
}

static bool visit(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct transfer *transfer = context;
	int64_t version;

	if (entry->line == 1) {
		if (strcmp(entry->key, DRAFT_TRAVEL_MARK) != 0)
			return error_set(err, ERROR_CONFIG, "that is no export of a login");
		return keyfile_number(entry->value, DRAFT_TRAVEL_VERSION, DRAFT_TRAVEL_VERSION,
			       &version) ||
			error_set(err, ERROR_CONFIG,
				"the export is of version %.20s, and this program knows %d alone",
				entry->value, DRAFT_TRAVEL_VERSION);
	}
	if (strcmp(entry->key, "account") == 0)
		return keep_text(&transfer->account, entry->value, err);
	if (strcmp(entry->key, "refresh_token") == 0)
		return keep_refresh_token(transfer, entry->value, err);
	return keep_key(transfer, entry, err);
}

bool transfer_read(int fd, struct transfer *transfer, struct error *err)
{
	struct buffer text = BUFFER(DRAFT_TRAVEL_MAX);
	const struct keyfile_visitor visitor = {visit, transfer};
	bool ok;

	*transfer = (struct transfer){.refresh_token = -1};
	ok = read_all(fd, &text, err);
	if (ok && strncmp(buffer_text(&text), DRAFT_TRAVEL_MARK, strlen(DRAFT_TRAVEL_MARK)) != 0)
		ok = error_set(err, ERROR_CONFIG, "that is no export of a login");
	if (ok && !keyfile_parse(&text, KEYFILE_RECORD, "the export", &visitor, err)) {
		err->kind = err->kind == ERROR_SYSTEM ? ERROR_CONFIG : err->kind;
		ok = false;
	}
	if (ok && (transfer->account == NULL || transfer->refresh_token < 0))
		ok = error_set(err, ERROR_CONFIG, "the export has no %s",
			transfer->account == NULL ? "account" : "refresh token");
	buffer_free(&text);
	return ok ||
		error_hint(err,
			"it is what saslfresh login --export ACCOUNT writes, whole and "
			"unchanged");
}

void transfer_free(struct transfer *transfer)
{
	char *secret = transfer->values[ACCOUNT_CLIENT_SECRET];

	if (secret != NULL)
		wipe(secret, strlen(secret));
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		free(transfer->values[key]);
	free(transfer->account);
	if (transfer->refresh_token >= 0)
		close(transfer->refresh_token);
	*transfer = (struct transfer){.refresh_token = -1};
}
