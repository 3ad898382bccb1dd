#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aftercare.h"
#include "apart.h"
#include "cache.h"
#include "choice.h"
#include "file.h"
#include "hook.h"
#include "keep.h"
#include "obtain.h"
#include "terminal.h"
#include "verb.h"

/* ---- one login ---- */

static bool consent_once(
	const struct account *account, const struct choice *choice, struct error *err)
{
	if (choice->export)
		return obtain_export(account, choice->flow, STDIN_FILENO, STDOUT_FILENO, err);
	return obtain_consent(account, choice->flow, STDIN_FILENO, err);
}

static bool consent(const struct account *account, const struct choice *choice, struct error *err)
{
	bool ok;

	if (!isatty(STDIN_FILENO))
		return consent_once(account, choice, err);
	if (!terminal_hide(true, err))
		return false;
	ok = consent_once(account, choice, err);
	terminal_restore();
	return ok;
}

/* Runs the login with the terminal's echo off while the token is typed. */
static bool login_from_terminal(const struct account *account, struct error *err)
{
	bool ok;

	fprintf(stderr, "Refresh token of %s (not shown): ", account->name);
	if (!terminal_hide(false, err))
		return false;
	ok = obtain_login(account, STDIN_FILENO, err);
	terminal_restore();
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

static bool take_over(const struct account *account, const char *path, struct error *err)
{
	int fd = file_open_secret(path, err);
	bool ok = fd >= 0 && login(account, fd, err);

	if (fd > STDIN_FILENO)
		close(fd);
	return ok;
}

static bool is_proof(const struct account *account, const struct choice *choice)
{
	return account_is_unattended(account) && choice->import == NULL && choice->path == NULL &&
		choice->flow == 0 && !choice->export;
}

static bool log_in(const struct account *account, const void *context, struct error *err)
{
	const struct choice *choice = context;

	if (is_proof(account, choice))
		return prove(account, err);
	if (choice->import != NULL)
		return login(account, choice->transfer.refresh_token, err);
	if (choice->path != NULL)
		return take_over(account, choice->path, err);
	return consent(account, choice, err);
}

/* A login that cannot be written down has not been. */
static bool keep(const struct account *account, struct error *err)
{
	struct error refused, lost;
	bool found;

	if (keep_account(account, err))
		return true;
	if (!obtain_logout(account, true, &found, &refused, &lost))
		fprintf(stderr, "saslfresh: %s\n", lost.cause);
	return false;
}

/* ---- the verb ---- */

/* Paths in a configuration are absolute. */
static bool find_paths(struct setup_wish *wish, char paths[2][PATH_MAX], struct error *err)
{
	static const enum account_key keys[] = {ACCOUNT_CA_FILE, ACCOUNT_CLIENT_SECRET_FILE};

	for (size_t i = 0; i < 2; i++) {
		if (wish->values[keys[i]] == NULL)
			continue;
		if (realpath(wish->values[keys[i]], paths[i]) == NULL)
			return error_system(
				err, errno, "cannot find %.300s", wish->values[keys[i]]);
		wish->values[keys[i]] = paths[i];
	}
	return true;
}

static bool read_import(struct choice *choice, struct error *err)
{
	int fd = file_open_secret(choice->import, err);
	bool ok = fd >= 0 && transfer_read(fd, &choice->transfer, err);

	if (fd > STDIN_FILENO)
		close(fd);
	if (!ok)
		return false;
	if (choice->wish.name != NULL && strcmp(choice->wish.name, choice->transfer.account) != 0)
		return error_set(err, ERROR_CONFIG, "the export is that of %.300s, not of %.300s",
			choice->transfer.account, choice->wish.name);
	choice->wish.name = choice->transfer.account;
	choice->wish.complete = true;
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		choice->wish.values[key] = choice->transfer.values[key];
	return true;
}

static bool perform(struct setup *setup, struct choice *choice, struct error *err)
{
	char paths[2][PATH_MAX];

	if (choice->import != NULL && !read_import(choice, err))
		return false;
	if (!find_paths(&choice->wish, paths, err) || !setup_account(setup, &choice->wish, err) ||
		!verb_owns_grant(setup->account, "login", err))
		return false;
	if (choice->export)
		return log_in(setup->account, choice, err) &&
			fprintf(stderr, "%s: exported, and nothing is stored here\n",
				setup->account->name) > 0;
	return apart_run(setup->account, log_in, choice, err) && keep(setup->account, err) &&
		(is_proof(setup->account, choice) || report(setup->account, err));
}

static int run(int argc, char **argv)
{
	struct choice choice = {.transfer = {.refresh_token = -1}};
	struct setup setup = {.draft = -1};
	struct error err = {0};
	int status;
	bool ok;

	if (!choice_read(argc, argv, &choice))
		return EXIT_USAGE;
	ok = perform(&setup, &choice, &err);
	if (choice.wish.name != NULL)
		error_what(&err, "cannot log in to %.100s", choice.wish.name);
	status = ok ? 0 : verb_fail(&err);
	transfer_free(&choice.transfer);
	fflush(stdout);
	if (ok && !choice.export && !choice.unchecked)
		status = aftercare(setup.account);
	fflush(stdout);
	if (ok && !choice.export)
		hook_run(&setup.config, setup.account, true);
	setup_free(&setup);
	return status;
}

const struct verb verb_login = {
	.name = "login",
	.synopsis =
		"ACCOUNT [--provider NAME | --issuer URL] [--tenant TENANT] [--client-file FILE | "
		"--client-id ID] [--client-secret-file FILE] [--ca-file FILE] [--system] "
		"[--device] [--any-user] [--no-check] "
		"[--export | --refresh-token-file FILE|- | --import FILE|-]",
	.summary = "log in, so that access tokens can be had from then on",
	.help = "Finds the provider from the address, shows an address to open in a browser,\n"
		"waits for its answer (10 minutes at most) and stores what the server grants. The\n"
		"browser answers by itself where it runs on this machine or through the `ssh -L`\n"
		"line that is shown; otherwise paste the address at which it ended, or the code.\n"
		"An account that is not in the configuration is added to it once the login has\n"
		"succeeded. Before that nothing is stored.\n\n"
		"An account with grant_type = client_credentials or jwt_bearer needs nobody: one\n"
		"request proves what is configured, and nothing is stored but the access token.\n\n"
		"Where the server does not register clients by itself, a client id of your own is\n"
		"asked for, with the page to open and what to do there. It can be given:\n"
		"  --client-file FILE\n"
		"                what the provider's console gives: the JSON of a Desktop app\n"
		"                (Google), the manifest of an app (Microsoft)\n"
		"  --client-id ID, --client-secret-file FILE\n\n"
		"  --provider NAME, --issuer URL\n"
		"                do not look for the provider: it is a preset, or that server\n"
		"  --tenant TENANT\n"
		"                with Microsoft: the organisation, instead of `common`\n"
		"  --ca-file FILE\n"
		"                the authority that the server's certificate is to be signed by\n"
		"  --system      add the account to the system's configuration, not to your own\n"
		"  --device      show a code to enter in a browser anywhere (not with Google)\n"
		"  --any-user    do not insist that the one who signs in is ACCOUNT or its `user`\n"
		"  --export      store nothing here: write the login to standard output, for\n"
		"                --import on a machine without a browser\n"
		"  --import FILE\n"
		"                take over what --export wrote; ACCOUNT may be left out, - reads\n"
		"                standard input\n"
		"  --refresh-token-file FILE\n"
		"                take over a refresh token that was issued to the client_id,\n"
		"                proved by one refresh; FILE must be readable by its owner alone,\n"
		"                - reads standard input\n"
		"  --no-check    do not try the token at the mail servers\n\n"
		"Then it logs in once at each mail server that the account names (IMAP and its\n"
		"folders, POP, SMTP without sending) and prints a line for each. If one of them\n"
		"does not take the token the login is stored all the same, and the exit status\n"
		"is that of `saslfresh check`.\n\n"
		"  saslfresh login me@gmail.com\n"
		"  saslfresh login me@gmail.com --client-file client_secret.json\n"
		"  saslfresh login --export me@gmail.com | ssh server saslfresh login --import -\n",
	.run = run,
};
