#include "supply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "cache.h"
#include "frame.h"

/* What the system keeps where only others may go is no account of this process. */
static bool is_within_reach(const struct account *account)
{
	return account->place.personal ||
		faccessat(AT_FDCWD, account->place.state, X_OK, AT_EACCESS) == 0 || errno != EACCES;
}

bool supply_serves(const struct config *config, bool broken)
{
	if (!config_serves_us(config))
		return false;
	for (size_t i = 0; i < config->count; i++)
		if (is_within_reach(&config->accounts[i]))
			return true;
	return broken;
}

static bool converse(const struct config *config, const struct account *account,
	enum frame_verb verb, const char *rejected, int64_t seconds, struct token *token,
	struct error *err)
{
	const char *command = config->command != NULL ? config->command : SASLFRESH_COMMAND;
	const struct ask ask = {.program = command, .verb = "answer", .seconds = seconds};
	struct request request = {.verb = verb};
	struct buffer question = BUFFER(FRAME_REQUEST_MAX);
	struct buffer answer = BUFFER(FRAME_ANSWER_MAX);
	bool ok = false;

	if (!keyfile_copy(request.account, sizeof(request.account), account->name) ||
		!keyfile_copy(request.rejected, sizeof(request.rejected), rejected)) {
		error_set(
			err, ERROR_CONFIG, "the name of account %.200s is too long", account->name);
		goto out;
	}
	request_print(&request, &question);
	ok = ask_program(&ask, &question, &answer, err) && answer_parse(&answer, token, err);
	if (!ok && err->kind == ERROR_SYSTEM && access(command, X_OK) != 0)
		error_hint(err,
			"user %u cannot run it here; a chrooted Postfix service needs `n` in "
			"the chroot column of master.cf",
			(unsigned)geteuid());
out:
	buffer_free(&question);
	buffer_free(&answer);
	return ok;
}

static bool ask_for_token(const struct config *config, const struct account *account, int64_t now,
	struct token *cached, struct error *err)
{
	struct token *answered = token_new(err);
	bool ok = answered != NULL &&
		converse(config, account, FRAME_TOKEN, "", SUPPLY_SECONDS, answered, err);

	if (ok && token_age(answered, now) == TOKEN_DEAD)
		ok = error_set(err, ERROR_SYSTEM, "the command gave no token that lives");
	if (ok)
		*cached = *answered;
	token_free(answered);
	return ok;
}

static bool must_not_ask(
	const struct account *account, const struct token *cached, int64_t now, struct error *err)
{
	if (cached->kind != ERROR_NONE)
		token_failure(cached, now, err);
	else
		error_set(err, ERROR_TEMPORARY,
			"the access token has %s, and a set-id program may "
			"not renew it",
			cached->access_token[0] != '\0' ? "expired" : "yet to come");
	error_hint(err, "saslfresh refresh %s", account->name);
	return false;
}

bool supply_token(const struct config *config, const struct account *account, int64_t now,
	struct token *token, struct error *err)
{
	struct error unreadable = {0};
	struct token *cached = token_new(err);
	enum token_age age;
	bool held, ok;

	if (cached == NULL)
		return false;
	if (!cache_read(account->place.state, account->place.personal, account_grantor(account),
		    cached, &unreadable) &&
		process_is_privileged()) {
		*err = unreadable;
		token_free(cached);
		return error_what(err, "no access token of %s", account->name);
	}
	age = token_age(cached, now);
	held = token_is_held(cached, now, account->stamp);
	if ((age == TOKEN_FRESH && (held || !token_is_rejected(cached))) ||
		(age == TOKEN_SOFT && held))
		ok = true;
	else if (process_is_privileged())
		ok = age != TOKEN_DEAD || must_not_ask(account, cached, now, err);
	else
		ok = ask_for_token(config, account, now, cached, err) ||
			token_survives(cached, now, err);
	if (ok)
		*token = *cached;
	token_free(cached);
	return ok || error_what(err, "no access token of %s", account->name);
}

bool supply_reject(const struct config *config, const struct account *account, const char *hash,
	struct error *err)
{
	return converse(config, account, FRAME_REJECT, hash, SUPPLY_REJECT_SECONDS, NULL, err);
}
