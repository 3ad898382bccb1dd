/* http.h: one POST of a form or of JSON, or one GET.
 * https only (plain http to a loopback address where the caller allows it), TLS 1.2 or later, the
 * certificate always verified, no redirects, no cookies, no netrc; bounded in time and size. */
#ifndef SASLFRESH_HTTP_H
#define SASLFRESH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum { HTTP_BODY_MAX = 64 * 1024, HTTP_WORD_MAX = 256 };

struct http_request {
	const char *url;
	const char *form;   /* application/x-www-form-urlencoded */
	const char *json;   /* application/json; both NULL: a GET */
	const char *bearer; /* an access token to show; NULL: none */
	const char *user;   /* HTTP Basic; NULL: none */
	const char *password;
	const char *ca_file; /* "": $SSL_CERT_FILE, $SSL_CERT_DIR or the system's */
	const char *proxy;   /* "": the usual variables */
	bool http_loopback;
	int64_t connect_timeout; /* seconds */
	int64_t timeout;	 /* seconds, for everything */
};

struct http_reply {
	long status;
	char host[HTTP_WORD_MAX];
	char content_type[HTTP_WORD_MAX]; /* "" if there was none */
	char location[HTTP_WORD_MAX];	  /* where a redirect pointed */
	int64_t date;			  /* of the server's clock; 0 if it gave none */
	int64_t retry_after;		  /* seconds; -1 if it gave none */
	struct buffer body;
};

/* Starts and ends the library, once a process. */
bool http_start(struct error *err);
void http_stop(void);

/* Sends the request. True whatever the HTTP status is; a body of more than HTTP_BODY_MAX octets is
 * cut off and spoiled (buffer_ok). The caller frees reply->body, also after a failure. ERROR_CONFIG
 * for a URL or CA file that may not be used, ERROR_TEMPORARY for a network that fails, ERROR_SERVER
 * for a peer that cannot be trusted or breaks HTTP. */
bool http_post(const struct http_request *request, struct http_reply *reply, struct error *err);

/* Adds "key=value" to a form, encoded; an empty value adds nothing. */
void http_form_add(struct buffer *form, const char *key, const char *value);

/* Adds value as a form encodes it (RFC 6749 s.2.3.1 wants that of a client's id and secret too). */
void http_form_encode(struct buffer *form, const char *value);

#endif
