#include "tell.h"

#include "cache.h"
#include "store.h"

bool tell_event(const struct online *online, enum event event, struct error *err)
{
	const struct account *account = online->account;
	struct store store;
	struct token *token = token_new(err);
	bool ok = token != NULL &&
		cache_read(
			account->place.state, account->place.personal, account->name, token, err);

	if (ok && event_due(online->config, token, online->now) != event)
		ok = error_set(err, ERROR_TEMPORARY, "it is told already");
	if (ok) {
		event_note(event, online->now, token);
		ok = store_reserve(account, &store, err) && store_commit_token(&store, token, err);
		store_close(&store);
	}
	token_free(token);
	return ok;
}
