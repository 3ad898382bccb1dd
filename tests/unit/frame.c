#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static bool parse_request(const char *bytes, size_t len, struct request *request, struct error *err)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	bool ok;

	buffer_add(&text, bytes, len);
	ok = request_parse(&text, request, err);
	buffer_free(&text);
	return ok;
}

static bool parse_answer(const char *bytes, size_t len, struct token *token, struct error *err)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	bool ok;

	buffer_add(&text, bytes, len);
	assert_true(buffer_ok(&text));
	ok = answer_parse(&text, token, err);
	buffer_free(&text);
	return ok;
}

/* ---- requests ---- */

static void what_is_no_request_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"", "the record is cut off"},
		{"end = 0\n", "the request is incomplete"},
		{"request = token\nend = 1\n", "the request is incomplete"},
		{"account = a\nend = 1\n", "the request is incomplete"},
		{"request = token\naccount = \nend = 2\n", "the request is incomplete"},
		{"request = reject\naccount = a\nend = 2\n", "the request is incomplete"},
		{"request = reject\naccount = a\nrejected = \nend = 3\n",
			"the request is incomplete"},
		{"request = token\naccount = a\nrejected = b\nend = 3\n",
			"the request is incomplete"},
		{"request = Token\naccount = a\nend = 2\n", "unknown request `Token`"},
		{"request = \naccount = a\nend = 2\n", "unknown request ``"},
		{"request = delete\naccount = a\nend = 2\n", "unknown request `delete`"},
		{"request = token\naccount = a\ncolour = b\nend = 3\n",
			"unknown key `colour` in a request"},
		{"request = token\r\naccount = a\r\nend = 2\r\n", "request:1: a control byte"},
		{"GET / HTTP/1.1\n\n", "request:1: expected `key = value`"},
		{"request = token\naccount = a\nend = 2\nend = 3\n", "there is more behind the end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request = {.account = "untouched"};
		struct error err = {0};

		assert_false(parse_request(rows[i][0], strlen(rows[i][0]), &request, &err));
		assert_error(&err, ERROR_SERVER, rows[i][1]);
		assert_string_equal(request.account, "untouched");
		assert_int_equal(request.verb, 0);
	}
}

static void an_unknown_verb_behind_a_known_one_is_refused(void **state)
{
	static const char text[] = "request = token\nrequest = delete\naccount = a\nend = 3\n";
	struct request request = {0};
	struct error err = {0};

	(void)state;
	assert_false(parse_request(text, strlen(text), &request, &err));
	assert_error(&err, ERROR_SERVER, "unknown request `delete`");
}

static void a_torn_request_is_never_whole(void **state)
{
	static const char whole[] = "request = reject\naccount = a\nrejected = b\nend = 3\n";
	struct request request;
	struct error err = {0};

	(void)state;
	for (size_t len = 0; len < strlen(whole); len++) {
		assert_false(parse_request(whole, len, &request, &err));
		assert_int_equal(err.kind, ERROR_SERVER);
	}
	assert_true(parse_request(whole, strlen(whole), &request, &err));
	assert_int_equal(request.verb, FRAME_REJECT);
}

static void names_and_hashes_have_a_maximum(void **state)
{
	char *account = repeated('a', TOKEN_USER_MAX + 1);
	char *hash = repeated('f', TOKEN_HASH_MAX + 1);
	struct request request;
	struct error err = {0};
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "request = token\naccount = %s\nend = 2\n", account);
	assert_false(parse_request(text, strlen(text), &request, &err));
	assert_error(&err, ERROR_SERVER, "the account's name is too long");
	snprintf(text, sizeof(text), "request = token\naccount = %s\nend = 2\n", account + 1);
	assert_true(parse_request(text, strlen(text), &request, &err));
	assert_string_equal(request.account, account + 1);
	snprintf(text, sizeof(text), "request = reject\naccount = a\nrejected = %s\nend = 3\n", hash);
	assert_false(parse_request(text, strlen(text), &request, &err));
	assert_error(&err, ERROR_SERVER, "the hash is too long");
	free(account);
	free(hash);
}

static void the_largest_request_fits_and_comes_back(void **state)
{
	struct request request = {.verb = FRAME_REJECT}, read = {0};
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);
	struct error err = {0};

	(void)state;
	memset(request.account, '~', TOKEN_USER_MAX);
	memset(request.rejected, 'f', TOKEN_HASH_MAX);
	request_print(&request, &text);
	assert_true(buffer_ok(&text));
	assert_true(request_parse(&text, &read, &err));
	assert_memory_equal(&request, &read, sizeof(read));
	buffer_free(&text);
}

static void a_request_is_a_record(void **state)
{
	const struct request token = {.verb = FRAME_TOKEN, .account = "me@example.org"};
	const struct request reject = {.verb = FRAME_REJECT, .account = "me", .rejected = "af"};
	struct buffer text = BUFFER(FRAME_REQUEST_MAX);

	(void)state;
	request_print(&token, &text);
	assert_string_equal(
		buffer_text(&text), "request = token\naccount = me@example.org\nend = 2\n");
	buffer_free(&text);
	request_print(&reject, &text);
	assert_string_equal(buffer_text(&text),
		"request = reject\naccount = me\nrejected = af\nend = 3\n");
	buffer_free(&text);
}

/* ---- answers ---- */

static void what_is_no_answer_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"", "answer:0: the record is cut off"},
		{"end = 0\n", "the answer has no status"},
		{"cause = c\nend = 1\n", "the answer has no status"},
		{"status = none\ncause = c\nend = 2\n", "the answer has no status"},
		{"status = Login\ncause = c\nend = 2\n", "the answer has no status"},
		{"status = ok\n", "answer:1: the record is cut off"},
		{"status = ok\nend = 2\n", "answer:2: the record is cut off"},
		{"status = ok\nversion = 2\nend = 2\n", "is not a token file of this version"},
		{"status = ok\nend = 1\n", "is not a token file of this version"},
		{"sh: 1: saslfresh: not found\n", "answer:1: expected `key = value`"},
		{"status = login\ncause = \1\nend = 2\n", "answer:2: a control byte"},
		{"status = ok \nversion = 1\nend = 2\n", "the answer has no status"},
		{"status=ok\nversion = 1\nend = 2\n", "the answer has no status"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};
		struct token *token = token_new(&err);

		token->issued_at = 42;
		assert_false(parse_answer(rows[i][0], strlen(rows[i][0]), token, &err));
		assert_error(&err, ERROR_SYSTEM, rows[i][1]);
		assert_int_equal(token->issued_at, 42);
		token_free(token);
	}
}

static void a_torn_answer_is_never_whole(void **state)
{
	static const char *const wholes[] = {
		"status = ok\nversion = 1\naccess_token = abc\nexpires_at = 5\nend = 4\n",
		"status = login\nwhat = w\ncause = c\nhint = h\nend = 4\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct error err = {0};
		struct token *token = token_new(&err);

		for (size_t len = 0; len < strlen(wholes[i]); len++) {
			assert_false(parse_answer(wholes[i], len, token, &err));
			assert_int_equal(err.kind, ERROR_SYSTEM);
			assert_string_equal(token->access_token, "");
			if (i == 0)
				assert_false(parse_answer(wholes[i], len, NULL, &err));
		}
		assert_int_equal(parse_answer(wholes[i], strlen(wholes[i]), token, &err), i == 0);
		assert_int_equal(err.kind, i == 0 ? ERROR_SYSTEM : ERROR_LOGIN);
		token_free(token);
	}
}

static void a_failure_comes_back_word_for_word(void **state)
{
	(void)state;
	for (int kind = ERROR_CONFIG; kind <= ERROR_SYSTEM; kind++) {
		struct error failure = {0}, err = {0};
		struct buffer text = BUFFER(FRAME_ANSWER_MAX);

		error_set(&failure, kind, "  the = cause\t# %%s ");
		error_what(&failure, "what");
		error_hint(&failure, "hint (a) `b` 'c'");
		answer_print_failure(&failure, &text);
		assert_true(buffer_ok(&text));
		assert_false(answer_parse(&text, NULL, &err));
		assert_memory_equal(&err, &failure, sizeof(err));
		buffer_free(&text);
	}
}

static void the_largest_failure_comes_back(void **state)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	char *long_one = repeated('x', 4096);
	struct error failure = {0}, err = {0};

	(void)state;
	error_set(&failure, ERROR_SERVER, "%s", long_one);
	error_what(&failure, "%s", long_one);
	error_hint(&failure, "%s", long_one);
	answer_print_failure(&failure, &text);
	assert_false(answer_parse(&text, NULL, &err));
	assert_memory_equal(&err, &failure, sizeof(err));
	buffer_free(&text);
	free(long_one);
}

/* One octet too long for its field: the sentence is cut rather than lost. */
static void a_failure_that_is_too_long_still_has_a_cause(void **state)
{
	char *cause = repeated('x', ERROR_CAUSE_MAX);
	struct error err = {0};
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "status = login\ncause = %s\nend = 2\n", cause);
	assert_false(parse_answer(text, strlen(text), NULL, &err));
	assert_int_equal(err.kind, ERROR_LOGIN);
	assert_string_not_equal(err.cause, "");
	free(cause);
}

static void the_largest_token_fits_and_comes_back(void **state)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	struct error err = {0};
	struct token *token = token_new(&err), *read = token_new(&err);
	char *account = repeated('a', TOKEN_USER_MAX);

	(void)state;
	memset(token->access_token, 't', TOKEN_MAX);
	memset(token->scope, 's', TOKEN_SCOPE_MAX);
	memset(token->hosts, 'h', TOKEN_HOSTS_MAX);
	memset(token->user, 'u', TOKEN_USER_MAX);
	memset(token->error_description, 'd', sizeof(token->error_description) - 1);
	memset(token->hint, 'i', sizeof(token->hint) - 1);
	token->expires_at = INT64_MAX;
	answer_print_ok(token, account, &text);
	assert_true(buffer_ok(&text));
	assert_true(answer_parse(&text, read, &err));
	assert_memory_equal(read, token, sizeof(*token));
	buffer_free(&text);
	token_free(read);
	token_free(token);
	free(account);
}

static void an_answer_without_a_token_is_told_from_one_with(void **state)
{
	struct buffer text = BUFFER(FRAME_ANSWER_MAX);
	struct error err = {0};
	struct token *token = token_new(&err);

	(void)state;
	answer_print_ok(NULL, "me", &text);
	assert_string_equal(buffer_text(&text), "status = ok\nend = 1\n");
	assert_true(parse_answer(text.data, text.len, NULL, &err));
	assert_false(parse_answer(text.data, text.len, token, &err));
	buffer_free(&text);
	answer_print_ok(token, "me", &text);
	assert_true(parse_answer(text.data, text.len, NULL, &err));
	buffer_free(&text);
	token_free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(an_unknown_verb_behind_a_known_one_is_refused),
		cmocka_unit_test(a_torn_request_is_never_whole),
		cmocka_unit_test(names_and_hashes_have_a_maximum),
		cmocka_unit_test(the_largest_request_fits_and_comes_back),
		cmocka_unit_test(a_request_is_a_record),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(a_torn_answer_is_never_whole),
		cmocka_unit_test(a_failure_comes_back_word_for_word),
		cmocka_unit_test(the_largest_failure_comes_back),
		cmocka_unit_test(a_failure_that_is_too_long_still_has_a_cause),
		cmocka_unit_test(the_largest_token_fits_and_comes_back),
		cmocka_unit_test(an_answer_without_a_token_is_told_from_one_with),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
