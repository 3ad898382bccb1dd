/* server.h: the mail servers of an account, as its keys imap, pop and smtp name them:
 *
 *     HOST:PORT [tls | starttls]
 *
 * Ports 993, 995 and 465 speak TLS from the first octet; everywhere else STARTTLS comes first. */
#ifndef SASLFRESH_SERVER_H
#define SASLFRESH_SERVER_H

#include <stdbool.h>

#include "account.h"
#include "error.h"

enum { SERVER_HOST_MAX = 255 };

struct mail_server {
	char host[SERVER_HOST_MAX +
		1]; /* letters, digits, '.', '-', '_'; "" while it is not known */
	int port;
	bool tls; /* from the first octet; otherwise STARTTLS */
};

/* Reads the value of key (ACCOUNT_IMAP, ACCOUNT_POP, ACCOUNT_SMTP); a key that is not set gives an
 * empty host and true. ERROR_CONFIG names file, line and key. */
bool server_of(const struct account *account, enum account_key key, struct mail_server *server,
	struct error *err);

#endif
