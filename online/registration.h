/* registration.h: a client registers itself (RFC 7591, draft-ietf-mailmaint-oauth-public). */
#ifndef SASLFRESH_REGISTRATION_H
#define SASLFRESH_REGISTRATION_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "config.h"
#include "error.h"

/* Registers a public client at the registration_endpoint of account, which is completed but for
 * its client_id, and adds client_id, and where the server issued or chose them client_secret,
 * token_endpoint_auth_method and redirect_uri, to keys as lines of a configuration. keys then may
 * hold a secret. ERROR_CONFIG where the server does not register strangers. Untouched on failure.
 */
bool registration_register(const struct config *config, const struct account *account,
	struct buffer *keys, struct error *err);

#endif
