#include "granted.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>

#include "adopt.h"
#include "ask.h"
#include "identity.h"
#include "prompt.h"

enum { LOCK_MILLISECONDS = 20000, LOCK_PAUSE = 50 };

void granted_unlock(const struct login *login)
{
	if (login->export == NULL)
		flock(login->lock_fd, LOCK_UN);
}

static bool lock_again(const struct login *login, struct error *err)
{
	int64_t deadline = clock_milliseconds() + LOCK_MILLISECONDS;

	while (flock(login->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (clock_milliseconds() > deadline)
			return error_set(err, ERROR_TEMPORARY,
				"another process has been renewing the token for %d s",
				LOCK_MILLISECONDS / 1000);
		poll(NULL, 0, LOCK_PAUSE);
	}
	return true;
}

/* Nothing is ever sent there. */
bool granted_is_abandoned(const struct login *login, struct error *err)
{
	struct pollfd parent = {.fd = login->parent_fd, .events = POLLIN | POLLRDHUP};

	if (poll(&parent, 1, 0) == 0)
		return false;
	error_set(err, ERROR_LOGIN, "the login was given up");
	return true;
}

/* ---- what was granted ---- */

static bool check_refresh_token(
	const struct account *account, const struct reply *reply, struct error *err)
{
	if (reply->refresh_token[0] != '\0')
		return true;
	error_set(err, ERROR_CONFIG,
		"the server gave no refresh token, so the login would end with its first access "
		"token");
	return error_hint(err,
		"of [account %s]: has `scope` offline_access, or with Google "
		"`authorization_parameters = access_type=offline prompt=consent`?",
		account->name);
}

static bool check_identity(const struct login *login, const struct grant_request *request,
	const struct reply *reply, struct error *err)
{
	const struct account *account = login->online.account;
	char address[REPLY_NAME_SIZE];

	if (login->any_user)
		return true;
	switch (identity_learn(request, reply, address)) {
	case IDENTITY_OURS:
		prompt_say("signed in as %s\n", address);
		break;
	case IDENTITY_UNKNOWN:
		prompt_say(
			"the server does not say who signed in; %s is believed\n", account->name);
		break;
	case IDENTITY_OTHER:
		error_set(err, ERROR_LOGIN, "it was %s who signed in, not %s", address,
			account->name);
		return error_hint(err,
			"sign in as %s, or use --any-user if that mailbox is meant (a shared one)",
			account->name);
	}
	return true;
}

static bool holds(const char *list, const char *item, size_t len)
{
	for (list += strspn(list, " ,"); *list != '\0'; list += strspn(list, " ,")) {
		size_t word = strcspn(list, " ,");

		if (word == len && strncasecmp(list, item, len) == 0)
			return true;
		list += word;
	}
	return false;
}

/* Of the scopes that say something about mail, those that were not granted are named; a server that
 * names none has granted all (RFC 6749 s.5.1). */
static void warn_of_scope(const struct account *account, const struct reply *reply)
{
	static const char silent[] = "offline_access openid profile email";
	const char *scope = account_value(account, ACCOUNT_SCOPE);

	if (reply->scope[0] == '\0')
		return;
	for (scope += strspn(scope, " ,"); *scope != '\0'; scope += strspn(scope, " ,")) {
		size_t word = strcspn(scope, " ,");

		if (!holds(reply->scope, scope, word) && !holds(silent, scope, word))
			prompt_say("saslfresh: warning: %.*s was not granted; what needs it will "
				   "be refused\n",
				(int)word, scope);
		scope += word;
	}
}

struct granting {
	const struct login *login;
	const struct granted_request *request;
};

static bool ask(void *context, const struct grant_request *request, struct reply *reply,
	struct grant_notes *notes, struct error *err)
{
	const struct granting *granting = context;

	return granting->request->ask(granting->request->context, request, reply, notes, err);
}

static bool judge(void *context, const struct grant_request *request, const struct reply *reply,
	struct error *err)
{
	const struct granting *granting = context;
	const struct account *account = granting->login->online.account;

	if (!check_refresh_token(account, reply, err) ||
		!check_identity(granting->login, request, reply, err) ||
		granted_is_abandoned(granting->login, err))
		return false;
	warn_of_scope(account, reply);
	return true;
}

/* A grant that nobody got is not left behind. */
static bool hand_over(const struct login *login, const struct grant_request *request,
	const struct reply *reply, struct error *err)
{
	struct error refused;

	if (export_finish(login->export, request->secret, reply->refresh_token, err))
		return true;
	if (account_value(request->account, ACCOUNT_REVOCATION_ENDPOINT)[0] != '\0')
		grant_revoke(request, reply->refresh_token, &refused);
	return false;
}

static bool export_grant(const struct online *online, const struct supplies *supplies,
	struct granting *granting, struct error *err)
{
	const struct grant_request request = {.config = online->config,
		.account = online->account,
		.secret = &supplies->secret,
		.scope = "",
		.now = online->now};
	struct reply *reply = calloc(1, sizeof(*reply));
	struct grant_notes notes = {0};
	bool ok = reply != NULL || error_set(err, ERROR_SYSTEM, "out of memory");

	ok = ok && ask(granting, &request, reply, &notes, err) &&
		judge(granting, &request, reply, err) &&
		hand_over(granting->login, &request, reply, err);
	if (reply != NULL)
		wipe(reply, sizeof(*reply));
	free(reply);
	return ok;
}

bool granted_store(const struct login *login, const struct supplies *supplies,
	const struct granted_request *request, struct error *err)
{
	struct granting granting = {login, request};
	const struct adopt_source source = {ask, judge, &granting};
	struct online online = login->online;

	/* The person took some time. */
	online.now += (clock_milliseconds() - login->started) / 1000;
	if (granted_is_abandoned(login, err))
		return false;
	if (login->export != NULL)
		return export_grant(&online, supplies, &granting, err);
	if (!lock_again(login, err))
		return false;
	return adopt_tokens(&online, supplies, &source, err);
}
