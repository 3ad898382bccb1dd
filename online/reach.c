#include "reach.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http.h"

enum { SECONDS = 10, SKEW_NOTED = 60, SKEW_FATAL = 300 };

static const enum account_key endpoints[] = {ACCOUNT_TOKEN_ENDPOINT, ACCOUNT_AUTHORIZATION_ENDPOINT,
	ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT, ACCOUNT_REVOCATION_ENDPOINT,
	ACCOUNT_INTROSPECTION_ENDPOINT, ACCOUNT_USERINFO_ENDPOINT, ACCOUNT_REGISTRATION_ENDPOINT};

enum { ENDPOINTS = sizeof(endpoints) / sizeof(endpoints[0]) };

/* Scheme, host and port. */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);
}

static bool is_called_before(const struct account *account, int index)
{
	const char *url = account_value(account, endpoints[index]);
	size_t len = origin_length(url);

	for (int i = 0; i < index; i++) {
		const char *earlier = account_value(account, endpoints[i]);

		if (origin_length(earlier) == len && strncasecmp(earlier, url, len) == 0)
			return true;
	}
	return false;
}

static void check_clock(
	const struct http_reply *reply, int64_t now, const struct findings *findings)
{
	long long skew = (long long)(reply->date - now);
	struct error err = {0};

	if (skew >= -SKEW_NOTED && skew <= SKEW_NOTED) {
		finding_ok(findings, "clock", "as that of %s", reply->host);
		return;
	}
	error_set(&err, ERROR_SYSTEM, "it is %lld s %s that of %s", skew < 0 ? -skew : skew,
		skew < 0 ? "ahead of" : "behind", reply->host);
	error_hint(&err, "timedatectl set-ntp true");
	if (skew < -SKEW_FATAL || skew > SKEW_FATAL)
		finding_fail(findings, "clock", &err);
	else
		finding_warn(findings, "clock", &err);
}

/* Whatever the status is: an endpoint need not answer a GET well. */
static void call(const struct account *account, enum account_key key, bool *clock,
	const struct findings *findings)
{
	const struct http_request request = {.url = account_value(account, key),
		.ca_file = account_value(account, ACCOUNT_CA_FILE),
		.proxy = account_value(account, ACCOUNT_PROXY),
		.http_loopback = strcmp(account_value(account, ACCOUNT_HTTP_LOOPBACK), "yes") == 0,
		.connect_timeout = SECONDS,
		.timeout = SECONDS};
	struct http_reply reply = {0};
	struct error err = {0};

	if (!http_post(&request, &reply, &err)) {
		error_hint(&err, "is the network up, and are proxy and firewall right?");
		finding_fail(findings, account_key_name(key), &err);
	} else {
		finding_ok(findings, account_key_name(key), "%s %s (HTTP %ld)", reply.host,
			strncasecmp(request.url, "https:", 6) == 0
				? "answers, and its certificate is trusted"
				: "answers",
			reply.status);
		if (!*clock && reply.date != 0) {
			check_clock(&reply, (int64_t)time(NULL), findings);
			*clock = true;
		}
	}
	buffer_free(&reply.body);
}

void reach_check(const struct online *online, const struct findings *findings)
{
	const struct account *account = online->account;
	bool clock = false;

	for (int i = 0; i < ENDPOINTS; i++)
		if (account->values[endpoints[i]] != NULL && !is_called_before(account, i))
			call(account, endpoints[i], &clock, findings);
}
