#include "reply.h"

#include <json-c/json.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { JSON_DEPTH = 16 };

/* Text of a member; false if it is there and not a string that fits and has only VSCHAR. */
static bool get_text(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *member;
	const char *value;
	size_t len;

	if (!json_object_object_get_ex(object, name, &member) || member == NULL)
		return true;
	if (!json_object_is_type(member, json_type_string))
		return false;
	value = json_object_get_string(member);
	len = (size_t)json_object_get_string_len(member);
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || (unsigned char)value[i] > 0x7e)
			return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return true;
}

/* Text to be shown: cut to fit, other bytes as '?'. */
static void get_words(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *member;
	const char *value;
	size_t len;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_string))
		return;
	value = json_object_get_string(member);
	len = (size_t)json_object_get_string_len(member);
	if (len >= size)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)value[i] >= 0x20 && (unsigned char)value[i] <= 0x7e
			? value[i]
			: '?';
	text[len] = '\0';
}

/* A positive number of seconds, also from a string or a fraction; 0 for anything else. */
static int64_t get_seconds(struct json_object *object, const char *name)
{
	struct json_object *member;
	double seconds = 0;
	char *stop;

	if (!json_object_object_get_ex(object, name, &member))
		return 0;
	if (json_object_is_type(member, json_type_string)) {
		const char *text = json_object_get_string(member);

		seconds = strtod(text, &stop);
		if (stop != text + json_object_get_string_len(member))
			return 0;
	} else if (json_object_is_type(member, json_type_int) ||
		json_object_is_type(member, json_type_double)) {
		seconds = json_object_get_double(member);
	}
	if (!(seconds >= 1))
		return 0;
	return seconds < TOKEN_LIFE_MAX ? (int64_t)seconds : TOKEN_LIFE_MAX;
}

static int64_t earliest(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static bool check_type(struct json_object *object, struct error *err)
{
	char type[64] = "";

	if (!get_text(object, "token_type", type, sizeof(type)))
		return error_set(err, ERROR_SERVER, "the token_type in the reply is no word");
	if (type[0] == '\0' || strcasecmp(type, "bearer") == 0)
		return true;
	return error_set(err, ERROR_SERVER, "the reply's token_type is `%s`, not bearer", type);
}

static bool read_members(struct json_object *object, struct reply *reply, struct error *err)
{
	bool refresh_ok = get_text(
		object, "refresh_token", reply->refresh_token, sizeof(reply->refresh_token));
	bool access_ok = get_text(object, "access_token", reply->access_token,
				 sizeof(reply->access_token)) &&
		(reply->access_token[0] == '\0' || token_is_sendable(reply->access_token));

	reply->expires_in = get_seconds(object, "expires_in");
	if (reply->expires_in == 0)
		reply->expires_in = TOKEN_LIFE_DEFAULT;
	reply->refresh_token_expires_in = earliest(get_seconds(object, "refresh_token_expires_in"),
		earliest(get_seconds(object, "refresh_token_timeout"),
			get_seconds(object, "authorization_expires_in")));
	get_words(object, "error", reply->error, sizeof(reply->error));
	get_words(object, "suberror", reply->suberror, sizeof(reply->suberror));
	if (reply->suberror[0] == '\0')
		get_words(object, "error_subtype", reply->suberror, sizeof(reply->suberror));
	get_words(object, "error_description", reply->error_description,
		sizeof(reply->error_description));
	if (!get_text(object, "scope", reply->scope, sizeof(reply->scope)))
		reply->scope[0] = '\0';
	if (!get_text(object, "id_token", reply->id_token, sizeof(reply->id_token)))
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

/* What is freed is wiped first where we can reach it. */
static void wipe_strings(struct json_object *object)
{
	json_object_object_foreach(object, name, member)
	{
		(void)name;
		if (json_object_is_type(member, json_type_string))
			explicit_bzero((char *)json_object_get_string(member),
				(size_t)json_object_get_string_len(member));
	}
}

/* An object of len octets, or NULL with err set; let go with let_go. */
static struct json_object *parse(const char *json, size_t len, struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *object = NULL;

	if (tokener == NULL) {
		error_set(err, ERROR_SYSTEM, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* A NUL would end the text for json-c. */
	if (memchr(json, '\0', len) == NULL)
		object = json_tokener_parse_ex(tokener, json, (int)len);
	json_tokener_free(tokener);
	if (object != NULL && json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	error_set(err, ERROR_SERVER, "the reply is not a JSON object");
	return NULL;
}

static void let_go(struct json_object *object)
{
	wipe_strings(object);
	json_object_put(object);
}

bool reply_parse(const char *json, size_t len, struct reply *reply, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(reply, 0, sizeof(*reply));
	object = parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_members(object, reply, err);
	let_go(object);
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
	if (!get_text(object, "device_code", reply->device_code, sizeof(reply->device_code)) ||
		!get_text(object, "user_code", reply->user_code, sizeof(reply->user_code)) ||
		!get_text(object, "verification_uri", reply->verification_uri,
			sizeof(reply->verification_uri)) ||
		!get_text(object, "verification_uri_complete", reply->verification_uri_complete,
			sizeof(reply->verification_uri_complete)))
		return false;
	if (reply->verification_uri[0] == '\0' &&
		!get_text(object, "verification_url", reply->verification_uri,
			sizeof(reply->verification_uri)))
		return false;
	if (!is_web_address(reply->verification_uri_complete))
		reply->verification_uri_complete[0] = '\0';
	reply->expires_in = get_seconds(object, "expires_in");
	reply->interval = get_seconds(object, "interval");
	return reply->device_code[0] != '\0' && reply->user_code[0] != '\0' &&
		is_web_address(reply->verification_uri);
}

bool reply_parse_device(const char *json, size_t len, struct device_reply *reply, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(reply, 0, sizeof(*reply));
	object = parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_device(object, reply) ||
		error_set(err, ERROR_SERVER,
			"the reply lacks a device_code, user_code or verification_uri that can be "
			"used");
	let_go(object);
	return ok;
}

bool reply_parse_identity(
	const char *json, size_t len, struct reply_identity *identity, struct error *err)
{
	static const char *const claims[REPLY_NAMES] = {
		"email", "preferred_username", "upn", "sub"};
	struct json_object *object;

	memset(identity, 0, sizeof(*identity));
	object = parse(json, len, err);
	if (object == NULL)
		return false;
	for (int i = 0; i < REPLY_NAMES; i++)
		if (!get_text(object, claims[i], identity->names[i], REPLY_NAME_SIZE))
			identity->names[i][0] = '\0';
	let_go(object);
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
				!get_text(object, *name, text, foreign_members[i].size))
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
	object = parse(json, len, err);
	if (object == NULL)
		return err->kind == ERROR_SERVER &&
			error_set(err, ERROR_CONFIG, "the file is not a JSON object");
	ok = read_foreign(object, foreign, err);
	let_go(object);
	return ok;
}
