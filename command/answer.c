#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "caller.h"
#include "frame.h"
#include "hook.h"
#include "listen.h"
#include "obtain.h"
#include "owner.h"
#include "people.h"
#include "turn.h"
#include "verb.h"

enum { REQUEST_MILLISECONDS = 5000 };

struct visit {
	struct caller caller;
	struct config config;
	struct request request;
	int turn;	/* see turn.h */
	bool overheard; /* standard error is the connection */
	bool refused;	/* the caller did something that the log shall hear of */
};

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

/* ---- at the door ---- */

/* inetd gives the connection as standard error, too; what is said there is no answer. */
static bool is_overheard(void)
{
	struct stat in, log;

	return fstat(STDIN_FILENO, &in) == 0 && fstat(STDERR_FILENO, &log) == 0 &&
		in.st_dev == log.st_dev && in.st_ino == log.st_ino;
}

static bool log_to_syslog(struct error *err)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDERR_FILENO) < 0)
		return error_system(err, errno, "cannot leave standard error");
	close(null);
	openlog("saslfresh", LOG_PID, LOG_MAIL);
	return true;
}

static void log_refusal(const struct visit *visit, const struct error *err)
{
	char line[ERROR_LINE_MAX];
	unsigned uid = (unsigned)visit->caller.peer.uid;
	int pid = (int)visit->caller.pid;

	if (visit->config.count > 0 &&
		!turn_is_news(visit->config.accounts[0].place.state, visit->caller.peer.uid,
			(int64_t)time(NULL)))
		return;
	error_line(err, line, sizeof(line));
	if (visit->overheard)
		syslog(LOG_NOTICE, "at the door: user %u, process %d: %s", uid, pid, line);
	else
		fprintf(stderr, "saslfresh: at the door: user %u, process %d: %s\n", uid, pid,
			line);
}

static bool refuse(struct visit *visit, const char *account, struct error *err)
{
	unsigned uid = (unsigned)visit->caller.peer.uid;

	visit->refused = true;
	error_set(err, ERROR_CONFIG, "user %u is not allowed to have one", uid);
	if (account == NULL)
		return error_hint(err, "`allow = %u` for an account in saslfresh.conf", uid);
	error_what(err, "no access token of %.200s", account);
	return error_hint(err, "`allow = %u` for it in saslfresh.conf", uid);
}

/* Root at the door works for the system's accounts alone, and as their owner before a byte of the
 * caller's is read. Who may have nothing is not listened to; who may has a number of turns. */
static bool enter(struct visit *visit, struct error *err)
{
	struct config *config = &visit->config;
	const struct timeval limit = {.tv_sec = REQUEST_MILLISECONDS / 1000};

	visit->overheard = is_overheard();
	if (visit->overheard && !log_to_syslog(err))
		return false;
	setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (geteuid() == 0)
		people_forget_home();
	if (!config_load(config, err))
		return false;
	if (config->count > 0 && !owner_become(&config->accounts[0], err))
		return false;
	if (!caller_is_known(&visit->caller, config))
		return refuse(visit, NULL, err);
	if (caller_is_trusted(&visit->caller) ||
		turn_take(config->accounts[0].place.state, visit->caller.peer.uid, &visit->turn))
		return true;
	visit->refused = true;
	return error_set(err, ERROR_TEMPORARY, "user %u has %d requests under way",
		(unsigned)visit->caller.peer.uid, TURNS_MAX);
}

/* Nobody learns here which accounts there are. */
static bool serve(struct visit *visit, struct token *token, struct error *err)
{
	const struct request *request = &visit->request;
	const struct account *found = config_find(&visit->config, request->account);
	struct account *account;

	if (visit->caller.knocks && !caller_is_trusted(&visit->caller) &&
		(found == NULL || !caller_may_use(&visit->caller, found)))
		return refuse(visit, request->account, err);
	account = verb_account(&visit->config, request->account, err);
	if (account == NULL)
		return error_what(err, "no access token of %s", request->account);
	if (request->verb == FRAME_REJECT)
		return obtain_reject(account, request->rejected, err);
	return obtain_token(account, OBTAIN_NEEDED, (int64_t)time(NULL), token, err);
}

static bool hear(struct visit *visit, struct error *err)
{
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);
	bool ok = receive(&text, err) && request_parse(&text, &visit->request, err);

	buffer_free(&text);
	visit->refused = !ok;
	return ok;
}

/* The caller sees the end of the answer; the hooks need not be waited for. */
static void hang_up(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	shutdown(STDOUT_FILENO, SHUT_RDWR);
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

static bool converse(struct visit *visit, struct buffer *answer, struct error *err)
{
	struct token *token = token_new(err);
	bool knocks, ok;

	ok = token != NULL && caller_identify(STDIN_FILENO, &visit->caller, err);
	knocks = ok && visit->caller.knocks;
	ok = ok && (!knocks || enter(visit, err)) && hear(visit, err) &&
		(knocks || config_load(&visit->config, err)) && serve(visit, token, err);
	if (ok)
		answer_print_ok(visit->request.verb == FRAME_TOKEN ? token : NULL,
			visit->request.account, answer);
	else
		answer_print_failure(err, answer);
	token_free(token);
	return ok;
}

static int answer(void)
{
	struct visit visit = {.turn = -1};
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	struct error err = {0};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	ok = converse(&visit, &text, &err);
	if (visit.refused && visit.caller.knocks)
		log_refusal(&visit, &err);
	if (!answer_write(STDOUT_FILENO, &text))
		ok = error_system(&err, errno, "cannot send the answer");
	buffer_free(&text);
	if (visit.caller.knocks)
		hang_up();
	if (visit.turn >= 0)
		close(visit.turn);
	hook_run(&visit.config, config_find(&visit.config, visit.request.account),
		visit.caller.knocks);
	caller_free(&visit.caller);
	config_free(&visit.config);
	return ok ? 0 : error_exit_status(err.kind);
}

/* ---- the verb ---- */

static bool read_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long number = strtoul(text, &end, 8);

	*mode = (mode_t)number;
	return text[0] >= '0' && text[0] <= '7' && *end == '\0' && number <= 0777;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", no_argument, NULL, 'l'}, {"mode", required_argument, NULL, 'm'}, {0}};
	struct listen listen = {.mode = 0666, .serve = answer};
	struct error err = {0};
	bool listens = false, mode_given = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			listens = true;
		else if (option != 'm')
			return verb_usage(&verb_answer,
				"unknown option, or one without its value: %s", argv[optind - 1]);
		else if (!read_mode(optarg, &listen.mode))
			return verb_usage(&verb_answer,
				"--mode takes an octal mode up to 0777, not `%.20s`", optarg);
		else
			mode_given = true;
	}
	listen.paths = argv + optind;
	listen.count = (size_t)(argc - optind);
	if (listens != (listen.count > 0) || (mode_given && !listens))
		return verb_usage(&verb_answer, "takes nothing, or --listen and paths of sockets");
	if (!listens)
		return answer();
	return listen_run(&listen, &err) ? 0 : verb_fail(&err);
}

const struct verb verb_answer = {
	.name = "answer",
	.synopsis = "[--listen [--mode MODE] PATH...]",
	.summary = "serve one request of the SASL plugin on standard input and output",
	.help = "For programs, not for people: the plugin runs it when the token in the cache is\n"
		"not fresh, and systemd or inetd when somebody connects to the socket by which\n"
		"those get a token who may not renew it themselves. There only root, the owner\n"
		"and whom `allow` of the account names is served. The request is a record of\n"
		"`key = value` lines:\n\n"
		"  request = token\n"
		"  account = me@example.org\n"
		"  end = 2\n\n"
		"  --listen     where neither systemd nor inetd does: listen at the sockets PATH\n"
		"               until SIGTERM, and serve each connection by a process of its own\n"
		"  --mode MODE  of the sockets, octal; 0666 by default\n\n"
		"  saslfresh answer --listen /run/saslfresh/socket\n",
	.run = run,
};
