/* lines.h: what the lines for a mailer are made from, and where they are put together. */
#ifndef SASLFRESH_LINES_H
#define SASLFRESH_LINES_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "server.h"

struct lines {
	const struct account *account;
	const char *name; /* of the account: what mailers with the plugin log in as */
	/* What mailers that run `saslfresh token` log in as. */
	const char *imap_user, *pop_user, *smtp_user;
	const char *from;
	const char *command;
	struct mail_server imap, pop, smtp;
	struct buffer *text;
};

/* Adds text; of more than 2 kB at once the buffer is spoiled. */
void lines_add(const struct lines *lines, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds the name of a user as a URL has it (RFC 3986 s.2.1). */
void lines_add_user(const struct lines *lines, const char *user);

/* True if the account names this server. */
bool lines_have(const struct mail_server *server);

#endif
