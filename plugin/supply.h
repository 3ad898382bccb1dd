/* supply.h: an access token for a program that is not ours: from the cache where that is fresh,
 * else from the command where this process may renew the token itself, else from the door (door.h),
 * else the old one while it lives. Nothing is written and no lock is taken here. */
#ifndef SASLFRESH_SUPPLY_H
#define SASLFRESH_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "token.h"

/* Seconds: the command waits for the lock and for one request; all in all less than 60. */
enum { SUPPLY_SECONDS = 55, SUPPLY_REJECT_SECONDS = 5 };

/* Notes in config what a chroot would hide later: whose the state is, and which root it was seen
 * from. To be called once before the others. */
void supply_look_around(struct config *config);

/* True if this process has something to do with us: its program is one of `programs`, and there is
 * an account whose state directory it may enter or that `allow`s it, or a configuration that is
 * broken. Looks around. */
bool supply_serves(struct config *config, bool broken);

/* True if this process can renew tokens of account itself: only the owner of its state can, and
 * root, who becomes that owner. Where there is no state yet, anybody may find that out. */
bool supply_may_renew(const struct account *account);

/* Gives a token of account that has not expired. Asked is the command that config names, or the
 * installed one, or at the door. A privileged process runs nothing. token is untouched on failure.
 */
bool supply_token(const struct config *config, const struct account *account, int64_t now,
	struct token *token, struct error *err);

/* Has remembered that a mail server refused the access token of that hash. */
bool supply_reject(const struct config *config, const struct account *account, const char *hash,
	struct error *err);

#endif
