/* metadata.h: what an authorization server publishes of itself (RFC 8414, OpenID Connect Discovery
 * 1.0), and what a mail domain does (draft-ietf-mailmaint-pacc). Pure. */
#ifndef SASLFRESH_METADATA_H
#define SASLFRESH_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

enum { METADATA_URL_SIZE = 1024, METADATA_HOST_SIZE = 256, METADATA_SCOPE_SIZE = 256 };

enum metadata_endpoint {
	METADATA_AUTHORIZATION,
	METADATA_TOKEN,
	METADATA_DEVICE,
	METADATA_REVOCATION,
	METADATA_USERINFO,
	METADATA_REGISTRATION,
	METADATA_ENDPOINTS,
};

struct metadata {
	char issuer[METADATA_URL_SIZE];
	char endpoints[METADATA_ENDPOINTS][METADATA_URL_SIZE]; /* "": none */
	char scope[METADATA_SCOPE_SIZE];       /* what mail needs, as far as it is known by name */
	char login_scope[METADATA_SCOPE_SIZE]; /* what tells who signed in */
};

/* Reads a document. ERROR_SERVER where it is no JSON object, or lacks the issuer, the token
 * endpoint or any endpoint at which a person could log in, or has one that cannot be used. */
bool metadata_parse(const char *json, size_t len, struct metadata *metadata, struct error *err);

/* Adds the keys that account lacks, as lines of a configuration. */
void metadata_print(
	const struct metadata *metadata, const struct account *account, struct buffer *keys);

/* The key of an endpoint. */
enum account_key metadata_key(enum metadata_endpoint endpoint);

enum metadata_service { METADATA_IMAP, METADATA_POP, METADATA_SMTP, METADATA_SERVICES };

struct metadata_domain {
	char issuer[METADATA_URL_SIZE]; /* "": no OAuth 2.0 for clients that register themselves */
	char hosts[METADATA_SERVICES][METADATA_HOST_SIZE]; /* "": none */
};

/* Reads user-agent-configuration.json. */
bool metadata_parse_domain(
	const char *json, size_t len, struct metadata_domain *domain, struct error *err);

/* Adds the mail servers that account lacks, on the ports of the draft (with TLS from the start). */
void metadata_print_domain(
	const struct metadata_domain *domain, const struct account *account, struct buffer *keys);

#endif
