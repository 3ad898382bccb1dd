/* mail.h: a conversation in lines with an IMAP, POP or SMTP server, behind TLS alone. libcurl makes
 * the connection up to the point where a login would begin: greeting, STARTTLS, what the server can
 * do. What is said from there on is the caller's (session.h). The only file besides http.c and
 * peer.c that knows libcurl. Order: mail_open, mail_send and mail_receive, mail_close (always). */
#ifndef SASLFRESH_MAIL_H
#define SASLFRESH_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "server.h"

enum mail_protocol { MAIL_IMAP, MAIL_POP, MAIL_SMTP };

enum { MAIL_SECONDS = 15, MAIL_LINE_MAX = 2048 }; /* for a whole conversation; octets of a line */

struct mail_call {
	enum mail_protocol protocol;
	const struct mail_server *server;
	const char *ca_file, *proxy; /* see peer.h */
};

struct mail;

/* Calls the server. NULL with err set: ERROR_TEMPORARY, ERROR_SERVER or ERROR_CONFIG, see peer.h.
 */
struct mail *mail_open(const struct mail_call *call, struct error *err);

/* True if the server has named the SASL mechanism among those that it offers. */
bool mail_offers(const struct mail *mail, const char *mechanism);

/* Sends text. False with ERROR_TEMPORARY. */
bool mail_send(struct mail *mail, const char *text, struct error *err);

/* Reads a line into line, without its end; what is longer than MAIL_LINE_MAX is cut.
 * ERROR_TEMPORARY when the time is over or the connection is. */
bool mail_receive(struct mail *mail, char line[MAIL_LINE_MAX + 1], struct error *err);

/* Wipes and frees; NULL is allowed. */
void mail_close(struct mail *mail);

/* "IMAP", "POP" or "SMTP". */
const char *mail_protocol_name(enum mail_protocol protocol);

#endif
