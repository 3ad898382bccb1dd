#include "ending.h"

enum { DAY = 86400, TOLERANCE = 300 };

/* When a rule of so many days ends what began at that time; 0: there is no such rule. */
static int64_t end_of(const struct account *account, enum account_key key, int64_t from)
{
	int64_t days, end;

	if (from <= 0 || !keyfile_number(account_value(account, key), 1, INT64_MAX / DAY, &days) ||
		__builtin_add_overflow(from, days * DAY, &end))
		return 0;
	return end;
}

/* A server that tells how much is left of a fixed life is seconds off each time; the end stays
 * what it was then, and so does the time since when it is known. */
static bool is_the_same(int64_t a, int64_t b)
{
	int64_t distance;

	return !__builtin_sub_overflow(a, b, &distance) && distance <= TOLERANCE &&
		distance >= -TOLERANCE;
}

void ending_predict(
	const struct account *account, const struct grant *grant, int64_t now, struct token *token)
{
	int64_t idle = end_of(account, ACCOUNT_GRANT_IDLE_DAYS, now);
	int64_t testing = end_of(account, ACCOUNT_GRANT_TESTING_DAYS, grant->consented_at);
	int64_t end = grant->refresh_token_expires_at;
	const char *by = end > 0 ? "lifetime" : "";

	if (idle > 0 && (end <= 0 || idle < end)) {
		end = idle;
		by = "idle";
	}
	if (end <= 0 || !is_the_same(end, token->grant_ends_at)) {
		token->grant_ends_at = end > 0 ? end : 0;
		token->grant_ends_since = end > 0 ? now : 0;
	}
	keyfile_copy(token->grant_ends_by, sizeof(token->grant_ends_by), by);
	/* A grant that works after that was not one of a client in Testing. */
	token->grant_may_end_at = testing > now ? testing : 0;
}
