#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "cache.h"
#include "event.h"
#include "obtain.h"
#include "report.h"
#include "verb.h"

extern char **environ;

enum { ENVIRONMENT_MAX = 64, VARIABLES = 4, VARIABLE_MAX = ERROR_LINE_MAX + 64 };

/* What the hook is told: "SASLFRESH_...=..." each. */
struct words {
	char variables[VARIABLES][VARIABLE_MAX];
};

/* ---- words ---- */

/* The account as a word of a command line. */
static void quote(const char *name, char *text, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789@._+-";
	struct buffer word = BUFFER(size - 1);

	if (name[strspn(name, plain)] != '\0' || name[0] == '-') {
		buffer_puts(&word, "'");
		for (; *name != '\0'; name++)
			buffer_puts(&word, *name == '\'' ? "'\\''" : (char[]){*name, '\0'});
		buffer_puts(&word, "'");
		name = buffer_ok(&word) ? buffer_text(&word) : "";
	}
	snprintf(text, size, "%s", name);
	buffer_free(&word);
}

static void give_reason(enum event event, const struct token *token, int64_t now, char *reason)
{
	struct error err = {0};
	char end[128];

	if (event == EVENT_LOGIN_NEEDED) {
		token_failure(token, now, &err);
		error_line(&err, reason, ERROR_LINE_MAX);
	} else if (event == EVENT_RECOVERED) {
		snprintf(reason, ERROR_LINE_MAX, "the access token has been renewed");
	} else {
		report_print_token_end(token, now, end, sizeof(end));
		snprintf(reason, ERROR_LINE_MAX, "the grant ends %s", end);
	}
}

/* No login mends what ends with a client's secret or certificate. */
static bool needs_login(enum event event, const struct token *token)
{
	return event == EVENT_LOGIN_NEEDED ||
		(event == EVENT_BEFORE_END && strcmp(token->grant_ends_by, "secret") != 0 &&
			strcmp(token->grant_ends_by, "certificate") != 0);
}

static void find_words(enum event event, const struct account *account, const struct token *token,
	int64_t now, struct words *words)
{
	char reason[ERROR_LINE_MAX], name[ERROR_LINE_MAX];

	give_reason(event, token, now, reason);
	quote(account_grantor(account), name, sizeof(name));
	snprintf(words->variables[0], VARIABLE_MAX, "SASLFRESH_EVENT=%s", event_name(event));
	snprintf(words->variables[1], VARIABLE_MAX, "SASLFRESH_ACCOUNT=%s",
		account_grantor(account));
	snprintf(words->variables[2], VARIABLE_MAX, "SASLFRESH_REASON=%s", reason);
	snprintf(words->variables[3], VARIABLE_MAX, "SASLFRESH_COMMAND=saslfresh %s %s",
		needs_login(event, token) ? "login" : "status", name);
}

/* ---- the process ---- */

static bool is_wanted(const char *variable)
{
	static const char *const wanted[] = {"HOME=", "USER=", "LOGNAME=", "PATH=", "LANG=", "TZ=",
		"LC_", "XDG_", "DBUS_SESSION_BUS_ADDRESS=", NULL};

	for (int i = 0; wanted[i] != NULL; i++)
		if (strncmp(variable, wanted[i], strlen(wanted[i])) == 0)
			return true;
	return false;
}

static void become_hook(const char *command, struct words *words)
{
	char *environment[ENVIRONMENT_MAX + VARIABLES + 1];
	sigset_t none;
	size_t count = 0;

	for (char **variable = environ; *variable != NULL; variable++)
		if (count < ENVIRONMENT_MAX && is_wanted(*variable))
			environment[count++] = *variable;
	for (int i = 0; i < VARIABLES; i++)
		environment[count++] = words->variables[i];
	environment[count] = NULL;
	setsid();
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execle("/bin/sh", "sh", "-c", command, (char *)NULL, environment);
	_exit(127);
}

/* Waits for the hook, and kills it with its session when its time is over. */
static void oversee(pid_t hook, const sigset_t *child_ended)
{
	int64_t deadline = clock_milliseconds() + HOOK_SECONDS * 1000;
	int64_t left;

	while (waitpid(hook, NULL, WNOHANG) == 0) {
		left = deadline - clock_milliseconds();
		if (left <= 0) {
			kill(-hook, SIGKILL);
			kill(hook, SIGKILL);
			while (waitpid(hook, NULL, 0) < 0 && errno == EINTR)
				continue;
			return;
		}
		sigtimedwait(
			child_ended, NULL, &(struct timespec){left / 1000, left % 1000 * 1000000});
	}
}

static void run(const char *command, struct words *words)
{
	sigset_t child_ended;
	pid_t hook;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, NULL);
	hook = fork();
	if (hook == 0)
		become_hook(command, words);
	if (hook > 0)
		oversee(hook, &child_ended);
}

/* Out of the way of whoever waits for our end: no descriptor and no terminal of ours. */
static bool detach(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || setsid() < 0)
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return false;
	closefrom(STDERR_FILENO + 1);
	return true;
}

/* In a process of its own. */
static void tell(const struct config *config, const struct account *account, enum event event,
	struct token *token, int64_t now)
{
	static struct words words;
	struct error err = {0};
	const char *command = config->hooks[event - EVENT_LOGIN_NEEDED];

	find_words(event, account, token, now, &words);
	token_free(token);
	if (detach() && obtain_tell(account, event_name(event), &err) && command != NULL)
		run(command, &words);
	_exit(0);
}

void hook_run(const struct config *config, const struct account *account, bool wait)
{
	int64_t now = (int64_t)time(NULL);
	struct error err = {0};
	struct token *token = account != NULL ? token_new(&err) : NULL;
	enum event event = EVENT_NONE;
	pid_t teller = -1;

	if (token != NULL &&
		cache_read(account->place.state, account->place.personal, account_grantor(account),
			token, &err))
		event = event_due(config, token, now);
	if (event != EVENT_NONE) {
		wipe(token->access_token, sizeof(token->access_token));
		teller = fork();
	}
	if (teller == 0)
		tell(config, account, event, token, now);
	if (teller > 0 && wait)
		while (waitpid(teller, NULL, 0) < 0 && errno == EINTR)
			continue;
	token_free(token);
}
