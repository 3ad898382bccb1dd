#include "http.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_start(struct error *err)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
		error_set(err, ERROR_SYSTEM, "cannot start libcurl");
}

void http_stop(void)
{
	curl_global_cleanup();
}

void http_form_encode(struct buffer *form, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;
		const char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			buffer_add(form, value, 1);
		else
			buffer_add(form, escaped, sizeof(escaped));
	}
}

void http_form_add(struct buffer *form, const char *key, const char *value)
{
	if (*value == '\0')
		return;
	if (form->len > 0)
		buffer_puts(form, "&");
	buffer_puts(form, key);
	buffer_puts(form, "=");
	http_form_encode(form, value);
}

/* ---- the URL ---- */

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		(strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

static bool judge_url(const struct http_request *request, const char *scheme, const char *host,
	const char *user, struct error *err)
{
	if (user != NULL)
		return error_set(err, ERROR_CONFIG, "a user name in %.200s", request->url);
	if (strcmp(scheme, "https") == 0)
		return true;
	error_set(err, ERROR_CONFIG, "%.200s is not https", request->url);
	if (strcmp(scheme, "http") != 0 || !is_loopback(host))
		return error_hint(err, "tokens travel by https only");
	return request->http_loopback ||
		error_hint(err, "`http_loopback = yes` allows it for tests");
}

static bool check_url(
	const struct http_request *request, char host[HTTP_WORD_MAX], struct error *err)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *name = NULL, *user = NULL;
	bool ok = false;

	if (url == NULL || curl_url_set(url, CURLUPART_URL, request->url, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_HOST, &name, 0) != CURLUE_OK) {
		error_set(err, ERROR_CONFIG, "%.200s is not a URL", request->url);
	} else {
		curl_url_get(url, CURLUPART_USER, &user, 0);
		ok = judge_url(request, scheme, name, user, err);
		snprintf(host, HTTP_WORD_MAX, "%s", name);
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(user);
	curl_url_cleanup(url);
	return ok;
}

/* ---- the exchange ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct buffer *body = context;

	buffer_add(body, bytes, size * count);
	return buffer_ok(body) ? size * count : 0;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct http_reply *reply = context;
	size_t len = size * count;
	char date[64];

	if (len > 5 && len - 5 < sizeof(date) && strncasecmp(line, "date:", 5) == 0) {
		memcpy(date, line + 5, len - 5);
		date[len - 5] = '\0';
		reply->date = curl_getdate(date, NULL);
		if (reply->date < 0)
			reply->date = 0;
	}
	return len;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static CURLcode set_trust(CURL *curl, const struct http_request *request)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (code != CURLE_OK)
		return code;
	if (request->ca_file[0] != '\0')
		return curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	if (variable("SSL_CERT_FILE") != NULL)
		code = curl_easy_setopt(curl, CURLOPT_CAINFO, variable("SSL_CERT_FILE"));
	if (code == CURLE_OK && variable("SSL_CERT_DIR") != NULL)
		code = curl_easy_setopt(curl, CURLOPT_CAPATH, variable("SSL_CERT_DIR"));
	return code;
}

static CURLcode set_limits(CURL *curl, const struct http_request *request)
{
	CURLcode code;

#if LIBCURL_VERSION_NUM >= 0x075500
	code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			curl, CURLOPT_CONNECTTIMEOUT, (long)request->connect_timeout);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->timeout);
	/* What travels in the clear does not leave this machine by way of a proxy. */
	if (code == CURLE_OK && strncasecmp(request->url, "https:", 6) != 0)
		return curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (code == CURLE_OK && request->proxy[0] != '\0')
		code = curl_easy_setopt(curl, CURLOPT_PROXY, request->proxy);
	return code;
}

static CURLcode set_message(CURL *curl, const struct http_request *request,
	struct http_reply *reply, struct curl_slist *headers)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, request->url);
	const char *body = request->form != NULL ? request->form : request->json;

	if (code == CURLE_OK && body != NULL)
		code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	if (code == CURLE_OK && request->bearer != NULL) {
		code = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		if (code == CURLE_OK)
			code = curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request->bearer);
	}
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "saslfresh/" SASLFRESH_VERSION);
	if (code == CURLE_OK && request->user != NULL) {
		code = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		if (code == CURLE_OK)
			code = curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		if (code == CURLE_OK)
			code = curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
	}
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
	return code;
}

static void take_notes(CURL *curl, struct http_reply *reply)
{
	curl_off_t seconds = 0;
	char *text = NULL;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text != NULL)
		snprintf(reply->content_type, sizeof(reply->content_type), "%s", text);
	text = NULL;
	if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &text) == CURLE_OK && text != NULL)
		snprintf(reply->location, sizeof(reply->location), "%s", text);
	if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
		reply->retry_after = seconds;
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

static bool judge(CURL *curl, const struct http_request *request, const char *host, CURLcode code,
	const char *detail, struct error *err)
{
	if (*detail == '\0')
		detail = curl_easy_strerror(code);
	switch (code) {
	case CURLE_SSL_CACERT_BADFILE:
		error_set(err, ERROR_CONFIG, "the CA file %s cannot be used",
			request->ca_file[0] != '\0' ? request->ca_file : "of this system");
		return error_hint(err, "apt install ca-certificates, or set `ca_file`");
	case CURLE_PEER_FAILED_VERIFICATION:
		error_set(err, ERROR_SERVER, "the certificate of %s cannot be trusted: %s", host,
			detail);
		hint_at_certificate(curl, err);
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
		return judge_connect(curl, host, detail, err);
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
		return error_set(err, ERROR_SERVER, "no HTTP with %s: %s", host, detail);
	}
}

bool http_post(const struct http_request *request, struct http_reply *reply, struct error *err)
{
	struct curl_slist *headers = NULL, *longer;
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	bool ok = false;

	*reply = (struct http_reply){.retry_after = -1, .body = BUFFER(HTTP_BODY_MAX)};
	if (!check_url(request, reply->host, err))
		return false;
	/* What will be answered has its place before it is asked for. */
	if (!buffer_reserve(&reply->body, HTTP_BODY_MAX))
		return error_set(err, ERROR_SYSTEM, "out of memory");
	headers = curl_slist_append(NULL, "Accept: application/json");
	longer = curl_slist_append(headers, "Expect:");
	if (request->json != NULL && longer != NULL)
		longer = curl_slist_append(headers, "Content-Type: application/json");
	curl = curl_easy_init();
	if (curl != NULL && longer != NULL) {
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
		code = set_trust(curl, request);
		if (code == CURLE_OK)
			code = set_limits(curl, request);
		if (code == CURLE_OK)
			code = set_message(curl, request, reply, headers);
		if (code == CURLE_OK)
			code = curl_easy_perform(curl);
	}
	/* A body that is too large ends the exchange; what stood before it is known. */
	ok = code == CURLE_OK || !buffer_ok(&reply->body);
	if (ok)
		take_notes(curl, reply);
	else
		judge(curl, request, reply->host, code, detail, err);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return ok;
}
