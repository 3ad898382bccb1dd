/* adopt.h: a grant that comes from a person or another program becomes the account's. The caller
 * holds the lock. Everything is reserved before anything is asked for; on failure nothing is
 * changed, unless the server issued a new refresh token, which is stored. */
#ifndef SASLFRESH_ADOPT_H
#define SASLFRESH_ADOPT_H

#include <stdbool.h>

#include "error.h"
#include "renewal.h"

/* Takes over a refresh token, proved by one refresh. */
bool adopt_refresh_token(const struct online *online, const char *refresh_token, struct error *err);

/* The same with the refresh token that input holds (one line). */
bool adopt_input(const struct online *online, int input, struct error *err);

/* Tokens that come from elsewhere than from a refresh. */
struct adopt_source {
	/* Makes the one request; see grant.h. */
	bool (*ask)(void *context, const struct grant_request *request, struct reply *reply,
		struct grant_notes *notes, struct error *err);
	/* Judges what came, before anything is stored. */
	bool (*judge)(void *context, const struct grant_request *request, const struct reply *reply,
		struct error *err);
	void *context;
};

/* Stores what source brings; supplies were got before. */
bool adopt_tokens(const struct online *online, const struct supplies *supplies,
	const struct adopt_source *source, struct error *err);

#endif
