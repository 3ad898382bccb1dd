#include "client_file.h"

#include <string.h>
#include <strings.h>

#include "input.h"
#include "json.h"
#include "keyfile.h"
#include "provider.h"

struct client {
	char client_id[1024];
	char client_secret[4096];
	char tenant[256]; /* "" where the file does not tell */
};

static bool unusable(const char *member, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
		"%s in the file is no text, is too long or has bytes that it cannot have", member);
}

/* Whether url is on the host of address; true where either is not known. */
static bool same_host(const char *url, const char *address)
{
	const char *a = strstr(url, "://"), *b = strstr(address, "://");
	size_t len;

	if (a == NULL || b == NULL)
		return true;
	len = strcspn(a + 3, "/?#");
	return len == strcspn(b + 3, "/?#") && strncasecmp(a, b, len + 3) == 0;
}

/* ---- Google ---- */

static bool read_installed(const struct account *account, struct json_object *object,
	struct client *client, struct error *err)
{
	const char *endpoint = account_value(account, ACCOUNT_AUTHORIZATION_ENDPOINT);
	char auth_uri[1024] = "";

	if (!json_text(object, "auth_uri", auth_uri, sizeof(auth_uri)))
		return unusable("auth_uri", err);
	if (!json_text(object, "client_id", client->client_id, sizeof(client->client_id)))
		return unusable("client_id", err);
	if (!json_text(
		    object, "client_secret", client->client_secret, sizeof(client->client_secret)))
		return unusable("client_secret", err);
	if (same_host(auth_uri, endpoint))
		return true;
	error_set(err, ERROR_CONFIG, "the file is of a client for %.200s, but %s logs in at %.200s",
		auth_uri, account->name, endpoint);
	return error_hint(err, "is the provider right? --provider NAME overrules it");
}

static bool refuse_web(const struct account *account, struct error *err)
{
	error_set(err, ERROR_CONFIG,
		"the file is of a client of type Web application, which cannot log in from a "
		"program");
	return error_hint(err, "make one of type Desktop app%s%s, and download its JSON",
		account->values[ACCOUNT_CONSOLE] != NULL ? " at " : "",
		account_value(account, ACCOUNT_CONSOLE));
}

static bool refuse_service_account(const struct account *account, struct error *err)
{
	error_set(err, ERROR_CONFIG,
		"the file is the key of a service account, with which nobody logs in");
	return error_hint(err,
		"for %s make a client of type Desktop app; at Google Workspace the key serves "
		"with `grant_type = jwt_bearer` and `service_account_file = ...`",
		account->name);
}

/* ---- Microsoft ---- */

/* Whom an app is for (signInAudience) says which tenant its users log in at. */
static void choose_tenant(struct json_object *object, struct client *client)
{
	static const char *const audiences[][2] = {
		{"AzureADandPersonalMicrosoftAccount", "common"},
		{"AzureADMultipleOrgs", "organizations"},
		{"PersonalMicrosoftAccount", "consumers"},
	};
	char audience[64] = "";

	json_words(object, "signInAudience", audience, sizeof(audience));
	for (size_t i = 0; i < sizeof(audiences) / sizeof(audiences[0]); i++)
		if (strcmp(audience, audiences[i][0]) == 0)
			keyfile_copy(client->tenant, sizeof(client->tenant), audiences[i][1]);
	if (strcmp(audience, "AzureADMyOrg") == 0)
		json_words(object, "publisherDomain", client->tenant, sizeof(client->tenant));
}

/* The older format has a list of objects; that of an installed client says so in its type. */
static bool is_public(struct json_object *object)
{
	struct json_object *platform = json_member(object, "publicClient"), *reply_url;
	char text[1024];

	if (json_element(platform, "redirectUris", 0, text, sizeof(text)))
		return true;
	for (size_t i = 0; (reply_url = json_item(object, "replyUrlsWithType", i)) != NULL; i++) {
		json_words(reply_url, "type", text, sizeof(text));
		if (strcmp(text, "InstalledClient") == 0)
			return true;
	}
	return false;
}

static bool read_manifest(const struct account *account, struct json_object *object,
	struct client *client, struct error *err)
{
	const char *provider = account_value(account, ACCOUNT_PROVIDER);

	if (*provider != '\0' && strncmp(provider, "microsoft", 9) != 0) {
		error_set(err, ERROR_CONFIG, "the file is of an app of Microsoft, but %s is at %s",
			account->name, provider);
		return error_hint(err, "is the provider right? --provider NAME overrules it");
	}
	if (!is_public(object)) {
		error_set(err, ERROR_CONFIG,
			"the app in the file has no redirect URI of the platform Mobile and "
			"desktop applications");
		return error_hint(err,
			"add http://localhost there (Authentication, Add a platform), and "
			"download the manifest again");
	}
	if (account->values[ACCOUNT_PROVIDER] != NULL)
		choose_tenant(object, client);
	return true;
}

/* ---- the file ---- */

static bool read_object(const struct account *account, struct json_object *object,
	struct client *client, struct error *err)
{
	struct json_object *installed = json_member(object, "installed");
	char type[64] = "";

	json_words(object, "type", type, sizeof(type));
	if (strcmp(type, "service_account") == 0)
		return refuse_service_account(account, err);
	if (installed != NULL)
		return read_installed(account, installed, client, err);
	if (!json_text(object, "appId", client->client_id, sizeof(client->client_id)))
		return unusable("appId", err);
	if (client->client_id[0] != '\0')
		return read_manifest(account, object, client, err);
	if (json_member(object, "web") != NULL)
		return refuse_web(account, err);
	error_set(err, ERROR_CONFIG, "the file describes no client");
	return error_hint(err,
		"it is the JSON that Google's console gives for a Desktop app, or the manifest of "
		"an app in Microsoft Entra");
}

static bool print_key(struct buffer *keys, enum account_key key, const char *value)
{
	if (*value == '\0')
		return true;
	if (*value == ' ' || value[strlen(value) - 1] == ' ')
		return false;
	keyfile_put(keys, account_key_name(key), value);
	return true;
}

static bool print_client(const struct client *client, struct buffer *keys, struct error *err)
{
	if (client->client_id[0] == '\0')
		return error_set(err, ERROR_CONFIG, "the file has no client id");
	return (print_key(keys, ACCOUNT_CLIENT_ID, client->client_id) &&
		       print_key(keys, ACCOUNT_CLIENT_SECRET, client->client_secret) &&
		       print_key(keys, ACCOUNT_TENANT, client->tenant)) ||
		unusable("client_id or client_secret", err);
}

bool client_file_read(struct account *account, int input, struct buffer *keys, struct error *err)
{
	bool has_tenant = account->values[ACCOUNT_TENANT] != NULL;
	struct error incomplete;
	struct buffer text = BUFFER(CLIENT_FILE_MAX), found = BUFFER(keys->max);
	struct client client = {.client_id = ""};
	struct json_object *object = NULL;
	bool ok = input_read_all(input, &text, err);

	(void)account_complete(account, &incomplete);
	if (ok) {
		object = json_parse(text.data, text.len, err);
		if (object == NULL && err->kind == ERROR_SERVER)
			error_set(err, ERROR_CONFIG, "the file is not a JSON object");
		ok = object != NULL && read_object(account, object, &client, err);
		if (has_tenant)
			client.tenant[0] = '\0';
		ok = ok && print_client(&client, &found, err);
	}
	if (ok)
		buffer_add(keys, found.data, found.len);
	if (object != NULL)
		json_let_go(object);
	wipe(&client, sizeof(client));
	buffer_free(&text);
	buffer_free(&found);
	return ok;
}
