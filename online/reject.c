#include "reject.h"

#include <string.h>

#include "cache.h"
#include "store.h"

/* A token that served for so long was good: its refusal is a new story. */
enum { SOON_SECONDS = 300 };

static void note_rejection(struct token *token, const char *hash, int64_t now)
{
	bool again = token->rejections > 0 && now - token->issued_at < SOON_SECONDS;

	token->rejections = again ? token->rejections + 1 : 1;
	token->rejected_at = now;
	keyfile_copy(token->rejected, sizeof(token->rejected), hash);
	/* A renewed token was refused as well: renewing is not the cure, so not at once again. */
	if (token->kind == ERROR_NONE)
		token->retry_at = again ? now + token_backoff(token->rejections - 1, 0) : 0;
}

bool reject_token(const struct online *online, const char *hash, struct error *err)
{
	const struct account *account = online->account;
	struct store store;
	struct token *token = token_new(err);
	bool ok = token != NULL &&
		cache_read(
			account->place.state, account->place.personal, account->name, token, err);

	if (ok && strcmp(token->access_token_hash, hash) == 0 && !token_is_rejected(token)) {
		note_rejection(token, hash, online->now);
		ok = store_reserve(account, &store, err) && store_commit_token(&store, token, err);
		store_close(&store);
	}
	token_free(token);
	return ok;
}
