#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "draft.h"
#include "file.h"
#include "obtain.h"
#include "provider.h"
#include "section.h"
#include "terminal.h"

/* ---- what is known so far ---- */

/* Reads the configuration again, with the draft; incomplete gets what the account still lacks. */
static bool reload(
	struct setup *setup, const char *name, struct error *incomplete, struct error *err)
{
	config_free(&setup->config);
	*incomplete = (struct error){0};
	if (!config_load(&setup->config, err) ||
		(setup->draft >= 0 && !draft_merge(&setup->config, setup->draft, err)))
		return false;
	setup->account = config_find(&setup->config, name);
	if (setup->account != NULL)
		account_complete(setup->account, incomplete);
	return true;
}

static bool lacks(const struct setup *setup, enum account_key key)
{
	return setup->account->values[key] == NULL;
}

/* ---- the client ---- */

static void show_steps(const struct account *account)
{
	const char *steps = account_value(account, ACCOUNT_CLIENT_STEPS);
	int number = 0;

	while (*steps != '\0') {
		const char *stop = strstr(steps, ACCOUNT_STEP);
		size_t len = stop != NULL ? (size_t)(stop - steps) : strlen(steps);

		fprintf(stderr, "  %d. %.*s\n", ++number, (int)len, steps);
		steps += len + (stop != NULL ? strlen(ACCOUNT_STEP) : 0);
	}
	if (number == 0 && account_value(account, ACCOUNT_NOTE)[0] != '\0')
		fprintf(stderr, "  %s\n", account_value(account, ACCOUNT_NOTE));
}

static void show_console(const struct account *account)
{
	const char *title = account_value(account, ACCOUNT_TITLE);
	const char *console = account_value(account, ACCOUNT_CONSOLE);

	fprintf(stderr, "%s needs a client id of your own, which is made once%s%s.\n",
		account->name, *title != '\0' ? " for " : "", title);
	if (*console != '\0')
		fprintf(stderr, "Open this page in a browser:\n\n  %s\n\n", console);
	else
		fprintf(stderr,
			"Whoever runs %s can make one: a native client with the redirect URI "
			"http://127.0.0.1.\n",
			account_value(account, ACCOUNT_TOKEN_ENDPOINT));
	show_steps(account);
	fputc('\n', stderr);
}

static bool nobody_to_ask(const struct account *account, struct error *err)
{
	const char *console = account_value(account, ACCOUNT_CONSOLE);

	error_set(err, ERROR_CONFIG, "%s has no client_id, and there is no terminal to ask for one",
		account->name);
	return error_hint(err, "%s%s%ssaslfresh login %s --client-id ID, or --client-file FILE",
		*console != '\0' ? "make one at " : "", console, *console != '\0' ? "; " : "",
		account->name);
}

static bool ask_for_id(const struct setup *setup, struct error *err)
{
	struct buffer line = BUFFER(1024);
	bool ok = terminal_ask("Client id", false, &line, err);

	if (ok && line.len == 0)
		ok = error_set(err, ERROR_CONFIG, "no client id was given");
	ok = ok && draft_put(setup->draft, ACCOUNT_CLIENT_ID, buffer_text(&line), err);
	buffer_free(&line);
	return ok;
}

static bool ask_for_secret(const struct setup *setup, struct error *err)
{
	const char *method = account_value(setup->account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD);
	struct buffer line = BUFFER(4096);
	bool ok;

	if (*method != '\0' && strncmp(method, "client_secret_", 14) != 0)
		return true;
	ok = terminal_ask("Client secret (not shown; Enter if there is none)", true, &line, err);
	if (ok && line.len > 0)
		ok = draft_put(setup->draft, ACCOUNT_CLIENT_SECRET, buffer_text(&line), err);
	buffer_free(&line);
	return ok;
}

static bool ask_for_client(const struct setup *setup, struct error *err)
{
	if (!terminal_is_there())
		return nobody_to_ask(setup->account, err);
	show_console(setup->account);
	return ask_for_id(setup, err) && ask_for_secret(setup, err);
}

static bool enlist(const struct setup *setup, struct error *err)
{
	fprintf(stderr, "registering a client at %s ...\n",
		account_value(setup->account, ACCOUNT_REGISTRATION_ENDPOINT));
	return obtain_prepare(setup->account, "register", -1, err);
}

static bool take_file(const struct setup *setup, const char *path, struct error *err)
{
	int fd = file_open_secret(path, err);
	bool ok;

	if (fd < 0)
		return false;
	ok = obtain_prepare(setup->account, "client-file", fd, err) ||
		error_what(err, "cannot use %.200s", path);
	if (fd > STDIN_FILENO)
		close(fd);
	return ok;
}

static bool find_client(const struct setup *setup, const struct setup_wish *wish, struct error *err)
{
	if (wish->client_file != NULL)
		return take_file(setup, wish->client_file, err);
	if (!lacks(setup, ACCOUNT_CLIENT_ID))
		return account_has_secret(setup->account) ||
			wish->values[ACCOUNT_CLIENT_ID] == NULL || !terminal_is_there() ||
			ask_for_secret(setup, err);
	if (!lacks(setup, ACCOUNT_REGISTRATION_ENDPOINT))
		return enlist(setup, err);
	return ask_for_client(setup, err);
}

/* ---- the whole ---- */

static bool wants_draft(
	const struct setup *setup, const struct setup_wish *wish, const struct error *incomplete)
{
	if (setup->account == NULL || wish->client_file != NULL)
		return true;
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (wish->values[key] != NULL)
			return true;
	/* Where nobody logs in, nobody is asked. */
	return incomplete->kind == ERROR_CONFIG && !account_is_unattended(setup->account) &&
		lacks(setup, ACCOUNT_CLIENT_ID) &&
		(!lacks(setup, ACCOUNT_TOKEN_ENDPOINT) || lacks(setup, ACCOUNT_PROVIDER));
}

static bool same_place(
	const struct account *account, const struct setup_wish *wish, struct error *err)
{
	if (account == NULL || !wish->system || !account->place.personal)
		return true;
	keyfile_fail(account->file, account->line, err, "account %s is your own", account->name);
	return error_hint(err, "log in without --system, or remove it there");
}

/* A server that is named must be the one that the account has; who has none may be given one. */
static bool same_server(
	const struct account *account, const struct setup_wish *wish, struct error *err)
{
	static const enum account_key keys[] = {ACCOUNT_PROVIDER, ACCOUNT_ISSUER};

	if (account == NULL || account->values[ACCOUNT_TOKEN_ENDPOINT] == NULL)
		return true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *name = account_key_name(keys[i]), *value = wish->values[keys[i]];

		if (value == NULL || strcmp(value, account_value(account, keys[i])) == 0)
			continue;
		if (account->values[keys[i]] != NULL)
			keyfile_fail(account->file, account->line, err,
				"account %s has %s = %.300s, not %.300s", account->name, name,
				account->values[keys[i]], value);
		else
			keyfile_fail(account->file, account->line, err,
				"account %s logs in at %.300s, and has no %s", account->name,
				account->values[ACCOUNT_TOKEN_ENDPOINT], name);
		return error_hint(err, "change it there, or log in without naming another");
	}
	return true;
}

/* Of an account that came from elsewhere, what says whom its grant belongs to must be the same
 * here; in all else the configuration counts. */
static bool is_wished(const struct setup *setup, const struct setup_wish *wish, int key)
{
	if (wish->values[key] == NULL || !wish->complete || setup->account == NULL)
		return wish->values[key] != NULL;
	return setup->account->values[key] == NULL || key == ACCOUNT_PROVIDER ||
		key == ACCOUNT_ISSUER || key == ACCOUNT_TOKEN_ENDPOINT || key == ACCOUNT_TENANT ||
		key == ACCOUNT_CLIENT_ID;
}

static bool start_draft(struct setup *setup, const struct setup_wish *wish, struct error *err)
{
	struct place place;
	bool personal = setup->account != NULL ? setup->account->place.personal
					       : !wish->system && place_personal(&place);

	setup->draft = draft_open(wish->name, personal, err);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (setup->draft >= 0 && is_wished(setup, wish, key) &&
			!draft_put(setup->draft, (enum account_key)key, wish->values[key], err))
			return false;
	return setup->draft >= 0;
}

static bool find_rest(struct setup *setup, const struct setup_wish *wish, struct error *incomplete,
	struct error *err)
{
	if (lacks(setup, ACCOUNT_TOKEN_ENDPOINT) && lacks(setup, ACCOUNT_PROVIDER))
		fprintf(stderr, "looking for the authorization server of %s ...\n", wish->name);
	return obtain_prepare(setup->account, "discover", -1, err) &&
		reload(setup, wish->name, incomplete, err) && find_client(setup, wish, err) &&
		reload(setup, wish->name, incomplete, err);
}

bool setup_account(struct setup *setup, const struct setup_wish *wish, struct error *err)
{
	struct error incomplete;
	bool ok;

	*setup = (struct setup){.draft = -1};
	if (!reload(setup, wish->name, &incomplete, err) ||
		!same_place(setup->account, wish, err) || !same_server(setup->account, wish, err))
		return false;
	if (wants_draft(setup, wish, &incomplete)) {
		ok = start_draft(setup, wish, err) && reload(setup, wish->name, &incomplete, err) &&
			(wish->elsewhere || section_check(&setup->account->place, err)) &&
			(wish->complete || find_rest(setup, wish, &incomplete, err));
		if (!ok)
			return false;
	}
	if (incomplete.kind != ERROR_NONE)
		*err = incomplete;
	return incomplete.kind == ERROR_NONE;
}

void setup_free(struct setup *setup)
{
	config_free(&setup->config);
	if (setup->draft >= 0)
		close(setup->draft);
}
