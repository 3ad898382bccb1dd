/* record.h: what lasts of a login, and its file ACCOUNT.grant: a record (keyfile.h) of mode 0600
 * that only this program opens: version, account, refresh_token, previous_refresh_token, scope,
 * client_id, issuer, consented_at, refreshed_at, refresh_token_expires_at, end
 *
 * A sealed grant (seal.h) is the same record as octets in the `body` of another one:
 *
 *     version = 2
 *     account = me@example.org
 *     sealed_by = the SHA-256 of seal_command, in hexadecimal
 *     key = what seal_command made of the key, in base64url
 *     body = nonce, encrypted record and tag, in base64url; in as many lines as it takes
 *     end = 5 */
#ifndef SASLFRESH_RECORD_H
#define SASLFRESH_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "crypto.h"
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

enum {
	RECORD_PLAIN_MAX = 48 * 1024, /* two tokens of the maximum size and everything else */
	RECORD_SEALED_KEY_MAX = 4096,
	RECORD_BODY_MAX = RECORD_PLAIN_MAX + 64,
	RECORD_SEALED_MAX = 80 * 1024, /* the two in base64url, and the rest */
};

/* What a sealed grant is made of; body is empty where there is none. */
struct sealed {
	char by[CRYPTO_HEX_SIZE];
	struct buffer key;
	struct buffer body;
};

/* Adds the record of grant, closed, to text. */
void record_print(const struct grant *grant, const char *account, struct buffer *text);

/* The same of a sealed one. Neither takes memory where text has room. */
void record_print_sealed(const struct sealed *sealed, const char *account, struct buffer *text);

/* Reads a plain record that is not in a file. grant is untouched on failure. */
bool record_parse(struct buffer *text, struct grant *grant, struct error *err);

enum record_found { RECORD_UNREADABLE, RECORD_ABSENT, RECORD_TORN, RECORD_WHOLE };

/* Reads the file, which must be owner's alone. found tells what there is; RECORD_ABSENT is no
 * failure and zeroes grant. A file that is torn or of another version is an error; grant is
 * untouched then. Zeros behind the record are passed over: space that was reserved and not yet
 * given back. Of a grant that is sealed the file gives sealed alone, to be freed. */
bool record_read(const char *path, uid_t owner, struct grant *grant, struct sealed *sealed,
	enum record_found *found, struct error *err);
void record_free(struct sealed *sealed);

/* A zeroed grant on the heap, NULL with err set; wiped and freed. */
struct grant *grant_new(struct error *err);
void grant_free(struct grant *grant);

#endif
