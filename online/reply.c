#include "reply.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"

static int64_t earliest(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static bool check_type(struct json_object *object, struct error *err)
{
	char type[64] = "";

	if (!json_text(object, "token_type", type, sizeof(type)))
		return error_set(err, ERROR_SERVER, "the token_type in the reply is no word");
	if (type[0] == '\0' || strcasecmp(type, "bearer") == 0)
		return true;
	return error_set(err, ERROR_SERVER, "the reply's token_type is `%s`, not bearer", type);
}

static bool read_members(struct json_object *object, struct reply *reply, struct error *err)
{
	bool refresh_ok = json_text(
		object, "refresh_token", reply->refresh_token, sizeof(reply->refresh_token));
	bool access_ok = json_text(object, "access_token", reply->access_token,
				 sizeof(reply->access_token)) &&
		(reply->access_token[0] == '\0' || token_is_sendable(reply->access_token));

	reply->expires_in = json_seconds(object, "expires_in", TOKEN_LIFE_MAX);
	if (reply->expires_in == 0)
		reply->expires_in = TOKEN_LIFE_DEFAULT;
	reply->refresh_token_expires_in =
		earliest(json_seconds(object, "refresh_token_expires_in", TOKEN_LIFE_MAX),
			earliest(json_seconds(object, "refresh_token_timeout", TOKEN_LIFE_MAX),
				json_seconds(object, "authorization_expires_in", TOKEN_LIFE_MAX)));
	json_words(object, "error", reply->error, sizeof(reply->error));
	json_words(object, "suberror", reply->suberror, sizeof(reply->suberror));
	if (reply->suberror[0] == '\0')
		json_words(object, "error_subtype", reply->suberror, sizeof(reply->suberror));
	json_words(object, "error_description", reply->error_description,
		sizeof(reply->error_description));
	if (!json_text(object, "scope", reply->scope, sizeof(reply->scope)))
		reply->scope[0] = '\0';
	if (!json_text(object, "id_token", reply->id_token, sizeof(reply->id_token)))
		reply->id_token[0] = '\0';
	if (reply->error[0] != '\0')
		return true;
	if (!access_ok) {
		reply->access_token[0] = '\0';
		return error_set(err, ERROR_SERVER,
			"the access token in the reply is longer than %d octets or has bytes that "
			"cannot be sent",
			TOKEN_MAX);
	}
	if (!refresh_ok)
		return error_set(err, ERROR_SERVER,
			"the refresh token in the reply is longer than %d octets or has bytes that "
			"no token has",
			TOKEN_MAX);
	return check_type(object, err);
}

bool reply_parse(const char *json, size_t len, struct reply *reply, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(reply, 0, sizeof(*reply));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_members(object, reply, err);
	json_let_go(object);
	return ok;
}

/* ---- who may log in where ---- */

static bool is_web_address(const char *text)
{
	return (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0) &&
		strchr(text, ' ') == NULL;
}

/* Google says verification_url (without the i). */
static bool read_device(struct json_object *object, struct device_reply *reply)
{
	if (!json_text(object, "device_code", reply->device_code, sizeof(reply->device_code)) ||
		!json_text(object, "user_code", reply->user_code, sizeof(reply->user_code)) ||
		!json_text(object, "verification_uri", reply->verification_uri,
			sizeof(reply->verification_uri)) ||
		!json_text(object, "verification_uri_complete", reply->verification_uri_complete,
			sizeof(reply->verification_uri_complete)))
		return false;
	if (reply->verification_uri[0] == '\0' &&
		!json_text(object, "verification_url", reply->verification_uri,
			sizeof(reply->verification_uri)))
		return false;
	if (!is_web_address(reply->verification_uri_complete))
		reply->verification_uri_complete[0] = '\0';
	reply->expires_in = json_seconds(object, "expires_in", TOKEN_LIFE_MAX);
	reply->interval = json_seconds(object, "interval", TOKEN_LIFE_MAX);
	return reply->device_code[0] != '\0' && reply->user_code[0] != '\0' &&
		is_web_address(reply->verification_uri);
}

bool reply_parse_device(const char *json, size_t len, struct device_reply *reply, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(reply, 0, sizeof(*reply));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_device(object, reply) ||
		error_set(err, ERROR_SERVER,
			"the reply lacks a device_code, user_code or verification_uri that can be "
			"used");
	json_let_go(object);
	return ok;
}

bool reply_parse_identity(
	const char *json, size_t len, struct reply_identity *identity, struct error *err)
{
	static const char *const claims[REPLY_NAMES] = {
		"email", "preferred_username", "upn", "sub"};
	struct json_object *object;

	memset(identity, 0, sizeof(*identity));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	for (int i = 0; i < REPLY_NAMES; i++)
		if (!json_text(object, claims[i], identity->names[i], REPLY_NAME_SIZE))
			identity->names[i][0] = '\0';
	json_let_go(object);
	return true;
}

/* ---- service accounts ---- */

/* PEM has lines, of which JSON keeps the ends. */
static bool read_service_account(struct json_object *object, struct service_account *service)
{
	return json_text(object, "client_email", service->client_email,
		       sizeof(service->client_email)) &&
		json_text(object, "private_key_id", service->private_key_id,
			sizeof(service->private_key_id)) &&
		json_text(object, "token_uri", service->token_uri, sizeof(service->token_uri)) &&
		json_lines(object, "private_key", service->private_key,
			sizeof(service->private_key)) &&
		service->client_email[0] != '\0';
}

bool reply_parse_service_account(
	const char *json, size_t len, struct service_account *service, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(service, 0, sizeof(*service));
	object = json_parse(json, len, err);
	if (object == NULL)
		return error_set(err, ERROR_CONFIG, "is not a JSON object");
	ok = read_service_account(object, service) ||
		error_set(err, ERROR_CONFIG,
			"lacks the client_email or private_key of a service account");
	json_let_go(object);
	return ok;
}

/* ---- what a token says ---- */

/* A text, or a list of texts with blanks between them. */
static void get_claim(struct json_object *object, const char *name, char *text, size_t size)
{
	char word[256];
	size_t used = 0;

	if (text[0] != '\0')
		return;
	json_words(object, name, text, size);
	for (size_t i = 0; used < size && json_element(object, name, i, word, sizeof(word)); i++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

bool reply_parse_claims(
	const char *json, size_t len, struct reply_claims *claims, struct error *err)
{
	static const char *const scopes[] = {"scp", "scope", "roles"};
	static const char *const users[] = {"upn", "unique_name", "email", "sub"};
	struct json_object *object;

	memset(claims, 0, sizeof(*claims));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	get_claim(object, "aud", claims->aud, sizeof(claims->aud));
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		get_claim(object, scopes[i], claims->scope, sizeof(claims->scope));
	get_claim(object, "tid", claims->tenant, sizeof(claims->tenant));
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		get_claim(object, users[i], claims->user, sizeof(claims->user));
	claims->exp = json_seconds(object, "exp", INT64_MAX);
	json_let_go(object);
	return true;
}

/* ---- what other tools keep ---- */

enum { SPELLINGS = 6 };

/* refresh_token in sasl-xoauth2, mutt_oauth2.py and oama; token_uri in Google's own files. */
static const struct {
	size_t offset;
	size_t size;
	const char *names[SPELLINGS + 1];
} foreign_members[] = {
#define MEMBER(name) offsetof(struct foreign_grant, name), sizeof(((struct foreign_grant *)0)->name)
	{MEMBER(refresh_token), {"refresh_token", "refreshToken", "refresh-token"}},
	{MEMBER(client_id), {"client_id", "clientId", "client-id"}},
	{MEMBER(client_secret), {"client_secret", "clientSecret", "client-secret"}},
	{MEMBER(token_endpoint),
		{"token_endpoint", "tokenEndpoint", "token-endpoint", "token_uri", "token_url",
			"tokenUri"}},
	{MEMBER(user), {"user", "email", "username"}},
#undef MEMBER
};

static bool read_foreign(
	struct json_object *object, struct foreign_grant *foreign, struct error *err)
{
	for (size_t i = 0; i < sizeof(foreign_members) / sizeof(foreign_members[0]); i++) {
		char *text = (char *)foreign + foreign_members[i].offset;

		for (const char *const *name = foreign_members[i].names; *name != NULL; name++)
			if (text[0] == '\0' &&
				!json_text(object, *name, text, foreign_members[i].size))
				return error_set(err, ERROR_CONFIG,
					"%s in the file is no text, is too long or has bytes that "
					"it cannot have",
					*name);
	}
	return foreign->refresh_token[0] != '\0' ||
		error_set(err, ERROR_CONFIG, "the file has no refresh_token");
}

bool reply_parse_foreign(
	const char *json, size_t len, struct foreign_grant *foreign, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(foreign, 0, sizeof(*foreign));
	object = json_parse(json, len, err);
	if (object == NULL)
		return err->kind == ERROR_SERVER &&
			error_set(err, ERROR_CONFIG, "the file is not a JSON object");
	ok = read_foreign(object, foreign, err);
	json_let_go(object);
	return ok;
}
