#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "hook.h"
#include "obtain.h"
#include "verb.h"

static int open_input(const char *path, struct error *err)
{
	struct stat status;
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		error_system(err, errno, "cannot open %s", path);
	} else if (!S_ISREG(status.st_mode)) {
		error_set(err, ERROR_SYSTEM, "%s is not a regular file", path);
		error_hint(err, "use - for standard input");
	} else if (keyfile_permitted(path, KEYFILE_SECRET, geteuid(), &status, err)) {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct termios terminal;

/* Whoever gives up at the prompt gets a terminal back that shows what is typed. */
static void give_up(int number)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	_exit(128 + number);
}

/* Hides what is typed; with at_once also gives up the terminal's own editing, which cuts long
 * lines, and ^Z, which would leave it like that. */
static bool hide(bool at_once, struct error *err)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct termios silent;

	if (tcgetattr(STDIN_FILENO, &terminal) != 0)
		return error_system(err, errno, "cannot ask on this terminal");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], give_up);
	silent = terminal;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (at_once) {
		silent.c_lflag &= ~(tcflag_t)ICANON;
		silent.c_cc[VMIN] = 1;
		silent.c_cc[VTIME] = 0;
		silent.c_cc[VSUSP] = _POSIX_VDISABLE;
	}
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	return true;
}

static bool consent(const struct account *account, int flow, struct error *err)
{
	bool ok;

	if (!isatty(STDIN_FILENO))
		return obtain_consent(account, flow, STDIN_FILENO, err);
	if (!hide(true, err))
		return false;
	ok = obtain_consent(account, flow, STDIN_FILENO, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	return ok;
}

/* Runs the login with the terminal's echo off while the token is typed. */
static bool login_from_terminal(const struct account *account, struct error *err)
{
	bool ok;

	fprintf(stderr, "Refresh token of %s (not shown): ", account->name);
	if (!hide(false, err))
		return false;
	ok = obtain_login(account, STDIN_FILENO, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	fputc('\n', stderr);
	return ok;
}

static bool login(const struct account *account, int fd, struct error *err)
{
	if (isatty(fd))
		return login_from_terminal(account, err);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "asking %s ...\n", account_value(account, ACCOUNT_TOKEN_ENDPOINT));
	return obtain_login(account, fd, err);
}

static bool report(const struct account *account, struct error *err)
{
	struct token *token = token_new(err);
	int64_t now = (int64_t)time(NULL);
	char left[32];
	bool ok = token != NULL &&
		cache_read(
			account->place.state, account->place.personal, account->name, token, err);

	if (ok) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		printf("%s: logged in; the access token lives for %s and is renewed by itself\n",
			account->name, left);
	}
	token_free(token);
	return ok;
}

/* Where nobody has to log in, what is configured is proved by one request. */
static bool prove(const struct account *account, struct error *err)
{
	struct token *token = token_new(err);
	int64_t now = (int64_t)time(NULL);
	char left[32];
	bool ok = token != NULL && obtain_token(account, OBTAIN_FORCED, now, token, err);

	if (ok) {
		verb_print_duration(token_left(token, now), left, sizeof(left));
		printf("%s: proved by one request with grant_type = %s; the access token lives for "
		       "%s and is renewed by itself, nobody has to log in\n",
			account->name, account_value(account, ACCOUNT_GRANT_TYPE), left);
	}
	token_free(token);
	return ok;
}

struct choice {
	const char *path; /* of a refresh token; NULL: a person logs in */
	int flow;
};

/* Gives the name of the account, NULL after saying what is wrong with the call. */
static const char *read_arguments(int argc, char **argv, struct choice *choice)
{
	static const struct option options[] = {
		{"refresh-token-file", required_argument, NULL, 'r'},
		{"device", no_argument, NULL, 'd'}, {"any-user", no_argument, NULL, 'u'}, {0}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r') {
			choice->path = optarg;
		} else if (option == 'd' || option == 'u') {
			choice->flow |= option == 'd' ? OBTAIN_DEVICE : OBTAIN_ANY_USER;
		} else {
			verb_usage(&verb_login, "unknown option, or one without its value: %s",
				argv[optind - 1]);
			return NULL;
		}
	}
	if (optind + 1 != argc)
		verb_usage(&verb_login, "takes one account");
	else if (choice->path != NULL && choice->flow != 0)
		verb_usage(&verb_login,
			"with a refresh token nobody logs in: no --device, no "
			"--any-user");
	else
		return argv[optind];
	return NULL;
}

static bool take_over(const struct account *account, const char *path, struct error *err)
{
	int fd = open_input(path, err);
	bool ok = fd >= 0 && login(account, fd, err);

	if (fd > STDIN_FILENO)
		close(fd);
	return ok;
}

static bool log_in(const struct account *account, const struct choice *choice, struct error *err)
{
	if (choice->path == NULL && choice->flow == 0 && account_is_unattended(account))
		return prove(account, err);
	return (choice->path != NULL ? take_over(account, choice->path, err)
				     : consent(account, choice->flow, err)) &&
		report(account, err);
}

static int run(int argc, char **argv)
{
	struct config config = {0};
	struct error err = {0};
	struct account *account = NULL;
	struct choice choice = {0};
	const char *name = read_arguments(argc, argv, &choice);
	int status;
	bool ok;

	if (name == NULL)
		return EXIT_USAGE;
	if (config_load(&config, &err))
		account = verb_account(&config, name, &err);
	ok = account != NULL && verb_owns_grant(account, "login", &err) &&
		log_in(account, &choice, &err);
	error_what(&err, "cannot log in to %.100s", name);
	status = ok ? 0 : verb_fail(&err);
	fflush(stdout);
	if (ok)
		hook_run(&config, account, true);
	config_free(&config);
	return status;
}

const struct verb verb_login = {
	.name = "login",
	.synopsis = "ACCOUNT [--device] [--any-user] [--refresh-token-file FILE|-]",
	.summary = "log in, so that access tokens can be had from then on",
	.help = "Shows an address to open in a browser, waits for its answer (10 minutes at most)\n"
		"and stores what the server grants. The browser answers by itself where it runs\n"
		"on this machine or through the `ssh -L` line that is shown; otherwise paste the\n"
		"address at which it ended, or the code. The account must be in the\n"
		"configuration:\n\n"
		"  [account me@gmail.com]\n"
		"  provider = google\n"
		"  client_id = ...\n"
		"  client_secret_file = ~/.config/saslfresh/google.secret\n\n"
		"An account with grant_type = client_credentials or jwt_bearer needs nobody: one\n"
		"request proves what is configured, and nothing is stored but the access token.\n\n"
		"  --device      show a code to enter in a browser anywhere (not with Google)\n"
		"  --any-user    do not insist that the one who signs in is ACCOUNT or its `user`\n"
		"  --refresh-token-file FILE\n"
		"                take over a refresh token that was issued to the client_id,\n"
		"                proved by one refresh; FILE must be readable by its owner alone,\n"
		"                - reads standard input\n\n"
		"  saslfresh login me@gmail.com\n"
		"  saslfresh login me@gmail.com --refresh-token-file token.txt\n",
	.run = run,
};
