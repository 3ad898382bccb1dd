#include "bearer.h"

#include <string.h>
#include <strings.h>

#include "token.h"

/* Nothing but lowest to "~": 0x01 ends a field, CR LF a line of every mail protocol. */
static bool is_field(const char *text, char lowest)
{
	for (; *text != '\0'; text++)
		if (*text < lowest || *text > '~')
			return false;
	return true;
}

/* RFC 5801 s.4: saslname */
static void add_saslname(struct buffer *response, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '=')
			buffer_puts(response, "=3D");
		else if (*name == ',')
			buffer_puts(response, "=2C");
		else
			buffer_add(response, name, 1);
	}
}

static void add_field(struct buffer *response, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buffer_puts(response, name);
	buffer_puts(response, value);
	buffer_puts(response, "\1");
}

bool bearer_respond(
	enum bearer_mechanism mechanism, const struct bearer *bearer, struct buffer *response)
{
	const char *host = bearer->host != NULL ? bearer->host : "";
	const char *port = bearer->port != NULL ? bearer->port : "";

	if (!is_field(bearer->user, ' ') || *bearer->user == '\0' || !is_field(host, '!') ||
		!token_is_sendable(bearer->access_token) ||
		port[strspn(port, "0123456789")] != '\0')
		return false;
	if (mechanism == BEARER_XOAUTH2) {
		add_field(response, "user=", bearer->user);
	} else {
		buffer_puts(response, "n,a=");
		add_saslname(response, bearer->user);
		buffer_puts(response, ",\1");
		add_field(response, "host=", host);
		add_field(response, "port=", port);
	}
	add_field(response, "auth=Bearer ", bearer->access_token);
	buffer_puts(response, "\1");
	if (buffer_ok(response))
		return true;
	buffer_free(response);
	return false;
}

bool bearer_is_refusal(const char *challenge, size_t len)
{
	return len > 0 && challenge[0] == '{';
}

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
		at++;
	return at;
}

/* Finds "name" : "value" anywhere in the JSON text; enough to show, never to decide on. */
static void find_member(const char *json, size_t len, const char *name, char word[BEARER_WORD_MAX])
{
	size_t name_len = strlen(name);
	size_t out = 0;

	for (size_t at = 0; at + name_len + 2 <= len; at++) {
		size_t value;

		if (json[at] != '"' || memcmp(json + at + 1, name, name_len) != 0 ||
			json[at + 1 + name_len] != '"')
			continue;
		value = skip_blanks(json, len, at + name_len + 2);
		if (value >= len || json[value] != ':')
			continue;
		value = skip_blanks(json, len, value + 1);
		if (value >= len || json[value] != '"')
			continue;
		for (value++; value < len && json[value] != '"'; value++) {
			if (json[value] == '\\' && value + 1 < len)
				value++;
			if (out + 1 < BEARER_WORD_MAX)
				word[out++] = json[value] >= 0x20 && json[value] < 0x7f
					? json[value]
					: '?';
		}
		break;
	}
	word[out] = '\0';
}

void bearer_read_refusal(const char *challenge, size_t len, struct bearer_refusal *refusal)
{
	if (len > BEARER_CHALLENGE_MAX)
		len = BEARER_CHALLENGE_MAX;
	find_member(challenge, len, "status", refusal->status);
	find_member(challenge, len, "scope", refusal->scope);
}

const char *bearer_acknowledge(enum bearer_mechanism mechanism)
{
	return mechanism == BEARER_XOAUTH2 ? "" : "\1";
}

/* ---- hosts ---- */

static bool host_matches(const char *pattern, size_t pattern_len, const char *host, size_t host_len)
{
	if (pattern_len > 0 && pattern[pattern_len - 1] == '.')
		pattern_len--;
	if (pattern_len > 2 && strncmp(pattern, "*.", 2) == 0) {
		size_t tail = pattern_len - 1;

		return host_len > tail &&
			strncasecmp(host + host_len - tail, pattern + 1, tail) == 0;
	}
	return pattern_len == host_len && strncasecmp(host, pattern, host_len) == 0;
}

bool bearer_host_allowed(const char *hosts, const char *host)
{
	size_t host_len;

	hosts += strspn(hosts, ", \t");
	if (*hosts == '\0')
		return true;
	if (host == NULL)
		return false;
	host_len = strlen(host);
	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	while (*hosts != '\0') {
		size_t word = strcspn(hosts, ", \t");

		if (host_len > 0 && host_matches(hosts, word, host, host_len))
			return true;
		hosts += word;
		hosts += strspn(hosts, ", \t");
	}
	return false;
}
