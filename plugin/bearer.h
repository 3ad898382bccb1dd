/* bearer.h: the bytes of XOAUTH2 and of OAUTHBEARER (RFC 7628), both directions. Pure: no I/O, no
 * clock. */
#ifndef SASLFRESH_BEARER_H
#define SASLFRESH_BEARER_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum bearer_mechanism { BEARER_XOAUTH2, BEARER_OAUTHBEARER };

enum { BEARER_RESPONSE_MAX = 24 * 1024, BEARER_CHALLENGE_MAX = 12 * 1024, BEARER_WORD_MAX = 256 };

struct bearer {
	const char *user;
	const char *access_token;
	const char *host; /* OAUTHBEARER only; NULL or "": left out */
	const char *port; /* likewise; decimal digits */
};

/* Adds the initial response (RFC 7628 s.3.1), unencoded. False if a part has a byte that would end
 * its field, if the token is not sendable, or if response->max is too small; response is then
 * empty. */
bool bearer_respond(
	enum bearer_mechanism mechanism, const struct bearer *bearer, struct buffer *response);

/* What a server says when it refuses a token (RFC 7628 s.3.2.2). Bytes that are not printable ASCII
 * are shown as '?'. */
struct bearer_refusal {
	char status[BEARER_WORD_MAX];
	char scope[BEARER_WORD_MAX];
};

/* True if the len octets of a challenge refuse the token, that is, begin with '{'. Any other
 * challenge, or none, means nothing. challenge may be NULL with len 0. */
bool bearer_is_refusal(const char *challenge, size_t len);

/* Reads status and scope out of a refusal; what is not found stays "". */
void bearer_read_refusal(const char *challenge, size_t len, struct bearer_refusal *refusal);

/* What to answer a refusal, so that the server ends the exchange with its own words: nothing for
 * XOAUTH2, one octet 0x01 for OAUTHBEARER (RFC 7628 s.3.2.3). */
const char *bearer_acknowledge(enum bearer_mechanism mechanism);

/* True if hosts is empty or names host: words like "imap.example.org" or "*.example.org" (which is
 * any name below it), compared without regard to case or a trailing dot. */
bool bearer_host_allowed(const char *hosts, const char *host);

#endif
