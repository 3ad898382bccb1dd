/* ending.h: when a grant ends, as far as that can be known: the server says how long its refresh
 * token lives, the preset after how many days without use it ends. Pure. */
#ifndef SASLFRESH_ENDING_H
#define SASLFRESH_ENDING_H

#include <stdint.h>

#include "account.h"
#include "record.h"
#include "token.h"

/* Fills in the grant_... members of token for a grant that has just been used. */
void ending_predict(
	const struct account *account, const struct grant *grant, int64_t now, struct token *token);

#endif
