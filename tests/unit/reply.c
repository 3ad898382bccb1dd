#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

/* A good answer with everything in it. */
static const char good[] =
	"{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":1800,"
	"\"refresh_token\":\"rt-1\",\"scope\":\"mail offline\",\"refresh_token_expires_in\":86400}";

/* Parses a copy without a NUL behind it, so that a step beyond its end is seen. */
static bool parse_octets(const char *json, size_t len, struct reply *reply, struct error *err)
{
	char *copy = malloc(len > 0 ? len : 1);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, json, len);
	ok = reply_parse(copy, len, reply, err);
	free(copy);
	return ok;
}

static bool parse(const char *json, struct reply *reply, struct error *err)
{
	memset(reply, 0x55, sizeof(*reply));
	memset(err, 0, sizeof(*err));
	return parse_octets(json, strlen(json), reply, err);
}

static bool parse_member(const char *member, struct reply *reply, struct error *err)
{
	char json[1024];

	snprintf(json, sizeof(json), "{\"access_token\":\"at\",%s}", member);
	return parse(json, reply, err);
}

static void is_nonsense(const char *json)
{
	struct reply reply;
	struct error err;

	if (parse(json, &reply, &err))
		fail_msg("accepted: %s", json);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_int_equal(reply.access_token[0], 0);
	assert_int_equal(reply.refresh_token[0], 0);
	assert_int_equal(reply.error[0], 0);
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "null", "true", "1", "\"text\"", "[]",
		"[{\"access_token\":\"at\"}]", "{", "}", "{]", "{\"access_token\"}",
		"{\"access_token\":}", "{access_token:\"at\"}", "{'access_token':'at'}",
		"{\"access_token\":\"at\",}", "{\"access_token\":\"at\"", "<html></html>",
		"access_token=at&token_type=bearer", "\xef\xbb\xbf{\"access_token\":\"at\"}",
		"{\"access_token\":\"at\"}{}", "{\"access_token\":\"at\"} x",
		"{\"access_token\":\"at\"}\n<!-- -->", "/* c */{\"access_token\":\"at\"}",
		"{\"access_token\":\"\\u00zz\"}", "{\"access_token\":\"\\x\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_nonsense(bad[i]);
}

static void a_good_answer_cut_anywhere_is_refused(void **state)
{
	struct reply reply;

	(void)state;
	for (size_t len = 0; len < strlen(good); len++) {
		struct error err = {0};

		if (parse_octets(good, len, &reply, &err))
			fail_msg("accepted: %.*s", (int)len, good);
		assert_int_equal(err.kind, ERROR_SERVER);
		assert_int_equal(reply.access_token[0], 0);
	}
}

static void more_behind_a_nul_is_refused(void **state)
{
	static const char json[] = "{\"access_token\":\"at\"}\0{\"access_token\":\"evil\"}";
	struct reply reply;
	struct error err = {0};

	(void)state;
	assert_false(parse_octets(json, sizeof(json) - 1, &reply, &err));
	assert_int_equal(err.kind, ERROR_SERVER);
}

/* Objects in objects: 16 levels are read, 17 are not. */
static void depth_at_the_limit_and_one_past(void **state)
{
	struct reply reply;
	struct error err = {0};
	char json[512];

	(void)state;
	for (int depth = 15; depth <= 17; depth++) {
		size_t len = 0;

		for (int i = 0; i < depth - 1; i++)
			len += (size_t)sprintf(json + len, "{\"x\":");
		len += (size_t)sprintf(json + len, "1");
		for (int i = 0; i < depth - 1; i++)
			len += (size_t)sprintf(json + len, "}");
		assert_int_equal(parse_octets(json, len, &reply, &err), depth <= 16);
	}
}

static void a_deep_array_ends_in_an_error(void **state)
{
	char *json = repeat("[", 60000);

	(void)state;
	is_nonsense(json);
	free(json);
}

/* An answer with member = text of that length, ended at limit octets. */
static bool parse_long(const char *member, size_t len, struct reply *reply, struct error *err)
{
	char *text = repeat("x", len);
	char *json = malloc(len + 256);
	bool ok;

	assert_non_null(json);
	snprintf(json, len + 256, "{\"%s\":\"%s\",\"refresh_token\":\"rt-kept\"}", member, text);
	ok = parse(json, reply, err);
	free(json);
	free(text);
	return ok;
}

static void an_access_token_at_the_limit_and_one_past(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_false(parse_long("access_token", TOKEN_MAX + 1, &reply, &err));
	assert_failed(err, ERROR_SERVER, "the access token in the reply");
	assert_string_equal(reply.access_token, "");
	assert_string_equal(reply.refresh_token, "rt-kept");
	assert_true(parse_long("access_token", TOKEN_MAX, &reply, &err));
	assert_int_equal(strlen(reply.access_token), TOKEN_MAX);
}

static void a_refresh_token_at_the_limit_and_one_past(void **state)
{
	char *json = malloc(TOKEN_MAX + 256), *text = repeat("x", TOKEN_MAX + 1);
	struct reply reply;
	struct error err;

	(void)state;
	sprintf(json, "{\"access_token\":\"at\",\"refresh_token\":\"%s\"}", text);
	assert_false(parse(json, &reply, &err));
	assert_failed(err, ERROR_SERVER, "the refresh token in the reply");
	assert_string_equal(reply.refresh_token, "");
	sprintf(json, "{\"access_token\":\"at\",\"refresh_token\":\"%s\"}", text + 1);
	assert_true(parse(json, &reply, &err));
	assert_int_equal(strlen(reply.refresh_token), TOKEN_MAX);
	free(json);
	free(text);
}

static void an_access_token_with_bytes_that_cannot_be_sent_is_refused(void **state)
{
	static const char *const bad[] = {"a\\u0001b", "a\\u0000b", "\\u0000", "a\\rb", "a\\nb",
		"a\\tb", "a b", " ab", "ab ", "a\\u007fb", "a\\u0080b", "a\\u00e9b", "\xc3\xa9",
		"\xff", "\\ud83d\\ude00", "\x01"};
	struct reply reply;
	struct error err;
	char json[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json),
			"{\"refresh_token\":\"rt-kept\",\"access_token\":\"%s\"}", bad[i]);
		if (parse(json, &reply, &err))
			fail_msg("accepted: %s", json);
		assert_int_equal(err.kind, ERROR_SERVER);
		assert_string_equal(reply.access_token, "");
	}
}

/* What was issued is kept even where the rest cannot be used. */
static void a_bad_access_token_leaves_the_refresh_token(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_false(
		parse("{\"refresh_token\":\"rt-kept\",\"access_token\":\"a\\nb\"}", &reply, &err));
	assert_string_equal(reply.refresh_token, "rt-kept");
	assert_false(parse("{\"refresh_token\":\"rt-kept\",\"access_token\":17}", &reply, &err));
	assert_string_equal(reply.refresh_token, "rt-kept");
	assert_false(parse("{\"refresh_token\":\"rt-kept\",\"access_token\":\"at\","
			   "\"token_type\":\"mac\"}",
		&reply, &err));
	assert_string_equal(reply.refresh_token, "rt-kept");
}

static void all_printable_bytes_of_a_token_are_taken(void **state)
{
	char json[512], token[128];
	struct reply reply;
	struct error err;
	size_t len = 0, escaped = 0;

	(void)state;
	escaped += (size_t)sprintf(json, "{\"access_token\":\"");
	for (char c = 0x21; c <= 0x7e; c++) {
		token[len++] = c;
		if (c == '"' || c == '\\')
			json[escaped++] = '\\';
		json[escaped++] = c;
	}
	token[len] = '\0';
	sprintf(json + escaped, "\"}");
	assert_done(parse(json, &reply, &err), err);
	assert_string_equal(reply.access_token, token);
}

static void a_refresh_token_may_have_blanks_and_nothing_else_beyond_vschar(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_done(parse_member("\"refresh_token\":\" a b \"", &reply, &err), err);
	assert_string_equal(reply.refresh_token, " a b ");
	assert_false(parse_member("\"refresh_token\":\"a\\nb\"", &reply, &err));
	assert_string_equal(reply.refresh_token, "");
	assert_false(parse_member("\"refresh_token\":\"a\\u0000b\"", &reply, &err));
	assert_string_equal(reply.refresh_token, "");
	assert_false(parse_member("\"refresh_token\":7", &reply, &err));
	assert_done(parse_member("\"refresh_token\":null", &reply, &err), err);
	assert_string_equal(reply.refresh_token, "");
	assert_done(parse_member("\"refresh_token\":\"\"", &reply, &err), err);
	assert_string_equal(reply.refresh_token, "");
}

static void token_type_is_bearer_in_any_case_or_missing(void **state)
{
	static const char *const fine[] = {
		"\"Bearer\"", "\"bearer\"", "\"BEARER\"", "\"\"", "null"};
	static const char *const bad[] = {"\"mac\"", "\"DPoP\"", "\"bearer \"", "\"bearerx\"",
		"\"beare\"", "1", "true", "[\"bearer\"]", "{}", "\"bear\\u0000er\"",
		"\"bearer\\u0000\""};
	struct reply reply;
	struct error err;
	char member[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(member, sizeof(member), "\"token_type\":%s", bad[i]);
		if (parse_member(member, &reply, &err))
			fail_msg("accepted: %s", member);
		assert_failed(err, ERROR_SERVER, "token_type");
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		snprintf(member, sizeof(member), "\"token_type\":%s", fine[i]);
		assert_done(parse_member(member, &reply, &err), err);
	}
	assert_done(parse("{\"access_token\":\"at\"}", &reply, &err), err);
}

static void expires_in_is_read_however_it_is_written(void **state)
{
	static const struct {
		const char *json;
		int64_t seconds;
	} rows[] = {
		{"1", 1},
		{"3599", 3599},
		{"3599.9", 3599},
		{"1e3", 1000},
		{"\"3599\"", 3599},
		{"\"1\"", 1},
		{"\" 60\"", 60},
		{"\"60.7\"", 60},
		/* none, or not to be believed */
		{"0", 3600},
		{"-1", 3600},
		{"0.5", 3600},
		{"null", 3600},
		{"true", 3600},
		{"\"\"", 3600},
		{"\"soon\"", 3600},
		{"\"60s\"", 3600},
		{"\"-5\"", 3600},
		{"[60]", 3600},
		{"{}", 3600},
		{"-9223372036854775808", 3600},
		{"-1e999", 3600},
		{"\"nan\"", 3600},
		{"\"-inf\"", 3600},
		{"\"60\\u0000junk\"", 3600},
		/* at most TOKEN_LIFE_MAX */
		{"34559999", 34559999},
		{"34560000", 34560000},
		{"34560001", 34560000},
		{"9223372036854775807", 34560000},
		{"9223372036854775808", 34560000},
		{"18446744073709551616", 34560000},
		{"99999999999999999999999999999", 34560000},
		{"1e300", 34560000},
		{"1e999", 34560000},
		{"\"1e999\"", 34560000},
	};
	struct reply reply;
	struct error err;
	char member[128];

	(void)state;
	assert_int_equal(TOKEN_LIFE_MAX, 34560000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(member, sizeof(member), "\"expires_in\":%s", rows[i].json);
		assert_done(parse_member(member, &reply, &err), err);
		if (reply.expires_in != rows[i].seconds)
			fail_msg("%s: %lld", member, (long long)reply.expires_in);
	}
	assert_done(parse("{\"access_token\":\"at\"}", &reply, &err), err);
	assert_int_equal(reply.expires_in, TOKEN_LIFE_DEFAULT);
}

static void the_earliest_end_of_the_refresh_token_counts(void **state)
{
	static const struct {
		const char *member;
		int64_t seconds;
	} rows[] = {
		{"\"x\":1", 0},
		{"\"refresh_token_expires_in\":0", 0},
		{"\"refresh_token_expires_in\":\"7\"", 7},
		{"\"refresh_token_timeout\":8", 8},
		{"\"authorization_expires_in\":9", 9},
		{"\"refresh_token_expires_in\":7,\"refresh_token_timeout\":5", 5},
		{"\"authorization_expires_in\":4,\"refresh_token_timeout\":5", 4},
		{"\"refresh_token_expires_in\":3,\"refresh_token_timeout\":0", 3},
		{"\"refresh_token_expires_in\":1e999", TOKEN_LIFE_MAX},
	};
	struct reply reply;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_done(parse_member(rows[i].member, &reply, &err), err);
		assert_int_equal(reply.refresh_token_expires_in, rows[i].seconds);
	}
}

static void an_error_is_read_cut_and_cleaned(void **state)
{
	struct reply reply;
	struct error err;
	char *words = repeat("w", 600), json[1024];

	(void)state;
	assert_true(
		parse("{\"error\":\"invalid_grant\",\"error_description\":\"a\\nb\\u0000c\xff\","
		      "\"suberror\":\"bad_token\",\"error_subtype\":\"other\"}",
			&reply, &err));
	assert_string_equal(reply.error, "invalid_grant");
	assert_string_equal(reply.suberror, "bad_token");
	assert_memory_equal(reply.error_description, "a?b?c?", 6);
	assert_int_equal(reply.expires_in, TOKEN_LIFE_DEFAULT);
	assert_true(parse("{\"error\":\" !~\\u007f\"}", &reply, &err));
	assert_string_equal(reply.error, " !~?");
	snprintf(json, sizeof(json),
		"{\"error\":\"%.100s\",\"error_description\":\"%s\","
		"\"error_subtype\":\"%.70s\"}",
		words, words, words);
	assert_true(parse(json, &reply, &err));
	assert_int_equal(strlen(reply.error), sizeof(reply.error) - 1);
	assert_int_equal(strlen(reply.suberror), sizeof(reply.suberror) - 1);
	assert_int_equal(strlen(reply.error_description), sizeof(reply.error_description) - 1);
	free(words);
}

static void an_error_that_is_no_text_is_passed_over(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_true(parse("{\"error\":null,\"access_token\":\"at\"}", &reply, &err));
	assert_string_equal(reply.error, "");
	assert_true(parse("{\"error\":42}", &reply, &err));
	assert_string_equal(reply.error, "");
	assert_true(parse("{\"error\":{\"code\":403,\"message\":\"no\"}}", &reply, &err));
	assert_string_equal(reply.error, "");
}

/* Two members of one name: the last one counts (RFC 8259 s.4 leaves it open). */
static void of_duplicates_the_last_one_counts(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_true(parse("{\"access_token\":\"one\",\"access_token\":\"two\"}", &reply, &err));
	assert_string_equal(reply.access_token, "two");
	assert_false(parse("{\"access_token\":\"one\",\"access_token\":2}", &reply, &err));
	assert_string_equal(reply.access_token, "");
}

static void scope_that_cannot_be_used_is_passed_over(void **state)
{
	struct reply reply;
	struct error err;

	(void)state;
	assert_true(parse_long("scope", TOKEN_SCOPE_MAX, &reply, &err));
	assert_int_equal(strlen(reply.scope), TOKEN_SCOPE_MAX);
	assert_true(parse_long("scope", TOKEN_SCOPE_MAX + 1, &reply, &err));
	assert_string_equal(reply.scope, "");
	assert_true(parse_member("\"scope\":[\"a\",\"b\"]", &reply, &err));
	assert_string_equal(reply.scope, "");
	assert_true(parse_member("\"scope\":\"a\\nb\"", &reply, &err));
	assert_string_equal(reply.scope, "");
}

static void everything_of_a_good_answer_is_there(void **state)
{
	struct reply reply;
	struct error err;
	char spaced[512];

	(void)state;
	snprintf(spaced, sizeof(spaced), " \r\n\t%s \r\n\t", good);
	for (int i = 0; i < 2; i++) {
		assert_done(parse(i == 0 ? good : spaced, &reply, &err), err);
		assert_string_equal(reply.access_token, "at-1");
		assert_string_equal(reply.refresh_token, "rt-1");
		assert_string_equal(reply.scope, "mail offline");
		assert_string_equal(reply.error, "");
		assert_int_equal(reply.expires_in, 1800);
		assert_int_equal(reply.refresh_token_expires_in, 86400);
	}
	assert_done(parse("{}", &reply, &err), err);
	assert_string_equal(reply.access_token, "");
}

/* One octet of a good answer changed to each other value: never a crash, never a byte that cannot
 * be sent. */
static void no_changed_octet_gets_a_bad_byte_through(void **state)
{
	char json[sizeof(good)];
	struct reply reply;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < strlen(good); i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(json, good, sizeof(good));
			json[i] = (char)c;
			parse_octets(json, strlen(good), &reply, &err);
			assert_true(reply.access_token[0] == '\0' ||
				token_is_sendable(reply.access_token));
			assert_in_range(reply.expires_in, 0, TOKEN_LIFE_MAX);
		}
	}
}

/* ---- what other tools keep ---- */

static struct foreign_grant foreign;
static struct error foreign_err;

static bool parse_foreign(const char *json)
{
	memset(&foreign, 0x55, sizeof(foreign));
	memset(&foreign_err, 0, sizeof(foreign_err));
	return reply_parse_foreign(json, strlen(json), &foreign, &foreign_err);
}

static void what_is_no_file_of_tokens_is_told(void **state)
{
	static const struct {
		const char *json;
		const char *words;
	} rows[] = {
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"\"refresh_token\"", "not a JSON object"},
		{"null", "not a JSON object"},
		{"{\"refresh_token\":\"x\"} x", "not a JSON object"},
		{"{}", "no refresh_token"},
		{"{\"refresh_token\":null}", "no refresh_token"},
		{"{\"refresh_token\":{}}", "refresh_token in the file is no text"},
		{"{\"refresh-token\":\"a\\u0000\"}", "refresh-token in the file"},
		{"{\"refresh_token\":\"x\",\"client_id\":7}", "client_id in the file"},
		{"{\"refresh_token\":\"x\",\"token_uri\":\"a\\nb\"}", "token_uri in the file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(parse_foreign(rows[i].json));
		assert_failed(foreign_err, ERROR_CONFIG, rows[i].words);
	}
}

static void a_file_of_tokens_is_never_half_read(void **state)
{
	static const char json[] = "{\"refresh_token\":\"rt\",\"client_id\":\"id\"}";

	(void)state;
	for (size_t len = 0; len < strlen(json); len++) {
		memset(&foreign_err, 0, sizeof(foreign_err));
		assert_false(reply_parse_foreign(json, len, &foreign, &foreign_err));
		assert_int_equal(foreign_err.kind, ERROR_CONFIG);
	}
	assert_true(reply_parse_foreign(json, strlen(json), &foreign, &foreign_err));
}

static void the_largest_refresh_token_of_a_file_is_taken(void **state)
{
	char *token = repeat("t", TOKEN_MAX + 1);
	char *json = malloc(TOKEN_MAX + 64);

	(void)state;
	assert_non_null(json);
	snprintf(json, TOKEN_MAX + 64, "{\"refresh_token\":\"%s\"}", token);
	assert_false(parse_foreign(json));
	snprintf(json, TOKEN_MAX + 64, "{\"refresh_token\":\"%s\"}", token + 1);
	assert_true(parse_foreign(json));
	assert_string_equal(foreign.refresh_token, token + 1);
	free(json);
	free(token);
}

static void every_spelling_is_read(void **state)
{
	(void)state;
	assert_true(parse_foreign("{\"refreshToken\":\"r\",\"clientId\":\"c\",\"client-secret\":"
				  "\"s\",\"token_uri\":\"https://t\",\"email\":\"e\",\"x\":[1]}"));
	assert_string_equal(foreign.refresh_token, "r");
	assert_string_equal(foreign.client_id, "c");
	assert_string_equal(foreign.client_secret, "s");
	assert_string_equal(foreign.token_endpoint, "https://t");
	assert_string_equal(foreign.user, "e");
	assert_true(parse_foreign("{\"refresh-token\":\"r\",\"refreshToken\":\"q\"}"));
	assert_string_equal(foreign.refresh_token, "q");
	assert_string_equal(foreign.user, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(a_good_answer_cut_anywhere_is_refused),
		cmocka_unit_test(more_behind_a_nul_is_refused),
		cmocka_unit_test(depth_at_the_limit_and_one_past),
		cmocka_unit_test(a_deep_array_ends_in_an_error),
		cmocka_unit_test(an_access_token_at_the_limit_and_one_past),
		cmocka_unit_test(a_refresh_token_at_the_limit_and_one_past),
		cmocka_unit_test(an_access_token_with_bytes_that_cannot_be_sent_is_refused),
		cmocka_unit_test(a_bad_access_token_leaves_the_refresh_token),
		cmocka_unit_test(all_printable_bytes_of_a_token_are_taken),
		cmocka_unit_test(a_refresh_token_may_have_blanks_and_nothing_else_beyond_vschar),
		cmocka_unit_test(token_type_is_bearer_in_any_case_or_missing),
		cmocka_unit_test(expires_in_is_read_however_it_is_written),
		cmocka_unit_test(the_earliest_end_of_the_refresh_token_counts),
		cmocka_unit_test(an_error_is_read_cut_and_cleaned),
		cmocka_unit_test(an_error_that_is_no_text_is_passed_over),
		cmocka_unit_test(of_duplicates_the_last_one_counts),
		cmocka_unit_test(scope_that_cannot_be_used_is_passed_over),
		cmocka_unit_test(everything_of_a_good_answer_is_there),
		cmocka_unit_test(no_changed_octet_gets_a_bad_byte_through),
		cmocka_unit_test(what_is_no_file_of_tokens_is_told),
		cmocka_unit_test(a_file_of_tokens_is_never_half_read),
		cmocka_unit_test(the_largest_refresh_token_of_a_file_is_taken),
		cmocka_unit_test(every_spelling_is_read),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
