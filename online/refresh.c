#include "refresh.h"

#include <string.h>
#include <time.h>

static bool is_dead(const struct error *err)
{
	return err->kind == ERROR_LOGIN;
}

/* Another program may have put a newer refresh token there without asking for the lock. */
static bool has_changed(struct renewal *renewal)
{
	struct grant *again = grant_new(&(struct error){0});
	bool changed = again != NULL &&
		store_read_grant(&renewal->store, again, &(struct error){0}) &&
		again->refresh_token[0] != '\0' &&
		strcmp(again->refresh_token, renewal->grant->refresh_token) != 0;

	if (changed)
		*renewal->grant = *again;
	grant_free(again);
	return changed;
}

/* Where reuse is not punished, an old refresh token heals a rotation that was lost. */
static bool may_use_previous(const struct renewal *renewal)
{
	return renewal->grant->previous_refresh_token[0] != '\0' &&
		strcmp(account_value(renewal->online->account, ACCOUNT_REFRESH_TOKEN_REUSE),
			"tolerated") == 0;
}

/* A refresh token is of use to the client that it was issued to, and to no other. */
static bool has_grant(const struct renewal *renewal, struct error *err)
{
	const struct account *account = renewal->online->account;
	const struct grant *grant = renewal->grant;
	const char *client_id = account_value(account, ACCOUNT_CLIENT_ID);

	if (grant->refresh_token[0] == '\0') {
		error_set(err, ERROR_LOGIN, "nobody has logged in: there is no grant");
		return error_hint(err, "saslfresh login %s", account->name);
	}
	if (grant->client_id[0] == '\0' || strcmp(grant->client_id, client_id) == 0)
		return true;
	error_set(err, ERROR_CONFIG,
		"the grant was issued to client_id %.100s, but %s:%u has %.100s", grant->client_id,
		account->file, account->line, client_id);
	return error_hint(err, "put that back, or saslfresh login %s", account->name);
}

static bool is_ready(struct renewal *renewal, struct error *err)
{
	return store_read_grant(&renewal->store, renewal->grant, err) && has_grant(renewal, err) &&
		renewal_equip(renewal, NULL, err);
}

static bool spend(struct renewal *renewal, struct error *err)
{
	const char *used = renewal->grant->refresh_token;
	bool ok = renewal_request(renewal, used, err);

	if (!ok && is_dead(err) && has_changed(renewal)) {
		ok = renewal_request(renewal, used, err);
	} else if (!ok && is_dead(err) && may_use_previous(renewal)) {
		struct error first = *err;

		ok = renewal_request(renewal, renewal->grant->previous_refresh_token, err);
		if (ok)
			used = renewal->grant->previous_refresh_token;
		else if (is_dead(err))
			*err = first;
	}
	return renewal_keep(renewal, used, ok, err);
}

/* Not for the token file: what is true now is not so later. */
static void comfort(const struct token *token, int64_t now, struct error *err)
{
	size_t len = strlen(err->cause);
	time_t end = (time_t)token->expires_at;
	struct tm time;

	if (err->kind == ERROR_TEMPORARY && token_age(token, now) != TOKEN_DEAD &&
		gmtime_r(&end, &time) != NULL)
		strftime(err->cause + len, sizeof(err->cause) - len,
			"; the access token serves until %F %H:%M UTC", &time);
}

bool refresh_grant(const struct online *online, struct error *err)
{
	struct renewal renewal;
	bool ok = renewal_start(online, &renewal, err);

	if (ok && is_ready(&renewal, err)) {
		ok = spend(&renewal, err);
	} else if (ok) {
		ok = false;
		if (err->kind == ERROR_CONFIG || err->kind == ERROR_TEMPORARY)
			renewal_remember(&renewal, err);
		comfort(renewal.token, online->now, err);
	}
	renewal_finish(&renewal);
	return ok;
}
