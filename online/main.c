/* main.c: saslfresh-online VERB ACCOUNT, run by the command, which holds the account's lock on
 * descriptor LOCK_FD. Reads a request where the verb needs one from standard input, writes one
 * answer (frame.h) to standard output. The only one who reads the clock here. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "check.h"
#include "config.h"
#include "device.h"
#include "draft.h"
#include "event.h"
#include "frame.h"
#include "http.h"
#include "login.h"
#include "import.h"
#include "logout.h"
#include "prepare.h"
#include "prompt.h"
#include "provider.h"
#include "adopt.h"
#include "refresh.h"
#include "reject.h"
#include "tell.h"
#include "store.h"
#include "unattended.h"

enum { LOCK_FD = ASK_KEPT_FD, INPUT_FD, OUTPUT_FD = ASK_KEPT_FD + 3 };

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* What looks for leaks at the end needs what the sandbox takes away. */
#ifdef SANITIZED
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

/* Secrets are in this process: no core, no debugger of the same user, no freed memory that still
 * holds what was in it. */
static void protect(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGXFSZ, SIG_IGN);
#ifndef SANITIZED
	prctl(PR_SET_DUMPABLE, 0);
#endif
#ifdef M_PERTURB
	mallopt(M_PERTURB, 0x5a);
#endif
}

static bool is_locked(const struct account *account, struct error *err)
{
	char path[PATH_SIZE];
	struct stat held, file;

	if (place_file(account->place.state, account->name, "lock", path) &&
		fstat(LOCK_FD, &held) == 0 && stat(path, &file) == 0 &&
		held.st_dev == file.st_dev && held.st_ino == file.st_ino &&
		flock(LOCK_FD, LOCK_EX | LOCK_NB) == 0)
		return true;
	error_set(err, ERROR_SYSTEM, "the lock of %s is not held", account->name);
	return error_hint(err, "this program is run by saslfresh, not by hand");
}

static bool read_request(struct request *request, struct error *err)
{
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);
	char block[FRAME_REQUEST_MAX];
	ssize_t got;
	bool ok;

	while ((got = read(STDIN_FILENO, block, sizeof(block))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			buffer_add(&text, block, (size_t)got);
	ok = buffer_ok(&text) && request_parse(&text, request, err);
	buffer_free(&text);
	return ok;
}

/* A device code is of no use here: whoever sits at a terminal may go on with a browser at once. */
static bool wants_browser(const struct login *login, const struct error *err)
{
	if (login->online.account->values[ACCOUNT_AUTHORIZATION_ENDPOINT] == NULL ||
		!isatty(login->input_fd) || !isatty(STDERR_FILENO))
		return false;
	granted_unlock(login);
	prompt_say("saslfresh: %s\nGo on with a browser, here or on another machine? [Y/n] ",
		err->cause);
	return prompt_ask(login->input_fd, login->parent_fd, LOGIN_SECONDS * 1000);
}

/* A person logs in: "login-code" or "login-device", with "-any" where anybody may. */
static bool log_in(
	const struct online *online, const char *how, struct export *export, struct error *err)
{
	const struct login login = {.online = *online,
		.started = clock_milliseconds(),
		.lock_fd = LOCK_FD,
		.input_fd = INPUT_FD,
		.parent_fd = STDIN_FILENO,
		.any_user = strstr(how, "-any") != NULL,
		.export = export};

	bool forbidden = false;

	if (strstr(how, "-code") != NULL)
		return login_by_code(&login, err);
	if (login_by_device(&login, &forbidden, err))
		return true;
	return forbidden && wants_browser(&login, err) && login_by_code(&login, err);
}

static bool work(const struct online *online, const char *verb, struct error *err)
{
	struct request request;

	if (!is_locked(online->account, err))
		return false;
	if (strcmp(verb, "refresh") == 0)
		return account_is_unattended(online->account) ? unattended_renew(online, err)
							      : refresh_grant(online, err);
	if (strcmp(verb, "login") == 0)
		return adopt_input(online, INPUT_FD, err);
	if (strncmp(verb, "login-", 6) == 0)
		return log_in(online, verb, NULL, err);
	if (strcmp(verb, "logout") == 0)
		return logout_grant(online, err);
	/* The rest asks nobody. */
	online_confine(online);
	if (strcmp(verb, "reject") == 0)
		return read_request(&request, err) && reject_token(online, request.rejected, err);
	if (event_named(verb) != EVENT_NONE)
		return tell_event(online, event_named(verb), err);
	if (strcmp(verb, "forget") == 0)
		return store_forget(online->account, err);
	return error_set(err, ERROR_SYSTEM, "there is no verb %.40s", verb);
}

/* The same for another machine: nothing is stored, so nothing is locked. */
static bool log_in_elsewhere(
	const struct online *online, struct account *account, const char *how, struct error *err)
{
	struct export export;
	bool ok;

	export_begin(&export, account, OUTPUT_FD);
	ok = account_complete(account, err) && log_in(online, how, &export, err);
	export_free(&export);
	return ok;
}

/* What an account lacks may stand in the file. */
static bool import(const struct online *online, bool complete, struct error *err)
{
	struct error incomplete = *err;

	return is_locked(online->account, err) &&
		import_grant(online, complete ? NULL : &incomplete, INPUT_FD, err);
}

static void note_finding(void *context, const struct finding *finding)
{
	finding_print(finding, context);
}

/* Looks, asks and changes nothing, so whoever holds the lock is not in the way. */
static bool check(
	const struct online *online, bool mail_alone, struct buffer *told, struct error *err)
{
	const struct findings findings = {note_finding, told};

	if (mail_alone)
		check_mail(online, &findings);
	else
		check_account(online, &findings);
	return buffer_ok(told) || error_set(err, ERROR_SYSTEM, "there is too much to tell");
}

/* Nobody is asked anything on behalf of a command that is gone. */
static bool depend_on_command(struct error *err)
{
	struct pollfd command = {.fd = STDIN_FILENO}; /* POLLHUP: closed in both directions */

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return poll(&command, 1, 0) == 0 || error_set(err, ERROR_SYSTEM, "the command is gone");
}

/* For an account that is not completed yet. */
static bool serve(const struct online *online, struct account *account, const char *verb,
	struct buffer *told, struct error *err)
{
	bool complete;

	if (prepare_is_verb(verb))
		return depend_on_command(err) &&
			prepare_account(verb, online, account, INPUT_FD, err);
	if (strncmp(verb, "export-", 7) == 0)
		return log_in_elsewhere(online, account, verb, err);
	complete = account_complete(account, err);
	if (strcmp(verb, "import") == 0)
		return import(online, complete, err);
	if (complete && strncmp(verb, "check", 5) == 0)
		return check(online, verb[5] != '\0', told, err);
	return complete && work(online, verb, err);
}

/* told gets what there is to tell besides success. */
static bool run(const char *verb, const char *name, struct buffer *told, struct error *err)
{
	struct config config = {0};
	bool ok = config_load(&config, err) && draft_merge(&config, DRAFT_FD, err);
	struct account *account = ok ? config_find(&config, name) : NULL;

	if (account != NULL) {
		const struct online online = {&config, account, (int64_t)time(NULL), !IS_SANITIZED};

		ok = serve(&online, account, verb, told, err);
	} else if (ok) {
		ok = error_set(err, ERROR_CONFIG, "there is no account %.200s", name);
	}
	config_free(&config);
	return ok;
}

static bool answer(bool ok, const struct buffer *told, const struct error *err)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	bool sent;

	if (ok)
		answer_print_told(told, &text);
	else
		answer_print_failure(err, &text);
	sent = buffer_ok(&text) && answer_write(STDOUT_FILENO, &text);
	buffer_free(&text);
	return sent;
}

int main(int argc, char **argv)
{
	struct buffer told = BUFFER(FRAME_ANSWER_MAX / 2);
	struct error err = {0};
	bool ok;

	if (argc != 3) {
		fputs("saslfresh-online: this program is run by saslfresh, not by hand\n", stderr);
		return 64;
	}
	protect();
	ok = http_start(&err) && run(argv[1], argv[2], &told, &err);
	http_stop();
	if (!answer(ok, &told, &err))
		err.kind = ERROR_SYSTEM, ok = false;
	buffer_free(&told);
	return ok ? 0 : error_exit_status(err.kind);
}
