/* fetch.h: an access token for whoever runs the command. */
#ifndef SASLFRESH_FETCH_H
#define SASLFRESH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "token.h"

/* Gives a token of a completed account that has not expired: by the policy (obtain.h) where this
 * process may renew it, and else as the plugin gets one, through the door (supply.h). token is
 * untouched on failure. */
bool fetch_token(struct config *config, const struct account *account, int64_t now,
	struct token *token, struct error *err);

#endif
