/* ssmtp_sasl.h: SMTP authentication (RFC 4954) by Cyrus SASL for sSMTP, with mechanisms and tokens
 * of any length.
 *
 * Order of calls: ssmtp_sasl_config for every line of the configuration; ssmtp_sasl_wanted tells
 * whether the rest is ours; then, after the greeting and any STARTTLS and in place of sSMTP's own
 * EHLO and AUTH, ssmtp_sasl_auth. Needs libsasl2 and libc; all of sSMTP comes in through the
 * struct. */
#ifndef SSMTP_SASL_H
#define SSMTP_SASL_H

#include "ssmtp_link.h"

struct ssmtp_sasl {
	struct ssmtp_link link;
	const char *host;     /* the server's name as configured */
	const char *helo;     /* our name for EHLO */
	const char *user;     /* AuthUser, or NULL */
	const char *password; /* AuthPass, or NULL: the usual case with tokens */
	const char *method;   /* AuthMethod */
	bool tls;	/* the connection is encrypted, and the server is the one it should be */
	bool untrusted; /* the caller chose the configuration or the user (-C, -au) */
};

enum ssmtp_sasl_result {
	SSMTP_SASL_OK,	     /* logged in: MAIL comes next */
	SSMTP_SASL_TEMPFAIL, /* not now: connection, server (4yz), authorization server */
	SSMTP_SASL_FAIL	     /* not this way: refused (5yz), configuration */
};

/* Whether an AuthMethod is ours: SASL, or XOAUTH2 or OAUTHBEARER for short. METHOD may be NULL. */
bool ssmtp_sasl_wanted(const char *method);

/* Takes AuthMech=NAME[,NAME...] and AuthCleartext=YES|NO; false if KEY is none of ours. */
bool ssmtp_sasl_config(const char *key, const char *value);

/* EHLO, a mechanism, AUTH, and one more AUTH if the server showed that it does not like the token.
 * In a set-id process whose caller is not trusted, all privileges are gone for good before any
 * mechanism is loaded; in any set-id process the environment is emptied. Ignores SIGPIPE from here
 * on. On failure TEXT (SSMTP_TEXT_MAX octets) is one sentence; no secret is in it. */
enum ssmtp_sasl_result ssmtp_sasl_auth(const struct ssmtp_sasl *sasl, char *text);

#endif
