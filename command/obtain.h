/* obtain.h: the policy. Look at the cache; if it is stale, lock; look again; only then go online.
 * One request per expiry, however many processes ask; a token that still lives is never thrown away
 * because renewing it failed. For a shared account the grant, the lock and the files are those of
 * the account whose grant it uses. */
#ifndef SASLFRESH_OBTAIN_H
#define SASLFRESH_OBTAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "error.h"
#include "token.h"

enum { OBTAIN_LOCK_SECONDS = 20 }; /* how long another process may take to renew the token */

enum obtain_will {
	OBTAIN_NEEDED, /* renew when the token's age or a mail server's refusal asks for it */
	OBTAIN_FORCED, /* renew whatever the cache and the memory of failure say */
};

/* Gives a token of a completed account (provider.h) that has not expired. The state directory is
 * made where it is missing and nobody has to log in. With OBTAIN_FORCED a
 * failed renewal is a failure although the old token lives on in the cache. token is untouched on
 * failure. */
bool obtain_token(const struct account *account, enum obtain_will will, int64_t now,
	struct token *token, struct error *err);

/* Remembers that a mail server refused the access token of that hash, if it is still the one in the
 * cache. */
bool obtain_reject(const struct account *account, const char *hash, struct error *err);

/* Notes that people are told of an event (event.h) of the account now. False if it is not due any
 * more, if somebody else is at work on the account, or if it cannot be noted. */
bool obtain_tell(const struct account *account, const char *event, struct error *err);

/* The rest is for accounts that somebody logs in to (not account_is_unattended); ERROR_CONFIG for
 * the others. */

/* Takes over the refresh token that input_fd holds (the online half reads it) and proves it by one
 * refresh. The state directory is made where it is missing. Nothing is changed on failure. */
bool obtain_login(const struct account *account, int input_fd, struct error *err);

enum obtain_flow {
	OBTAIN_CODE = 0,     /* authorization code: a browser, or what is pasted on input_fd */
	OBTAIN_DEVICE = 1,   /* device code */
	OBTAIN_ANY_USER = 2, /* or-ed to these: whoever signs in is right */
};

/* Has a person log in; what there is to see goes to standard error. Nothing is changed on failure,
 * nor if we die before the answer came. */
bool obtain_consent(const struct account *account, int flow, int input_fd, struct error *err);

/* Has the online half find what the account, which need not be complete, lacks, and add it to its
 * draft (draft.h): "discover" the authorization server, "client-file" the client that input_fd
 * describes, "register" a client. Needs no lock: nothing is stored. */
bool obtain_prepare(
	const struct account *account, const char *verb, int input_fd, struct error *err);

/* Has a person log in as obtain_consent does, but stores nothing: what the account needs elsewhere,
 * with its refresh token, is written to output_fd. */
bool obtain_export(
	const struct account *account, int flow, int input_fd, int output_fd, struct error *err);

/* The same as obtain_login with the refresh token in a file of another tool, JSON, that input_fd
 * holds. The account need not be complete: then the failure says what of the missing the file
 * knows. */
bool obtain_import(const struct account *account, int input_fd, struct error *err);

/* Revokes the grant of account where its server can, and removes its files. found tells whether
 * there were any. If the server does not agree nothing is removed, unless forget is set: then the
 * failure is put into refused (otherwise its kind is ERROR_NONE). */
bool obtain_logout(const struct account *account, bool forget, bool *found, struct error *refused,
	struct error *err);

#endif
