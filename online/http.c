#include "http.h"

#include <curl/curl.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "peer.h"

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

bool http_post(const struct http_request *request, struct http_reply *reply, struct error *err)
{
	struct curl_slist *headers = NULL, *longer;
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	const struct peer peer = {.host = reply->host,
		.protocol = "HTTP",
		.ca_file = request->ca_file,
		.proxy = request->proxy,
		/* What travels in the clear does not leave this machine by way of a proxy. */
		.local = strncasecmp(request->url, "https:", 6) != 0,
		.connect_timeout = request->connect_timeout,
		.timeout = request->timeout};
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
		code = (CURLcode)peer_set(curl, &peer, "http,https");
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
		peer_judge(curl, &peer, (int)code, detail, err);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return ok;
}
