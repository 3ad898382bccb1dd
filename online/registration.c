#include "registration.h"

#include <string.h>
#include <time.h>

#include "consent.h"
#include "document.h"
#include "json.h"
#include "prompt.h"
#include "redirect.h"
#include "token.h"

enum { REQUEST_MAX = 16 * 1024 };

/* What every copy of this program is known as (RFC 7591 s.2). */
static const char software_id[] = "1e89bcd8-2da4-46da-b8a5-443dd84ff027";

/* Where a login listens; the port is not a part of it (RFC 8252 s.7.3). Some servers know the first
 * alone, some the second. */
static const char *const redirect_uris[] = {
	"http://127.0.0.1/callback", "http://localhost/callback", NULL};

struct client {
	char client_id[1024];
	char client_secret[4096];
	char method[64];
	char redirect_uri[CONSENT_URI_SIZE];
	int64_t secret_ends; /* seconds since 1970; 0: never */
};

/* ---- the request ---- */

static void add_member(struct buffer *json, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	buffer_puts(json, ",");
	json_quote(json, name);
	buffer_puts(json, ":");
	json_quote(json, value);
}

static void add_list(struct buffer *json, const char *name, const char *const *words)
{
	buffer_puts(json, ",");
	json_quote(json, name);
	buffer_puts(json, ":[");
	for (size_t i = 0; words[i] != NULL; i++) {
		buffer_puts(json, i > 0 ? "," : "");
		json_quote(json, words[i]);
	}
	buffer_puts(json, "]");
}

static void write_request(const struct account *account, struct buffer *json)
{
	const char *const ours[] = {account_value(account, ACCOUNT_REDIRECT_URI), NULL};
	const char *const grants[] = {"authorization_code", "refresh_token",
		account->values[ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT] != NULL
			? "urn:ietf:params:oauth:grant-type:device_code"
			: NULL,
		NULL};
	const char *const responses[] = {"code", NULL};
	struct buffer scope = BUFFER(TOKEN_SCOPE_MAX);

	consent_scope(account, &scope);
	buffer_puts(json, "{\"client_name\":\"saslfresh\"");
	add_member(json, "software_id", software_id);
	add_member(json, "software_version", SASLFRESH_VERSION);
	add_member(json, "application_type", "native");
	add_member(json, "token_endpoint_auth_method", "none");
	add_list(json, "redirect_uris", *ours[0] != '\0' ? ours : redirect_uris);
	add_list(json, "grant_types", grants);
	add_list(json, "response_types", responses);
	add_member(json, "scope", buffer_text(&scope));
	buffer_puts(json, "}");
	buffer_free(&scope);
}

/* ---- the answer ---- */

/* RFC 7591 s.3.2.2, and servers that let only those register who have a token for it. */
static bool judge_refusal(const struct http_reply *reply, struct error *err)
{
	struct json_object *object;
	struct error unread;
	char error[64] = "", words[512] = "";

	object =
		reply->body.len > 0 ? json_parse(reply->body.data, reply->body.len, &unread) : NULL;
	if (object != NULL) {
		json_words(object, "error", error, sizeof(error));
		json_words(object, "error_description", words, sizeof(words));
		json_let_go(object);
	}
	if (reply->status == 429 || reply->status >= 500)
		return error_set(err, ERROR_TEMPORARY, "%s registers nobody for now (HTTP %ld)",
			reply->host, reply->status);
	error_set(err, ERROR_CONFIG, "%s refuses to register a client (HTTP %ld%s%s%s%s)",
		reply->host, reply->status, *error != '\0' ? ", " : "", error,
		*words != '\0' ? ": " : "", words);
	if (strcmp(error, "invalid_redirect_uri") == 0)
		return error_hint(err,
			"it takes other addresses than http://127.0.0.1: try `redirect_uri = ...`");
	if (strcmp(error, "invalid_client_metadata") == 0)
		return error_hint(err,
			"it may not know the scope: try another `scope`, or ask its administrator "
			"for a client_id");
	return error_hint(err, "ask its administrator for a client_id, and set it");
}

/* The redirect URI that the server registered: one of ours, or another one to this machine, which
 * is what becomes of 127.0.0.1 at servers that call it localhost. */
static bool read_redirect_uri(
	const struct account *account, struct json_object *object, struct client *client)
{
	const char *own = account_value(account, ACCOUNT_REDIRECT_URI);
	char uri[CONSENT_URI_SIZE];

	for (size_t i = 0; json_element(object, "redirect_uris", i, uri, sizeof(uri)); i++) {
		bool ours = strcmp(uri, *own != '\0' ? own : redirect_uris[0]) == 0;

		if ((!ours && !redirect_is_local(uri)) || strpbrk(uri, " #{") != NULL)
			continue;
		if (ours || client->redirect_uri[0] == '\0')
			keyfile_copy(client->redirect_uri, sizeof(client->redirect_uri), uri);
		if (ours)
			return true;
	}
	if (!json_element(object, "redirect_uris", 0, uri, sizeof(uri)))
		keyfile_copy(client->redirect_uri, sizeof(client->redirect_uri),
			*own != '\0' ? own : redirect_uris[0]);
	return client->redirect_uri[0] != '\0';
}

/* RFC 7591 s.2: what is not said is client_secret_basic. */
static bool read_method(struct json_object *object, struct client *client)
{
	if (!json_text(
		    object, "token_endpoint_auth_method", client->method, sizeof(client->method)))
		return false;
	if (client->method[0] == '\0')
		keyfile_copy(client->method, sizeof(client->method),
			client->client_secret[0] != '\0' ? "client_secret_basic" : "none");
	if (strcmp(client->method, "none") == 0) {
		wipe(client->client_secret, sizeof(client->client_secret));
		return true;
	}
	return client->client_secret[0] != '\0' &&
		list_contains("client_secret_post client_secret_basic", client->method);
}

static bool read_client(const struct account *account, struct json_object *object,
	struct client *client, struct error *err)
{
	if (!json_text(object, "client_id", client->client_id, sizeof(client->client_id)) ||
		client->client_id[0] == '\0')
		return error_set(err, ERROR_SERVER, "the answer has no client_id that can be used");
	if (!json_text(
		    object, "client_secret", client->client_secret, sizeof(client->client_secret)))
		return error_set(
			err, ERROR_SERVER, "the answer has a client_secret that cannot be used");
	if (!read_method(object, client))
		return error_set(err, ERROR_SERVER,
			"the client was registered with the authentication `%s`, which it "
			"cannot do",
			client->method);
	if (!read_redirect_uri(account, object, client))
		return error_set(err, ERROR_SERVER,
			"the client was registered without a redirect URI to this machine");
	client->secret_ends = json_seconds(object, "client_secret_expires_at", INT64_MAX / 2);
	return true;
}

static bool read_answer(const struct account *account, const struct http_reply *reply,
	struct client *client, struct error *err)
{
	struct json_object *object = json_parse(reply->body.data, reply->body.len, err);
	bool ok = object != NULL && read_client(account, object, client, err);

	if (object != NULL)
		json_let_go(object);
	return ok;
}

/* ---- the keys ---- */

/* Blanks at an end would be lost, and a comment is only one at the beginning of its line. */
static bool is_kept(const char *value)
{
	return value[0] != ' ' && (value[0] == '\0' || value[strlen(value) - 1] != ' ');
}

static void print(struct buffer *keys, enum account_key key, const char *value)
{
	buffer_puts(keys, account_key_name(key));
	buffer_puts(keys, " = ");
	buffer_puts(keys, value);
	buffer_puts(keys, "\n");
}

static bool print_client(const struct account *account, const struct client *client,
	struct buffer *keys, struct error *err)
{
	struct buffer text = BUFFER(keys->max);
	bool ok;

	if (!is_kept(client->client_id) || !is_kept(client->client_secret))
		return error_set(err, ERROR_SERVER,
			"the answer has a client_id or client_secret that begins or ends with a "
			"blank");
	print(&text, ACCOUNT_CLIENT_ID, client->client_id);
	if (client->client_secret[0] != '\0')
		print(&text, ACCOUNT_CLIENT_SECRET, client->client_secret);
	if (account->values[ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD] == NULL ||
		strcmp(account->values[ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD], client->method) != 0)
		print(&text, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD, client->method);
	if (strcmp(account_value(account, ACCOUNT_REDIRECT_URI), client->redirect_uri) != 0)
		print(&text, ACCOUNT_REDIRECT_URI, client->redirect_uri);
	if (buffer_ok(&text))
		buffer_puts(keys, buffer_text(&text));
	ok = (buffer_ok(&text) && buffer_ok(keys)) ||
		error_set(err, ERROR_SERVER, "what was registered is too long");
	buffer_free(&text);
	return ok;
}

static void say(
	const struct account *account, const struct http_reply *reply, const struct client *client)
{
	time_t end = (time_t)client->secret_ends;
	struct tm day;
	char text[32];

	prompt_say("%s has registered a client for %s.\n", reply->host, account->name);
	if (client->client_secret[0] != '\0' && end > 0 && gmtime_r(&end, &day) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%d", &day) > 0)
		prompt_say("Its secret ends on %s.\n", text);
}

bool registration_register(const struct config *config, const struct account *account,
	struct buffer *keys, struct error *err)
{
	const char *url = account_value(account, ACCOUNT_REGISTRATION_ENDPOINT);
	struct buffer json = BUFFER(REQUEST_MAX);
	struct http_reply reply = {0};
	struct client client = {.client_id = ""};
	bool ok = true;

	if (*url == '\0') {
		error_set(err, ERROR_CONFIG, "the server registers no clients by itself");
		ok = error_hint(err, "register one by hand and add `client_id = ...`");
	}
	write_request(account, &json);
	if (ok && !buffer_ok(&json))
		ok = error_set(err, ERROR_CONFIG, "the scope is too long");
	if (ok) {
		const struct document_request request = {config, account, url, buffer_text(&json)};

		ok = document_fetch(&request, &reply, err);
		if (reply.status >= 400)
			ok = judge_refusal(&reply, err);
		ok = ok && read_answer(account, &reply, &client, err) &&
			print_client(account, &client, keys, err);
		if (ok)
			say(account, &reply, &client);
	}
	buffer_free(&json);
	buffer_free(&reply.body);
	wipe(&client, sizeof(client));
	return ok || error_what(err, "cannot register a client for %.200s", account->name);
}
