/* grant.h: the requests of RFC 6749 and what their answers mean for us. */
#ifndef SASLFRESH_GRANT_H
#define SASLFRESH_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "buffer.h"
#include "config.h"
#include "error.h"
#include "reply.h"

struct grant_request {
	const struct config *config;   /* timeouts */
	const struct account *account; /* completed */
	const struct buffer *secret;   /* see credential.h; empty: a public client */
	const char *scope;	       /* what was granted; asked for where none is configured */
	int64_t consented_at;	       /* when a person logged in; 0: not known */
	int64_t now;
};

/* What the answer says besides its JSON. */
struct grant_notes {
	bool answered;	     /* somebody did answer: the failure is worth remembering */
	int64_t date;	     /* the server's clock; 0 if it gave none */
	int64_t retry_after; /* seconds; -1 if it gave none */
};

/* Asks for an access token (RFC 6749 s.6). Reply is filled also on failure, as far as it could be
 * read: a refresh token in it was issued and must be kept. The kind of the failure says what to do:
 * ERROR_LOGIN the grant is dead, ERROR_CONFIG the client or the request is wrong,
 * ERROR_TEMPORARY and ERROR_SERVER nothing is known about the grant. */
bool grant_refresh(const struct grant_request *request, const char *refresh_token,
	struct reply *reply, struct grant_notes *notes, struct error *err);

/* The same with what the configuration holds alone: client credentials (RFC 6749 s.4.4), or the
 * assertion of a service account (RFC 7523 s.2.1). Nobody can log in to it: the kind is never
 * ERROR_LOGIN. */
bool grant_unattended(const struct grant_request *request, struct reply *reply,
	struct grant_notes *notes, struct error *err);

struct grant_code {
	const char *code;
	const char *redirect_uri;
	const char *verifier;
};

/* The same for an authorization code (RFC 6749 s.4.1.3, RFC 7636). */
bool grant_code(const struct grant_request *request, const struct grant_code *code,
	struct reply *reply, struct grant_notes *notes, struct error *err);

/* Begins a device authorization (RFC 8628 s.3.1) for request->scope. On failure reply holds the
 * error that the server named. */
bool grant_device_start(const struct grant_request *request, struct device_reply *device,
	struct reply *reply, struct error *err);

/* Asks once whether it was approved (RFC 8628 s.3.4): ERROR_TEMPORARY with reply->error
 * "authorization_pending" or "slow_down" while it was not. */
bool grant_device(const struct grant_request *request, const char *device_code, struct reply *reply,
	struct grant_notes *notes, struct error *err);

/* Asks the revocation endpoint to end the grant that the refresh token stands for (RFC 7009). A
 * token that the server does not know is as good as revoked. */
bool grant_revoke(
	const struct grant_request *request, const char *refresh_token, struct error *err);

#endif
