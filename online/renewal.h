/* renewal.h: what one exchange with the authorization server holds, and what it leaves in the files
 * of the account. The caller holds the account's lock. Signals that people and programs send are
 * held back from renewal_start to renewal_finish. Order: renewal_start, store_read_grant as needed,
 * renewal_equip, a request, renewal_keep, renewal_finish (always). */
#ifndef SASLFRESH_RENEWAL_H
#define SASLFRESH_RENEWAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "grant.h"
#include "store.h"
#include "supplies.h"

struct online {
	const struct config *config;
	const struct account *account; /* completed */
	int64_t now;
	bool sandbox; /* enter it before the first request */
};

/* Enters the sandbox, if online wants it: nothing can be run after that. */
void online_confine(const struct online *online);

struct renewal {
	const struct online *online;
	struct store store;
	struct grant *grant;
	struct token *token; /* as the token file has it, zeroed where that cannot be read */
	struct reply *reply;
	struct grant_notes notes;
	struct buffer secret;
	sigset_t signals; /* as they were */
};

/* Reserves what the answer will need and reads the token file. */
bool renewal_start(const struct online *online, struct renewal *renewal, struct error *err);

/* Gets what the request and what it brings need besides, or takes it from supplies where that is
 * not NULL, and enters the sandbox. */
bool renewal_equip(struct renewal *renewal, const struct supplies *supplies, struct error *err);

/* Gives back what was not used, and wipes. */
void renewal_finish(struct renewal *renewal);

/* The request as far as it is the same for every grant. */
struct grant_request renewal_describe(const struct renewal *renewal);

/* Asks for an access token with refresh_token (RFC 6749 s.6). */
bool renewal_request(struct renewal *renewal, const char *refresh_token, struct error *err);

/* True if the answer holds a refresh token that must not be lost. */
bool renewal_is_issued(const struct renewal *renewal);

/* Writes down what an answer to used ("": to no refresh token; NULL: there is no grant, see
 * unattended.h) brought: the grant, then the token,
 * and only then is it a success. ok tells whether the answer was one; a failure that the
 * authorization server has to do with, or the configuration, is remembered. */
bool renewal_keep(struct renewal *renewal, const char *used, bool ok, struct error *err);

/* Remembers the failure err in the token file; the access token there is kept. One that hindered us
 * to ask holds nobody back for long. */
void renewal_remember(struct renewal *renewal, const struct error *err);

#endif
