/* The token file: what is written is read back, and what is not whole or not ours is refused. */
#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "support.h"

static void fill(char *field, size_t size, char byte)
{
	memset(field, byte, size - 1);
	field[size - 1] = '\0';
}

/* Every field at its maximum. */
static struct token *largest(void)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	assert_non_null(token);
	fill(token->user, sizeof(token->user), 'u');
	fill(token->hosts, sizeof(token->hosts), 'h');
	fill(token->scope, sizeof(token->scope), 's');
	fill(token->access_token, sizeof(token->access_token), '~');
	fill(token->access_token_hash, sizeof(token->access_token_hash), 'f');
	fill(token->error, sizeof(token->error), 'e');
	fill(token->error_description, sizeof(token->error_description), 'd');
	fill(token->hint, sizeof(token->hint), 'i');
	fill(token->rejected, sizeof(token->rejected), '0');
	token->issued_at = token->expires_at = token->retry_at = token->failures = INT64_MAX;
	token->config_stamp = token->rejected_at = token->rejections = INT64_MAX;
	token->grant_ends_at = token->grant_ends_since = token->grant_may_end_at = INT64_MAX;
	fill(token->grant_ends_by, sizeof(token->grant_ends_by), 'b');
	token->login_told_at = token->recovered_told_at = token->end_told_at = INT64_MAX;
	token->clock_skew = INT64_MIN;
	token->kind = ERROR_TEMPORARY;
	return token;
}

static bool parse_bytes(const char *bytes, size_t len, struct token *token, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	bool ok;

	buffer_add(&text, bytes, len);
	assert_true(buffer_ok(&text));
	ok = token_parse(&text, "FILE", token, err);
	buffer_free(&text);
	return ok;
}

/* Parses lines behind "version = 1", with the end that they need; token is ones before and must be
 * after a failure. */
static bool parse_lines(const char *lines, struct token *token, struct error *err)
{
	char *text = malloc(KEYFILE_RECORD_MAX);
	char *untouched = repeated('\1', sizeof(*token));
	int count = 0;
	bool ok;

	for (const char *at = lines; *at != '\0'; at++)
		count += *at == '\n';
	snprintf(text, KEYFILE_RECORD_MAX, "version = 1\n%send = %d\n", lines, count + 1);
	memset(token, 1, sizeof(*token));
	ok = parse_bytes(text, strlen(text), token, err);
	if (!ok)
		assert_memory_equal(token, untouched, sizeof(*token));
	free(untouched);
	free(text);
	return ok;
}

static void assert_fails(const char *lines, const char *sentence)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	assert_false(parse_lines(lines, token, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_sentence(&err, sentence);
	token_free(token);
}

static void another_version_is_refused(void **state)
{
	static const char *const texts[] = {"end = 0\n", "version = 2\nend = 1\n",
		"version = 0\nend = 1\n", "version = \nend = 1\n", "version = one\nend = 1\n",
		"access_token = abc\nexpires_at = 5\nend = 2\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = {0};
		struct token *token = token_new(&err);

		assert_false(parse_bytes(texts[i], strlen(texts[i]), token, &err));
		assert_sentence(&err, "FILE is not a token file of this version");
		token_free(token);
	}
}

static void what_cannot_be_is_refused(void **state)
{
	static const char implausible[] = "FILE is not a token file of this version";

	(void)state;
	assert_fails("issued_at = x\n", "FILE:2: issued_at has a value that cannot be");
	assert_fails("issued_at = \n", "FILE:2: issued_at has a value that cannot be");
	assert_fails("user = a\nretry_at = 9223372036854775808\n",
		"FILE:3: retry_at has a value that cannot be");
	assert_fails("clock_skew = -9223372036854775809\n",
		"FILE:2: clock_skew has a value that cannot be");
	assert_fails("issued_at = -1\n", implausible);
	assert_fails("expires_at = -1\n", implausible);
	assert_fails("retry_at = -1\n", implausible);
	assert_fails("access_token = with blank\n", implausible);
	assert_fails("access_token = \xc3\xa4\n", implausible);
}

static void a_field_has_a_maximum(void **state)
{
	static const struct {
		const char *key;
		size_t max;
	} fields[] = {{"user", TOKEN_USER_MAX}, {"hosts", TOKEN_HOSTS_MAX},
		{"scope", TOKEN_SCOPE_MAX}, {"access_token_hash", TOKEN_HASH_MAX},
		{"rejected", TOKEN_HASH_MAX}, {"error", 63},
		{"error_description", ERROR_CAUSE_MAX - 1}, {"hint", ERROR_HINT_MAX - 1}};
	struct error err = {0};
	struct token *token = token_new(&err);
	char *lines = malloc(KEYFILE_RECORD_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *value = repeated('v', fields[i].max + 1);

		snprintf(lines, KEYFILE_RECORD_MAX, "%s = %s\n", fields[i].key, value + 1);
		assert_true(parse_lines(lines, token, &err));
		snprintf(lines, KEYFILE_RECORD_MAX, "%s = %s\n", fields[i].key, value);
		assert_false(parse_lines(lines, token, &err));
		assert_error(&err, ERROR_SYSTEM, "has a value that cannot be");
		free(value);
	}
	free(lines);
	token_free(token);
}

static void an_access_token_has_a_maximum(void **state)
{
	struct error err = {0};
	struct token *token = token_new(&err);
	char *value = repeated('v', TOKEN_MAX + 1);
	char *lines = malloc(KEYFILE_RECORD_MAX);

	(void)state;
	snprintf(lines, KEYFILE_RECORD_MAX, "access_token = %s\n", value + 1);
	assert_true(parse_lines(lines, token, &err));
	snprintf(lines, KEYFILE_RECORD_MAX, "access_token = %s\n", value);
	assert_false(parse_lines(lines, token, &err));
	assert_error(&err, ERROR_SYSTEM, "FILE:2: the value is too long");
	assert_false(token_is_sendable(value));
	assert_true(token_is_sendable(value + 1));
	free(lines);
	free(value);
	token_free(token);
}

static void a_torn_token_is_never_whole(void **state)
{
	struct error err = {0};
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	struct token *token = largest(), *read = token_new(&err);
	int whole = 0;

	(void)state;
	fill(token->access_token, 200, 't');
	fill(token->scope, 200, 's');
	fill(token->hosts, 200, 'h');
	token_print(token, "me@example.org", &text);
	for (size_t len = 0; len < text.len; len++)
		whole += parse_bytes(text.data, len, read, &err);
	assert_int_equal(whole, 0);
	assert_true(parse_bytes(text.data, text.len, read, &err));
	buffer_free(&text);
	token_free(read);
	token_free(token);
}

static void no_memory_is_a_failure_that_touches_nothing(void **state)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	(void)state;
	allocation_fail(1);
	assert_null(token_new(&err));
	assert_error(&err, ERROR_SYSTEM, "out of memory");
	token->issued_at = 42;
	struct buffer text = BUFFER(100);

	buffer_puts(&text, "version = 1\nend = 1\n");
	allocation_fail(1);
	assert_false(token_parse(&text, "FILE", token, &err));
	assert_error(&err, ERROR_SYSTEM, "out of memory");
	assert_int_equal(token->issued_at, 42);
	allocation_reset();
	buffer_free(&text);
	token_free(token);
}

static void freed_memory_holds_no_token(void **state)
{
	static const char bad[] = "version = 1\naccess_token = SECRET\nissued_at = x\nend = 3\n";
	struct error err = {0};
	struct token *token = token_new(&err);

	(void)state;
	allocation_watch("SECRET");
	assert_false(parse_bytes(bad, strlen(bad), token, &err));
	strcpy(token->access_token, "SECRET");
	token_free(token);
	token_free(NULL);
	assert_int_equal(allocation_leaks(), 0);
	allocation_reset();
	assert_null(strstr(err.cause, "SECRET"));
}

static void everything_comes_back(void **state)
{
	struct error err = {0};
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	struct token *token = largest(), *read = token_new(&err);
	char *account = repeated('a', TOKEN_USER_MAX);

	(void)state;
	token->issued_at = 0;
	token_print(token, account, &text);
	assert_true(buffer_ok(&text));
	assert_true(parse_bytes(text.data, text.len, read, &err));
	assert_memory_equal(read, token, sizeof(*token));
	buffer_free(&text);
	free(account);
	token_free(read);
	token_free(token);
}

static void every_kind_of_failure_comes_back(void **state)
{
	struct error err = {0};
	struct token *token = token_new(&err), *read = token_new(&err);

	(void)state;
	for (int kind = ERROR_NONE; kind <= ERROR_SYSTEM; kind++) {
		struct buffer text = BUFFER(KEYFILE_RECORD_MAX);

		token->kind = kind;
		token_print(token, "a", &text);
		assert_true(parse_bytes(text.data, text.len, read, &err));
		assert_int_equal(read->kind, kind);
		buffer_free(&text);
	}
	token_free(token);
	token_free(read);
}

static void the_record_of_nothing_is_three_lines(void **state)
{
	struct error err = {0};
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);
	struct token *token = token_new(&err);

	(void)state;
	token_print(token, "me@example.org", &text);
	assert_string_equal(
		buffer_text(&text), "version = 1\naccount = me@example.org\nend = 2\n");
	buffer_free(&text);
	token_free(token);
}

static void unknown_keys_are_passed_over(void **state)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	(void)state;
	assert_true(parse_lines("colour = blue\naccess_token = abc\nstatus = ok\n", token, &err));
	assert_string_equal(token->access_token, "abc");
	assert_string_equal(token->user, "");
	token_free(token);
}

static void what_may_stand_behind_bearer(void **state)
{
	(void)state;
	assert_false(token_is_sendable(""));
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'a', (char)byte, 'z', '\0'};

		assert_int_equal(token_is_sendable(text), byte >= 0x21 && byte <= 0x7e);
		assert_int_equal(token_is_sendable(text + 1), byte >= 0x21 && byte <= 0x7e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(a_field_has_a_maximum),
		cmocka_unit_test(an_access_token_has_a_maximum),
		cmocka_unit_test(a_torn_token_is_never_whole),
		cmocka_unit_test(no_memory_is_a_failure_that_touches_nothing),
		cmocka_unit_test(freed_memory_holds_no_token),
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(every_kind_of_failure_comes_back),
		cmocka_unit_test(the_record_of_nothing_is_three_lines),
		cmocka_unit_test(unknown_keys_are_passed_over),
		cmocka_unit_test(what_may_stand_behind_bearer),
	};

	return cmocka_run_group_tests_name("token_record", tests, NULL, NULL);
}
