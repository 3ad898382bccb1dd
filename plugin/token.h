/* token.h: an access token, what is known about it, and what its age asks for.
 * Pure: the clock is passed in. Times are seconds since 1970. */
#ifndef SASLFRESH_TOKEN_H
#define SASLFRESH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "keyfile.h"

enum {
	TOKEN_MAX = 16 * 1024, /* octets of an access or refresh token */
	TOKEN_USER_MAX = 320,  /* octets of an account or user name (RFC 5321 s.4.5.3.1) */
	TOKEN_HOSTS_MAX = 2048,
	TOKEN_SCOPE_MAX = 4096,
	TOKEN_HASH_MAX = 64,	      /* hexadecimal digits of a SHA-256 */
	TOKEN_LIFE_DEFAULT = 3600,    /* seconds, where the server names none */
	TOKEN_LIFE_MAX = 400 * 86400, /* a longer life is not believed */
	TOKEN_HOLD_MAX = 86400,	      /* seconds that a Retry-After may hold us */
};

struct token {
	char user[TOKEN_USER_MAX + 1]; /* goes on the wire after user= or a= */
	char hosts[TOKEN_HOSTS_MAX + 1];
	char scope[TOKEN_SCOPE_MAX + 1];
	char access_token[TOKEN_MAX + 1]; /* "" while there is none */
	char access_token_hash[TOKEN_HASH_MAX + 1];
	int64_t issued_at;
	int64_t expires_at;
	int64_t clock_skew; /* the server's clock less ours, when the token was issued */

	/* When the grant ends, as far as that is known. */
	int64_t grant_ends_at;	  /* 0: not known */
	int64_t grant_ends_since; /* when that end was first known */
	/* "lifetime": the server said so; "idle": unless it is used; "secret", "certificate": the
	 * client's */
	char grant_ends_by[16];
	int64_t grant_may_end_at; /* if its client is in Testing; 0: no */

	/* What people were told last, see event.h; 0: never. */
	int64_t login_told_at;
	int64_t recovered_told_at;
	int64_t end_told_at;

	/* The memory of failure. */
	enum error_kind kind; /* of the last refresh; ERROR_NONE after a success */
	char error[64];	      /* RFC 6749 s.5.2, where the server named one */
	char error_description[ERROR_CAUSE_MAX];
	char hint[ERROR_HINT_MAX];
	int64_t retry_at;     /* no request before this; 0: none until a person acts */
	int64_t failures;     /* in a row */
	int64_t config_stamp; /* the configuration that failed, see config.h */

	/* The access token that a mail server refused. */
	char rejected[TOKEN_HASH_MAX + 1];
	int64_t rejected_at;
	int64_t rejections; /* in a row */
};

enum token_age {
	TOKEN_FRESH, /* use it */
	TOKEN_SOFT,  /* use it; whoever can do so without waiting renews it */
	TOKEN_HARD,  /* renew it; use it if that fails */
	TOKEN_DEAD,  /* none, expired, not to be believed, or refused with no grant to renew it */
};

enum token_age token_age(const struct token *token, int64_t now);

/* Seconds to its end, 0 for a dead one. */
int64_t token_left(const struct token *token, int64_t now);

/* True if the mail server has refused this very token. */
bool token_is_rejected(const struct token *token);

/* True while the memory of failure forbids a request to the authorization server. A
 * misconfiguration and the need of a login are remembered only as long as config_stamp is what it
 * was. */
bool token_is_held(const struct token *token, int64_t now, int64_t config_stamp);

/* True if the grant is going to end in less than margin seconds, or has ended. One that is short
 * by nature ends soon only in the second half of its life. */
bool token_grant_ends_soon(const struct token *token, int64_t now, int64_t margin);

/* True if the token may still be used after the failure err to renew it: it lives, and it is not
 * one that a mail server has refused and that can never be renewed. */
bool token_survives(const struct token *token, int64_t now, const struct error *err);

/* The remembered failure as an error. Always false. */
bool token_failure(const struct token *token, int64_t now, struct error *err);

/* Seconds to wait after the given number of failures in a row (1 or more): 40 * 2^(n-1), at most
 * 900, and up to 20 % more or less as chance (any number) has it. */
int64_t token_backoff(int64_t failures, uint32_t chance);

/* True for 1 to TOKEN_MAX octets %x21-7E: what may stand behind "Bearer " (RFC 6750 s.2.1, a little
 * wider) without a byte that a mail protocol gives a meaning to. */
bool token_is_sendable(const char *access_token);

/* The record of a token: the token file, and with the framing of ask.h an answer.
 * token_parse leaves token untouched on failure; unknown keys are passed over, another version
 * fails. token_print adds the record, closed, to text. */
bool token_parse(struct buffer *text, const char *name, struct token *token, struct error *err);
void token_print(const struct token *token, const char *account, struct buffer *text);

/* A zeroed token on the heap (it is large for a stranger's stack); NULL with err set. */
struct token *token_new(struct error *err);

/* Wipes and frees; NULL is allowed. */
void token_free(struct token *token);

#endif
