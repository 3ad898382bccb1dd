#include "peer.h"

#include <curl/curl.h>

#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static CURLcode set_trust(CURL *curl, const struct peer *peer)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (code != CURLE_OK)
		return code;
	if (peer->ca_file[0] != '\0')
		return curl_easy_setopt(curl, CURLOPT_CAINFO, peer->ca_file);
	if (variable("SSL_CERT_FILE") != NULL)
		code = curl_easy_setopt(curl, CURLOPT_CAINFO, variable("SSL_CERT_FILE"));
	if (code == CURLE_OK && variable("SSL_CERT_DIR") != NULL)
		code = curl_easy_setopt(curl, CURLOPT_CAPATH, variable("SSL_CERT_DIR"));
	return code;
}

static CURLcode set_protocols(CURL *curl, const char *protocols)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
#else
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
		strcmp(protocols, "http,https") == 0
			? CURLPROTO_HTTP | CURLPROTO_HTTPS
			: CURLPROTO_IMAP | CURLPROTO_IMAPS | CURLPROTO_POP3 | CURLPROTO_POP3S |
				CURLPROTO_SMTP | CURLPROTO_SMTPS);
#endif
}

static CURLcode set_limits(CURL *curl, const struct peer *peer)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)peer->connect_timeout);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)peer->timeout);
	if (code == CURLE_OK && peer->local)
		return curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (code == CURLE_OK && peer->proxy[0] != '\0')
		code = curl_easy_setopt(curl, CURLOPT_PROXY, peer->proxy);
	return code;
}

int peer_set(void *handle, const struct peer *peer, const char *protocols)
{
	CURLcode code = set_trust(handle, peer);

	if (code == CURLE_OK)
		code = set_protocols(handle, protocols);
	return code == CURLE_OK ? set_limits(handle, peer) : code;
}

/* The hint that fits why a certificate was not trusted: OpenSSL's X509_V_ERR numbers. */
static void hint_at_certificate(CURL *curl, struct error *err)
{
	enum { NOT_YET_VALID = 9, EXPIRED = 10, SELF_SIGNED = 18, NO_ISSUER_MAX = 21 };
	long result = 0;

	curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &result);
	if (result == NOT_YET_VALID || result == EXPIRED)
		error_hint(err, "is this machine's clock right?");
	else if (result >= SELF_SIGNED && result <= NO_ISSUER_MAX)
		error_hint(err, "for an authority of your own set `ca_file`");
}

/* detail names who was called, which may be a proxy, but not why it failed. */
static bool judge_connect(CURL *curl, const char *host, const char *detail, struct error *err)
{
	const char *after = strstr(detail, " after ");
	long number = 0;

	if (curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number) != CURLE_OK || number == 0 ||
		after == NULL)
		return error_set(err, ERROR_TEMPORARY, "%s cannot be reached: %s", host, detail);
	return error_set(err, ERROR_TEMPORARY, "%s cannot be reached: %.*s: %s", host,
		(int)(after - detail), detail, strerror((int)number));
}

bool peer_judge(
	void *handle, const struct peer *peer, int code, const char *detail, struct error *err)
{
	const char *host = peer->host;

	if (*detail == '\0')
		detail = curl_easy_strerror((CURLcode)code);
	switch (code) {
	case CURLE_SSL_CACERT_BADFILE:
		error_set(err, ERROR_CONFIG, "the CA file %s cannot be used",
			peer->ca_file[0] != '\0' ? peer->ca_file : "of this system");
		return error_hint(err, "apt install ca-certificates, or set `ca_file`");
	case CURLE_PEER_FAILED_VERIFICATION:
		error_set(err, ERROR_SERVER, "the certificate of %s cannot be trusted: %s", host,
			detail);
		hint_at_certificate(handle, err);
		return false;
	case CURLE_SSL_CONNECT_ERROR:
		return error_set(
			err, ERROR_SERVER, "no TLS 1.2 or later with %s: %s", host, detail);
	case CURLE_OUT_OF_MEMORY:
		return error_set(err, ERROR_SYSTEM, "out of memory");
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(
			err, ERROR_TEMPORARY, "%s did not answer in time: %s", host, detail);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return error_set(err, ERROR_TEMPORARY, "%s cannot be found: %s", host, detail);
	case CURLE_COULDNT_CONNECT:
		return judge_connect(handle, host, detail, err);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PROXY:
		return error_set(
			err, ERROR_TEMPORARY, "the connection to %s broke: %s", host, detail);
	default:
		return error_set(
			err, ERROR_SERVER, "no %s with %s: %s", peer->protocol, host, detail);
	}
}
