/* credential.h: how a client says to the authorization server who it is: by a secret (RFC 6749
 * s.2.3.1) or by an assertion that it signs (RFC 7523 s.2.2); and the assertion with which a
 * service account asks for somebody's access token (s.2.1). What it is said with, the secret, is
 * what secret_load gives: a client secret, a private key or the file of a service account. */
#ifndef SASLFRESH_CREDENTIAL_H
#define SASLFRESH_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "buffer.h"
#include "crypto.h"
#include "error.h"

struct credential {
	const struct account *account; /* completed */
	const struct buffer *secret;   /* empty: a public client */
	int64_t now;
};

/* Adds what authenticates the client to form, or to user and password for HTTP Basic. An assertion
 * is new each time. ERROR_CONFIG for a key or certificate that cannot be used, that do not belong
 * together, or that has expired. */
bool credential_authenticate(const struct credential *credential, struct buffer *form,
	struct buffer *user, struct buffer *password, struct error *err);

/* Adds the assertion of the account's service account for the account's user. ERROR_CONFIG for a
 * file that is none of a service account, or whose key cannot be used. */
bool credential_assert_user(
	const struct credential *credential, struct buffer *assertion, struct error *err);

/* Reads the account's certificate; with key, which must belong to it, unless that is NULL. */
bool credential_certificate(const struct account *account, const struct buffer *key,
	struct crypto_certificate *certificate, struct error *err);

#endif
