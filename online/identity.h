/* identity.h: who signed in, as far as the authorization server says so: an ID token that came with
 * the access token (it came by TLS from the server itself, OpenID Connect Core s.3.1.3.7), else the
 * userinfo endpoint. */
#ifndef SASLFRESH_IDENTITY_H
#define SASLFRESH_IDENTITY_H

#include "grant.h"

enum identity {
	IDENTITY_UNKNOWN, /* the server names no mail address */
	IDENTITY_OURS,	  /* the account, or its user */
	IDENTITY_OTHER,
};

/* Writes the address that signed in, "" where it is not known. */
enum identity identity_learn(const struct grant_request *request, const struct reply *reply,
	char address[REPLY_NAME_SIZE]);

#endif
