#include "metadata.h"

#include <string.h>

#include "json.h"

static const struct {
	const char *name;
	enum account_key key;
} endpoints[METADATA_ENDPOINTS] = {
	[METADATA_AUTHORIZATION] = {"authorization_endpoint", ACCOUNT_AUTHORIZATION_ENDPOINT},
	[METADATA_TOKEN] = {"token_endpoint", ACCOUNT_TOKEN_ENDPOINT},
	[METADATA_DEVICE] = {"device_authorization_endpoint",
		ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT},
	[METADATA_REVOCATION] = {"revocation_endpoint", ACCOUNT_REVOCATION_ENDPOINT},
	[METADATA_USERINFO] = {"userinfo_endpoint", ACCOUNT_USERINFO_ENDPOINT},
	[METADATA_REGISTRATION] = {"registration_endpoint", ACCOUNT_REGISTRATION_ENDPOINT},
};

enum account_key metadata_key(enum metadata_endpoint endpoint)
{
	return endpoints[endpoint].key;
}

/* Adds word to a list in text if the server offers it; both fit by their sizes. */
static void offer(struct json_object *object, const char *word, char text[METADATA_SCOPE_SIZE])
{
	size_t len = strlen(text);

	if (json_contains(object, "scopes_supported", word) &&
		len + strlen(word) + 2 <= METADATA_SCOPE_SIZE) {
		if (len > 0)
			text[len++] = ' ';
		memcpy(text + len, word, strlen(word) + 1);
	}
}

/* The scope for mail has a name since draft-ietf-mailmaint-oauth-public; many servers of one's own
 * simply call it mail. */
static void choose_scopes(struct json_object *object, struct metadata *metadata)
{
	offer(object, "urn:ietf:params:oauth:scope:mail", metadata->scope);
	if (metadata->scope[0] == '\0')
		offer(object, "mail", metadata->scope);
	offer(object, "offline_access", metadata->scope);
	offer(object, "openid", metadata->login_scope);
	if (metadata->login_scope[0] != '\0')
		offer(object, "email", metadata->login_scope);
}

static bool lacks(const char *name, struct error *err)
{
	return error_set(err, ERROR_SERVER, "the metadata has no %s that can be used", name);
}

static bool read_metadata(struct json_object *object, struct metadata *metadata, struct error *err)
{
	if (!json_text(object, "issuer", metadata->issuer, METADATA_URL_SIZE) ||
		metadata->issuer[0] == '\0')
		return lacks("issuer", err);
	for (int i = 0; i < METADATA_ENDPOINTS; i++)
		if (!json_text(
			    object, endpoints[i].name, metadata->endpoints[i], METADATA_URL_SIZE))
			return lacks(endpoints[i].name, err);
	if (metadata->endpoints[METADATA_TOKEN][0] == '\0')
		return lacks("token_endpoint", err);
	if (metadata->endpoints[METADATA_AUTHORIZATION][0] == '\0' &&
		metadata->endpoints[METADATA_DEVICE][0] == '\0')
		return lacks("authorization_endpoint", err);
	choose_scopes(object, metadata);
	return true;
}

bool metadata_parse(const char *json, size_t len, struct metadata *metadata, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(metadata, 0, sizeof(*metadata));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_metadata(object, metadata, err);
	json_let_go(object);
	return ok;
}

static void print(
	const struct account *account, enum account_key key, const char *value, struct buffer *keys)
{
	if (account->values[key] != NULL || *value == '\0')
		return;
	buffer_puts(keys, account_key_name(key));
	buffer_puts(keys, " = ");
	buffer_puts(keys, value);
	buffer_puts(keys, "\n");
}

void metadata_print(
	const struct metadata *metadata, const struct account *account, struct buffer *keys)
{
	print(account, ACCOUNT_ISSUER, metadata->issuer, keys);
	for (int i = 0; i < METADATA_ENDPOINTS; i++)
		print(account, endpoints[i].key, metadata->endpoints[i], keys);
	print(account, ACCOUNT_SCOPE, metadata->scope, keys);
	print(account, ACCOUNT_LOGIN_SCOPE, metadata->login_scope, keys);
	/* OpenID Connect Core s.11: without it no such server gives a refresh token. */
	if (list_contains(metadata->scope, "offline_access") &&
		list_contains(metadata->login_scope, "openid"))
		print(account, ACCOUNT_AUTHORIZATION_PARAMETERS, "prompt=consent", keys);
}

/* ---- a mail domain ---- */

static const struct {
	const char *names[2]; /* as of the draft's later and earlier versions */
	enum account_key key;
	const char *port;
} services[METADATA_SERVICES] = {
	[METADATA_IMAP] = {{"imap", NULL}, ACCOUNT_IMAP, ":993"},
	[METADATA_POP] = {{"pop3", NULL}, ACCOUNT_POP, ":995"},
	[METADATA_SMTP] = {{"submit", "smtp"}, ACCOUNT_SMTP, ":465"},
};

static bool is_host(const char *host)
{
	return strchr(host, '.') != NULL && host[0] != '.' &&
		host[strspn(host,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")] ==
		'\0';
}

static bool read_domain(
	struct json_object *object, struct metadata_domain *domain, struct error *err)
{
	struct json_object *protocols = json_member(object, "protocols");
	struct json_object *oauth =
		json_member(json_member(object, "authentication"), "oauth-public");

	if (oauth != NULL &&
		(!json_text(oauth, "issuer", domain->issuer, METADATA_URL_SIZE) ||
			domain->issuer[0] == '\0'))
		return error_set(err, ERROR_SERVER, "it has no issuer that can be used");
	for (int i = 0; i < METADATA_SERVICES; i++)
		for (int j = 0; j < 2 && services[i].names[j] != NULL; j++) {
			char *host = domain->hosts[i];
			struct json_object *service = json_member(protocols, services[i].names[j]);

			if (service == NULL || *host != '\0')
				continue;
			if (!json_text(service, "host", host, METADATA_HOST_SIZE) || !is_host(host))
				return error_set(err, ERROR_SERVER,
					"the host it has for %s cannot be used",
					services[i].names[j]);
		}
	return true;
}

bool metadata_parse_domain(
	const char *json, size_t len, struct metadata_domain *domain, struct error *err)
{
	struct json_object *object;
	bool ok;

	memset(domain, 0, sizeof(*domain));
	object = json_parse(json, len, err);
	if (object == NULL)
		return false;
	ok = read_domain(object, domain, err);
	json_let_go(object);
	return ok;
}

void metadata_print_domain(
	const struct metadata_domain *domain, const struct account *account, struct buffer *keys)
{
	struct buffer text = BUFFER(METADATA_SERVICES * (METADATA_HOST_SIZE + 8));

	for (int i = 0; i < METADATA_SERVICES; i++) {
		if (domain->hosts[i][0] == '\0')
			continue;
		buffer_puts(&text, text.len > 0 ? " " : "");
		buffer_puts(&text, domain->hosts[i]);
	}
	print(account, ACCOUNT_HOSTS, buffer_text(&text), keys);
	buffer_free(&text);
	for (int i = 0; i < METADATA_SERVICES; i++) {
		if (domain->hosts[i][0] == '\0')
			continue;
		buffer_puts(&text, domain->hosts[i]);
		buffer_puts(&text, services[i].port);
		print(account, services[i].key, buffer_text(&text), keys);
		buffer_free(&text);
	}
}
