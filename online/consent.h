/* consent.h: the authorization request and its response (RFC 6749 s.4.1, RFC 7636, RFC 9207), for
 * one login. Pure but for random octets.
 * Order: consent_start, consent_url, then each response that comes is judged until one counts. */
#ifndef SASLFRESH_CONSENT_H
#define SASLFRESH_CONSENT_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"
#include "pkce.h"

enum { CONSENT_CODE_MAX = 8192, CONSENT_URL_MAX = 16 * 1024, CONSENT_URI_SIZE = 512 };

struct consent {
	const struct account *account; /* completed */
	char redirect_uri[CONSENT_URI_SIZE];
	char state[PKCE_SIZE];
	char verifier[PKCE_SIZE];
	char code[CONSENT_CODE_MAX + 1]; /* "" until it was given */
};

enum consent_verdict {
	CONSENT_FOREIGN, /* not the response to this request: go on waiting */
	CONSENT_GIVEN,	 /* code is there */
	CONSENT_REFUSED, /* the login has failed */
};

/* Makes state and verifier. */
bool consent_start(const struct account *account, const char *redirect_uri, struct consent *consent,
	struct error *err);

/* Adds the scope of a login: what mail needs, and what tells who signed in. */
void consent_scope(const struct account *account, struct buffer *scope);

/* Adds the address to open in a browser. ERROR_CONFIG where the account cannot have one. */
bool consent_url(const struct consent *consent, struct buffer *url, struct error *err);

/* Judges the query of a redirect; state must be ours, and an iss that of the account. err says why
 * unless it is CONSENT_GIVEN. */
enum consent_verdict consent_judge(struct consent *consent, const char *query, struct error *err);

/* Judges a line that a person pasted: the address of the redirect, or a bare code. */
enum consent_verdict consent_judge_line(
	struct consent *consent, const char *line, struct error *err);

void consent_wipe(struct consent *consent);

#endif
