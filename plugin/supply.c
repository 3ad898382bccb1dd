#include "supply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "allow.h"
#include "ask.h"
#include "cache.h"
#include "door.h"
#include "frame.h"

/* ---- whether there is anything to do ---- */

/* What the system keeps where only others may go is no account of this process. */
static bool is_within_reach(const struct account *account)
{
	return account->place.personal ||
		faccessat(AT_FDCWD, account->place.state, X_OK, AT_EACCESS) == 0 || errno != EACCES;
}

/* Unless it allows this process to have its tokens all the same. */
static bool is_allowed(const struct account *account)
{
	const char *allow = account_value(account, ACCOUNT_ALLOW);
	struct error ignored = {0};
	struct peer self;
	bool listed;

	if (*allow == '\0' || !peer_self(&self, &ignored))
		return false;
	listed = allow_lists(allow, &self, allow_find_here);
	peer_free(&self);
	return listed;
}

void supply_look_around(struct config *config)
{
	struct stat status;

	if (stat("/", &status) == 0) {
		config->root_device = status.st_dev;
		config->root_inode = status.st_ino;
	}
	for (size_t i = 0; i < config->count; i++)
		if (!config->accounts[i].place.personal &&
			lstat(config->accounts[i].place.state, &status) == 0)
			config->keeper = status.st_uid;
}

bool supply_serves(struct config *config, bool broken)
{
	if (!config_serves_us(config))
		return false;
	supply_look_around(config);
	for (size_t i = 0; i < config->count; i++)
		if (is_within_reach(&config->accounts[i]) || is_allowed(&config->accounts[i]))
			return true;
	return broken;
}

/* True if the root is another one than when the configuration was read. */
static bool is_in_chroot(const struct config *config)
{
	struct stat status;

	return config->root_inode != 0 &&
		(stat("/", &status) != 0 || status.st_ino != config->root_inode ||
			status.st_dev != config->root_device);
}

/* ---- asking ---- */

struct question {
	const struct config *config;
	const struct account *account;
	int64_t deadline;      /* of clock_milliseconds */
	struct buffer request; /* its record */
};

static const char *command_of(const struct question *question)
{
	return question->config->command != NULL ? question->config->command : SASLFRESH_COMMAND;
}

bool supply_may_renew(const struct account *account)
{
	const struct place *place = &account->place;
	struct error err = {0};
	uid_t owner = (uid_t)-1;
	bool absent = false;

	if (place->personal)
		return true;
	if (process_is_privileged())
		return false;
	if (!state_check(place->state, false, &owner, &absent, &err) && err.kind != ERROR_CONFIG)
		return false;
	return absent || owner == geteuid() || geteuid() == 0;
}

static bool ask_command(struct question *question, struct buffer *answer, struct error *err)
{
	int64_t left = question->deadline - clock_milliseconds();
	const struct ask ask = {
		.program = command_of(question), .verb = "answer", .seconds = (left + 999) / 1000};

	return ask_program(&ask, &question->request, answer, err);
}

/* The sentence for a process that can do nothing at all. */
static bool is_helpless(const struct question *question, struct error *err)
{
	const struct account *account = question->account;
	bool chrooted = is_in_chroot(question->config);
	char cause[ERROR_CAUSE_MAX];

	keyfile_copy(cause, sizeof(cause), err->cause);
	error_set(err, ERROR_SYSTEM, "user %u%s cannot renew it: %.600s", (unsigned)geteuid(),
		chrooted ? " in a chroot" : "", cause);
	if (account->place.personal)
		return error_hint(err,
			"for such programs there are accounts of the system, see saslfresh(8)");
	if (chrooted)
		return error_hint(err,
			"let saslfresh.socket listen in the chroot too, or put `n` into the chroot "
			"column of master.cf");
	return error_hint(err,
		"systemctl enable --now saslfresh.socket, and `allow = %u` for %.100s",
		(unsigned)geteuid(), account->name);
}

/* closed: nobody could be asked. */
static bool ask_anybody(
	struct question *question, struct buffer *answer, bool *closed, struct error *err)
{
	const struct config *config = question->config;
	const char *path = config->socket != NULL ? config->socket : SASLFRESH_SOCKET;
	bool runs = access(command_of(question), X_OK) == 0;
	bool open = false;

	*closed = false;
	if (question->account->place.personal || (runs && supply_may_renew(question->account))) {
		if (ask_command(question, answer, err))
			return true;
		return runs ? false : is_helpless(question, err);
	}
	if (door_ask(path, config->keeper, question->deadline, &question->request, answer, &open,
		    err))
		return true;
	*closed = !open;
	return open ? false : is_helpless(question, err);
}

static bool converse(const struct config *config, const struct account *account,
	const struct request *wanted, int64_t seconds, struct token *token, bool *closed,
	struct error *err)
{
	struct question question = {.config = config,
		.account = account,
		.deadline = clock_milliseconds() + seconds * 1000,
		.request = BUFFER(FRAME_REQUEST_MAX)};
	struct request request = *wanted;
	struct buffer answer = BUFFER(FRAME_ANSWER_MAX);
	bool ok = false;

	*closed = false;
	if (keyfile_copy(request.account, sizeof(request.account), account->name)) {
		request_print(&request, &question.request);
		ok = ask_anybody(&question, &answer, closed, err) &&
			answer_parse(&answer, token, err);
	} else {
		error_set(
			err, ERROR_CONFIG, "the name of account %.200s is too long", account->name);
	}
	buffer_free(&question.request);
	buffer_free(&answer);
	return ok;
}

static bool ask_for_token(const struct config *config, const struct account *account, int64_t now,
	struct token *cached, bool *closed, struct error *err)
{
	const struct request request = {.verb = FRAME_TOKEN};
	struct token *answered = token_new(err);
	bool ok = answered != NULL &&
		converse(config, account, &request, SUPPLY_SECONDS, answered, closed, err);

	if (ok && token_age(answered, now) == TOKEN_DEAD)
		ok = error_set(err, ERROR_SYSTEM, "the command gave no token that lives");
	if (ok)
		*cached = *answered;
	token_free(answered);
	return ok;
}

/* ---- what is said where nobody could be asked ---- */

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

/* A cache with a mend comes first; a set-id program has a sentence of its own. */
static bool nobody_was_asked(const struct account *account, const struct token *cached, int64_t now,
	const struct error *unreadable, struct error *err)
{
	if (unreadable->kind == ERROR_CONFIG ||
		(unreadable->kind != ERROR_NONE && process_is_privileged()))
		*err = *unreadable;
	else if (process_is_privileged())
		must_not_ask(account, cached, now, err);
	return false;
}

bool supply_token(const struct config *config, const struct account *account, int64_t now,
	struct token *token, struct error *err)
{
	struct error unreadable = {0};
	struct token *cached = token_new(err);
	bool held, ok, closed = false;
	enum token_age age;

	if (cached == NULL)
		return false;
	cache_read(account->place.state, account->place.personal, account_grantor(account), cached,
		&unreadable);
	age = token_age(cached, now);
	held = token_is_held(cached, now, account->stamp);
	if ((age == TOKEN_FRESH && (held || !token_is_rejected(cached))) ||
		(age == TOKEN_SOFT && held))
		ok = true;
	else
		ok = ask_for_token(config, account, now, cached, &closed, err) ||
			token_survives(cached, now, err);
	if (!ok && closed)
		nobody_was_asked(account, cached, now, &unreadable, err);
	if (ok)
		*token = *cached;
	token_free(cached);
	return ok || error_what(err, "no access token of %s", account->name);
}

bool supply_reject(const struct config *config, const struct account *account, const char *hash,
	struct error *err)
{
	struct request request = {.verb = FRAME_REJECT};
	bool closed;

	if (!keyfile_copy(request.rejected, sizeof(request.rejected), hash))
		return error_set(err, ERROR_CONFIG, "the hash of a refused token is too long");
	return converse(config, account, &request, SUPPLY_REJECT_SECONDS, NULL, &closed, err);
}
