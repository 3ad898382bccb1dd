/* ending.h: when a grant ends, as far as that can be known: the server says how long its refresh
 * token lives, the preset after how many days without use it ends, and a client whose secret or
 * certificate has ended gets nothing for it any more. Pure. */
#ifndef SASLFRESH_ENDING_H
#define SASLFRESH_ENDING_H

#include <stdint.h>

#include "account.h"
#include "crypto.h"
#include "record.h"
#include "token.h"

/* Fills in the grant_... members of token for a grant that has just been used, or for
 * none (zeroed) where the account needs none. certificate is the client's, NULL if it has none. */
void ending_predict(const struct account *account, const struct grant *grant,
	const struct crypto_certificate *certificate, int64_t now, struct token *token);

#endif
