/* store.h: the grant and token files of an account, replaced whole or not at all. A reader sees the
 * old file or the new one and needs no lock; writers hold the account's lock (command/lock.h).
 *
 * Order: store_reserve, store_read_grant, store_seal, (the request), store_commit_grant,
 * store_commit_token, store_close. What is committed before the request is sent has a place to go
 * to: both files exist under temporary names, and their space is on the disk.
 *
 * The temporary grant file is complete with its `end`, so whoever reserves next adopts what a kill
 * left behind between write and rename, and removes what is not whole. */
#ifndef SASLFRESH_STORE_H
#define SASLFRESH_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "error.h"
#include "record.h"
#include "seal.h"
#include "token.h"

struct store {
	const struct account *account;
	int directory; /* -1: nothing is reserved */
	int grant;
	int token;
	char grant_path[PATH_SIZE];
	char token_path[PATH_SIZE];
	char new_grant_path[PATH_SIZE];
	char new_token_path[PATH_SIZE];
	struct buffer text; /* of the record that is being written */
	struct seal seal;
};

/* Checks the directory, adopts or removes what a kill left behind, and makes both temporary files
 * with their space. On failure nothing has been changed and nothing is reserved. */
bool store_reserve(const struct account *account, struct store *store, struct error *err);

/* Reads the grant and opens it where it is sealed; no file gives an empty one. grant is untouched
 * on failure. */
bool store_read_grant(struct store *store, struct grant *grant, struct error *err);

/* Gets ready to seal the grant that will be committed, if the account wants that. Without this call
 * it is written as it is. */
bool store_seal(struct store *store, struct error *err);

/* Replaces the file: written, synced to disk, renamed, the directory synced. Each can be called
 * once. */
bool store_commit_grant(struct store *store, const struct grant *grant, struct error *err);
bool store_commit_token(struct store *store, const struct token *token, struct error *err);

/* Opens what is there without reserving anything: for whoever only reads the grant. Adopts what a
 * kill left behind. store_close ends it. */
bool store_open(const struct account *account, struct store *store, struct error *err);

/* Removes the grant and the token, whole, torn or temporary, and syncs the directory; the lock file
 * stays. The grant goes last: as long as it is there, there is something to forget. Needs no store.
 */
bool store_forget(const struct account *account, struct error *err);

/* Gives back what was reserved and not committed. */
void store_close(struct store *store);

#endif
