#include "identity.h"

#include <string.h>
#include <strings.h>

#include "base64.h"
#include "http.h"

enum { SECONDS = 10 };

static enum identity compare(const struct account *account, const struct reply_identity *identity,
	char address[REPLY_NAME_SIZE])
{
	enum identity found = IDENTITY_UNKNOWN;

	for (int i = 0; i < REPLY_NAMES; i++) {
		const char *name = identity->names[i];

		if (strchr(name, '@') == NULL)
			continue;
		if (strcasecmp(name, account->name) == 0 ||
			strcasecmp(name, account_value(account, ACCOUNT_USER)) == 0) {
			keyfile_copy(address, REPLY_NAME_SIZE, name);
			return IDENTITY_OURS;
		}
		if (found == IDENTITY_UNKNOWN)
			keyfile_copy(address, REPLY_NAME_SIZE, name);
		found = IDENTITY_OTHER;
	}
	return found;
}

/* HEADER.PAYLOAD.SIGNATURE */
static enum identity read_id_token(
	const struct account *account, const char *id_token, char address[REPLY_NAME_SIZE])
{
	struct buffer payload = BUFFER(TOKEN_MAX);
	struct reply_identity identity;
	struct error unread;
	enum identity found = IDENTITY_UNKNOWN;
	const char *begin = strchr(id_token, '.');

	if (begin != NULL && base64_decode(&payload, begin + 1, strcspn(begin + 1, ".")) &&
		payload.len > 0 &&
		reply_parse_identity(payload.data, payload.len, &identity, &unread))
		found = compare(account, &identity, address);
	buffer_free(&payload);
	return found;
}

static enum identity ask_userinfo(const struct grant_request *request, const char *access_token,
	char address[REPLY_NAME_SIZE])
{
	const struct account *account = request->account;
	const struct http_request http = {
		.url = account_value(account, ACCOUNT_USERINFO_ENDPOINT),
		.bearer = access_token,
		.ca_file = account_value(account, ACCOUNT_CA_FILE),
		.proxy = account_value(account, ACCOUNT_PROXY),
		.http_loopback = strcmp(account_value(account, ACCOUNT_HTTP_LOOPBACK), "yes") == 0,
		.connect_timeout = SECONDS,
		.timeout = SECONDS,
	};
	struct http_reply reply = {0};
	struct reply_identity identity;
	struct error unread;
	enum identity found = IDENTITY_UNKNOWN;

	if (http_post(&http, &reply, &unread) && reply.status == 200 && reply.body.len > 0 &&
		buffer_ok(&reply.body) &&
		reply_parse_identity(reply.body.data, reply.body.len, &identity, &unread))
		found = compare(account, &identity, address);
	buffer_free(&reply.body);
	return found;
}

enum identity identity_learn(const struct grant_request *request, const struct reply *reply,
	char address[REPLY_NAME_SIZE])
{
	enum identity found;

	address[0] = '\0';
	found = read_id_token(request->account, reply->id_token, address);
	if (found == IDENTITY_UNKNOWN &&
		request->account->values[ACCOUNT_USERINFO_ENDPOINT] != NULL)
		found = ask_userinfo(request, reply->access_token, address);
	return found;
}
