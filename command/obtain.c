#include "obtain.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ask.h"
#include "cache.h"
#include "frame.h"
#include "lock.h"
#include "owner.h"

/* What the online half takes at most: two requests, a command for the client secret, and to unseal,
 * seal and prove the seal. */
enum { ONLINE_SECONDS = 150 };

/* Ten minutes for the person, and then the same. */
enum { PERSON_SECONDS = 600 + 2 * ONLINE_SECONDS };

enum plan {
	PLAN_USE,  /* the token serves */
	PLAN_TRY,  /* renew it if nobody else does */
	PLAN_WAIT, /* it must be renewed */
	PLAN_FAIL, /* it is dead, and no request may be made now */
};

static enum plan make_plan(const struct token *token, int64_t now, int64_t stamp)
{
	enum token_age age = token_age(token, now);

	if (token_is_held(token, now, stamp))
		return age != TOKEN_DEAD ? PLAN_USE : PLAN_FAIL;
	if (token_is_rejected(token) || age == TOKEN_HARD || age == TOKEN_DEAD)
		return PLAN_WAIT;
	return age == TOKEN_SOFT ? PLAN_TRY : PLAN_USE;
}

/* A token file that cannot be read is renewed; one that somebody else may have written is not. */
static bool read_cache(const struct account *account, struct token *token, struct error *err)
{
	memset(token, 0, sizeof(*token));
	return cache_read(account->place.state, account->place.personal, account_grantor(account),
		       token, err) ||
		err->kind != ERROR_CONFIG;
}

static bool make_directory(char *path, struct error *err)
{
	for (char *slash = path + 1; slash != NULL;) {
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return error_system(err, errno, "cannot make the directory %s", path);
		if (slash != NULL)
			*slash++ = '/';
	}
	return true;
}

static bool make_state(const struct account *account, struct error *err)
{
	char state[PATH_SIZE];

	memcpy(state, account->place.state, sizeof(state));
	return make_directory(state, err);
}

static bool has_state(const struct account *account, struct error *err)
{
	uid_t owner;
	bool absent;

	if (!state_check(account->place.state, account->place.personal, &owner, &absent, err))
		return false;
	if (!absent)
		return true;
	if (account_is_unattended(account))
		return make_state(account, err);
	error_set(err, ERROR_LOGIN, "nobody has logged in: there is no %s", account->place.state);
	return error_hint(err, "saslfresh login %s", account_grantor(account));
}

static bool take_lock(
	const struct account *account, int64_t seconds, struct lock *lock, struct error *err)
{
	bool busy;

	return has_state(account, err) &&
		lock_take(account->place.state, account_grantor(account), seconds * 1000, lock,
			&busy, err);
}

/* fds: the lock, an input, an output; -1 where there is none. */
static bool run_online_to(const struct account *account, const char *verb, const int fds[3],
	const struct buffer *request, struct error *err)
{
	bool for_person = strncmp(verb, "login-", 6) == 0 || strncmp(verb, "export-", 7) == 0;
	struct ask ask = {.program = SASLFRESH_ONLINE,
		.verb = verb,
		.account = account_grantor(account),
		.kept_fds = {fds[0], fds[1], account->draft > 0 ? account->draft : -1, fds[2]},
		.kept = ASK_KEPT_MAX,
		.keep_stderr = true,
		.for_person = for_person,
		.seconds = for_person ? PERSON_SECONDS : ONLINE_SECONDS};
	struct buffer answer = BUFFER(FRAME_ANSWER_MAX);
	bool ok;

	while (ask.kept > 0 && ask.kept_fds[ask.kept - 1] < 0)
		ask.kept--;
	ok = ask_program(&ask, request, &answer, err) && answer_parse(&answer, NULL, err);

	buffer_free(&answer);
	return ok;
}

static bool run_online(const struct account *account, const char *verb, const struct lock *lock,
	int input_fd, const struct buffer *request, struct error *err)
{
	const int fds[] = {lock->fd, input_fd, -1};

	return run_online_to(account, verb, fds, request, err);
}

/* Under the lock: somebody else may have renewed the token, or failed to. */
static bool renew_locked(const struct account *account, enum obtain_will will, int64_t now,
	const struct lock *lock, struct token *cached, struct error *err)
{
	const struct buffer nothing = BUFFER(0);
	int64_t issued_at = cached->issued_at;
	enum plan plan;

	if (!read_cache(account, cached, err))
		return false;
	plan = make_plan(cached, now, account->stamp);
	if (will == OBTAIN_NEEDED && plan == PLAN_FAIL)
		return token_failure(cached, now, err);
	if (plan == PLAN_USE && (will == OBTAIN_NEEDED || cached->issued_at != issued_at))
		return true;
	return run_online(account, "refresh", lock, -1, &nothing, err) &&
		read_cache(account, cached, err);
}

static bool renew(const struct account *account, enum obtain_will will, enum plan plan, int64_t now,
	struct token *cached, struct error *err)
{
	struct lock lock = LOCK_NONE;
	int64_t seconds = plan == PLAN_TRY ? 0 : OBTAIN_LOCK_SECONDS;
	bool ok = take_lock(account, seconds, &lock, err) &&
		renew_locked(account, will, now, &lock, cached, err);

	lock_release(&lock);
	/* A failed renewal does not make a living token useless. */
	return ok || (will == OBTAIN_NEEDED && token_survives(cached, now, err));
}

static bool obtain(const struct account *account, enum obtain_will will, int64_t now,
	struct token *cached, struct error *err)
{
	enum plan plan;

	if (!owner_become(account, err) || !read_cache(account, cached, err))
		return false;
	plan = will == OBTAIN_FORCED ? PLAN_WAIT : make_plan(cached, now, account->stamp);
	switch (plan) {
	case PLAN_USE:
		return true;
	case PLAN_FAIL:
		return token_failure(cached, now, err);
	default:
		return renew(account, will, plan, now, cached, err);
	}
}

bool obtain_token(const struct account *account, enum obtain_will will, int64_t now,
	struct token *token, struct error *err)
{
	struct token *cached = token_new(err);
	bool ok = cached != NULL && obtain(account, will, now, cached, err);

	if (ok && token_age(cached, now) == TOKEN_DEAD)
		ok = error_set(err, ERROR_SYSTEM, "the new access token is not in %s",
			account->place.state);
	if (ok)
		*token = *cached;
	token_free(cached);
	return ok || error_what(err, "no access token of %s", account->name);
}

bool obtain_reject(const struct account *account, const char *hash, struct error *err)
{
	struct lock lock = LOCK_NONE;
	struct request request = {.verb = FRAME_REJECT};
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);
	bool ok = owner_become(account, err) && take_lock(account, OBTAIN_LOCK_SECONDS, &lock, err);

	if (ok) {
		keyfile_copy(request.account, sizeof(request.account), account_grantor(account));
		keyfile_copy(request.rejected, sizeof(request.rejected), hash);
		request_print(&request, &text);
		ok = run_online(account, "reject", &lock, -1, &text, err);
	}
	lock_release(&lock);
	buffer_free(&text);
	return ok ||
		error_what(
			err, "cannot note that the access token of %s was refused", account->name);
}

bool obtain_tell(const struct account *account, const char *event, struct error *err)
{
	const struct buffer nothing = BUFFER(0);
	struct lock lock = LOCK_NONE;
	bool ok = owner_become(account, err) && take_lock(account, 0, &lock, err) &&
		run_online(account, event, &lock, -1, &nothing, err);

	lock_release(&lock);
	return ok;
}

static bool has_person(const struct account *account, struct error *err)
{
	if (!account_is_unattended(account))
		return true;
	error_set(err, ERROR_CONFIG, "with grant_type = %s nobody logs in",
		account->values[ACCOUNT_GRANT_TYPE]);
	return error_hint(err, "saslfresh login %s proves what is configured", account->name);
}

static bool take_over(
	const struct account *account, const char *verb, int input_fd, struct error *err)
{
	const struct buffer nothing = BUFFER(0);
	struct lock lock = LOCK_NONE;
	bool ok;

	ok = has_person(account, err) && make_state(account, err) && owner_become(account, err) &&
		take_lock(account, OBTAIN_LOCK_SECONDS, &lock, err) &&
		run_online(account, verb, &lock, input_fd, &nothing, err);
	lock_release(&lock);
	return ok;
}

bool obtain_login(const struct account *account, int input_fd, struct error *err)
{
	return take_over(account, "login", input_fd, err) ||
		error_what(err, "cannot log in to %s", account->name);
}

bool obtain_consent(const struct account *account, int flow, int input_fd, struct error *err)
{
	static const char *const verbs[] = {
		"login-code", "login-device", "login-code-any", "login-device-any"};

	return take_over(account, verbs[flow], input_fd, err) ||
		error_what(err, "cannot log in to %s", account->name);
}

bool obtain_prepare(
	const struct account *account, const char *verb, int input_fd, struct error *err)
{
	const struct buffer nothing = BUFFER(0);
	const int fds[] = {-1, input_fd, -1};

	return run_online_to(account, verb, fds, &nothing, err);
}

bool obtain_export(
	const struct account *account, int flow, int input_fd, int output_fd, struct error *err)
{
	static const char *const verbs[] = {
		"export-code", "export-device", "export-code-any", "export-device-any"};
	const struct buffer nothing = BUFFER(0);
	const int fds[] = {-1, input_fd, output_fd};

	return (has_person(account, err) &&
		       run_online_to(account, verbs[flow], fds, &nothing, err)) ||
		error_what(err, "cannot log in to %s", account->name);
}

bool obtain_import(const struct account *account, int input_fd, struct error *err)
{
	return take_over(account, "import", input_fd, err) ||
		error_what(err, "cannot import the grant of %s", account->name);
}

/* ---- the end of a grant ---- */

static bool has_file(const struct account *account, const char *suffix)
{
	char path[PATH_SIZE];
	struct stat status;

	return place_file(account->place.state, account_grantor(account), suffix, path) &&
		lstat(path, &status) == 0;
}

static bool has_files(const struct account *account)
{
	return has_file(account, "grant") || has_file(account, "grant.new") ||
		has_file(account, "token");
}

static bool log_out(const struct account *account, bool forget, const struct lock *lock,
	struct error *refused, struct error *err)
{
	const struct buffer nothing = BUFFER(0);

	if (run_online(account, "logout", lock, -1, &nothing, err))
		return true;
	if (forget) {
		*refused = *err;
		return run_online(account, "forget", lock, -1, &nothing, err);
	}
	/* What the failure itself advises does not come before what was asked for. */
	err->what[0] = err->hint[0] = '\0';
	error_what(err, "the grant of %s is not revoked, and nothing is forgotten", account->name);
	return error_hint(err, "saslfresh logout %s --forget removes it here alone", account->name);
}

bool obtain_logout(const struct account *account, bool forget, bool *found, struct error *refused,
	struct error *err)
{
	struct lock lock = LOCK_NONE;
	uid_t owner;
	bool ok, absent;

	*found = false;
	refused->kind = ERROR_NONE;
	ok = owner_become(account, err) &&
		state_check(account->place.state, account->place.personal, &owner, &absent, err);
	if (ok && !absent && has_files(account)) {
		ok = take_lock(account, OBTAIN_LOCK_SECONDS, &lock, err);
		*found = ok && has_files(account);
		ok = ok && (!*found || log_out(account, forget, &lock, refused, err));
		lock_release(&lock);
	}
	return ok || error_what(err, "cannot log out of %s", account->name);
}
