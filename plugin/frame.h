/* frame.h: what is said on the pipe or socket between a program that needs an access token and
 * `saslfresh answer`, and between the command and its online half. One request, one answer,
 * each a closed record (keyfile.h): a torn one is noticed by its missing end.
 *
 *     request:  request = token | reject,  account = NAME,  for reject also  rejected = HASH
 *     answer:   status = ok, followed by the record of a token where one was asked for
 *               status = ok, followed by findings (finding.h) where they were asked for
 *               status = KIND (error.h), what, cause, hint
 */
#ifndef SASLFRESH_FRAME_H
#define SASLFRESH_FRAME_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "finding.h"
#include "token.h"

enum { FRAME_REQUEST_MAX = 1024, FRAME_ANSWER_MAX = KEYFILE_RECORD_MAX };

enum frame_verb { FRAME_UNKNOWN, FRAME_TOKEN, FRAME_REJECT };

struct request {
	enum frame_verb verb;
	char account[TOKEN_USER_MAX + 1];
	char rejected[TOKEN_HASH_MAX + 1]; /* hash of the access token that was refused */
};

/* Adds the record of request to text. */
void request_print(const struct request *request, struct buffer *text);

/* Reads a request; ERROR_SERVER if it is not one. Spoils text. */
bool request_parse(struct buffer *text, struct request *request, struct error *err);

/* Adds an answer: success with the token (NULL: without one), or the failure err. */
void answer_print_ok(const struct token *token, const char *account, struct buffer *text);
/* Success with the lines of a record that is not closed yet, such as those of finding.h. */
void answer_print_told(const struct buffer *told, struct buffer *text);
void answer_print_failure(const struct error *err, struct buffer *text);

/* Reads an answer into token (NULL: none is expected). False with the other side's failure, or with
 * ERROR_SYSTEM where text is no whole answer; token is then untouched. Spoils text. */
bool answer_parse(struct buffer *text, struct token *token, struct error *err);

/* The same for an answer that brings findings. */
bool answer_parse_told(struct buffer *text, const struct findings *findings, struct error *err);

#endif
