#include "ending.h"

enum { DAY = 86400, TOLERANCE = 300 };
enum { LONG_AGO = 0, WHEN_KNOWN = -1 };

struct ending {
	int64_t at;    /* 0: none is known */
	int64_t since; /* when what ends began, or one of these */
	const char *by;
};

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

/* The earlier one stays. */
static void consider(struct ending *ending, int64_t at, int64_t since, const char *by)
{
	if (at > 0 && (ending->at <= 0 || at < ending->at))
		*ending = (struct ending){at, since, by};
}

void ending_predict(const struct account *account, const struct grant *grant,
	const struct crypto_certificate *certificate, int64_t now, struct token *token)
{
	int64_t testing = end_of(account, ACCOUNT_GRANT_TESTING_DAYS, grant->consented_at);
	struct ending ending = {0, WHEN_KNOWN, ""};
	int64_t day;

	consider(&ending, grant->refresh_token_expires_at, WHEN_KNOWN, "lifetime");
	if (!account_is_unattended(account))
		consider(
			&ending, end_of(account, ACCOUNT_GRANT_IDLE_DAYS, now), WHEN_KNOWN, "idle");
	if (keyfile_date(account_value(account, ACCOUNT_CLIENT_SECRET_EXPIRES), &day))
		consider(&ending, day, LONG_AGO, "secret");
	if (certificate != NULL)
		consider(&ending, certificate->to, certificate->from, "certificate");
	if (ending.at <= 0 || !is_the_same(ending.at, token->grant_ends_at)) {
		token->grant_ends_at = ending.at;
		token->grant_ends_since = ending.at > 0 ? now : 0;
	}
	if (ending.since != WHEN_KNOWN)
		token->grant_ends_since = ending.since;
	keyfile_copy(token->grant_ends_by, sizeof(token->grant_ends_by), ending.by);
	/* A grant that works after that was not one of a client in Testing. */
	token->grant_may_end_at = testing > now ? testing : 0;
}
