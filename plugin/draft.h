/* draft.h: a section that is not in the configuration yet: what `login` has come to know of an
 * account before the login has succeeded. It lives in memory alone (memfd_create(2)), goes with
 * whoever holds its descriptor, and may hold a client secret.
 *
 *     # draft personal            (or "# draft system": where the section is going to stand)
 *     [account me@example.org]
 *     key = value
 *
 * Whoever holds it appends, one at a time. */
#ifndef SASLFRESH_DRAFT_H
#define SASLFRESH_DRAFT_H

#include <stdbool.h>

#include "ask.h"
#include "buffer.h"
#include "config.h"
#include "error.h"

/* Where the online half has the draft. */
enum { DRAFT_FD = ASK_KEPT_FD + 2, DRAFT_MAX = 64 * 1024 };

/* Makes a draft without keys; gives its descriptor, -1 with err set. */
int draft_open(const char *account, bool personal, struct error *err);

/* Appends lines, or one key. A value that would not be read back as it is, is refused with
 * ERROR_CONFIG. */
bool draft_add(int draft, const char *lines, struct error *err);
bool draft_put(int draft, enum account_key key, const char *value, struct error *err);

/* Adds the text of draft to text. A descriptor that is not open, or empty, adds nothing. */
bool draft_read(int draft, struct buffer *text, struct error *err);

/* Adds its lines of keys that known (NULL: nobody) does not have, but for client_secret, which is
 * added to secret. */
bool draft_keys(int draft, const struct account *known, struct buffer *keys, struct buffer *secret,
	struct error *err);

/* Adds the account of draft to config, or its keys to the account of that name, whose draft then is
 * this one. Keys that the account has already must be the same: ERROR_CONFIG names its file and
 * line. Of two client secrets that of the configuration counts. */
bool draft_merge(struct config *config, int draft, struct error *err);

/* What `login --export` writes and `login --import` reads (online/export.h). */
enum { DRAFT_TRAVEL_VERSION = 1, DRAFT_TRAVEL_MAX = KEYFILE_RECORD_MAX };
#define DRAFT_TRAVEL_MARK "saslfresh_export"

/* True for keys that mean the same on another machine: none that is run or tells where a secret is.
 */
bool draft_travels(enum account_key key);

#endif
