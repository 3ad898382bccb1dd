#define _GNU_SOURCE
#include "ssmtp_sasl.h"

#include <ctype.h>
#include <sasl/sasl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <syslog.h>
#include <unistd.h>

#include "ssmtp_exchange.h"

enum {
	NAME_MAX_LEN = 20,
	NAMES_MAX = 512
}; /* RFC 4422 s.3.1: a mechanism's name has at most 20 characters */

/* ---- the configuration ---- */

static struct {
	char mechanisms[NAMES_MAX]; /* AuthMech, blanks between */
	bool too_long;
	bool cleartext;
} settings;

bool ssmtp_sasl_wanted(const char *method)
{
	return method != NULL &&
		(strcasecmp(method, "SASL") == 0 || strcasecmp(method, "XOAUTH2") == 0 ||
			strcasecmp(method, "OAUTHBEARER") == 0);
}

bool ssmtp_sasl_config(const char *key, const char *value)
{
	if (strcasecmp(key, "AuthCleartext") == 0) {
		settings.cleartext = strcasecmp(value, "YES") == 0;
		return true;
	}
	if (strcasecmp(key, "AuthMech") != 0)
		return false;
	settings.too_long = strlen(value) >= sizeof(settings.mechanisms);
	if (settings.too_long)
		return true;
	memcpy(settings.mechanisms, value, strlen(value) + 1);
	for (char *at = settings.mechanisms; *at != '\0'; at++)
		*at = *at == ',' ? ' ' : (char)toupper((unsigned char)*at);
	return true;
}

/* ---- a process with more rights than its caller ---- */

static bool give_up_privileges(void)
{
	const gid_t gid = getgid();
	const uid_t uid = getuid();
	gid_t groups[3];
	uid_t users[3];

	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0 &&
		getresgid(&groups[0], &groups[1], &groups[2]) == 0 &&
		getresuid(&users[0], &users[1], &users[2]) == 0 && groups[1] == gid &&
		groups[2] == gid && users[1] == uid && users[2] == uid;
}

/* What a mechanism links may obey variables that our caller has set (proxies, key logs, module
 * paths). */
static bool empty_environment(void)
{
	const char *zone = getenv("TZ");

	return clearenv() == 0 && setenv("PATH", "/usr/bin:/bin", 1) == 0 &&
		(zone == NULL || setenv("TZ", zone, 1) == 0);
}

static bool secure_process(const struct ssmtp_sasl *sasl, char *text)
{
	if (getauxval(AT_SECURE) == 0)
		return true;
	if (sasl->untrusted && !give_up_privileges()) {
		ssmtp_say(text, "cannot give up the privileges that -C and -au do not go with");
		return false;
	}
	if (!empty_environment()) {
		ssmtp_say(text, "cannot empty the environment");
		return false;
	}
	return true;
}

/* ---- what the server offers ---- */

/* Whether LIST, names with blanks between, has NAME. */
static bool has_name(const char *list, const char *name, size_t len)
{
	for (const char *at = list; *at != '\0';) {
		size_t found = strcspn(at, " ");

		if (found == len && strncasecmp(at, name, len) == 0)
			return true;
		at += found + strspn(at + found, " ");
	}
	return false;
}

static bool is_name(const char *name, size_t len)
{
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return true;
}

static void add_names(char *list, const char *line, size_t len)
{
	static const char between[] = " \t=\n";
	const char *end = line + len;

	while (line < end) {
		size_t found = strcspn(line, between);

		if (is_name(line, found) && !has_name(list, line, found)) {
			size_t used = strlen(list);

			for (size_t i = 0; i < found; i++)
				list[used + i] = (char)toupper((unsigned char)line[i]);
			memcpy(list + used + found, " ", 2);
		}
		line += found + 1;
	}
}

/* The mechanisms of all lines "AUTH NAME ..." and, of old servers, "AUTH=NAME ...". NULL: no
 * memory. */
static char *offered_names(const struct ssmtp_reply *reply)
{
	char *list = calloc(1, reply->len + 2);
	const char *line = reply->text;

	for (bool greeting = true; list != NULL && *line != '\0'; greeting = false) {
		size_t len = strcspn(line, "\n");

		if (!greeting && len > 4 && strncasecmp(line, "AUTH", 4) == 0 &&
			(line[4] == ' ' || line[4] == '='))
			add_names(list, line + 5, len - 5);
		line += len + 1;
	}
	return list;
}

static enum ssmtp_sasl_result greet(const struct ssmtp_sasl *sasl, char **offered, char *text)
{
	enum ssmtp_sasl_result result = SSMTP_SASL_TEMPFAIL;
	struct ssmtp_reply reply = {0};
	char line[SSMTP_TEXT_MAX];

	ssmtp_say(line, "EHLO %s", sasl->helo);
	if (!ssmtp_link_send(&sasl->link, line, strlen(line), line)) {
		ssmtp_say(text, "%s: the connection was lost at EHLO", sasl->host);
	} else if (!ssmtp_link_read(&sasl->link, &reply)) {
		ssmtp_say(text, "%s: %s at EHLO", sasl->host, reply.problem);
	} else if (reply.code / 100 != 2) {
		ssmtp_reply_line(&reply, line);
		ssmtp_say(
			text, "%s does not take EHLO, so nobody can log in: %s", sasl->host, line);
		result = reply.code / 100 == 4 ? SSMTP_SASL_TEMPFAIL : SSMTP_SASL_FAIL;
	} else if ((*offered = offered_names(&reply)) == NULL) {
		ssmtp_say(text, "not enough memory for the mechanisms of %s", sasl->host);
	} else if (**offered == '\0') {
		ssmtp_say(text, "%s offers no AUTH%s", sasl->host,
			sasl->tls ? "" : " without TLS (UseSTARTTLS=YES may help)");
		result = SSMTP_SASL_FAIL;
	} else {
		result = SSMTP_SASL_OK;
	}
	ssmtp_reply_free(&reply);
	return result;
}

/* ---- which of them ---- */

static void explain(const struct ssmtp_sasl *sasl, const char *wanted, const char *offered,
	struct ssmtp_outcome *outcome)
{
	outcome->result = SSMTP_SASL_FAIL;
	if (!outcome->unavailable)
		ssmtp_say(outcome->text, "%s offers %.400s and not %.400s (AuthMech)", sasl->host,
			offered, wanted);
	else if (outcome->unknown)
		ssmtp_say(outcome->text,
			"no SASL mechanism here for %.400s: "
			"the plugin is not installed, or has no account",
			wanted);
	else
		ssmtp_say(outcome->text,
			"%.400s would show a secret to the network: "
			"UseSTARTTLS=YES or UseTLS=YES hides it, AuthCleartext=YES allows it",
			wanted);
}

static void try_one(const struct ssmtp_sasl *sasl, const char *names, struct ssmtp_outcome *outcome)
{
	char chosen[sizeof(outcome->mechanism)];

	ssmtp_exchange(sasl, names, settings.cleartext, outcome);
	if (outcome->result == SSMTP_SASL_OK || !outcome->again)
		return;
	/* What the mechanism has learned from the refusal counts for its next conversation. */
	sasl->link.log(LOG_NOTICE, "%s", outcome->text);
	memcpy(chosen, outcome->mechanism, sizeof(chosen));
	ssmtp_exchange(sasl, chosen, settings.cleartext, outcome);
}

/* In our order, one by one: libsasl2 would take the list in an order of its own. */
static void try_in_order(const struct ssmtp_sasl *sasl, const char *wanted, const char *offered,
	struct ssmtp_outcome *outcome)
{
	bool unavailable = false, unknown = true;
	char name[NAME_MAX_LEN + 1];

	for (const char *at = wanted; *at != '\0';) {
		size_t len = strcspn(at, " ");

		if (is_name(at, len) && has_name(offered, at, len)) {
			memcpy(name, at, len);
			name[len] = '\0';
			try_one(sasl, name, outcome);
			if (!outcome->unavailable)
				return;
			unavailable = true;
			unknown = unknown && outcome->unknown;
		}
		at += len + strspn(at + len, " ");
	}
	outcome->unavailable = unavailable;
	outcome->unknown = unknown;
	explain(sasl, wanted, offered, outcome);
}

static void log_in(
	const struct ssmtp_sasl *sasl, const char *offered, struct ssmtp_outcome *outcome)
{
	const char *wanted = settings.mechanisms;
	char only[NAME_MAX_LEN + 1];

	if (strcasecmp(sasl->method, "SASL") != 0) {
		for (size_t i = 0; i <= strlen(sasl->method); i++)
			only[i] = (char)toupper((unsigned char)sasl->method[i]);
		wanted = only;
	}
	if (*wanted != '\0') {
		try_in_order(sasl, wanted, offered, outcome);
		return;
	}
	try_one(sasl, offered, outcome);
	if (outcome->unavailable)
		explain(sasl, offered, offered, outcome);
}

enum ssmtp_sasl_result ssmtp_sasl_auth(const struct ssmtp_sasl *sasl, char *text)
{
	struct ssmtp_outcome outcome = {.result = SSMTP_SASL_FAIL};
	char *offered = NULL;

	signal(SIGPIPE, SIG_IGN);
	*text = '\0';
	if (settings.too_long) {
		ssmtp_say(text, "AuthMech is longer than %d characters", NAMES_MAX - 1);
		return SSMTP_SASL_FAIL;
	}
	if (!ssmtp_sasl_wanted(sasl->method)) {
		ssmtp_say(text, "AuthMethod is none of SASL, XOAUTH2, OAUTHBEARER");
		return SSMTP_SASL_FAIL;
	}
	if (!secure_process(sasl, text))
		return SSMTP_SASL_FAIL;
	outcome.result = greet(sasl, &offered, text);
	if (outcome.result == SSMTP_SASL_OK) {
		if (sasl_client_init(NULL) != SASL_OK) {
			ssmtp_say(outcome.text, "libsasl2 does not start");
			outcome.result = SSMTP_SASL_FAIL;
		} else {
			log_in(sasl, offered, &outcome);
			sasl_client_done();
		}
		memcpy(text, outcome.text, sizeof(outcome.text));
	}
	free(offered);
	return outcome.result;
}
