#include "mail.h"

#include <curl/curl.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "buffer.h"
#include "peer.h"

enum { CONNECT_SECONDS = 10, HEARD_MAX = 16 * 1024 };

static const struct scheme {
	const char *name, *clear, *tls;
} schemes[] = {
	[MAIL_IMAP] = {"IMAP", "imap", "imaps"},
	[MAIL_POP] = {"POP", "pop3", "pop3s"},
	[MAIL_SMTP] = {"SMTP", "smtp", "smtps"},
};

struct mail {
	CURL *curl;
	struct buffer heard; /* while connecting */
	struct peer peer;
	int64_t deadline; /* of clock_milliseconds */
	char detail[CURL_ERROR_SIZE];
	char ahead[1024]; /* received and not yet read */
	size_t begin, end;
};

const char *mail_protocol_name(enum mail_protocol protocol)
{
	return schemes[protocol].name;
}

/* What comes after the part that matters may be cut off. */
static size_t hear(char *line, size_t size, size_t count, void *context)
{
	struct mail *mail = context;

	buffer_add(&mail->heard, line, size * count);
	return size * count;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes, (void)context;
	return size * count;
}

static CURLcode prepare(struct mail *mail, const struct mail_call *call)
{
	const struct scheme *scheme = &schemes[call->protocol];
	CURLcode code =
		(CURLcode)peer_set(mail->curl, &mail->peer, "imap,imaps,pop3,pop3s,smtp,smtps");
	char url[SERVER_HOST_MAX + 32];

	snprintf(url, sizeof(url), "%s://%s:%d/", call->server->tls ? scheme->tls : scheme->clear,
		call->server->host, call->server->port);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_ERRORBUFFER, mail->detail);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_URL, url);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_CONNECT_ONLY, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_HEADERFUNCTION, hear);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_HEADERDATA, mail);
	if (code == CURLE_OK)
		code = curl_easy_setopt(mail->curl, CURLOPT_WRITEFUNCTION, ignore);
	return code;
}

/* The last line that the server has said, for it is what libcurl did not like. */
static void add_last_words(const struct mail *mail, struct error *err)
{
	const char *text = buffer_text(&mail->heard);
	size_t len = mail->heard.len, begin, used = strlen(err->cause);

	while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == '\n'))
		len--;
	for (begin = len; begin > 0 && text[begin - 1] != '\n';)
		begin--;
	if (len > begin && err->kind != ERROR_CONFIG)
		snprintf(err->cause + used, sizeof(err->cause) - used, "; it said: %.*s",
			(int)(len - begin), text + begin);
	error_clean(err->cause);
}

struct mail *mail_open(const struct mail_call *call, struct error *err)
{
	struct mail *mail = calloc(1, sizeof(*mail));
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (mail == NULL) {
		error_set(err, ERROR_SYSTEM, "out of memory");
		return NULL;
	}
	mail->heard = BUFFER(HEARD_MAX);
	mail->peer = (struct peer){.host = call->server->host,
		.protocol = schemes[call->protocol].name,
		.ca_file = call->ca_file,
		.proxy = call->proxy,
		.connect_timeout = CONNECT_SECONDS,
		.timeout = MAIL_SECONDS};
	mail->deadline = clock_milliseconds() + MAIL_SECONDS * 1000;
	mail->curl = curl_easy_init();
	if (mail->curl != NULL)
		code = prepare(mail, call);
	if (code == CURLE_OK)
		code = curl_easy_perform(mail->curl);
	if (code == CURLE_OK)
		return mail;
	peer_judge(mail->curl, &mail->peer, (int)code, mail->detail, err);
	add_last_words(mail, err);
	mail_close(mail);
	return NULL;
}

bool mail_offers(const struct mail *mail, const char *mechanism)
{
	static const char of_word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.";
	const char *text = buffer_text(&mail->heard);
	size_t len = strlen(mechanism);

	for (text += strcspn(text, of_word); *text != '\0'; text += strcspn(text, of_word)) {
		size_t word = strspn(text, of_word);

		if (word == len && strncasecmp(text, mechanism, len) == 0)
			return true;
		text += word;
	}
	return false;
}

/* ---- the conversation ---- */

static bool broke(const struct mail *mail, const char *why, struct error *err)
{
	return error_set(
		err, ERROR_TEMPORARY, "the connection to %s broke: %s", mail->peer.host, why);
}

/* Waits until the socket is ready or the time is over. */
static bool await(struct mail *mail, short events, struct error *err)
{
	struct pollfd ready = {.fd = -1, .events = events};
	int64_t left = mail->deadline - clock_milliseconds();
	curl_socket_t socket = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(mail->curl, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
		socket == CURL_SOCKET_BAD)
		return broke(mail, "it is closed", err);
	ready.fd = socket;
	if (left > 0 && poll(&ready, 1, (int)left) != 0)
		return true;
	return error_set(err, ERROR_TEMPORARY, "%s did not answer in time: %d s are over",
		mail->peer.host, MAIL_SECONDS);
}

bool mail_send(struct mail *mail, const char *text, struct error *err)
{
	size_t len = strlen(text);

	while (len > 0) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(mail->curl, text, len, &sent);

		if (code == CURLE_AGAIN) {
			if (!await(mail, POLLOUT, err))
				return false;
		} else if (code != CURLE_OK) {
			return broke(mail, curl_easy_strerror(code), err);
		}
		text += sent;
		len -= sent;
	}
	return true;
}

/* Fills what is ahead, which is empty. */
static bool fill(struct mail *mail, struct error *err)
{
	CURLcode code;

	mail->begin = mail->end = 0;
	while ((code = curl_easy_recv(mail->curl, mail->ahead, sizeof(mail->ahead), &mail->end)) ==
		CURLE_AGAIN)
		if (!await(mail, POLLIN, err))
			return false;
	if (code != CURLE_OK)
		return broke(mail, curl_easy_strerror(code), err);
	return mail->end > 0 || broke(mail, "the server closed it", err);
}

bool mail_receive(struct mail *mail, char line[MAIL_LINE_MAX + 1], struct error *err)
{
	size_t len = 0;
	char c = '\0';

	while (c != '\n') {
		if (clock_milliseconds() > mail->deadline)
			return await(mail, POLLIN, err);
		if (mail->begin == mail->end && !fill(mail, err))
			return false;
		c = mail->ahead[mail->begin++];
		if (len < MAIL_LINE_MAX && c != '\n' && c != '\0')
			line[len++] = c;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return true;
}

void mail_close(struct mail *mail)
{
	if (mail == NULL)
		return;
	curl_easy_cleanup(mail->curl);
	buffer_free(&mail->heard);
	wipe(mail, sizeof(*mail));
	free(mail);
}
