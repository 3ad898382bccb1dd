/* The initial response and the hosts that it may go to. Refusals are in refusal.c. */
#include "bearer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "token.h"

/* ---- what is sent ---- */

static bool respond(enum bearer_mechanism mechanism, const char *user, const char *access_token,
	const char *host, const char *port, struct buffer *response)
{
	const struct bearer bearer = {user, access_token, host, port};

	*response = BUFFER(BEARER_RESPONSE_MAX);
	return bearer_respond(mechanism, &bearer, response);
}

static void assert_refused(enum bearer_mechanism mechanism, const char *user,
	const char *access_token, const char *host, const char *port)
{
	struct buffer response;

	assert_false(respond(mechanism, user, access_token, host, port, &response));
	assert_int_equal(response.len, 0);
	assert_string_equal(buffer_text(&response), "");
	buffer_free(&response);
}

static void assert_response(enum bearer_mechanism mechanism, const char *user,
	const char *access_token, const char *host, const char *port, const char *expected)
{
	struct buffer response;

	assert_true(respond(mechanism, user, access_token, host, port, &response));
	assert_int_equal(response.len, strlen(expected));
	assert_string_equal(buffer_text(&response), expected);
	buffer_free(&response);
}

static void what_is_missing_is_refused(void **state)
{
	(void)state;
	for (int mechanism = BEARER_XOAUTH2; mechanism <= BEARER_OAUTHBEARER; mechanism++) {
		assert_refused(mechanism, "", "abc", "h", "1");
		assert_refused(mechanism, "me", "", "h", "1");
	}
}

/* What would end a field or a line of the mail protocol, and all that is not VSCHAR. */
static bool is_vschar(int byte)
{
	return byte >= 0x20 && byte <= 0x7e;
}

static void a_byte_that_a_token_must_not_have_is_refused(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'a', (char)byte, 'z', '\0'};

		if (is_vschar(byte) && byte != ' ')
			continue;
		assert_refused(BEARER_XOAUTH2, "me", text, NULL, NULL);
		assert_refused(BEARER_OAUTHBEARER, "me", text, "h", "1");
	}
}

static void a_byte_that_a_user_must_not_have_is_refused(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'a', (char)byte, 'z', '\0'};

		if (is_vschar(byte))
			continue;
		assert_refused(BEARER_XOAUTH2, text, "abc", NULL, NULL);
		assert_refused(BEARER_OAUTHBEARER, text, "abc", "h", "1");
	}
}

static void a_byte_that_a_host_must_not_have_is_refused(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'a', (char)byte, 'z', '\0'};

		if (!is_vschar(byte) || byte == ' ')
			assert_refused(BEARER_OAUTHBEARER, "me", "abc", text, "1");
	}
}

static void a_port_is_digits(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'1', (char)byte, '\0'};

		if (byte < '0' || byte > '9')
			assert_refused(BEARER_OAUTHBEARER, "me", "abc", "h", text);
	}
}

static void xoauth2_is_user_and_token(void **state)
{
	(void)state;
	assert_response(BEARER_XOAUTH2, "me@example.org", "ya29.A-b_c~d+e/f==", NULL, NULL,
		"user=me@example.org\1auth=Bearer ya29.A-b_c~d+e/f==\1\1");
	assert_response(BEARER_OAUTHBEARER, "!~ ", "!~", "!~", "0",
		"n,a=!~ ,\1host=!~\1port=0\1auth=Bearer !~\1\1");
	assert_response(BEARER_XOAUTH2, "a=b,c d", "abc", "imap.example.org", "993",
		"user=a=b,c d\1auth=Bearer abc\1\1");
}

static void oauthbearer_has_host_and_port_where_they_are_known(void **state)
{
	(void)state;
	assert_response(BEARER_OAUTHBEARER, "me@example.org", "abc", "imap.example.org", "993",
		"n,a=me@example.org,\1host=imap.example.org\1port=993\1auth=Bearer abc\1\1");
	assert_response(BEARER_OAUTHBEARER, "me", "abc", "imap.example.org", NULL,
		"n,a=me,\1host=imap.example.org\1auth=Bearer abc\1\1");
	assert_response(BEARER_OAUTHBEARER, "me", "abc", NULL, "993",
		"n,a=me,\1port=993\1auth=Bearer abc\1\1");
	assert_response(
		BEARER_OAUTHBEARER, "me", "abc", "", "", "n,a=me,\1auth=Bearer abc\1\1");
}

static void oauthbearer_escapes_the_name(void **state)
{
	(void)state;
	assert_response(BEARER_OAUTHBEARER, "=a,b=", "a=b,c", NULL, NULL,
		"n,a==3Da=2Cb=3D,\1auth=Bearer a=b,c\1\1");
}

/* The largest user, all of it escaped, with the largest token and a host name of 255 octets. */
static void the_largest_response_fits(void **state)
{
	char *user = repeated(',', TOKEN_USER_MAX);
	char *access_token = repeated('t', TOKEN_MAX + 1);
	char *host = repeated('h', 255);
	struct buffer response;

	(void)state;
	assert_true(respond(
		BEARER_OAUTHBEARER, user, access_token + 1, host, "65535", &response));
	assert_int_equal(response.len, strlen("n,a=,\1host=\1port=65535\1auth=Bearer \1\1") +
			3 * TOKEN_USER_MAX + TOKEN_MAX + 255);
	buffer_free(&response);
	assert_true(respond(BEARER_XOAUTH2, user, access_token + 1, host, NULL, &response));
	assert_int_equal(response.len,
		strlen("user=\1auth=Bearer \1\1") + TOKEN_USER_MAX + TOKEN_MAX);
	buffer_free(&response);
	assert_refused(BEARER_XOAUTH2, user, access_token, NULL, NULL);
	free(user);
	free(access_token);
	free(host);
}

static void a_buffer_that_is_too_small_stays_empty(void **state)
{
	const struct bearer bearer = {"me", "abc", NULL, NULL};
	size_t len = strlen("user=me\1auth=Bearer abc\1\1");
	struct buffer small = BUFFER(len - 1), fits = BUFFER(len);

	(void)state;
	assert_false(bearer_respond(BEARER_XOAUTH2, &bearer, &small));
	assert_int_equal(small.len, 0);
	assert_true(bearer_respond(BEARER_XOAUTH2, &bearer, &fits));
	assert_int_equal(fits.len, len);
	buffer_free(&fits);
}

/* ---- where it may go ---- */

static void another_host_is_not_allowed(void **state)
{
	static const char *const rows[][2] = {
		{"imap.example.org", "example.org"},
		{"imap.example.org", "imap.example.org.evil.org"},
		{"imap.example.org", "ximap.example.org"},
		{"imap.example.org", "imap.example.or"},
		{"imap.example.org", "imap.example.org.."},
		{"imap.example.org", ""},
		{"imap.example.org", "."},
		{"*.example.org", "example.org"},
		{"*.example.org", ".example.org"},
		{"*.example.org", "evilexample.org"},
		{"*.example.org", "a.example.org.evil.org"},
		{"*.example.org", "a.example.com"},
		{"*", "example.org"},
		{"*.", "example.org"},
		{"*..", "example.org"},
		{".", ""},
		{".", "."},
		{"imap.*.org", "imap.example.org"},
		{"*imap.example.org", "aimap.example.org"},
		{"a b", "a b"},
		{"a,b", "a,b"},
		{"192.0.2.1", "192.0.2.10"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(bearer_host_allowed(rows[i][0], rows[i][1]));
}

static void a_server_without_a_name_is_not_allowed(void **state)
{
	(void)state;
	assert_false(bearer_host_allowed("imap.example.org", NULL));
	assert_false(bearer_host_allowed("*.example.org", NULL));
}

static void without_a_list_every_host_is_allowed(void **state)
{
	static const char *const empty[] = {"", " ", "\t", ",", " , \t,"};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		assert_true(bearer_host_allowed(empty[i], "imap.example.org"));
		assert_true(bearer_host_allowed(empty[i], ""));
		assert_true(bearer_host_allowed(empty[i], NULL));
	}
}

static void the_named_hosts_are_allowed(void **state)
{
	static const char *const rows[][2] = {
		{"imap.example.org", "imap.example.org"},
		{"imap.example.org", "IMAP.Example.ORG"},
		{"Imap.Example.Org", "imap.example.org"},
		{"imap.example.org", "imap.example.org."},
		{"imap.example.org.", "imap.example.org"},
		{"imap.example.org.", "imap.example.org."},
		{"*.example.org", "imap.example.org"},
		{"*.example.org", "a.b.example.org"},
		{"*.example.org", "IMAP.EXAMPLE.ORG."},
		{"*.example.org.", "imap.example.org"},
		{"a.org, imap.example.org", "imap.example.org"},
		{"a.org imap.example.org", "imap.example.org"},
		{",a.org,,\t*.example.org ,", "imap.example.org"},
		{"imap.example.org a.org", "imap.example.org"},
		{"localhost", "localhost"},
		{"2001:db8::1", "2001:DB8::1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(bearer_host_allowed(rows[i][0], rows[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_refused),
		cmocka_unit_test(a_byte_that_a_token_must_not_have_is_refused),
		cmocka_unit_test(a_byte_that_a_user_must_not_have_is_refused),
		cmocka_unit_test(a_byte_that_a_host_must_not_have_is_refused),
		cmocka_unit_test(a_port_is_digits),
		cmocka_unit_test(a_buffer_that_is_too_small_stays_empty),
		cmocka_unit_test(the_largest_response_fits),
		cmocka_unit_test(xoauth2_is_user_and_token),
		cmocka_unit_test(oauthbearer_has_host_and_port_where_they_are_known),
		cmocka_unit_test(oauthbearer_escapes_the_name),
		cmocka_unit_test(another_host_is_not_allowed),
		cmocka_unit_test(a_server_without_a_name_is_not_allowed),
		cmocka_unit_test(without_a_list_every_host_is_allowed),
		cmocka_unit_test(the_named_hosts_are_allowed),
	};

	return cmocka_run_group_tests_name("bearer", tests, NULL, NULL);
}
