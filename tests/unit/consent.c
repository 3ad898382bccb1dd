#include "consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "programs_support.h"

static struct consent consent;
static struct error err;

static void start(struct box *box, const char *lines)
{
	box_configure(box, lines);
	memset(&err, 0, sizeof(err));
	assert_done(consent_start(box->account, "http://127.0.0.1:7", &consent, &err), err);
}

/* RFC 7636 appendix B. */
static void the_challenge_of_the_rfc(void **state)
{
	char challenge[PKCE_SIZE];

	(void)state;
	assert_done(pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge, &err),
		err);
	assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void random_words_differ_and_are_words(void **state)
{
	char one[PKCE_SIZE], two[PKCE_SIZE];

	(void)state;
	assert_done(pkce_random(one, &err) && pkce_random(two, &err), err);
	assert_int_equal(strlen(one), 43);
	assert_int_equal(
		strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		43);
	assert_string_not_equal(one, two);
}

static void base64_there_and_back(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff", "-_8"}};
	static const char *const bad[] = {"A", "Zm9v=", "Zm 9", "Zm+v", "Zm9vZ"};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buffer text = BUFFER(64), octets = BUFFER(64);

		base64_encode(&text, (const unsigned char *)pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(buffer_text(&text), pairs[i][1]);
		assert_true(base64_decode(&octets, pairs[i][1], strlen(pairs[i][1])));
		assert_string_equal(buffer_text(&octets), pairs[i][0]);
		buffer_free(&text);
		buffer_free(&octets);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer octets = BUFFER(64);

		assert_false(base64_decode(&octets, bad[i], strlen(bad[i])));
		buffer_free(&octets);
	}
}

/* ---- the request ---- */

static void the_address_has_it_all(void **state)
{
	struct buffer url = BUFFER(CONSENT_URL_MAX);
	char wanted[1024], challenge[PKCE_SIZE];

	start(*state,
		"authorization_endpoint = https://as.test/auth?x=y\nscope = a b\n"
		"login_scope = openid\nauthorization_parameters = access_type=offline  "
		"prompt=a=b\n");
	assert_done(consent_url(&consent, &url, &err), err);
	assert_done(pkce_challenge(consent.verifier, challenge, &err), err);
	snprintf(wanted, sizeof(wanted),
		"https://as.test/auth?x=y&response_type=code&client_id=client&redirect_uri=http%%3A"
		"%%2F%%2F127.0.0.1%%3A7&scope=a%%20b%%20openid&state=%s&code_challenge=%s&"
		"code_challenge_method=S256&login_hint=me%%40example.test&access_type=offline&"
		"prompt=a%%3Db",
		consent.state, challenge);
	assert_string_equal(buffer_text(&url), wanted);
	assert_null(strstr(buffer_text(&url), consent.verifier));
	buffer_free(&url);
}

static void an_address_that_cannot_be(void **state)
{
	static const struct {
		const char *lines;
		const char *words;
	} cases[] = {
		{"", "no authorization_endpoint"},
		{"authorization_endpoint = http://as.test/\n", "not https"},
		{"authorization_endpoint = https://as.test/ x\n", "a byte"},
		{"authorization_endpoint = https://as.test/#x\n", "a byte"},
		{"authorization_endpoint = https://as.test/\nauthorization_parameters = state=x\n",
			"must not have state"},
		{"authorization_endpoint = https://as.test/\nauthorization_parameters = alone\n",
			"key=value"},
		{"authorization_endpoint = https://as.test/\nauthorization_parameters = =x\n",
			"key=value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer url = BUFFER(CONSENT_URL_MAX);

		start(*state, cases[i].lines);
		assert_false(consent_url(&consent, &url, &err));
		assert_failed(err, ERROR_CONFIG, cases[i].words);
		buffer_free(&url);
	}
}

/* ---- the response ---- */

/* A `%s` in text stands for our state. */
static enum consent_verdict judge(const char *text, bool pasted)
{
	char *filled = NULL;
	const char *mark = strstr(text, "STATE");
	enum consent_verdict verdict;

	memset(&err, 0, sizeof(err));
	consent.code[0] = '\0';
	assert_true(
		asprintf(&filled, "%.*s%s%s", mark != NULL ? (int)(mark - text) : 0, text,
			mark != NULL ? consent.state : "", mark != NULL ? mark + 5 : text) >= 0);
	verdict = pasted ? consent_judge_line(&consent, filled, &err)
			 : consent_judge(&consent, filled, &err);
	free(filled);
	return verdict;
}

static const struct response {
	const char *query;
	enum consent_verdict verdict;
	const char *words; /* the code, or words of the failure */
} responses[] = {
	{"code=abc&state=STATE", CONSENT_GIVEN, "abc"},
	{"state=STATE&code=4%2F0Ab+c&unknown=1&scope=x", CONSENT_GIVEN, "4/0Ab c"},
	{"code=abc&state=STATE#fragment&code=d", CONSENT_GIVEN, "abc"},
	{"code=abc&state=STATE&iss=https%3A%2F%2Fas.test", CONSENT_GIVEN, "abc"},
	{"code=abc&state=STATE&iss=https%3A%2F%2Fas.test%2F", CONSENT_REFUSED, "not from"},
	{"code=abc&state=STATE&iss=https://evil.test", CONSENT_REFUSED, "https://evil.test"},
	{"code=abc&state=wrong", CONSENT_FOREIGN, "not ours"},
	{"code=abc&state=STATEx", CONSENT_FOREIGN, "not ours"},
	{"code=abc&state=", CONSENT_FOREIGN, "missing"},
	{"code=abc", CONSENT_FOREIGN, "missing"},
	{"", CONSENT_FOREIGN, "missing"},
	{"state=STATE", CONSENT_FOREIGN, "no code"},
	{"code=abc&code=def&state=STATE", CONSENT_FOREIGN, "no redirect"},
	{"code=abc&state=STATE&state=wrong", CONSENT_FOREIGN, "no redirect"},
	{"code=a%0ab&state=STATE", CONSENT_FOREIGN, "no redirect"},
	{"code=a%&state=STATE", CONSENT_FOREIGN, "no redirect"},
	{"code=a%4&state=STATE", CONSENT_FOREIGN, "no redirect"},
	{"code=a%zz&state=STATE", CONSENT_FOREIGN, "no redirect"},
	{"error=access_denied&state=STATE", CONSENT_REFUSED, "access_denied"},
	{"error=access_denied&error_description=no+way&state=STATE", CONSENT_REFUSED,
		"access_denied (no way)"},
	{"error=access_denied&code=abc&state=STATE", CONSENT_REFUSED, "access_denied"},
	{"error=access_denied", CONSENT_FOREIGN, "missing"},
	{"error=access_denied&state=wrong", CONSENT_FOREIGN, "not ours"},
};

static void each_response_is_judged(void **state)
{
	start(*state, "issuer = https://as.test\n");
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		const struct response *response = &responses[i];

		if (judge(response->query, false) != response->verdict)
			fail_msg("%s is judged wrong", response->query);
		if (response->verdict == CONSENT_GIVEN)
			assert_string_equal(consent.code, response->words);
		else
			assert_mentions(err, response->words);
	}
}

static void an_issuer_that_is_not_known_is_not_compared(void **state)
{
	start(*state, "");
	assert_int_equal(judge("code=a&state=STATE&iss=https://x.test", false), CONSENT_GIVEN);
	start(*state, "issuer = https://as.test/{tenant}\ntenant = common\n");
	assert_int_equal(judge("code=a&state=STATE&iss=https://x.test", false), CONSENT_GIVEN);
	start(*state, "issuer = https://as.test/{tenant}\ntenant = mine\n");
	assert_int_equal(judge("code=a&state=STATE&iss=https://x.test", false), CONSENT_REFUSED);
}

static void a_code_has_its_bounds(void **state)
{
	char *code = repeat("x", CONSENT_CODE_MAX + 1), *query = NULL;

	start(*state, "");
	assert_true(asprintf(&query, "state=STATE&code=%s", code) > 0);
	assert_int_equal(judge(query, false), CONSENT_FOREIGN);
	assert_int_equal(judge(code, true), CONSENT_FOREIGN);
	query[strlen(query) - 1] = code[CONSENT_CODE_MAX] = '\0';
	assert_int_equal(judge(query, false), CONSENT_GIVEN);
	assert_int_equal(judge(code, true), CONSENT_GIVEN);
	assert_int_equal(strlen(consent.code), CONSENT_CODE_MAX);
	free(query);
	free(code);
}

static void what_people_paste(void **state)
{
	start(*state, "");
	assert_int_equal(judge("http://127.0.0.1:7/?code=abc&state=STATE", true), CONSENT_GIVEN);
	assert_int_equal(judge("?code=abc&state=STATE", true), CONSENT_GIVEN);
	assert_int_equal(judge("code=abc&state=STATE", true), CONSENT_GIVEN);
	assert_string_equal(consent.code, "abc");
	assert_int_equal(judge("4/0AbCd-_e", true), CONSENT_GIVEN);
	assert_string_equal(consent.code, "4/0AbCd-_e");
	assert_int_equal(judge("http://127.0.0.1:7/?code=abc&state=old", true), CONSENT_FOREIGN);
	assert_mentions(err, "another login");
	assert_int_equal(
		judge("https://as.test/auth?state=STATE&client_id=x", true), CONSENT_FOREIGN);
	assert_mentions(err, "no code");
	assert_int_equal(judge("https://as.test/", true), CONSENT_FOREIGN);
	assert_int_equal(judge("two words", true), CONSENT_FOREIGN);
	assert_int_equal(judge("caf\xc3\xa9", true), CONSENT_FOREIGN);
	assert_string_equal(consent.code, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(the_challenge_of_the_rfc),
		BOX_TEST(random_words_differ_and_are_words),
		BOX_TEST(base64_there_and_back),
		BOX_TEST(the_address_has_it_all),
		BOX_TEST(an_address_that_cannot_be),
		BOX_TEST(each_response_is_judged),
		BOX_TEST(an_issuer_that_is_not_known_is_not_compared),
		BOX_TEST(a_code_has_its_bounds),
		BOX_TEST(what_people_paste),
	};

	return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
