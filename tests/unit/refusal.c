/* The half of bearer.h that reads what a server says: its text is hostile. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bearer.h"
#include "support.h"

/* The octets end where the memory ends: one read too many is a fault, with or without sanitizers. */
static struct bearer_refusal read_at_the_edge(const char *challenge, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (len / page + 2) * page;
	struct bearer_refusal refusal;
	char *memory = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = memory + size - page;

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(edge, page, PROT_NONE), 0);
	if (len > 0)
		memcpy(edge - len, challenge, len);
	memset(&refusal, 'u', sizeof(refusal));
	bearer_read_refusal(edge - len, len, &refusal);
	munmap(memory, size);
	assert_non_null(memchr(refusal.status, '\0', sizeof(refusal.status)));
	assert_non_null(memchr(refusal.scope, '\0', sizeof(refusal.scope)));
	return refusal;
}

static void assert_reads(const char *challenge, const char *status, const char *scope)
{
	struct bearer_refusal refusal = read_at_the_edge(challenge, strlen(challenge));

	assert_string_equal(refusal.status, status);
	assert_string_equal(refusal.scope, scope);
}

static void what_does_not_begin_with_a_brace_is_no_refusal(void **state)
{
	(void)state;
	assert_false(bearer_is_refusal(NULL, 0));
	assert_false(bearer_is_refusal("", 0));
	assert_false(bearer_is_refusal("{", 0));
	assert_false(bearer_is_refusal(" {}", 3));
	assert_false(bearer_is_refusal("AUTHENTICATE XOAUTH2 ", 21));
	assert_false(bearer_is_refusal("\0{}", 3));
	assert_true(bearer_is_refusal("{", 1));
	assert_true(bearer_is_refusal("{}", 2));
}

static void what_is_not_found_stays_empty(void **state)
{
	static const char *const rows[] = {"", "{", "{}", "null", "\"", "\"status", "\"status\"",
		"{\"status\"}", "{\"status\":", "{\"status\": ", "{\"status\":}", "{\"status\":401}",
		"{\"status\":null}", "{\"status\" \"401\"}",
		"{\"status\"\"\"401\"}", "{status:\"401\"}",
		"{\"Status\":\"401\"}", "{\"xstatus\":\"401\"}", "{'status':'401'}",
		"{\"status\":\"\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_reads(rows[i], "", "");
}

static void what_is_not_printable_is_shown_as_a_question_mark(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char challenge[] = "{\"status\":\"a?z\",\"scope\":\"?\"}";
		struct bearer_refusal refusal;
		char expected = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');

		if (byte == '"' || byte == '\\')
			continue;
		*strchr(challenge, '?') = (char)byte;
		refusal = read_at_the_edge(challenge, sizeof(challenge) - 1);
		assert_int_equal(refusal.status[0], 'a');
		assert_int_equal(refusal.status[1], expected);
		assert_int_equal(refusal.status[2], 'z');
		assert_int_equal(refusal.status[3], '\0');
		assert_string_equal(refusal.scope, "?");
	}
}

static void a_refusal_cut_at_any_byte_is_read_to_its_end(void **state)
{
	static const char whole[] = "{ \"status\" :\r\n\t\"4\\\"01\\\\\" , \"scope\":\"s c\"}";

	(void)state;
	for (size_t len = 0; len <= strlen(whole); len++) {
		struct bearer_refusal refusal = read_at_the_edge(whole, len);

		assert_int_equal(strncmp(refusal.scope, "s c", strlen(refusal.scope)), 0);
		assert_true(strlen(refusal.status) <= strlen("4\"01\\"));
	}
	assert_reads(whole, "4\"01\\", "s c");
}

static void a_word_has_a_maximum(void **state)
{
	char *value = repeated('v', BEARER_WORD_MAX);
	char challenge[2 * BEARER_WORD_MAX];

	(void)state;
	strcpy(challenge, "{\"status\":\"");
	strcat(challenge, value);
	strcat(challenge, "\",\"scope\":\"s\"}");
	assert_reads(challenge, value + 1, "s");
	memmove(challenge + 11, challenge + 12, strlen(challenge + 12) + 1);
	assert_reads(challenge, value + 1, "s");
	free(value);
}

static void a_challenge_has_a_maximum(void **state)
{
	static const char status[] = "\"status\":\"401\"";
	char *challenge = repeated(' ', 64 * 1024);
	size_t last = BEARER_CHALLENGE_MAX - strlen(status);

	(void)state;
	challenge[0] = '{';
	memcpy(challenge + last, status, strlen(status));
	assert_reads(challenge, "401", "");
	memcpy(challenge + last, " ", 1);
	memcpy(challenge + last + 1, status, strlen(status));
	assert_reads(challenge, "401", "");
	memset(challenge + last, ' ', 20);
	memcpy(challenge + BEARER_CHALLENGE_MAX, status, strlen(status));
	assert_reads(challenge, "", "");
	free(challenge);
}

/* 64 KiB made to take long or to read too far: all of one byte, and of one pattern. */
static void hostile_challenges_are_survived(void **state)
{
	static const char *const patterns[] = {"{", "\"", "\\", "\"status\"", "\"status\":", "{\"status\":\"",
		"\"status\" : \"\\", "\"status\":\"\\\"", "\"status\"           ", "[[{\"scope\":",
		"\"scope\":\"\xff\\u0000\"", "\"status\":\"a\",\"status\":\"b\","};
	enum { SIZE = 64 * 1024 };
	char *challenge = malloc(SIZE);

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		for (size_t at = 0; at < SIZE; at++)
			challenge[at] = patterns[i][at % strlen(patterns[i])];
		alarm(60);
		read_at_the_edge(challenge, SIZE);
		alarm(0);
	}
	for (int byte = 0; byte < 256; byte++) {
		memset(challenge, byte, SIZE);
		read_at_the_edge(challenge, SIZE);
	}
	free(challenge);
}

static void the_refusals_of_real_servers_are_read(void **state)
{
	(void)state;
	assert_reads("{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}",
		"400", "https://mail.google.com/");
	assert_reads("{\"status\":\"invalid_token\",\"scope\":\"mail\","
		     "\"openid-configuration\":\"https:\\/\\/a\\/b\"}",
		"invalid_token", "mail");
	assert_reads("{\"status\":\"400\",\"status\":\"401\"}", "400", "");
	assert_reads("{\"scope\":\"a b\" , \"status\" : \"401\"}\r\n", "401", "a b");
}

static void the_acknowledgement_is_that_of_the_mechanism(void **state)
{
	(void)state;
	assert_string_equal(bearer_acknowledge(BEARER_XOAUTH2), "");
	assert_string_equal(bearer_acknowledge(BEARER_OAUTHBEARER), "\1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_begin_with_a_brace_is_no_refusal),
		cmocka_unit_test(what_is_not_found_stays_empty),
		cmocka_unit_test(what_is_not_printable_is_shown_as_a_question_mark),
		cmocka_unit_test(a_refusal_cut_at_any_byte_is_read_to_its_end),
		cmocka_unit_test(a_word_has_a_maximum),
		cmocka_unit_test(a_challenge_has_a_maximum),
		cmocka_unit_test(hostile_challenges_are_survived),
		cmocka_unit_test(the_refusals_of_real_servers_are_read),
		cmocka_unit_test(the_acknowledgement_is_that_of_the_mechanism),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
