#include "dns.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyfile.h"

enum { ALIASES = 8, LABEL_MAX = 63 };

/* ---- names ---- */

static bool is_name(const char *name)
{
	size_t label = 0;

	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '.' ? label == 0 || c[-1] == '-'
			      : !isalnum((unsigned char)*c) && *c != '-')
			return false;
		if (*c == '-' && label == 0)
			return false;
		label = *c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0 && name[strlen(name) - 1] != '-';
}

bool dns_is_host(const char *name)
{
	return strlen(name) < DNS_NAME_SIZE && strchr(name, '.') != NULL && is_name(name);
}

/* Copies a name in lower case, without the dot at its end. */
static bool copy_host(const char *name, char host[DNS_NAME_SIZE])
{
	char copy[DNS_NAME_SIZE];
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof(copy))
		return false;
	for (size_t i = 0; i < len; i++)
		copy[i] = (char)tolower((unsigned char)name[i]);
	copy[len] = '\0';
	if (!dns_is_host(copy))
		return false;
	memcpy(host, copy, len + 1);
	return true;
}

bool dns_domain(const char *address, char domain[DNS_NAME_SIZE])
{
	const char *at = strrchr(address, '@');

	return at != NULL && at != address && copy_host(at + 1, domain);
}

/* ---- reading an answer ---- */

static bool read_name(ns_msg *message, const unsigned char *at, char name[NS_MAXDNAME])
{
	return ns_name_uncompress(
		       ns_msg_base(*message), ns_msg_end(*message), at, name, NS_MAXDNAME) >= 0;
}

/* What is read of an answer: take gets the data of each record of that type about that name. */
struct reading {
	ns_type type;
	void (*take)(void *context, ns_msg *message, const ns_rr *record);
	void *context;
};

/* Aliases are followed as far as they are in the answer. */
static bool follow_alias(ns_msg *message, char owner[NS_MAXDNAME])
{
	ns_rr record;

	for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++)
		if (ns_parserr(message, ns_s_an, i, &record) == 0 &&
			ns_rr_type(record) == ns_t_cname &&
			strcasecmp(ns_rr_name(record), owner) == 0)
			return read_name(message, ns_rr_rdata(record), owner);
	return false;
}

static void read_answer(
	const unsigned char *answer, size_t len, const char *name, const struct reading *reading)
{
	char owner[NS_MAXDNAME];
	ns_msg message;
	ns_rr record;

	if (len > DNS_ANSWER || ns_initparse(answer, (int)len, &message) != 0 ||
		!keyfile_copy(owner, sizeof(owner), name))
		return;
	for (int i = 0; i < ALIASES && follow_alias(&message, owner); i++)
		;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &record) == 0 &&
			ns_rr_type(record) == reading->type && ns_rr_class(record) == ns_c_in &&
			strcasecmp(ns_rr_name(record), owner) == 0)
			reading->take(reading->context, &message, &record);
}

static void take_mx(void *context, ns_msg *message, const ns_rr *record)
{
	struct dns_mx *mx = context;
	struct dns_exchange *exchange = &mx->exchanges[mx->count];
	char name[NS_MAXDNAME];

	if (mx->count == DNS_RECORDS || ns_rr_rdlen(*record) < 3 ||
		!read_name(message, ns_rr_rdata(*record) + 2, name) ||
		!copy_host(name, exchange->host))
		return;
	exchange->preference = ns_get16(ns_rr_rdata(*record));
	mx->count++;
}

/* By preference, then by name: the order of an answer means nothing. */
static int compare_exchanges(const void *a, const void *b)
{
	const struct dns_exchange *left = a, *right = b;

	if (left->preference != right->preference)
		return left->preference < right->preference ? -1 : 1;
	return strcmp(left->host, right->host);
}

void dns_parse_mx(const unsigned char *answer, size_t len, const char *name, struct dns_mx *mx)
{
	const struct reading reading = {ns_t_mx, take_mx, mx};

	memset(mx, 0, sizeof(*mx));
	read_answer(answer, len, name, &reading);
	qsort(mx->exchanges, mx->count, sizeof(mx->exchanges[0]), compare_exchanges);
}

/* A text is a run of strings, each behind its length (RFC 1035 s.3.3.14). */
static void take_text(void *context, ns_msg *message, const ns_rr *record)
{
	struct dns_texts *texts = context;
	const unsigned char *data = ns_rr_rdata(*record);
	size_t left = ns_rr_rdlen(*record), used = 0;
	char *text = texts->texts[texts->count];

	(void)message;
	if (texts->count == DNS_RECORDS)
		return;
	while (left > 0) {
		size_t len = *data;

		if (len >= left || used + len >= DNS_TEXT_SIZE)
			return;
		for (size_t i = 1; i <= len; i++)
			if (data[i] < ' ' || data[i] > '~')
				return;
		memcpy(text + used, data + 1, len);
		used += len;
		data += len + 1;
		left -= len + 1;
	}
	text[used] = '\0';
	texts->count++;
}

void dns_parse_texts(
	const unsigned char *answer, size_t len, const char *name, struct dns_texts *texts)
{
	const struct reading reading = {ns_t_txt, take_text, texts};

	memset(texts, 0, sizeof(*texts));
	read_answer(answer, len, name, &reading);
}

/* ---- asking ---- */

/* Writes how long the answer is, 0 where the name or such records do not exist. */
static bool ask(
	const char *name, ns_type type, unsigned char *answer, size_t *len, struct error *err)
{
	struct __res_state resolver;
	int got;

	memset(&resolver, 0, sizeof(resolver));
	if (res_ninit(&resolver) != 0)
		return error_set(err, ERROR_TEMPORARY, "the resolver cannot be used");
	resolver.retrans = DNS_SECONDS;
	resolver.retry = 1;
	/* A TCP connection of the resolver has no deadline; half an answer will do. */
	resolver.options &= ~(unsigned long)RES_USEVC;
	resolver.options |= RES_IGNTC | RES_USE_EDNS0;
	got = res_nquery(&resolver, name, ns_c_in, (int)type, answer, DNS_ANSWER);
	*len = got > 0 ? (size_t)got : 0;
	if (got < 0 && resolver.res_h_errno != HOST_NOT_FOUND && resolver.res_h_errno != NO_DATA)
		error_set(err, ERROR_TEMPORARY, "no name server says anything about %s", name);
	else
		got = 0;
	res_nclose(&resolver);
	return got >= 0;
}

bool dns_read_mx(const char *domain, struct dns_mx *mx, struct error *err)
{
	unsigned char *answer = malloc(DNS_ANSWER);
	size_t len = 0;
	bool ok = answer != NULL ? ask(domain, ns_t_mx, answer, &len, err)
				 : error_set(err, ERROR_SYSTEM, "out of memory");

	if (ok)
		dns_parse_mx(answer, len, domain, mx);
	free(answer);
	return ok;
}

bool dns_read_texts(const char *name, struct dns_texts *texts, struct error *err)
{
	unsigned char *answer = malloc(DNS_ANSWER);
	size_t len = 0;
	bool ok = answer != NULL ? ask(name, ns_t_txt, answer, &len, err)
				 : error_set(err, ERROR_SYSTEM, "out of memory");

	if (ok)
		dns_parse_texts(answer, len, name, texts);
	free(answer);
	return ok;
}
