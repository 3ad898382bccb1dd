/* peer.h: what every connection of ours has in common: TLS 1.2 or later, the certificate always
 * verified, no netrc, no signals, a proxy where one is set, a limit of time; and the sentence that
 * tells why a connection did not come about. The handle is libcurl's (CURL *). */
#ifndef SASLFRESH_PEER_H
#define SASLFRESH_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct peer {
	const char *host;	 /* as errors name it */
	const char *protocol;	 /* likewise: "HTTP", "IMAP" */
	const char *ca_file;	 /* "": $SSL_CERT_FILE, $SSL_CERT_DIR or the system's */
	const char *proxy;	 /* "": the usual variables */
	bool local;		 /* never by way of a proxy */
	int64_t connect_timeout; /* seconds */
	int64_t timeout;	 /* seconds, for everything */
};

/* Sets all that on a handle, and the protocols that it may use ("http,https"). Gives a CURLcode. */
int peer_set(void *handle, const struct peer *peer, const char *protocols);

/* Turns a CURLcode other than CURLE_OK into an error. detail is the handle's error buffer. Always
 * false. ERROR_CONFIG for a CA file that cannot be used, ERROR_TEMPORARY for a network that fails,
 * ERROR_SERVER for a peer that cannot be trusted or breaks the protocol. */
bool peer_judge(
	void *handle, const struct peer *peer, int code, const char *detail, struct error *err);

#endif
