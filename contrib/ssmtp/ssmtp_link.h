/* ssmtp_link.h: the SMTP connection as sSMTP hands it over, and what comes back on it. Lines of any
 * length, both ways; whole replies. Knows no SASL and no TLS: bytes go through the functions of the
 * struct. */
#ifndef SSMTP_LINK_H
#define SSMTP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	SSMTP_TEXT_MAX = 1024,	      /* octets of a sentence for people, the NUL among them */
	SSMTP_REPLY_MAX = 64 * 1024,  /* octets of a reply; RFC 4954 s.4 wants 12,288 */
	SSMTP_PATIENCE = 5 * 60,      /* seconds for a reply (RFC 5321 s.4.5.3.2) */
	SSMTP_LONG_PATIENCE = 10 * 60 /* seconds for what a SASL mechanism does; a last resort */
};

struct ssmtp_link {
	int fd;					      /* for get and put; not otherwise used */
	ssize_t (*get)(int fd, void *byte);	      /* one byte: 1, or the connection is gone */
	ssize_t (*put)(int fd, const void *, size_t); /* as write(2); may take a part */
	void (*log)(int priority, char *format, ...); /* as syslog(3) */
	unsigned (*alarm)(unsigned seconds);	      /* as alarm(3); NULL if nobody watches */
	bool verbose;				      /* the dialogue on stderr, without secrets */
	bool debug;				      /* and through log */
};

/* Zero-initialise; may be read into again and again. */
struct ssmtp_reply {
	int code;   /* 200 to 599 */
	char *text; /* what stands behind the code, lines ended by '\n', then a NUL; ours to free */
	size_t len;
	size_t room;
	const char *problem; /* why there was no reply */
};

/* Formats a sentence of ours; whatever a server slipped in loses its control characters. */
void ssmtp_say(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the alarm, if there is one. */
void ssmtp_link_wait(const struct ssmtp_link *link, unsigned seconds);

/* Sends LINE (len octets) and CRLF, as one write if the connection takes it whole. SHOWN is what
 * the dialogue shows of it. False if the connection is gone. */
bool ssmtp_link_send(
	const struct ssmtp_link *link, const char *line, size_t len, const char *shown);

/* Reads one reply, all its lines. False with reply->problem if the connection ends or what comes is
 * none. */
bool ssmtp_link_read(const struct ssmtp_link *link, struct ssmtp_reply *reply);

/* The reply as one line, "535 5.7.8 first second", into SSMTP_TEXT_MAX octets. */
void ssmtp_reply_line(const struct ssmtp_reply *reply, char *line);

void ssmtp_reply_free(struct ssmtp_reply *reply);

#endif
