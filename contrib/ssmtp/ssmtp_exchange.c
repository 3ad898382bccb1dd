#include "ssmtp_exchange.h"

#include <sasl/sasl.h>
#include <sasl/saslutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "ssmtp_mechanism.h"

enum {
	LINE_MAX_LEN = 510, /* RFC 4954 s.4: the AUTH line has 512 octets, CRLF among them */
	ROUNDS_MAX = 20
};

struct exchange {
	const struct ssmtp_sasl *sasl;
	struct ssmtp_outcome *outcome;
	struct ssmtp_mechanism conversation;
	const char *mechanism; /* its name, once chosen */
	const char *out;       /* the mechanism's, until its next step */
	unsigned out_len;
	bool done;	 /* the mechanism has nothing more to say */
	bool challenged; /* it was shown something after its response */
	struct ssmtp_reply reply;
};

/* ---- failing ---- */

static bool fail(struct exchange *exchange, enum ssmtp_sasl_result result)
{
	exchange->outcome->result = result;
	return false;
}

static bool lost(struct exchange *exchange)
{
	const char *problem = exchange->reply.problem;

	ssmtp_say(exchange->outcome->text, "%s: %s during authentication", exchange->sasl->host,
		problem != NULL ? problem : "the connection was lost");
	return fail(exchange, SSMTP_SASL_TEMPFAIL);
}

/* A step that went wrong on our side. */
static bool failed_step(struct exchange *exchange, int code, sasl_interact_t *prompts)
{
	const char *mechanism = exchange->mechanism != NULL ? exchange->mechanism : "SASL";

	if (code == SASL_INTERACT)
		ssmtp_say(exchange->outcome->text, "SASL mechanism %s needs %s", mechanism,
			ssmtp_mechanism_missing(prompts));
	else
		ssmtp_say(exchange->outcome->text, "%s for %.64s: %.800s", mechanism,
			exchange->sasl->host, ssmtp_mechanism_reason(&exchange->conversation));
	free(prompts);
	exchange->outcome->again = code == SASL_TRYAGAIN;
	return fail(exchange,
		code == SASL_UNAVAIL || code == SASL_TRYAGAIN ? SSMTP_SASL_TEMPFAIL
							      : SSMTP_SASL_FAIL);
}

/* The server's no, with what the mechanism made of it. */
static bool refused(struct exchange *exchange)
{
	const char *mechanism = exchange->mechanism;
	char line[SSMTP_TEXT_MAX];

	ssmtp_reply_line(&exchange->reply, line);
	if (exchange->challenged)
		ssmtp_say(exchange->outcome->text, "%.64s refused %s: %.400s (%.400s)",
			exchange->sasl->host, mechanism, line,
			ssmtp_mechanism_reason(&exchange->conversation));
	else
		ssmtp_say(exchange->outcome->text, "%.64s refused %s: %.800s", exchange->sasl->host,
			mechanism, line);
	exchange->outcome->again = exchange->challenged &&
		(strcasecmp(mechanism, "XOAUTH2") == 0 ||
			strcasecmp(mechanism, "OAUTHBEARER") == 0);
	return fail(
		exchange, exchange->reply.code / 100 == 4 ? SSMTP_SASL_TEMPFAIL : SSMTP_SASL_FAIL);
}

/* Cancels the exchange (RFC 4954 s.4), so that the server's answer to the next command is about
 * that command. */
static bool cancel(struct exchange *exchange)
{
	if (ssmtp_link_send(&exchange->sasl->link, "*", 1, "*"))
		ssmtp_link_read(&exchange->sasl->link, &exchange->reply);
	return false;
}

/* ---- sending ---- */

/* PREFIX, a blank if there is one, and OUT in base64. */
static char *encoded(
	const char *prefix, const char *out, unsigned out_len, size_t *len, size_t *size)
{
	size_t before = strlen(prefix) + (*prefix != '\0');
	unsigned written = 0;
	char *line;

	*size = before + 4 * (((size_t)out_len + 2) / 3) + 1;
	line = malloc(*size);
	if (line == NULL)
		return NULL;
	memcpy(line, prefix, strlen(prefix));
	if (before > 0)
		line[before - 1] = ' ';
	line[before] = '\0';
	if (out_len > 0 &&
		sasl_encode64(out, out_len, line + before, (unsigned)(*size - before), &written) !=
			SASL_OK) {
		free(line);
		return NULL;
	}
	*len = before + written;
	return line;
}

static bool send_encoded(struct exchange *exchange, const char *prefix, const char *shown)
{
	size_t len, size;
	char *line = encoded(prefix, exchange->out, exchange->out_len, &len, &size);
	bool ok = line != NULL && ssmtp_link_send(&exchange->sasl->link, line, len, shown);

	if (line != NULL) {
		explicit_bzero(line, size);
		free(line);
	}
	return ok || lost(exchange);
}

/* AUTH with the initial response where the line is short enough, else the response after "334". */
static bool send_auth(struct exchange *exchange)
{
	const struct ssmtp_link *link = &exchange->sasl->link;
	const size_t len = 4 * (((size_t)exchange->out_len + 2) / 3);
	const bool empty = exchange->out != NULL && exchange->out_len == 0;
	char command[64], shown[80];

	snprintf(command, sizeof(command), "AUTH %.40s%s", exchange->mechanism, empty ? " =" : "");
	if (exchange->out_len > 0 && strlen(command) + 1 + len <= LINE_MAX_LEN) {
		snprintf(shown, sizeof(shown), "%s <secret>", command);
		return send_encoded(exchange, command, shown);
	}
	if (!ssmtp_link_send(link, command, strlen(command), command))
		return lost(exchange);
	if (exchange->out_len == 0)
		return true;
	if (!ssmtp_link_read(link, &exchange->reply))
		return lost(exchange);
	return exchange->reply.code / 100 == 3 ? send_encoded(exchange, "", "<secret>")
					       : refused(exchange);
}

/* ---- the mechanism ---- */

static bool begin(struct exchange *exchange, const char *mechanisms)
{
	sasl_interact_t *prompts = NULL;
	int code;

	ssmtp_link_wait(&exchange->sasl->link, SSMTP_LONG_PATIENCE);
	code = sasl_client_start(exchange->conversation.conn, mechanisms, &prompts, &exchange->out,
		&exchange->out_len, &exchange->mechanism);
	if (code == SASL_NOMECH) {
		exchange->outcome->unavailable = true;
		exchange->outcome->unknown = !ssmtp_mechanism_exists(mechanisms);
		return fail(exchange, SSMTP_SASL_FAIL);
	}
	if (exchange->mechanism != NULL)
		snprintf(exchange->outcome->mechanism, sizeof(exchange->outcome->mechanism), "%s",
			exchange->mechanism);
	exchange->done = code == SASL_OK;
	return code == SASL_OK || code == SASL_CONTINUE || failed_step(exchange, code, prompts);
}

/* A mechanism that has ended is shown nothing more: the server's last words go to the log, its
 * verdict comes next. */
static bool answer_late(struct exchange *exchange, const char *challenge)
{
	char text[SSMTP_TEXT_MAX];

	ssmtp_say(text, "%.64s answers %s with %.800s", exchange->sasl->host, exchange->mechanism,
		challenge);
	exchange->sasl->link.log(LOG_WARNING, "%s", text);
	exchange->out_len = 0;
	return send_encoded(exchange, "", "");
}

/* One "334 base64". */
static bool answer(struct exchange *exchange)
{
	const char *text = exchange->reply.text;
	size_t len = strcspn(text, "\n");
	unsigned challenge_len = 0;
	sasl_interact_t *prompts = NULL;
	char *challenge;
	bool ok;
	int code;

	if (len == 1 && *text == '=')
		len = 0;
	challenge = calloc(1, len + 1);
	if (challenge == NULL)
		return lost(exchange);
	if (len > 0 &&
		sasl_decode64(text, (unsigned)len, challenge, (unsigned)len + 1, &challenge_len) !=
			SASL_OK) {
		ssmtp_say(exchange->outcome->text, "%.64s sends a challenge that is not base64",
			exchange->sasl->host);
		free(challenge);
		fail(exchange, SSMTP_SASL_FAIL);
		return cancel(exchange);
	}
	exchange->challenged = exchange->challenged || challenge_len > 0;
	if (exchange->done) {
		ok = answer_late(exchange, challenge);
		free(challenge);
		return ok;
	}
	ssmtp_link_wait(&exchange->sasl->link, SSMTP_LONG_PATIENCE);
	code = sasl_client_step(exchange->conversation.conn, challenge, challenge_len, &prompts,
		&exchange->out, &exchange->out_len);
	free(challenge);
	exchange->done = code == SASL_OK;
	if (code == SASL_OK || code == SASL_CONTINUE)
		return send_encoded(exchange, "", exchange->out_len > 0 ? "<secret>" : "");
	failed_step(exchange, code, prompts);
	return cancel(exchange);
}

/* 2yz: the server says yes. A mechanism that has to see a proof from the server must have seen it.
 */
static bool accepted(struct exchange *exchange)
{
	const char *mechanism = exchange->mechanism;

	if (!exchange->done && ssmtp_mechanism_has_flag(mechanism, SASL_SEC_MUTUAL_AUTH)) {
		ssmtp_say(exchange->outcome->text,
			"%.64s claims success before it has proved to %s who it is",
			exchange->sasl->host, mechanism);
		return fail(exchange, SSMTP_SASL_FAIL);
	}
	if (exchange->done && ssmtp_mechanism_has_layer(&exchange->conversation)) {
		ssmtp_say(exchange->outcome->text, "%s wants a security layer", mechanism);
		return fail(exchange, SSMTP_SASL_FAIL);
	}
	exchange->outcome->result = SSMTP_SASL_OK;
	return true;
}

static bool converse(struct exchange *exchange)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (!ssmtp_link_read(&exchange->sasl->link, &exchange->reply))
			return lost(exchange);
		if (exchange->reply.code / 100 == 2)
			return accepted(exchange);
		if (exchange->reply.code / 100 != 3)
			return refused(exchange);
		if (!answer(exchange))
			return false;
	}
	ssmtp_say(exchange->outcome->text, "%.64s comes to no end", exchange->sasl->host);
	fail(exchange, SSMTP_SASL_FAIL);
	return cancel(exchange);
}

void ssmtp_exchange(const struct ssmtp_sasl *sasl, const char *mechanisms, bool cleartext,
	struct ssmtp_outcome *outcome)
{
	struct exchange exchange = {.sasl = sasl, .outcome = outcome};

	*outcome = (struct ssmtp_outcome){.result = SSMTP_SASL_FAIL};
	if (!ssmtp_mechanism_open(&exchange.conversation, sasl, cleartext))
		ssmtp_say(outcome->text, "libsasl2 cannot begin: %.800s",
			ssmtp_mechanism_reason(&exchange.conversation));
	else if (begin(&exchange, mechanisms) && send_auth(&exchange))
		converse(&exchange);
	ssmtp_mechanism_close(&exchange.conversation);
	ssmtp_reply_free(&exchange.reply);
}
