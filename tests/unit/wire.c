#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

struct fixture {
	struct account account;
	struct token *token;
	struct buffer response;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err = {0};

	fixture->account.name = strdup("me@example.org");
	fixture->token = token_new(&err);
	strcpy(fixture->token->access_token, "abc");
	fixture->response = BUFFER(BEARER_RESPONSE_MAX);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	account_free(&fixture->account);
	token_free(fixture->token);
	buffer_free(&fixture->response);
	free(fixture);
	return 0;
}

static bool respond(struct fixture *fixture, const char *host, struct error *err)
{
	const struct wire_server server = {.host = host};

	buffer_free(&fixture->response);
	return wire_respond(BEARER_XOAUTH2, &fixture->account, fixture->token, &server,
		&fixture->response, err);
}

static void assert_kept_from(struct fixture *fixture, const char *host, const char *sentence)
{
	struct error err = {0};

	assert_false(respond(fixture, host, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_sentence(&err, sentence);
	assert_int_equal(fixture->response.len, 0);
}

/* ---- where it goes ---- */

static void a_token_stays_away_from_other_hosts(void **state)
{
	struct fixture *fixture = *state;

	fixture->account.values[ACCOUNT_HOSTS] = strdup("imap.example.org");
	assert_kept_from(fixture, "imap.evil.org",
		"the access token of me@example.org stays here: imap.evil.org is not one of the "
		"servers that it may be sent to (`hosts` of [account me@example.org] names them)");
	assert_kept_from(fixture, NULL,
		"the access token of me@example.org stays here: a server without a name is not one "
		"of the servers that it may be sent to (`hosts` of [account me@example.org] names "
		"them)");
}

static void the_token_s_hosts_hold_where_the_account_has_none(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	strcpy(fixture->token->hosts, "*.example.org");
	assert_true(respond(fixture, "IMAP.example.org.", &err));
	assert_false(respond(fixture, "imap.evil.org", &err));
	assert_false(respond(fixture, NULL, &err));
}

static void the_account_s_hosts_come_before_the_token_s(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	strcpy(fixture->token->hosts, "imap.token.org");
	fixture->account.values[ACCOUNT_HOSTS] = strdup("imap.account.org");
	assert_false(respond(fixture, "imap.token.org", &err));
	assert_true(respond(fixture, "imap.account.org", &err));
}

static void no_hosts_known_is_allowed(void **state)
{
	struct error err = {0};

	assert_true(respond(*state, "anything.example.net", &err));
	assert_true(respond(*state, NULL, &err));
}

/* ---- what goes ---- */

static void what_cannot_be_sent_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	strcpy(fixture->token->access_token, "a b");
	assert_kept_from(fixture, "h",
		"the user, server or access token of account me@example.org has bytes that cannot "
		"be sent");
	fixture->token->access_token[0] = '\0';
	assert_kept_from(fixture, "h",
		"the user, server or access token of account me@example.org has bytes that cannot "
		"be sent");
}

static void the_user_is_the_account_s_or_its_name(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	assert_true(respond(fixture, "h", &err));
	assert_string_equal(
		buffer_text(&fixture->response), "user=me@example.org\1auth=Bearer abc\1\1");
	fixture->account.values[ACCOUNT_USER] = strdup("box@example.org");
	assert_true(respond(fixture, "h", &err));
	assert_string_equal(
		buffer_text(&fixture->response), "user=box@example.org\1auth=Bearer abc\1\1");
}

static void a_service_may_have_a_user_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	const struct wire_server smtp = {.host = "h", .service = "smtp"};
	const struct wire_server imap = {.host = "h", .service = "imap"};
	struct error err = {0};

	fixture->account.values[ACCOUNT_SMTP_USER] = strdup("delegate@example.org");
	assert_true(wire_respond(BEARER_XOAUTH2, &fixture->account, fixture->token, &imap,
		&fixture->response, &err));
	assert_string_equal(
		buffer_text(&fixture->response), "user=me@example.org\1auth=Bearer abc\1\1");
	buffer_free(&fixture->response);
	assert_true(wire_respond(BEARER_XOAUTH2, &fixture->account, fixture->token, &smtp,
		&fixture->response, &err));
	assert_string_equal(
		buffer_text(&fixture->response), "user=delegate@example.org\1auth=Bearer abc\1\1");
}

static void oauthbearer_names_the_server(void **state)
{
	const struct wire_server server = {.host = "imap.example.org", .port = "993"};
	struct fixture *fixture = *state;
	struct error err = {0};

	assert_true(wire_respond(BEARER_OAUTHBEARER, &fixture->account, fixture->token, &server,
		&fixture->response, &err));
	assert_string_equal(buffer_text(&fixture->response),
		"n,a=me@example.org,\1host=imap.example.org\1port=993\1auth=Bearer abc\1\1");
}

/* ---- what comes back ---- */

static void refused(
	struct fixture *fixture, const char *host, const char *challenge, struct error *err)
{
	const struct wire_server server = {.host = host};

	wire_refused("me", &server, &fixture->response, challenge, strlen(challenge), err);
	assert_int_equal(err->kind, ERROR_REFUSED);
}

static void a_refusal_names_server_status_and_scope(void **state)
{
	struct error err = {0};

	refused(*state, "imap.example.org", "{\"status\":\"401\",\"scope\":\"mail\"}", &err);
	assert_sentence(&err,
		"imap.example.org refused the access token of me: status 401, scope "
		"wanted: mail (saslfresh status me tells what comes next)");
	refused(*state, NULL, "{}", &err);
	assert_sentence(&err,
		"the server refused the access token of me: status not given "
		"(saslfresh status me tells what comes next)");
}

/* Of a token that is cut off by the end of a word, seven octets may be shown. */
static void what_is_no_token_is_shown(void **state)
{
	struct fixture *fixture = *state;
	char *longest = repeated('x', BEARER_WORD_MAX - 1);
	char challenge[2 * BEARER_WORD_MAX];
	struct error err = {0};

	strcpy(fixture->token->access_token, "ya29.secret");
	assert_true(respond(fixture, "h", &err));
	refused(fixture, "h", "{\"status\":\"invalid_token\",\"scope\":\"https://h/ya29.se\"}",
		&err);
	assert_string_equal(err.cause, "status invalid_token, scope wanted: https://h/ya29.se");
	refused(fixture, "h", "{\"status\":\"invalid_token\",\"scope\":\"https://h/ya29.sec\"}",
		&err);
	assert_string_equal(err.cause, "status invalid_token, scope wanted: https://h/********");
	refused(fixture, "h", "{\"scope\":\"ya29.sec\"}", &err);
	assert_string_equal(err.cause, "status not given, scope wanted: ********");
	sprintf(challenge, "{\"scope\":\"%s\"}", longest);
	refused(fixture, "h", challenge, &err);
	assert_non_null(strstr(err.cause, longest));
	free(longest);
}

/* The server says back what it was sent, as itself or cut. */
static void assert_withheld(struct fixture *fixture, size_t len, const char *before)
{
	char *access_token = repeated('T', len);
	char *challenge = malloc(len + 64);
	struct error err = {0};

	memcpy(access_token, "ya29.secret", len < 11 ? len : 11);
	strcpy(fixture->token->access_token, access_token);
	assert_true(respond(fixture, "h", &err));
	sprintf(challenge, "{\"status\":\"%s%s\"}", before, access_token);
	refused(fixture, "h", challenge, &err);
	assert_null(strstr(err.cause, "ya29.secret"));
	sprintf(challenge, "{\"scope\":\"%s%s\"}", before, access_token);
	refused(fixture, "h", challenge, &err);
	assert_null(strstr(err.cause, "ya29.secret"));
	free(challenge);
	free(access_token);
}

static void a_token_that_the_server_repeats_is_withheld(void **state)
{
	assert_withheld(*state, 11, "");
	assert_withheld(*state, 11, "bad token ");
	assert_withheld(*state, 200, "bad token ");
	assert_withheld(*state, BEARER_WORD_MAX - 1, "");
}

static void a_long_token_that_the_server_repeats_is_withheld(void **state)
{
	assert_withheld(*state, BEARER_WORD_MAX, "");
	assert_withheld(*state, BEARER_WORD_MAX - 1, "bad token ");
	assert_withheld(*state, TOKEN_MAX, "");
}

/* A user's name may look like the field behind it. */
static void a_strange_user_does_not_show_the_token(void **state)
{
	struct fixture *fixture = *state;

	fixture->account.values[ACCOUNT_USER] = strdup("auth=Bearer x");
	assert_withheld(fixture, 20, "");
}

#define fixed(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixed(a_token_stays_away_from_other_hosts),
		fixed(the_token_s_hosts_hold_where_the_account_has_none),
		fixed(the_account_s_hosts_come_before_the_token_s),
		fixed(what_cannot_be_sent_is_a_failure),
		fixed(what_is_no_token_is_shown),
		fixed(a_token_that_the_server_repeats_is_withheld),
		fixed(a_long_token_that_the_server_repeats_is_withheld),
		fixed(a_strange_user_does_not_show_the_token),
		fixed(a_refusal_names_server_status_and_scope),
		fixed(no_hosts_known_is_allowed),
		fixed(the_user_is_the_account_s_or_its_name),
		fixed(a_service_may_have_a_user_of_its_own),
		fixed(oauthbearer_names_the_server),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
