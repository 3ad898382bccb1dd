/* session.h: one login at a mail server with an access token, by the same bytes as the plugin
 * sends, and one harmless question. Nothing is fetched, sent or changed. */
#ifndef SASLFRESH_SESSION_H
#define SASLFRESH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "error.h"
#include "mail.h"
#include "token.h"

struct session_wish {
	enum mail_protocol protocol;
	const struct account *account;
	const struct token *token;
	const struct mail_server *server;
	int64_t now;
};

struct session {
	const char *mechanism; /* that was used: XOAUTH2 where it is offered, else OAUTHBEARER */
	bool other;	       /* the other one of the two is offered as well */
	int64_t count;	       /* folders (IMAP, LIST), messages (POP, STAT); 0 for SMTP */
};

/* What SASL calls the service. */
const char *session_service(enum mail_protocol protocol);

/* Logs in, asks, and says goodbye, within MAIL_SECONDS. A server that is not among the hosts of the
 * account is not even called (ERROR_CONFIG). ERROR_REFUSED with the server's own words and what
 * they mean (objection.h); no error holds the token. */
bool session_try(const struct session_wish *wish, struct session *session, struct error *err);

#endif
