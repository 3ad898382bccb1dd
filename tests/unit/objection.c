#include "objection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "programs_support.h"
#include "reply.h"

static struct error explain(const struct box *box, const char *words, bool is_new)
{
	struct error err = {0};

	error_set(&err, ERROR_REFUSED, "%s", words);
	objection_explain(box->account, words, is_new, &err);
	return err;
}

static void what_nobody_knows_is_shown_as_it_came(void **state)
{
	struct error err;

	box_configure(*state, "");
	err = explain(*state, "535 5.7.8 go away", false);
	assert_string_equal(err.cause, "535 5.7.8 go away");
	assert_string_equal(err.hint, "saslfresh refresh --force " ACCOUNT_NAME);
	err = explain(*state, "535 5.7.8 go away", true);
	assert_string_equal(err.hint, "saslfresh login " ACCOUNT_NAME);
	err = explain(*state, "", true);
	assert_string_equal(err.cause, "");
}

static void what_servers_say_is_explained(void **state)
{
	static const struct {
		const char *words, *meaning, *hint;
	} rows[] = {
		{"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for "
		 "the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
			"SMTP AUTH is disabled for the whole tenant: 535", "Set-TransportConfig"},
		{"535 5.7.139 Authentication unsuccessful, smtpclientauthentication is disabled for "
		 "the Mailbox.",
			"SMTP AUTH is disabled for this mailbox: 535",
			"Set-CASMailbox " ACCOUNT_NAME " -SmtpClientAuthenticationDisabled $false"},
		{"535 5.7.139 Authentication unsuccessful, user is locked by your organization's "
		 "security defaults policy.",
			"security defaults forbid", "entra.microsoft.com"},
		{"535 5.7.139 Authentication unsuccessful, the request did not meet the criteria",
			"rules forbid SMTP AUTH", "Set-CASMailbox"},
		{"535 5.7.3 Authentication unsuccessful [X.prod.outlook.com]",
			"not one for this mailbox", "saslfresh login " ACCOUNT_NAME},
		{"BAD User is authenticated but not connected.", "the token is good",
			"saslfresh login " ACCOUNT_NAME},
		{"NO [ALERT] Your account is not enabled for IMAP use.", "IMAP is switched off",
			"https://mail.google.com/"},
	};

	box_configure(*state, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = explain(*state, rows[i].words, false);

		assert_failed(err, ERROR_REFUSED, rows[i].meaning);
		assert_mentions(err, rows[i].words);
		assert_mentions(err, rows[i].hint);
		assert_null(strchr(err.hint, '%'));
	}
}

static void long_words_are_cut(void **state)
{
	char *words = repeat("5.7.139 ", ERROR_CAUSE_MAX * 2);
	struct error err;

	box_configure(*state, "");
	err = explain(*state, words, false);
	assert_mentions(err, "rules forbid SMTP AUTH for this mailbox: 5.7.139");
	free(words);
}

/* ---- what a session needs of base64, and of a JWT ---- */

static void padded_base64_goes_both_ways(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xbf", "+/+/"}, {"\1", "AQ=="}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer text = BUFFER(64), octets = BUFFER(64);
		char copy[64];

		base64_encode_padded(&text, (const unsigned char *)rows[i][0], strlen(rows[i][0]));
		assert_string_equal(buffer_text(&text), rows[i][1]);
		strcpy(copy, rows[i][1]);
		assert_true(base64_decode_padded(&octets, copy));
		assert_string_equal(buffer_text(&octets), rows[i][0]);
		buffer_free(&text);
		buffer_free(&octets);
	}
}

static void claims_are_read(void **state)
{
	static const char json[] =
		"{\"aud\":[\"a\",\"b\"],\"scope\":\"x y\",\"scp\":null,\"tid\":\"7\","
		"\"sub\":\"s\",\"email\":\"me@example.test\",\"exp\":12}";
	struct reply_claims claims;
	struct error err = {0};
	char *long_text = repeat("x", 4000), text[4100];

	(void)state;
	assert_false(reply_parse_claims("[]", 2, &claims, &err));
	assert_done(reply_parse_claims(json, sizeof(json) - 1, &claims, &err), err);
	assert_non_null(strstr(claims.aud, "a"));
	assert_null(strpbrk(claims.aud, "[]\",\\"));
	assert_string_equal(claims.scope, "x y");
	assert_string_equal(claims.tenant, "7");
	assert_string_equal(claims.user, "me@example.test");
	assert_int_equal(claims.exp, 12);
	snprintf(text, sizeof(text), "{\"scp\":\"%s\"}", long_text);
	assert_done(reply_parse_claims(text, strlen(text), &claims, &err), err);
	assert_int_equal(strlen(claims.scope), sizeof(claims.scope) - 1);
	free(long_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {BOX_TEST(what_nobody_knows_is_shown_as_it_came),
		BOX_TEST(what_servers_say_is_explained), BOX_TEST(long_words_are_cut),
		cmocka_unit_test(padded_base64_goes_both_ways), cmocka_unit_test(claims_are_read)};

	return cmocka_run_group_tests_name("objection", tests, NULL, NULL);
}
