/* claims.h: what an access token says of itself where it is a JWT, against what the account wants.
 * The signature is the mail server's business; what is read here is only shown. */
#ifndef SASLFRESH_CLAIMS_H
#define SASLFRESH_CLAIMS_H

#include "account.h"
#include "finding.h"
#include "token.h"

/* Tells whom the token is for, whose it is and what it allows, and what of that is odd. A token
 * that is no JWT says nothing, which is well. */
void claims_check(
	const struct account *account, const struct token *token, const struct findings *findings);

#endif
