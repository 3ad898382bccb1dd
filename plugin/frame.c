#include "frame.h"

#include <stdio.h>
#include <string.h>

static const char ok_line[] = "status = ok\n";

void request_print(const struct request *request, struct buffer *text)
{
	keyfile_put(text, "request", request->verb == FRAME_TOKEN ? "token" : "reject");
	keyfile_put(text, "account", request->account);
	keyfile_put(text, "rejected", request->rejected);
	keyfile_end(text);
}

static bool read_request(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct request *request = context;

	if (strcmp(entry->key, "request") == 0) {
		request->verb = strcmp(entry->value, "token") == 0 ? FRAME_TOKEN
			: strcmp(entry->value, "reject") == 0	   ? FRAME_REJECT
								   : FRAME_UNKNOWN;
		return request->verb != FRAME_UNKNOWN ||
			error_set(err, ERROR_SERVER, "unknown request `%.40s`", entry->value);
	}
	if (strcmp(entry->key, "account") == 0)
		return keyfile_copy(request->account, sizeof(request->account), entry->value) ||
			error_set(err, ERROR_SERVER, "the account's name is too long");
	if (strcmp(entry->key, "rejected") == 0)
		return keyfile_copy(request->rejected, sizeof(request->rejected), entry->value) ||
			error_set(err, ERROR_SERVER, "the hash is too long");
	return error_set(err, ERROR_SERVER, "unknown key `%.64s` in a request", entry->key);
}

bool request_parse(struct buffer *text, struct request *request, struct error *err)
{
	struct request read = {0};
	const struct keyfile_visitor visitor = {read_request, &read};

	if (!keyfile_parse(text, KEYFILE_RECORD, "request", &visitor, err)) {
		err->kind = ERROR_SERVER;
		return false;
	}
	if (read.verb == FRAME_UNKNOWN || read.account[0] == '\0' ||
		(read.verb == FRAME_REJECT) != (read.rejected[0] != '\0'))
		return error_set(err, ERROR_SERVER, "the request is incomplete");
	*request = read;
	return true;
}

void answer_print_ok(const struct token *token, const char *account, struct buffer *text)
{
	buffer_puts(text, ok_line);
	if (token != NULL)
		token_print(token, account, text);
	else
		keyfile_end(text);
}

void answer_print_told(const struct buffer *told, struct buffer *text)
{
	buffer_puts(text, ok_line);
	buffer_add(text, buffer_text(told), told->len);
	keyfile_end(text);
}

void answer_print_failure(const struct error *err, struct buffer *text)
{
	keyfile_put(text, "status", error_kind_name(err->kind));
	keyfile_put(text, "what", err->what);
	keyfile_put(text, "cause", err->cause);
	keyfile_put(text, "hint", err->hint);
	keyfile_end(text);
}

/* A text that is too long is cut. */
static void cut_copy(char *text, size_t size, const char *value)
{
	snprintf(text, size, "%s", value);
}

static bool read_failure(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct error *failure = context;

	(void)err;
	if (strcmp(entry->key, "status") == 0)
		failure->kind = error_kind_of(entry->value);
	else if (strcmp(entry->key, "what") == 0)
		cut_copy(failure->what, sizeof(failure->what), entry->value);
	else if (strcmp(entry->key, "cause") == 0)
		cut_copy(failure->cause, sizeof(failure->cause), entry->value);
	else if (strcmp(entry->key, "hint") == 0)
		cut_copy(failure->hint, sizeof(failure->hint), entry->value);
	return true;
}

static bool read_nothing(void *context, const struct keyfile_entry *entry, struct error *err)
{
	(void)context, (void)entry, (void)err;
	return true;
}

bool answer_parse(struct buffer *text, struct token *token, struct error *err)
{
	struct error failure = {0};
	const struct keyfile_visitor on_failure = {read_failure, &failure};
	const struct keyfile_visitor on_ok = {read_nothing, NULL};

	if (strncmp(buffer_text(text), ok_line, strlen(ok_line)) == 0) {
		if (token != NULL)
			return token_parse(text, "answer", token, err);
		return keyfile_parse(text, KEYFILE_RECORD, "answer", &on_ok, err);
	}
	if (!keyfile_parse(text, KEYFILE_RECORD, "answer", &on_failure, err))
		return false;
	if (failure.kind == ERROR_NONE)
		return error_set(err, ERROR_SYSTEM, "the answer has no status");
	*err = failure;
	return false;
}

bool answer_parse_told(struct buffer *text, const struct findings *findings, struct error *err)
{
	if (strncmp(buffer_text(text), ok_line, strlen(ok_line)) == 0)
		return finding_parse(text, findings, err);
	return answer_parse(text, NULL, err);
}
