/* Which mechanism libsasl2 chooses, in which programs ours are there at all, and which servers get a token. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTHING = 0, POSTFIX = SASL_SEC_NOANONYMOUS,
	POSTFIX_DEFAULT = SASL_SEC_NOANONYMOUS | SASL_SEC_NOPLAINTEXT };

/* The mechanism that is chosen of those, "none" if there is none worthy. */
static const char *choice(struct client *client, unsigned flags, const char *mechanisms)
{
	const char *response, *chosen = NULL;
	unsigned len;
	int code;

	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	client_demand(client, flags);
	code = client_start(client, mechanisms, &response, &len, &chosen);
	if (code == SASL_NOMECH)
		return "none";
	assert_true(code == SASL_CONTINUE || code == SASL_OK);
	return chosen;
}

static void configured(struct client *client, const char *text)
{
	client_configure(client, text);
	client_cache(client, "me@example.org", "tok", 3600, "");
	client_init(client);
}

/* ---- no account for this process ---- */

/* A program's life; what libsasl2 and its plugins have to say in it is copied to log. */
static void live(struct client *client, char log[sizeof(client->log)])
{
	static const unsigned demands[] = {NOTHING, POSTFIX};

	client_init(client);
	assert_false(client_has("XOAUTH2"));
	assert_false(client_has("OAUTHBEARER"));
	assert_true(client_has("PLAIN"));
	assert_int_equal(client->logged, 0);
	assert_string_equal(choice(client, NOTHING, "PLAIN"), "PLAIN");
	assert_int_equal(client->logged, 0);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(choice(client, demands[i], "XOAUTH2 OAUTHBEARER"), "none");
		assert_string_not_equal(
			choice(client, demands[i], "PLAIN LOGIN XOAUTH2"), "XOAUTH2");
	}
	client_close(client);
	memcpy(log, client->log, sizeof(client->log));
	client_done(client);
}

/* With us in the path the program lives as it does without us, word for word. */
static void assert_absent(struct client *client)
{
	char with_us[sizeof(client->log)], without_us[sizeof(client->log)];

	live(client, with_us);
	setenv("SASL_PATH", client_plugin_directory(), 1);
	live(client, without_us);
	client_path(client, true);
	assert_string_equal(with_us, without_us);
	assert_string_equal(client_stderr(client), "");
}

static void without_an_account_there_is_nothing_and_not_a_word(void **state)
{
	struct client *client = *state;

	if (access(SASLFRESH_SYSCONFDIR "/saslfresh/saslfresh.conf", F_OK) == 0)
		skip();
	assert_absent(client);
	client_configure(client, "# nothing\nrank = first\ncommand = /x\n");
	assert_absent(client);
	client_configure(client, "[account me@example.org]\n");
	unsetenv("HOME");
	assert_absent(client);
	setenv("HOME", "relative", 1);
	assert_absent(client);
}

static void programs_names_those_that_are_served(void **state)
{
	struct client *client = *state;
	char text[256];

	client_configure(client, "programs = smtp, mbsync\n[account me@example.org]\n");
	assert_absent(client);
	snprintf(text, sizeof(text), "programs = smtp, %s\n[account me@example.org]\n",
		program_invocation_short_name);
	client_configure(client, text);
	client_init(client);
	assert_true(client_has("XOAUTH2"));
	assert_true(client_has("OAUTHBEARER"));
}

/* A broken configuration of programs that are not ours to serve is not their trouble. */
static void a_broken_configuration_of_other_programs_is_not_ours(void **state)
{
	struct client *client = *state;

	client_configure(client, "programs = smtp, mbsync\n[account me@example.org]\nbroken\n");
	assert_absent(client);
}

/* ---- rank ---- */

/* Both orders of loading; the server offers PLAIN LOGIN XOAUTH2, in any order. */
static void assert_choices(void **state, const char *rank, const char *free_choice,
	const char *postfix, const char *postfix_default)
{
	static const char *const offers[] = {
		"PLAIN LOGIN XOAUTH2", "XOAUTH2 LOGIN PLAIN", "LOGIN XOAUTH2 PLAIN"};
	struct client *client = *state;
	char text[128];

	snprintf(text, sizeof(text), "%s[account me@example.org]\n", rank);
	for (int ours_first = 0; ours_first <= 1; ours_first++) {
		client_path(client, ours_first);
		configured(client, text);
		for (int i = 0; i < 3; i++) {
			assert_string_equal(choice(client, NOTHING, offers[i]), free_choice);
			assert_string_equal(choice(client, POSTFIX, offers[i]), postfix);
			assert_string_equal(
				choice(client, POSTFIX_DEFAULT, offers[i]), postfix_default);
		}
		assert_string_equal(choice(client, NOTHING, "XOAUTH2"), "XOAUTH2");
		assert_string_equal(choice(client, NOTHING, "OAUTHBEARER"), "OAUTHBEARER");
		assert_string_equal(
			choice(client, NOTHING, "PLAIN SCRAM-SHA-256 LOGIN XOAUTH2"), "SCRAM-SHA-256");
		client_close(client);
		client_done(client);
	}
}

static void prefer_is_the_default_and_ranks_above_passwords(void **state)
{
	assert_choices(state, "", "XOAUTH2", "XOAUTH2", "none");
	assert_choices(state, "rank = prefer\n", "XOAUTH2", "XOAUTH2", "none");
}

static void polite_is_used_only_by_name(void **state)
{
	assert_choices(state, "rank = polite\n", "PLAIN", "PLAIN", "none");
}

static void first_is_taken_even_where_plain_text_is_forbidden(void **state)
{
	assert_choices(state, "rank = first\n", "XOAUTH2", "XOAUTH2", "XOAUTH2");
}

/* A token on a line without TLS: programs that demand a security layer must not get it. */
static void no_security_layer_is_claimed(void **state)
{
	struct client *client = *state;
	const sasl_security_properties_t properties = {.min_ssf = 1, .max_ssf = 256,
		.maxbufsize = 65536};
	const char *response, *chosen;
	unsigned len;

	configured(client, "rank = first\n[account me@example.org]\n");
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(sasl_setprop(client->conn, SASL_SEC_PROPS, &properties), SASL_OK);
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_NOMECH);
}

/* ---- hosts ---- */

static int start_with(struct client *client, const char *host)
{
	const char *response, *chosen;
	unsigned len;
	int code;

	client_open(client, "smtp", host, client_callbacks(client));
	code = client_start(client, "XOAUTH2", &response, &len, &chosen);
	if (code != SASL_CONTINUE)
		assert_int_equal(len, 0);
	return code;
}

static void assert_pinned(struct client *client)
{
	static const char *const good[] = {"mail.example.org", "MAIL.Example.Org", "mail.example.org.",
		"a.b.example.net"};
	static const char *const bad[] = {"evil.org", "example.org", "mail.example.org.evil.org",
		"xmail.example.org", "example.net", "mail.example.or"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(start_with(client, good[i]), SASL_CONTINUE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(start_with(client, bad[i]), SASL_FAIL);
		assert_non_null(strstr(sasl_errdetail(client->conn), bad[i]));
		assert_non_null(strstr(sasl_errdetail(client->conn),
			"the access token of me@example.org stays here: "));
		assert_non_null(strstr(sasl_errdetail(client->conn),
			"(`hosts` of [account me@example.org] names them)"));
	}
}

static void a_token_goes_to_the_account_s_hosts_alone(void **state)
{
	struct client *client = *state;

	configured(client, "[account me@example.org]\nhosts = mail.example.org, *.example.net\n");
	assert_pinned(client);
}

static void a_token_goes_to_its_own_hosts_where_the_account_names_none(void **state)
{
	struct client *client = *state;

	client_configure(client, "[account me@example.org]\n");
	client_cache(client, "me@example.org", "tok", 3600,
		"hosts = mail.example.org *.example.net\n");
	client_init(client);
	assert_pinned(client);
}

static void without_hosts_a_token_goes_anywhere(void **state)
{
	struct client *client = *state;

	configured(client, "[account me@example.org]\n");
	assert_int_equal(start_with(client, "anything.example.com"), SASL_CONTINUE);
}

/* The command may know better than an old cache where a token may go. */
static void a_renewed_token_brings_its_hosts(void **state)
{
	struct client *client = *state;

	client_configure(client, "command = %s\n[account me@example.org]\n");
	client_command(client, "status = ok\nversion = 1\nhosts = imap.example.org\n"
			       "access_token = NEW\nissued_at = 1700000000\n"
			       "expires_at = 1700003600\nend = 6\n");
	client_cache(client, "me@example.org", "tok", 0, "hosts = *\n");
	client_init(client);
	assert_int_equal(start_with(client, "mail.example.org"), SASL_FAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_client(without_an_account_there_is_nothing_and_not_a_word),
		with_client(programs_names_those_that_are_served),
		with_client(a_broken_configuration_of_other_programs_is_not_ours),
		with_client(prefer_is_the_default_and_ranks_above_passwords),
		with_client(polite_is_used_only_by_name),
		with_client(first_is_taken_even_where_plain_text_is_forbidden),
		with_client(no_security_layer_is_claimed),
		with_client(a_token_goes_to_the_account_s_hosts_alone),
		with_client(a_token_goes_to_its_own_hosts_where_the_account_names_none),
		with_client(without_hosts_a_token_goes_anywhere),
		with_client(a_renewed_token_brings_its_hosts),
	};

	return cmocka_run_group_tests_name("mechanism_choice", tests, NULL, NULL);
}
