/* dns.h: what a domain says of itself in the DNS. The only file that knows the resolver.
 * Answers are hostile; they are read to find out whom to ask, never to trust anybody. By UDP alone,
 * so that nothing lasts longer than DNS_SECONDS for each of the machine's name servers. */
#ifndef SASLFRESH_DNS_H
#define SASLFRESH_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum {
	DNS_NAME_SIZE = 256,
	DNS_TEXT_SIZE = 512,
	DNS_RECORDS = 16,   /* of one answer; the rest is not looked at */
	DNS_ANSWER = 65535, /* octets */
	DNS_SECONDS = 3,
};

struct dns_mx {
	size_t count;
	struct dns_exchange {
		unsigned preference;
		char host[DNS_NAME_SIZE]; /* letters, digits, - and . alone; in lower case */
	} exchanges[DNS_RECORDS];	  /* by preference */
};

struct dns_texts {
	size_t count;
	char texts[DNS_RECORDS][DNS_TEXT_SIZE];
};

/* The domain of a mail address in lower case, without a dot at its end; false where it has none
 * that can stand in the DNS: letters, digits and '-' between dots. */
bool dns_domain(const char *address, char domain[DNS_NAME_SIZE]);

/* True if name is such a name and has a dot. */
bool dns_is_host(const char *name);

/* The mail exchangers of domain (RFC 5321 s.5.1), none where there are none or it takes no mail
 * (RFC 7505). ERROR_TEMPORARY where no name server gives an answer. */
bool dns_read_mx(const char *domain, struct dns_mx *mx, struct error *err);

/* The TXT records of name; one that is longer than DNS_TEXT_SIZE - 1 octets or has bytes other than
 * VSCHAR and blanks is left out. */
bool dns_read_texts(const char *name, struct dns_texts *texts, struct error *err);

/* The same from an answer of len octets that has come for name; what is broken, or about another
 * name, counts as not there. Pure. */
void dns_parse_mx(const unsigned char *answer, size_t len, const char *name, struct dns_mx *mx);
void dns_parse_texts(
	const unsigned char *answer, size_t len, const char *name, struct dns_texts *texts);

#endif
