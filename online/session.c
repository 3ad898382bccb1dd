#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "objection.h"
#include "wire.h"

enum { RESPONSE_MAX = 32 * 1024, WORDS_MAX = 512, FOLDERS_MAX = 100000, NEW_SECONDS = 300 };

enum answer { ANSWER_MORE, ANSWER_CHALLENGE, ANSWER_YES, ANSWER_NO };

struct dialogue {
	const struct session_wish *wish;
	struct mail *mail;
	enum bearer_mechanism mechanism;
	struct buffer response; /* as it was made */
	struct buffer encoded;	/* and with the end of its line, as it was sent */
	char words[WORDS_MAX];	/* of the server's last answer */
	struct error challenge; /* what the server had to say about the token */
};

static const char *name_of(enum bearer_mechanism mechanism)
{
	return mechanism == BEARER_XOAUTH2 ? "XOAUTH2" : "OAUTHBEARER";
}

/* ---- one line of the server ---- */

static enum answer read_imap(const char *line)
{
	if (line[0] == '+')
		return ANSWER_CHALLENGE;
	if (strncmp(line, "a ", 2) != 0)
		return ANSWER_MORE;
	return strncasecmp(line + 2, "OK", 2) == 0 ? ANSWER_YES : ANSWER_NO;
}

static enum answer read_pop(const char *line)
{
	if (strncasecmp(line, "+OK", 3) == 0)
		return ANSWER_YES;
	return line[0] == '+' ? ANSWER_CHALLENGE : ANSWER_NO;
}

/* RFC 5321 s.4.2: the last line of an answer has a blank behind its code, or nothing. */
static enum answer read_smtp(const char *line)
{
	if (strlen(line) > 3 && line[3] == '-')
		return ANSWER_MORE;
	if (strncmp(line, "334", 3) == 0)
		return ANSWER_CHALLENGE;
	return line[0] == '2' ? ANSWER_YES : ANSWER_NO;
}

const char *session_service(enum mail_protocol protocol)
{
	static const char *const names[] = {
		[MAIL_IMAP] = "imap", [MAIL_POP] = "pop", [MAIL_SMTP] = "smtp"};

	return names[protocol];
}

static enum answer (*const readers[])(const char *line) = {
	[MAIL_IMAP] = read_imap, [MAIL_POP] = read_pop, [MAIL_SMTP] = read_smtp};

/* Keeps what was said, without tag, and of several lines together. */
static void note(struct dialogue *dialogue, const char *line)
{
	size_t len = strlen(dialogue->words);

	if (strncmp(line, "a ", 2) == 0)
		line += 2;
	else if (dialogue->wish->protocol == MAIL_IMAP)
		return;
	snprintf(dialogue->words + len, WORDS_MAX - len, "%s%s", len > 0 ? " " : "", line);
}

/* Reads up to the line that decides; listed counts the folders that pass by. */
static bool hear(struct dialogue *dialogue, char line[MAIL_LINE_MAX + 1], enum answer *answer,
	int64_t *listed, struct error *err)
{
	dialogue->words[0] = '\0';
	do {
		if (!mail_receive(dialogue->mail, line, err))
			return false;
		*answer = readers[dialogue->wish->protocol](line);
		if (*answer != ANSWER_CHALLENGE)
			note(dialogue, line);
		if (listed != NULL && strncasecmp(line, "* LIST ", 7) == 0 &&
			++*listed > FOLDERS_MAX)
			return error_set(err, ERROR_SERVER, "%s lists more than %d folders",
				dialogue->wish->server->host, FOLDERS_MAX);
	} while (*answer == ANSWER_MORE);
	return true;
}

static bool say(struct dialogue *dialogue, const char *command, char line[MAIL_LINE_MAX + 1],
	enum answer *answer, int64_t *listed, struct error *err)
{
	return mail_send(dialogue->mail, command, err) && hear(dialogue, line, answer, listed, err);
}

/* ---- the login ---- */

/* A server's words may repeat what we sent, as it was or encoded. */
static void withhold(const struct dialogue *dialogue, struct error *err)
{
	const char *token = dialogue->wish->token->access_token;
	size_t len = dialogue->encoded.len;

	error_redact(err->cause, token, strlen(token));
	if (len > 2)
		error_redact(err->cause, dialogue->encoded.data, len - 2);
}

static bool refused(struct dialogue *dialogue, const char *what, struct error *err)
{
	const struct account *account = dialogue->wish->account;

	error_set(err, ERROR_REFUSED, "%s%s%s", dialogue->words,
		dialogue->challenge.cause[0] != '\0' ? "; about the token: " : "",
		dialogue->challenge.cause);
	error_what(err, "%s %s", dialogue->wish->server->host, what);
	withhold(dialogue, err);
	objection_explain(account, dialogue->words,
		dialogue->wish->now - dialogue->wish->token->issued_at < NEW_SECONDS, err);
	return false;
}

static void read_challenge(struct dialogue *dialogue, char *line)
{
	const struct session_wish *wish = dialogue->wish;
	const struct wire_server server = {.host = wish->server->host};
	struct buffer challenge = BUFFER(MAIL_LINE_MAX);
	char *text = line + (wish->protocol == MAIL_SMTP ? 3 : 1);

	text += strspn(text, " ");
	if (base64_decode_padded(&challenge, text) &&
		bearer_is_refusal(challenge.data, challenge.len))
		wire_refused(wish->account->name, &server, &dialogue->response, challenge.data,
			challenge.len, &dialogue->challenge);
	buffer_free(&challenge);
}

/* The refusal is acknowledged, so that the server ends with its own words. */
static bool acknowledge(struct dialogue *dialogue, char line[MAIL_LINE_MAX + 1],
	enum answer *answer, struct error *err)
{
	const char *nothing = bearer_acknowledge(dialogue->mechanism);
	struct buffer text = BUFFER(16);
	bool ok;

	read_challenge(dialogue, line);
	base64_encode_padded(&text, (const unsigned char *)nothing, strlen(nothing));
	buffer_puts(&text, "\r\n");
	ok = say(dialogue, buffer_text(&text), line, answer, NULL, err);
	buffer_free(&text);
	return ok;
}

static bool log_in(struct dialogue *dialogue, struct error *err)
{
	char line[MAIL_LINE_MAX + 1], command[64];
	enum answer answer;

	snprintf(command, sizeof(command), "%s %s\r\n",
		dialogue->wish->protocol == MAIL_IMAP ? "a AUTHENTICATE" : "AUTH",
		name_of(dialogue->mechanism));
	if (!say(dialogue, command, line, &answer, NULL, err))
		return false;
	if (answer != ANSWER_CHALLENGE)
		return refused(dialogue, "does not even want to see the access token", err);
	if (!say(dialogue, buffer_text(&dialogue->encoded), line, &answer, NULL, err) ||
		(answer == ANSWER_CHALLENGE && !acknowledge(dialogue, line, &answer, err)))
		return false;
	return answer == ANSWER_YES || refused(dialogue, "refuses the access token", err);
}

static bool look_around(struct dialogue *dialogue, struct session *session, struct error *err)
{
	static const char *const questions[] = {
		[MAIL_IMAP] = "a LIST \"\" \"*\"\r\n", [MAIL_POP] = "STAT\r\n"};
	char line[MAIL_LINE_MAX + 1];
	enum answer answer;

	if (dialogue->wish->protocol == MAIL_SMTP)
		return true;
	if (!say(dialogue, questions[dialogue->wish->protocol], line, &answer, &session->count,
		    err))
		return false;
	if (answer != ANSWER_YES)
		return refused(dialogue, "takes the access token, but shows no mail", err);
	if (dialogue->wish->protocol == MAIL_POP)
		session->count = strtoll(line + 3, NULL, 10);
	return true;
}

/* ---- the whole ---- */

static bool choose(struct dialogue *dialogue, struct session *session, struct error *err)
{
	bool offered[2];

	for (int i = 0; i < 2; i++)
		offered[i] = mail_offers(dialogue->mail, name_of((enum bearer_mechanism)i));
	if (!offered[BEARER_XOAUTH2] && !offered[BEARER_OAUTHBEARER]) {
		error_set(err, ERROR_SERVER, "%s offers neither XOAUTH2 nor OAUTHBEARER",
			dialogue->wish->server->host);
		return error_hint(err, "is it the right server, and port %d the right one?",
			dialogue->wish->server->port);
	}
	dialogue->mechanism = offered[BEARER_XOAUTH2] ? BEARER_XOAUTH2 : BEARER_OAUTHBEARER;
	session->mechanism = name_of(dialogue->mechanism);
	session->other = offered[BEARER_XOAUTH2] && offered[BEARER_OAUTHBEARER];
	return true;
}

/* The token goes into the response only if the server may have it. */
static bool respond(struct dialogue *dialogue, struct error *err)
{
	const struct session_wish *wish = dialogue->wish;
	char port[16];
	const struct wire_server server = {.host = wish->server->host,
		.port = port,
		.service = session_service(wish->protocol)};

	snprintf(port, sizeof(port), "%d", wish->server->port);
	if (!wire_respond(dialogue->mechanism, wish->account, wish->token, &server,
		    &dialogue->response, err))
		return false;
	base64_encode_padded(&dialogue->encoded,
		(const unsigned char *)buffer_text(&dialogue->response), dialogue->response.len);
	buffer_puts(&dialogue->encoded, "\r\n");
	return buffer_ok(&dialogue->encoded) || error_set(err, ERROR_SYSTEM, "out of memory");
}

static void leave(struct dialogue *dialogue)
{
	struct error ignored;

	mail_send(dialogue->mail,
		dialogue->wish->protocol == MAIL_IMAP ? "a LOGOUT\r\n" : "QUIT\r\n", &ignored);
}

bool session_try(const struct session_wish *wish, struct session *session, struct error *err)
{
	const struct mail_call call = {wish->protocol, wish->server,
		account_value(wish->account, ACCOUNT_CA_FILE),
		account_value(wish->account, ACCOUNT_PROXY)};
	struct dialogue dialogue = {.wish = wish,
		.response = BUFFER(BEARER_RESPONSE_MAX),
		.encoded = BUFFER(RESPONSE_MAX + 4)};
	bool ok = respond(&dialogue, err);

	buffer_free(&dialogue.response);
	buffer_free(&dialogue.encoded);
	*session = (struct session){0};
	if (ok)
		dialogue.mail = mail_open(&call, err);
	ok = dialogue.mail != NULL && choose(&dialogue, session, err) && respond(&dialogue, err) &&
		log_in(&dialogue, err) && look_around(&dialogue, session, err);
	if (ok)
		leave(&dialogue);
	mail_close(dialogue.mail);
	buffer_free(&dialogue.response);
	buffer_free(&dialogue.encoded);
	return ok;
}
