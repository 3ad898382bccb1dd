/* wire.h: what goes to a mail server for an account, and what its refusal is called. Pure. */
#ifndef SASLFRESH_WIRE_H
#define SASLFRESH_WIRE_H

#include <stdbool.h>

#include "account.h"
#include "bearer.h"
#include "error.h"
#include "token.h"

struct wire_server {
	const char *host;    /* as the program named it; NULL: it did not */
	const char *port;    /* decimal digits; NULL: unknown */
	const char *service; /* SASL's name of it: "imap", "smtp" ...; NULL: unknown */
};

/* Adds the initial response to response. ERROR_CONFIG if the token may not be sent to this server
 * (`hosts` of the account, or of its token), or if a part of it cannot be sent at all. */
bool wire_respond(enum bearer_mechanism mechanism, const struct account *account,
	const struct token *token, const struct wire_server *server, struct buffer *response,
	struct error *err);

/* The failure that the len octets of an error challenge stand for: ERROR_REFUSED with status and
 * scope. response is what was sent; its access token is not repeated. */
void wire_refused(const char *account, const struct wire_server *server,
	const struct buffer *response, const char *challenge, size_t len, struct error *err);

#endif
