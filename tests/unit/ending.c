#include "ending.h"

#include <string.h>

#include "programs_support.h"

enum { NOW = 2000000000, DAY = 86400 };

static struct account account;
static struct grant grant;
static struct token token;

static int setup(void **state)
{
	(void)state;
	memset(&account, 0, sizeof(account));
	memset(&grant, 0, sizeof(grant));
	memset(&token, 0, sizeof(token));
	return 0;
}

static void rules_are(const char *idle, const char *testing)
{
	account.values[ACCOUNT_GRANT_IDLE_DAYS] = (char *)idle;
	account.values[ACCOUNT_GRANT_TESTING_DAYS] = (char *)testing;
}

static void predicts(int64_t now, int64_t end, const char *by, int64_t since, int64_t perhaps)
{
	ending_predict(&account, &grant, NULL, now, &token);
	assert_int_equal(token.grant_ends_at, end);
	assert_string_equal(token.grant_ends_by, by);
	assert_int_equal(token.grant_ends_since, since);
	assert_int_equal(token.grant_may_end_at, perhaps);
}

static void without_a_rule_nothing_is_known(void **state)
{
	(void)state;
	token.grant_ends_at = token.grant_ends_since = token.grant_may_end_at = 5;
	strcpy(token.grant_ends_by, "idle");
	predicts(NOW, 0, "", 0, 0);
}

static void disuse_counts_from_each_use(void **state)
{
	(void)state;
	rules_are("90", NULL);
	predicts(NOW, NOW + 90LL * DAY, "idle", NOW, 0);
	predicts(NOW + DAY, NOW + 91LL * DAY, "idle", NOW + DAY, 0);
}

static void the_earlier_end_counts(void **state)
{
	(void)state;
	rules_are("90", NULL);
	grant.refresh_token_expires_at = NOW + 30LL * DAY;
	predicts(NOW, NOW + 30LL * DAY, "lifetime", NOW, 0);
	grant.refresh_token_expires_at = NOW + 100LL * DAY;
	predicts(NOW, NOW + 90LL * DAY, "idle", NOW, 0);
	rules_are(NULL, NULL);
	predicts(NOW + DAY, NOW + 100LL * DAY, "lifetime", NOW + DAY, 0);
}

static void an_end_that_is_told_again_is_known_since_it_was_told_first(void **state)
{
	(void)state;
	grant.refresh_token_expires_at = NOW + 30LL * DAY;
	predicts(NOW, NOW + 30LL * DAY, "lifetime", NOW, 0);
	grant.refresh_token_expires_at = NOW + 30LL * DAY + 300;
	predicts(NOW + DAY, NOW + 30LL * DAY, "lifetime", NOW, 0);
	grant.refresh_token_expires_at = NOW + 30LL * DAY - 300;
	predicts(NOW + DAY, NOW + 30LL * DAY, "lifetime", NOW, 0);
	grant.refresh_token_expires_at = NOW + 30LL * DAY + 301;
	predicts(NOW + DAY, NOW + 30LL * DAY + 301, "lifetime", NOW + DAY, 0);
}

static void testing_is_possible_until_it_is_disproved(void **state)
{
	(void)state;
	rules_are(NULL, "7");
	predicts(NOW, 0, "", 0, 0);
	grant.consented_at = NOW;
	predicts(NOW, 0, "", 0, NOW + 7LL * DAY);
	predicts(NOW + 7LL * DAY - 1, 0, "", 0, NOW + 7LL * DAY);
	predicts(NOW + 7LL * DAY, 0, "", 0, 0);
	grant.consented_at = NOW + 1000LL * DAY;
	rules_are(NULL, NULL);
	predicts(NOW, 0, "", 0, 0);
}

static void absurd_numbers_predict_nothing(void **state)
{
	(void)state;
	rules_are("90", "7");
	grant.consented_at = INT64_MAX;
	grant.refresh_token_expires_at = INT64_MIN;
	predicts(INT64_MAX, 0, "", 0, 0);
	rules_are("99999999999999999999", "x");
	predicts(NOW, 0, "", 0, 0);
	token.grant_ends_at = INT64_MIN;
	grant.refresh_token_expires_at = INT64_MAX;
	predicts(NOW, INT64_MAX, "lifetime", NOW, 0);
}

static void a_secret_ends_on_its_day(void **state)
{
	int64_t day = NOW - NOW % DAY + 10 * DAY;

	(void)state;
	account.values[ACCOUNT_CLIENT_SECRET_EXPIRES] = (char *)"2033-05-28";
	predicts(NOW, day, "secret", 0, 0);
	rules_are("9", NULL);
	predicts(NOW, NOW + 9LL * DAY, "idle", NOW, 0);
	/* Nothing is idle where there is no grant. */
	account.values[ACCOUNT_GRANT_TYPE] = (char *)"client_credentials";
	predicts(NOW, day, "secret", 0, 0);
	/* It ends soon, although it was heard of a moment ago. */
	assert_true(token_grant_ends_soon(&token, NOW, 14 * DAY));
}

static void a_certificate_ends_and_began(void **state)
{
	const struct crypto_certificate certificate = {
		.from = NOW - 355LL * DAY, .to = NOW + 10LL * DAY};

	(void)state;
	ending_predict(&account, &grant, &certificate, NOW, &token);
	assert_int_equal(token.grant_ends_at, certificate.to);
	assert_int_equal(token.grant_ends_since, certificate.from);
	assert_string_equal(token.grant_ends_by, "certificate");
	assert_true(token_grant_ends_soon(&token, NOW, 14 * DAY));
	account.values[ACCOUNT_CLIENT_SECRET_EXPIRES] = (char *)"2033-05-19";
	ending_predict(&account, &grant, &certificate, NOW, &token);
	assert_string_equal(token.grant_ends_by, "secret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_rule_nothing_is_known, setup),
		cmocka_unit_test_setup(disuse_counts_from_each_use, setup),
		cmocka_unit_test_setup(the_earlier_end_counts, setup),
		cmocka_unit_test_setup(
			an_end_that_is_told_again_is_known_since_it_was_told_first, setup),
		cmocka_unit_test_setup(testing_is_possible_until_it_is_disproved, setup),
		cmocka_unit_test_setup(absurd_numbers_predict_nothing, setup),
		cmocka_unit_test_setup(a_secret_ends_on_its_day, setup),
		cmocka_unit_test_setup(a_certificate_ends_and_began, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
