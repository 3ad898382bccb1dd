/* document.h: one JSON document of an authorization server, fetched or answered. */
#ifndef SASLFRESH_DOCUMENT_H
#define SASLFRESH_DOCUMENT_H

#include <stdbool.h>

#include "account.h"
#include "config.h"
#include "error.h"
#include "http.h"

enum { DOCUMENT_SECONDS = 10 }; /* for everything; half of it for connecting */

struct document_request {
	const struct config *config;   /* its timeouts, where they are shorter */
	const struct account *account; /* ca_file, proxy, http_loopback */
	const char *url;
	const char *json; /* what is posted; NULL: a GET */
};

/* True if the server answered with what may be JSON, whatever the status is. Otherwise err says
 * what it did instead (a redirect is not followed, and named), and reply->status is 0 if nobody
 * answered. The caller frees reply->body in any case. */
bool document_fetch(
	const struct document_request *request, struct http_reply *reply, struct error *err);

/* True if url can be an address of a server in a configuration: https, or http where the account
 * allows it to loopback addresses, and none of the bytes that mean something there. */
bool document_is_address(const struct account *account, const char *url);

#endif
