#include "logout.h"

#include <string.h>

#include "grant.h"
#include "secret.h"
#include "store.h"

static bool read_grant(const struct account *account, struct grant *grant, struct error *err)
{
	struct store store;
	bool ok;

	if (!store_open(account, &store, err))
		return false;
	ok = store_read_grant(&store, grant, err);
	store_close(&store);
	return ok;
}

/* Another client's refresh token is not ours to revoke: the server would refuse, or believe us. */
static bool is_ours(const struct account *account, const struct grant *grant, struct error *err)
{
	const char *client_id = account_value(account, ACCOUNT_CLIENT_ID);

	return grant->client_id[0] == '\0' || strcmp(grant->client_id, client_id) == 0 ||
		error_set(err, ERROR_CONFIG,
			"the grant was issued to client_id %.100s, but %s:%u has %.100s",
			grant->client_id, account->file, account->line, client_id);
}

static bool revoke_at_server(
	const struct online *online, const struct grant *grant, struct error *err)
{
	struct buffer secret = BUFFER(SECRET_MAX);
	const struct grant_request request = {.config = online->config,
		.account = online->account,
		.secret = &secret,
		.now = online->now};
	bool ok =
		is_ours(online->account, grant, err) && secret_load(online->account, &secret, err);

	online_confine(online);
	ok = ok && grant_revoke(&request, grant->refresh_token, err);
	buffer_free(&secret);
	return ok;
}

bool logout_grant(const struct online *online, struct error *err)
{
	const struct account *account = online->account;
	struct grant *grant = NULL;
	bool ok = true;

	if (account->values[ACCOUNT_REVOCATION_ENDPOINT] != NULL) {
		grant = grant_new(err);
		ok = grant != NULL && read_grant(account, grant, err) &&
			(grant->refresh_token[0] == '\0' || revoke_at_server(online, grant, err));
	}
	grant_free(grant);
	return ok && store_forget(account, err);
}
