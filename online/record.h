/* record.h: what lasts of a login, and its file ACCOUNT.grant: a record (keyfile.h) of mode 0600
 * that only this program opens: version, account, refresh_token, previous_refresh_token, scope,
 * client_id, issuer, consented_at, refreshed_at, refresh_token_expires_at, end */
#ifndef SASLFRESH_RECORD_H
#define SASLFRESH_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "error.h"
#include "token.h"

struct grant {
	char refresh_token[TOKEN_MAX + 1];	    /* "": there is no grant */
	char previous_refresh_token[TOKEN_MAX + 1]; /* until refresh_token has worked once */
	char scope[TOKEN_SCOPE_MAX + 1];
	char client_id[1024];
	char issuer[1024];
	int64_t consented_at;
	int64_t refreshed_at;
	int64_t refresh_token_expires_at; /* 0: the server did not say */
};

/* Adds the record of grant, closed, to text. */
void record_print(const struct grant *grant, const char *account, struct buffer *text);

enum record_found { RECORD_UNREADABLE, RECORD_ABSENT, RECORD_TORN, RECORD_WHOLE };

/* Reads the file, which must be owner's alone. found tells what there is; RECORD_ABSENT is no
 * failure and zeroes grant. A file that is torn or of another version is an error; grant is
 * untouched then. Zeros behind the record are passed over: space that was reserved and not yet
 * given back. */
bool record_read(const char *path, uid_t owner, struct grant *grant, enum record_found *found,
	struct error *err);

/* A zeroed grant on the heap, NULL with err set; wiped and freed. */
struct grant *grant_new(struct error *err);
void grant_free(struct grant *grant);

#endif
