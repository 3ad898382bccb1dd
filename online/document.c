#include "document.h"

#include <string.h>
#include <strings.h>

static int64_t at_most(int64_t value, int64_t max)
{
	return value > 0 && value < max ? value : max;
}

static bool allows_loopback(const struct account *account)
{
	return strcmp(account_value(account, ACCOUNT_HTTP_LOOPBACK), "yes") == 0;
}

bool document_is_address(const struct account *account, const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0		      ? 8
		: strncmp(url, "http://", 7) == 0 && allows_loopback(account) ? 7
									      : 0;

	size_t authority = strcspn(url + scheme, "/?");

	if (scheme == 0 || authority == 0 || memchr(url + scheme, '@', authority) != NULL)
		return false;
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("{}<>\"\\^`|#", *c) != NULL)
			return false;
	return true;
}

static bool is_web_page(const struct http_reply *reply)
{
	const char *body = buffer_text(&reply->body);

	return strncasecmp(reply->content_type, "text/html", 9) == 0 ||
		body[strspn(body, " \t\r\n")] == '<';
}

static bool judge(const char *url, const struct http_reply *reply, struct error *err)
{
	enum error_kind kind = reply->status == 408 || reply->status == 429 || reply->status >= 500
		? ERROR_TEMPORARY
		: ERROR_SERVER;

	if (reply->status >= 300 && reply->status < 400)
		return error_set(err, ERROR_SERVER,
			"%.300s redirects%s%s (HTTP %ld), which is not followed", url,
			reply->location[0] != '\0' ? " to " : "", reply->location, reply->status);
	if (is_web_page(reply))
		return error_set(err, kind,
			"%.300s is a web page (HTML, HTTP %ld), not a JSON document", url,
			reply->status);
	if (!buffer_ok(&reply->body))
		return error_set(err, kind, "%.300s has more than %d octets (HTTP %ld)", url,
			HTTP_BODY_MAX, reply->status);
	if (reply->body.len == 0)
		return error_set(err, kind, "%.300s is empty (HTTP %ld)", url, reply->status);
	return true;
}

bool document_fetch(
	const struct document_request *request, struct http_reply *reply, struct error *err)
{
	const struct account *account = request->account;
	const struct http_request http = {
		.url = request->url,
		.json = request->json,
		.ca_file = account_value(account, ACCOUNT_CA_FILE),
		.proxy = account_value(account, ACCOUNT_PROXY),
		.http_loopback = allows_loopback(account),
		.connect_timeout = at_most(request->config->connect_timeout, DOCUMENT_SECONDS / 2),
		.timeout = at_most(request->config->timeout, DOCUMENT_SECONDS),
	};

	return http_post(&http, reply, err) && judge(request->url, reply, err);
}
