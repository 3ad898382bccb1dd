#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "frame.h"
#include "hook.h"
#include "obtain.h"
#include "verb.h"

enum { REQUEST_MILLISECONDS = 5000 };

/* True once the last line is an `end`. */
static bool is_whole(const struct buffer *text)
{
	const char *last;

	if (text->len == 0 || text->data[text->len - 1] != '\n')
		return false;
	last = text->data + text->len - 1;
	while (last > text->data && last[-1] != '\n')
		last--;
	return strncmp(last, "end = ", 6) == 0;
}

static bool receive(struct buffer *text, struct error *err)
{
	int64_t deadline = clock_milliseconds() + REQUEST_MILLISECONDS;
	char block[FRAME_REQUEST_MAX];

	while (!is_whole(text)) {
		struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t left = deadline - clock_milliseconds();
		ssize_t got;

		if (left <= 0 || poll(&ready, 1, (int)left) == 0)
			return error_set(err, ERROR_SERVER, "no whole request within %d s",
				REQUEST_MILLISECONDS / 1000);
		got = read(STDIN_FILENO, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_system(err, errno, "cannot read the request");
		if (got == 0)
			return error_set(err, ERROR_SERVER, "the request is cut off");
		buffer_add(text, block, (size_t)got);
		if (!buffer_ok(text))
			return error_set(err, ERROR_SERVER, "the request is larger than %d octets",
				FRAME_REQUEST_MAX);
	}
	return true;
}

static bool serve(const struct config *config, const struct request *request, struct token *token,
	struct error *err)
{
	struct account *account = verb_account(config, request->account, err);

	if (account == NULL)
		return error_what(err, "no access token of %s", request->account);
	if (request->verb == FRAME_REJECT)
		return obtain_reject(account, request->rejected, err);
	return obtain_token(account, OBTAIN_NEEDED, (int64_t)time(NULL), token, err);
}

static int run(int argc, char **argv)
{
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);
	struct buffer answer = BUFFER(FRAME_ANSWER_MAX);
	struct config config = {0};
	struct request request = {0};
	struct error err = {0};
	struct token *token;
	bool ok;

	if (verb_operands(&verb_answer, argc, argv, 0, 0) < 0)
		return EXIT_USAGE;
	token = token_new(&err);
	ok = token != NULL && receive(&text, &err) && request_parse(&text, &request, &err) &&
		config_load(&config, &err) && serve(&config, &request, token, &err);
	if (ok)
		answer_print_ok(
			request.verb == FRAME_TOKEN ? token : NULL, request.account, &answer);
	else
		answer_print_failure(&err, &answer);
	if (!answer_write(STDOUT_FILENO, &answer))
		ok = error_system(&err, errno, "cannot send the answer");
	buffer_free(&text);
	buffer_free(&answer);
	token_free(token);
	hook_run(&config, config_find(&config, request.account), false);
	config_free(&config);
	return ok ? 0 : error_exit_status(err.kind);
}

const struct verb verb_answer = {
	.name = "answer",
	.synopsis = "",
	.summary = "serve one request of the SASL plugin on standard input and output",
	.help = "For programs, not for people: the plugin runs it when the token in the cache is\n"
		"not fresh. The request is a record of `key = value` lines:\n\n"
		"  request = token\n"
		"  account = me@example.org\n"
		"  end = 2\n",
	.run = run,
};
