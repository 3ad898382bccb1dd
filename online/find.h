/* find.h: the authorization server of an account that only its address is known of. Asked in this
 * order, and the first who knows ends it: the keys that are set, the presets' domains, the MX hosts
 * of the domain against the presets, the metadata that the domain publishes (discover.h). */
#ifndef SASLFRESH_FIND_H
#define SASLFRESH_FIND_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "config.h"
#include "error.h"

/* Finds the authorization server of account (its name is the mail address; keys that are set, such
 * as provider, issuer, tenant, ca_file, http_loopback, proxy, overrule what would be found) and
 * adds what the account lacks to keys, as lines of a configuration: `provider = NAME`, or issuer
 * and endpoints (and scope, hosts, imap, smtp, pop as far as known). Says on standard error what
 * was found and why. ERROR_CONFIG where nobody knows the domain, or its provider has no OAuth 2.0
 * for mail: then with the page for app passwords. keys is untouched on failure. */
bool find_provider(const struct config *config, const struct account *account, struct buffer *keys,
	struct error *err);

#endif
