/* discover.h: the authorization server that an issuer identifier or a mail domain names. Redirects
 * are not followed, and the issuer that a document names must be, octet by octet, the one that was
 * asked (RFC 8414 s.3.3). */
#ifndef SASLFRESH_DISCOVER_H
#define SASLFRESH_DISCOVER_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "config.h"
#include "dns.h"
#include "error.h"

/* Reads the metadata of issuer, at the place of RFC 8414 (s.3.1: well-known before the path) and
 * then that of OpenID Connect Discovery (s.4: behind it), and adds to keys what account lacks. */
bool discover_issuer(const struct config *config, const struct account *account, const char *issuer,
	struct buffer *keys, struct error *err);

/* Asks domain itself: first for draft-ietf-mailmaint-pacc, whose document the DNS must vouch for
 * and which names the mail servers too; then for the metadata of https://DOMAIN and of those of its
 * mail exchangers that are in the domain. Says what it found. */
bool discover_domain(const struct config *config, const struct account *account, const char *domain,
	const struct dns_mx *mx, struct buffer *keys, struct error *err);

#endif
