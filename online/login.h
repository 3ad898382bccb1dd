/* login.h: a person logs in with a browser: the authorization code grant with PKCE (RFC 6749 s.4.1,
 * RFC 7636, RFC 8252). The answer comes to a loopback address or is pasted, whichever is first. */
#ifndef SASLFRESH_LOGIN_H
#define SASLFRESH_LOGIN_H

#include "granted.h"

/* On failure nothing is stored, and in any case nothing listens any more. */
bool login_by_code(const struct login *login, struct error *err);

#endif
