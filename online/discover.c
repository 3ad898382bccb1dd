#include "discover.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "crypto.h"
#include "document.h"
#include "metadata.h"
#include "prompt.h"

struct discovery {
	const struct config *config;
	const struct account *account;
	struct buffer *keys;
};

enum found {
	FOUND,	/* a JSON document */
	ABSENT, /* the server has nothing there */
	WRONG,	/* something, but no document to be used */
	SILENT, /* nobody to be trusted answers there */
};

/* err is set unless it is FOUND. The caller frees reply->body. */
static enum found fetch(const struct discovery *discovery, const char *url,
	struct http_reply *reply, struct error *err)
{
	const struct document_request request = {discovery->config, discovery->account, url, NULL};
	bool ok = document_fetch(&request, reply, err);

	if (ok && reply->status == 200)
		return FOUND;
	if (reply->status == 0)
		return SILENT;
	if (reply->status >= 300 && reply->status < 400)
		return WRONG;
	if (ok)
		error_set(err, reply->status >= 500 ? ERROR_TEMPORARY : ERROR_SERVER,
			"%.300s is not there (HTTP %ld)", url, reply->status);
	/* A web site may have a page for every address. */
	return reply->status < 500 ? ABSENT : WRONG;
}

/* ---- an issuer ---- */

enum { URL_SIZE = METADATA_URL_SIZE + 64, PLACES = 2 };

static bool locate(const char *issuer, char urls[PLACES][URL_SIZE])
{
	const char *host = strstr(issuer, "://");
	size_t len = strlen(issuer), base;

	if (host == NULL || len >= METADATA_URL_SIZE || strpbrk(issuer, "?#") != NULL)
		return false;
	base = (size_t)(host - issuer) + 3;
	base += strcspn(issuer + base, "/");
	while (len > base && issuer[len - 1] == '/')
		len--;
	snprintf(urls[0], URL_SIZE, "%.*s/.well-known/oauth-authorization-server%.*s", (int)base,
		issuer, (int)(len - base), issuer + base);
	snprintf(urls[1], URL_SIZE, "%.*s/.well-known/openid-configuration", (int)len, issuer);
	return true;
}

/* A guess has no issuer to compare with but what the address would be made of. */
static bool is_issuer(const char *issuer, const char *named, bool guess)
{
	size_t len = strlen(issuer);

	return strcmp(issuer, named) == 0 ||
		(guess && strncmp(issuer, named, len) == 0 && strcmp(named + len, "/") == 0);
}

static bool check_endpoints(
	const struct discovery *discovery, const struct metadata *metadata, struct error *err)
{
	for (int i = 0; i < METADATA_ENDPOINTS; i++) {
		const char *url = metadata->endpoints[i];

		if (*url != '\0' && !document_is_address(discovery->account, url))
			return error_set(err, ERROR_SERVER,
				"the %s that %.300s names is no https address: %.200s",
				account_key_name(metadata_key((enum metadata_endpoint)i)),
				metadata->issuer, url);
	}
	return true;
}

static bool take_metadata(const struct discovery *discovery, const char *issuer, bool guess,
	const char *url, const struct http_reply *reply, struct error *err)
{
	struct metadata metadata;

	if (!metadata_parse(reply->body.data, reply->body.len, &metadata, err))
		return error_what(err, "%.200s", url);
	if (!document_is_address(discovery->account, metadata.issuer) ||
		!is_issuer(issuer, metadata.issuer, guess)) {
		error_set(err, ERROR_SERVER, "%.300s is about another issuer: %.300s", url,
			metadata.issuer);
		return strchr(metadata.issuer, '{') != NULL
			? error_hint(err, "a server for many tenants: see --provider and --tenant")
			: error_hint(err, "if that is the right one, say --issuer with it");
	}
	if (!check_endpoints(discovery, &metadata, err))
		return false;
	metadata_print(&metadata, discovery->account, discovery->keys);
	return true;
}

/* Gives FOUND only with the keys added, and the failure that tells most otherwise. */
static enum found try_issuer(
	const struct discovery *discovery, const char *issuer, bool guess, struct error *err)
{
	char urls[PLACES][URL_SIZE];
	enum found found = ABSENT;

	if (!document_is_address(discovery->account, issuer) || !locate(issuer, urls)) {
		error_set(err, ERROR_CONFIG, "%.300s cannot be an issuer", issuer);
		error_hint(err, "an issuer is an https address without `?`");
		return WRONG;
	}
	for (int i = 0; i < PLACES; i++) {
		struct http_reply reply = {0};
		struct error why = {0};
		enum found here = fetch(discovery, urls[i], &reply, &why);
		bool documented = here == FOUND;

		if (documented && !take_metadata(discovery, issuer, guess, urls[i], &reply, &why))
			here = WRONG;
		buffer_free(&reply.body);
		if (here == FOUND)
			return FOUND;
		if (i == 0 || (found == ABSENT && here != ABSENT))
			*err = why;
		if (found == ABSENT || here == SILENT)
			found = here;
		if (documented || here == SILENT)
			break;
	}
	return found;
}

bool discover_issuer(const struct config *config, const struct account *account, const char *issuer,
	struct buffer *keys, struct error *err)
{
	const struct discovery discovery = {config, account, keys};

	return try_issuer(&discovery, issuer, false, err) == FOUND;
}

/* ---- a domain ---- */

/* "v=UAAC1; a=sha256; d=BASE64": true if d is the digest, in base64url without padding. */
static bool vouches(const char *text, const char *digest)
{
	const char *tag = strstr(text, "d=");
	size_t i = 0;

	if (strncmp(text, "v=UAAC1;", 8) != 0 || strstr(text, "a=sha256") == NULL || tag == NULL)
		return false;
	for (tag += 2; digest[i] != '\0'; i++)
		if (tag[i] != digest[i] && !(tag[i] == '+' && digest[i] == '-') &&
			!(tag[i] == '/' && digest[i] == '_'))
			return false;
	return tag[i + strspn(tag + i, "=; ")] == '\0';
}

/* The DNS of the domain must name the digest of the document: a host of that name alone is no proof
 * that whoever owns the domain wants to speak here. */
static bool check_digest(
	const char *domain, const char *url, const struct http_reply *reply, struct error *err)
{
	struct buffer text = BUFFER(64);
	unsigned char digest[CRYPTO_HASH_SIZE];
	char name[DNS_NAME_SIZE + 32];
	struct dns_texts texts;
	bool ok = false;

	snprintf(name, sizeof(name), "_ua-auto-config.%s", domain);
	if (!crypto_hash(buffer_text(&reply->body), digest, err) ||
		!dns_read_texts(name, &texts, err))
		return false;
	base64_encode(&text, digest, sizeof(digest));
	for (size_t i = 0; !ok && i < texts.count; i++)
		ok = vouches(texts.texts[i], buffer_text(&text));
	buffer_free(&text);
	return ok ||
		error_set(err, ERROR_SERVER,
			"%.300s is not what the TXT record of %.200s vouches for", url, name);
}

/* Unless it is FOUND, the domain says nothing about OAuth 2.0 there, or (WRONG) what cannot be
 * used.
 */
static enum found try_pacc(const struct discovery *discovery, const char *domain, struct error *err)
{
	char url[DNS_NAME_SIZE + 80];
	struct http_reply reply = {0};
	struct metadata_domain found;
	enum found result;

	snprintf(url, sizeof(url), "https://ua-auto-config.%s/.well-known/%s", domain,
		"user-agent-configuration.json");
	result = fetch(discovery, url, &reply, err);
	if (result == FOUND && !check_digest(domain, url, &reply, err))
		result = WRONG;
	if (result == FOUND &&
		!metadata_parse_domain(reply.body.data, reply.body.len, &found, err)) {
		error_what(err, "%.200s", url);
		result = WRONG;
	}
	buffer_free(&reply.body);
	if (result != FOUND)
		return result;
	if (found.issuer[0] == '\0')
		return ABSENT;
	if (try_issuer(discovery, found.issuer, false, err) != FOUND)
		return WRONG;
	metadata_print_domain(&found, discovery->account, discovery->keys);
	prompt_say(
		"%s publishes that %s logs its mail users in (%s).\n", domain, found.issuer, url);
	return FOUND;
}

static enum found try_host(const struct discovery *discovery, const char *host, struct error *err)
{
	char issuer[DNS_NAME_SIZE + 16];
	enum found result;

	snprintf(issuer, sizeof(issuer), "https://%s", host);
	result = try_issuer(discovery, issuer, true, err);
	if (result == FOUND)
		prompt_say("%s is an authorization server: it publishes its metadata.\n", issuer);
	return result;
}

static bool is_inside(const char *host, const char *domain)
{
	size_t host_len = strlen(host), len = strlen(domain);

	return host_len > len && host[host_len - len - 1] == '.' &&
		strcmp(host + host_len - len, domain) == 0;
}

bool discover_domain(const struct config *config, const struct account *account, const char *domain,
	const struct dns_mx *mx, struct buffer *keys, struct error *err)
{
	const struct discovery discovery = {config, account, keys};
	struct error why = {0};
	enum found found = try_pacc(&discovery, domain, err);

	if (found == FOUND || found == WRONG)
		return found == FOUND;
	found = try_host(&discovery, domain, err);
	for (size_t i = 0; found != FOUND && i < mx->count && i < 2; i++)
		if (is_inside(mx->exchanges[i].host, domain)) {
			enum found there = try_host(&discovery, mx->exchanges[i].host, &why);

			if (there == FOUND || (there == WRONG && found != WRONG)) {
				found = there;
				*err = why;
			}
		}
	/* That nobody is there is nothing that passes. */
	if (found == SILENT)
		err->kind = ERROR_CONFIG;
	return found == FOUND;
}
