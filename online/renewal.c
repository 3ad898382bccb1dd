#include "renewal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cache.h"
#include "credential.h"
#include "crypto.h"
#include "ending.h"
#include "sandbox.h"

enum { MISCONFIGURED_SECONDS = 900 };

/* A command that waits for somebody who is not there is not run for each mail. */
enum { UNEQUIPPED_SECONDS = 60 };

static void hold_signals(sigset_t *before)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM, SIGQUIT, SIGUSR1,
		SIGUSR2, SIGTSTP, SIGXCPU};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

/* ---- beginning and end ---- */

bool renewal_start(const struct online *online, struct renewal *renewal, struct error *err)
{
	const struct account *account = online->account;
	struct error unreadable;

	*renewal = (struct renewal){.online = online, .secret = BUFFER(SECRET_MAX)};
	hold_signals(&renewal->signals);
	renewal->store.directory = renewal->store.grant = renewal->store.token = -1;
	renewal->grant = grant_new(err);
	renewal->token = token_new(err);
	renewal->reply = calloc(1, sizeof(*renewal->reply));
	if (renewal->grant == NULL || renewal->token == NULL || renewal->reply == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	if (!store_reserve(account, &renewal->store, err))
		return false;
	/* A token file that cannot be read is as good as none. */
	cache_read(account->place.state, account->place.personal, account->name, renewal->token,
		&unreadable);
	return true;
}

void online_confine(const struct online *online)
{
	const struct account *account = online->account;
	const char *const files[] = {account_value(account, ACCOUNT_CA_FILE),
		account_value(account, ACCOUNT_CLIENT_CERTIFICATE), NULL};

	if (online->sandbox)
		sandbox_enter(account->place.state, files);
}

bool renewal_equip(struct renewal *renewal, const struct supplies *supplies, struct error *err)
{
	struct store *store = &renewal->store;
	bool ok;

	if (supplies != NULL) {
		buffer_add(&renewal->secret, buffer_text(&supplies->secret), supplies->secret.len);
		ok = (buffer_ok(&renewal->secret) ||
			     error_set(err, ERROR_SYSTEM, "out of memory")) &&
			seal_share(&store->seal, &supplies->seal, err);
	} else {
		ok = secret_load(renewal->online->account, &renewal->secret, err);
	}
	ok = ok && store_seal(store, err);
	online_confine(renewal->online);
	return ok;
}

void renewal_finish(struct renewal *renewal)
{
	store_close(&renewal->store);
	grant_free(renewal->grant);
	token_free(renewal->token);
	if (renewal->reply != NULL)
		wipe(renewal->reply, sizeof(*renewal->reply));
	free(renewal->reply);
	buffer_free(&renewal->secret);
	sigprocmask(SIG_SETMASK, &renewal->signals, NULL);
}

/* ---- one request ---- */

struct grant_request renewal_describe(const struct renewal *renewal)
{
	return (struct grant_request){.config = renewal->online->config,
		.account = renewal->online->account,
		.secret = &renewal->secret,
		.scope = renewal->grant->scope,
		.consented_at = renewal->grant->consented_at,
		.now = renewal->online->now};
}

bool renewal_request(struct renewal *renewal, const char *refresh_token, struct error *err)
{
	const struct grant_request request = renewal_describe(renewal);

	return grant_refresh(&request, refresh_token, renewal->reply, &renewal->notes, err);
}

static void copy(char *text, size_t size, const char *value)
{
	if (*value != '\0')
		keyfile_copy(text, size, value);
}

/* The grant after an answer to used: what was issued replaces it, what was used is kept until the
 * new one has worked, and a previous one that is no longer needed goes. */
static void update_grant(struct renewal *renewal, const char *used)
{
	struct grant *grant = renewal->grant;
	const struct reply *reply = renewal->reply;
	const struct account *account = renewal->online->account;
	char keep[TOKEN_MAX + 1];

	keyfile_copy(keep, sizeof(keep), used);
	grant->previous_refresh_token[0] = '\0';
	keyfile_copy(grant->refresh_token, sizeof(grant->refresh_token), keep);
	if (reply->refresh_token[0] != '\0' && strcmp(reply->refresh_token, keep) != 0) {
		memcpy(grant->previous_refresh_token, keep, sizeof(keep));
		memcpy(grant->refresh_token, reply->refresh_token, sizeof(grant->refresh_token));
	}
	wipe(keep, sizeof(keep));
	copy(grant->scope, sizeof(grant->scope), reply->scope);
	copy(grant->client_id, sizeof(grant->client_id), account_value(account, ACCOUNT_CLIENT_ID));
	copy(grant->issuer, sizeof(grant->issuer), account_value(account, ACCOUNT_ISSUER));
	grant->refreshed_at = renewal->online->now;
	if (reply->refresh_token_expires_in > 0)
		grant->refresh_token_expires_at =
			renewal->online->now + reply->refresh_token_expires_in;
	else if (reply->refresh_token[0] != '\0')
		grant->refresh_token_expires_at = 0;
}

static void forget_failure(struct token *token)
{
	token->kind = ERROR_NONE;
	token->error[0] = token->error_description[0] = token->hint[0] = '\0';
	token->retry_at = token->failures = token->config_stamp = 0;
}

static void predict_end(struct renewal *renewal)
{
	const struct online *online = renewal->online;
	struct crypto_certificate certificate;
	bool signs = account_signs(online->account) &&
		credential_certificate(online->account, NULL, &certificate, &(struct error){0});

	ending_predict(online->account, renewal->grant, signs ? &certificate : NULL, online->now,
		renewal->token);
}

static bool update_token(struct renewal *renewal, struct error *err)
{
	struct token *token = renewal->token;
	const struct reply *reply = renewal->reply;
	const struct account *account = renewal->online->account;
	const char *user = account_value(account, ACCOUNT_USER);
	int64_t now = renewal->online->now;
	char hash[CRYPTO_HEX_SIZE];

	if (!crypto_hash_text(reply->access_token, hash, err))
		return false;
	forget_failure(token);
	/* The token that is replaced was good to its end: the next refusal is a first one. */
	if (!token_is_rejected(token))
		token->rejections = 0;
	token->hosts[0] = '\0';
	copy(token->user, sizeof(token->user), *user != '\0' ? user : account->name);
	copy(token->hosts, sizeof(token->hosts), account_value(account, ACCOUNT_HOSTS));
	copy(token->scope, sizeof(token->scope), renewal->grant->scope);
	memcpy(token->access_token, reply->access_token, sizeof(token->access_token));
	memcpy(token->access_token_hash, hash, sizeof(hash));
	token->issued_at = now;
	token->expires_at = now + reply->expires_in;
	token->clock_skew = renewal->notes.date != 0 ? renewal->notes.date - now : 0;
	predict_end(renewal);
	/* The same token again: it was renewed as often as a refusal asks for. */
	if (strcmp(token->rejected, hash) == 0)
		token->rejected[0] = '\0';
	return true;
}

static int64_t hold_time(const struct renewal *renewal, const struct error *err)
{
	int64_t asked = renewal->notes.retry_after;
	uint32_t chance = 0;

	if (err->kind == ERROR_CONFIG)
		return MISCONFIGURED_SECONDS;
	if (asked >= 0)
		return asked < TOKEN_HOLD_MAX ? asked : TOKEN_HOLD_MAX;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = (uint32_t)getpid();
	return token_backoff(renewal->token->failures, chance);
}

/* A failure that is ours alone is for `status` to tell; it holds nobody back. */
void renewal_remember(struct renewal *renewal, const struct error *err)
{
	struct error unwritten = {0};
	struct token *token = renewal->token;

	token->kind = err->kind;
	token->failures++;
	keyfile_copy(token->error, sizeof(token->error), renewal->reply->error);
	keyfile_copy(token->error_description, sizeof(token->error_description), err->cause);
	keyfile_copy(token->hint, sizeof(token->hint), err->hint);
	token->config_stamp = renewal->online->account->stamp;
	token->retry_at = 0;
	if (!renewal->notes.answered && err->kind == ERROR_TEMPORARY)
		token->retry_at = renewal->online->now + UNEQUIPPED_SECONDS;
	else if (renewal->notes.answered && err->kind != ERROR_LOGIN)
		token->retry_at = renewal->online->now + hold_time(renewal, err);
	store_commit_token(&renewal->store, token, &unwritten);
}

/* True if the answer holds a refresh token that must not be lost. */
bool renewal_is_issued(const struct renewal *renewal)
{
	return renewal->reply != NULL && renewal->reply->refresh_token[0] != '\0' &&
		renewal->reply->error[0] == '\0';
}

/* Writes down what an answer brought: the grant, then the token, and only then is it a success. */
bool renewal_keep(struct renewal *renewal, const char *used, bool ok, struct error *err)
{
	if (used != NULL && (ok || renewal_is_issued(renewal))) {
		update_grant(renewal, used);
		if (!store_commit_grant(&renewal->store, renewal->grant, err))
			return false;
	}
	if (ok)
		return update_token(renewal, err) &&
			store_commit_token(&renewal->store, renewal->token, err);
	if (renewal->notes.answered || err->kind == ERROR_CONFIG)
		renewal_remember(renewal, err);
	return false;
}
