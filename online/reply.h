/* reply.h: what a token endpoint answers (RFC 6749 s.5.1 and s.5.2), and what other tools keep of
 * such answers. Strict about sizes and bytes; lenient where servers are known to be: numbers may be
 * strings, token_type may be in any case or missing, expires_in may be anything or missing. */
#ifndef SASLFRESH_REPLY_H
#define SASLFRESH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "token.h"

struct reply {
	char access_token[TOKEN_MAX + 1];  /* "" if there is none that can be used */
	char refresh_token[TOKEN_MAX + 1]; /* likewise */
	char scope[TOKEN_SCOPE_MAX + 1];
	char id_token[TOKEN_MAX +
		1];	    /* OpenID Connect Core s.2; "" if there is none that can be used */
	int64_t expires_in; /* seconds, 1 to TOKEN_LIFE_MAX */
	int64_t refresh_token_expires_in; /* seconds; 0 if the server did not say */
	char error[64];			  /* "" if the server did not name one */
	char suberror[64];		  /* Microsoft's suberror, Google's error_subtype */
	char error_description[512];
};

/* Reads len octets of JSON. False with ERROR_SERVER where they are not a JSON object, or where a
 * member that stands there cannot be used; reply then still holds what could be read, above all a
 * refresh token. */
bool reply_parse(const char *json, size_t len, struct reply *reply, struct error *err);

/* RFC 8628 s.3.2 */
struct device_reply {
	char device_code[4096];
	char user_code[64];
	char verification_uri[512];
	char verification_uri_complete[1024]; /* "" if the server named none */
	int64_t expires_in;		      /* seconds */
	int64_t interval;
};

/* Reads the answer of a device authorization endpoint; ERROR_SERVER where it lacks a part. */
bool reply_parse_device(
	const char *json, size_t len, struct device_reply *reply, struct error *err);

/* The names by which a server knows who signed in: claims of an ID token or of a userinfo reply. */
enum { REPLY_NAMES = 4, REPLY_NAME_SIZE = 321 };

struct reply_identity {
	char names[REPLY_NAMES]
		  [REPLY_NAME_SIZE]; /* email, preferred_username, upn, sub; "" if absent */
};

bool reply_parse_identity(
	const char *json, size_t len, struct reply_identity *identity, struct error *err);

/* What Google's file of a service account says. */
struct service_account {
	char client_email[TOKEN_USER_MAX + 1];
	char private_key_id[128]; /* "" if the file has none */
	char token_uri[1024];	  /* likewise */
	char private_key[12 * 1024];
};

/* Reads len octets of JSON. ERROR_CONFIG, whose cause goes on where the file's name ends ("is not
 * ..."), where they are no such file or lack a part. The caller wipes service. */
bool reply_parse_service_account(
	const char *json, size_t len, struct service_account *service, struct error *err);

/* What an access token says of itself where it is a JWT (RFC 9068, and as Microsoft writes them).
 */
struct reply_claims {
	char aud[512];		    /* whom it is for; several are separated by blanks */
	char scope[2048];	    /* scope or scp, else roles */
	char tenant[128];	    /* tid */
	char user[REPLY_NAME_SIZE]; /* upn, unique_name or email, else sub */
	int64_t exp;		    /* 0 if it does not say */
};

/* Reads the payload of such a token; what is absent, or does not fit, is "". */
bool reply_parse_claims(
	const char *json, size_t len, struct reply_claims *claims, struct error *err);

/* What the file of another tool says of a grant; "" where it says nothing. */
struct foreign_grant {
	char refresh_token[TOKEN_MAX + 1];
	char client_id[1024];
	char client_secret[4096];
	char token_endpoint[1024];
	char user[TOKEN_USER_MAX + 1];
};

/* Reads len octets of JSON: an object with the usual names (refresh_token, refreshToken or
 * refresh-token, and so on). ERROR_CONFIG, speaking of "the file", where it is none, where it has
 * no refresh token, or where a member that we need cannot be used. The caller wipes foreign. */
bool reply_parse_foreign(
	const char *json, size_t len, struct foreign_grant *foreign, struct error *err);

#endif
