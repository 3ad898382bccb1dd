/* The plugin in the real libsasl2, step by step as programs do it: the calls of Postfix, mbsync,
 * imtest, mutt and libetpan, in their order and with their arguments. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char account[] = "[account me@example.org]\n";
static const char with_command[] = "command = %s\n[account me@example.org]\n";
static const char xoauth2[] = "user=me@example.org\1auth=Bearer tok\1\1";
static const char oauthbearer[] = "n,a=me@example.org,\1host=mail.example.org\1auth=Bearer tok\1\1";
static const char refusal[] = "{\"status\":\"401\",\"scope\":\"mail\"}";

/* A program with one account, connected to mail.example.org. */
static struct client *ready(void **state, const sasl_callback_t *callbacks)
{
	struct client *client = *state;

	client_cache(client, "me@example.org", "tok", 3600, "");
	client_init(client);
	client_open(client, "smtp", "mail.example.org", callbacks);
	return client;
}

static int next(struct client *client, const char *challenge, const char **response, unsigned *len)
{
	*response = "untouched";
	*len = 42;
	return sasl_client_step(client->conn, challenge,
		challenge != NULL ? (unsigned)strlen(challenge) : 0, NULL, response, len);
}

static void assert_bytes(const char *response, unsigned len, const char *expected)
{
	assert_int_equal(len, strlen(expected));
	if (len > 0)
		assert_memory_equal(response, expected, len);
}

static void assert_detail(struct client *client, const char *text)
{
	const char *detail = sasl_errdetail(client->conn);

	if (strstr(detail, text) == NULL)
		fail_msg("`%s` is not in `%s`", text, detail);
}

/* What no test may do: ask for a password, say a word on standard error. */
static void assert_quiet(struct client *client)
{
	assert_int_equal(client->others_asked, 0);
	assert_int_equal(client->lengths_asked, 0);
	assert_string_equal(client_stderr(client), "");
}

/* ---- Postfix: procedures, no interaction, step by step as the server wants ---- */

static void start_as_postfix(struct client *client, const char *mechanism, const char *expected)
{
	const char *response, *chosen;
	unsigned len;

	client_demand(client, SASL_SEC_NOANONYMOUS);
	assert_int_equal(client_start(client, mechanism, &response, &len, &chosen), SASL_CONTINUE);
	assert_string_equal(chosen, mechanism);
	assert_bytes(response, len, expected);
}

static void postfix_sends_the_response_and_never_steps(void **state)
{
	struct client *client = *state;

	client_configure(client, account);
	ready(state, client_callbacks(client));
	start_as_postfix(client, "XOAUTH2", xoauth2);
	client_close(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	start_as_postfix(client, "OAUTHBEARER", oauthbearer);
	assert_int_equal(client->logged, 0);
	assert_quiet(client);
}

/* It sends our empty answer, reads the 535 and logs the server's own words. */
static void postfix_answers_the_error_challenge(void **state)
{
	static const char *const rows[][3] = {
		{"XOAUTH2", xoauth2, ""}, {"OAUTHBEARER", oauthbearer, "\1"}};
	struct client *client = *state;
	const char *response;
	unsigned len;

	client_configure(client, with_command);
	client_command(client, "status = ok\nend = 1\n");
	for (int i = 0; i < 2; i++) {
		ready(state, client_callbacks(client));
		start_as_postfix(client, rows[i][0], rows[i][1]);
		assert_int_equal(next(client, refusal, &response, &len), SASL_CONTINUE);
		assert_bytes(response, len, rows[i][2]);
		assert_detail(client,
			"mail.example.org refused the access token of "
			"me@example.org: status 401, scope wanted: mail");
		assert_int_equal(client->logged, 1);
		assert_int_equal(next(client, "", &response, &len), SASL_BADAUTH);
		assert_quiet(client);
		client_close(client);
		client_done(client);
	}
	assert_string_equal(client_requests(client),
		"answer\nrequest = reject\naccount = me@example.org\nrejected = c0ffee\nend = 3\n"
		"answer\nrequest = reject\naccount = me@example.org\nrejected = c0ffee\nend = 3\n");
}

/* A server that will have another 334 after our answer. */
static void a_third_step_is_refused(void **state)
{
	static const char *const thirds[] = {"", "{}", "Go on.", "\1"};
	struct client *client = *state;
	const char *response;
	unsigned len;

	client_configure(client, with_command);
	client_command(client, "status = ok\nend = 1\n");
	for (size_t i = 0; i < sizeof(thirds) / sizeof(thirds[0]); i++) {
		ready(state, client_callbacks(client));
		start_as_postfix(client, "XOAUTH2", xoauth2);
		assert_int_equal(next(client, refusal, &response, &len), SASL_CONTINUE);
		assert_int_equal(next(client, thirds[i], &response, &len), SASL_BADAUTH);
		assert_int_equal(len, 0);
		assert_int_equal(next(client, thirds[i], &response, &len), SASL_BADAUTH);
		client_close(client);
		client_done(client);
	}
}

/* Microsoft and Stalwart send none; what others send is not for us to judge. */
static void a_challenge_that_is_not_json_is_success(void **state)
{
	static const char *const challenges[] = {NULL, "", "eyJ", "\1", " {}", "Go on.",
		"AUTHENTICATE XOAUTH2 ", "[{\"status\":\"401\"}]"};
	struct client *client = *state;
	const char *response;
	unsigned len;

	client_configure(client, with_command);
	client_command(client, "status = ok\nend = 1\n");
	for (size_t i = 0; i < sizeof(challenges) / sizeof(challenges[0]); i++) {
		ready(state, client_callbacks(client));
		start_as_postfix(client, "XOAUTH2", xoauth2);
		assert_int_equal(next(client, challenges[i], &response, &len), SASL_OK);
		assert_int_equal(len, 0);
		assert_int_equal(client->logged, 0);
		client_close(client);
		client_done(client);
	}
	assert_string_equal(client_requests(client), "");
}

static void a_command_that_cannot_note_the_refusal_changes_nothing(void **state)
{
	struct client *client = *state;
	const char *response;
	unsigned len;

	client_configure(client, "command = /nonexistent\n[account me@example.org]\n");
	ready(state, client_callbacks(client));
	start_as_postfix(client, "OAUTHBEARER", oauthbearer);
	assert_int_equal(next(client, refusal, &response, &len), SASL_CONTINUE);
	assert_bytes(response, len, "\1");
	assert_detail(client, "status 401");
	assert_quiet(client);
}

static void a_hostile_challenge_is_survived(void **state)
{
	struct client *client = *state;
	char *challenge = repeated('{', 64 * 1024);
	const char *response;
	unsigned len;

	client_configure(client, with_command);
	client_command(client, "status = ok\nend = 1\n");
	memcpy(challenge + 1, "\"status\":\"%s%n%u%d\033[2J\r\n", 24);
	ready(state, client_callbacks(client));
	start_as_postfix(client, "XOAUTH2", xoauth2);
	assert_int_equal(next(client, challenge, &response, &len), SASL_CONTINUE);
	assert_detail(client, "status %s%n%u%d?[2J??{{{");
	assert_null(strpbrk(client->log + 2, "\033\r"));
	free(challenge);
}

/* ---- mbsync: prompts instead of procedures ---- */

/* Answers the prompts as mbsync and imtest do; mutt counts the NUL. Gives how many there were. */
static int answer_prompts(sasl_interact_t *prompts, const char *name, size_t extra)
{
	int count = 0;

	for (; prompts->id != SASL_CB_LIST_END; prompts++, count++) {
		assert_int_equal(prompts->id, SASL_CB_AUTHNAME);
		assert_non_null(prompts->challenge);
		assert_non_null(prompts->prompt);
		assert_null(prompts->result);
		prompts->result = name;
		prompts->len = (unsigned)(strlen(name) + extra);
	}
	return count;
}

static void mbsync_fills_in_the_prompt(void **state)
{
	struct client *client = *state;
	sasl_interact_t *prompts = NULL;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, account);
	ready(state, client_prompts());
	assert_int_equal(sasl_client_start(
				 client->conn, "XOAUTH2 PLAIN", &prompts, &response, &len, &chosen),
		SASL_INTERACT);
	assert_int_equal(answer_prompts(prompts, "me@example.org", 0), 1);
	assert_int_equal(sasl_client_start(
				 client->conn, "XOAUTH2 PLAIN", &prompts, &response, &len, &chosen),
		SASL_CONTINUE);
	assert_null(prompts);
	assert_string_equal(chosen, "XOAUTH2");
	assert_bytes(response, len, xoauth2);
	/* The server said OK; mbsync steps once more and wants neither words nor bytes. */
	assert_int_equal(next(client, NULL, &response, &len), SASL_OK);
	assert_int_equal(len, 0);
	assert_int_equal(client->logged, 0);
	assert_quiet(client);
}

/* A server without SASL-IR: the program has nowhere to put the response yet. */
static void imtest_takes_the_response_with_the_first_step(void **state)
{
	static const char *const rows[][2] = {{"XOAUTH2", xoauth2}, {"OAUTHBEARER", oauthbearer}};
	struct client *client = *state;

	client_configure(client, account);
	for (int i = 0; i < 2; i++) {
		sasl_interact_t *prompts = NULL;
		const char *response = NULL, *chosen;
		unsigned len = 0;
		int code;

		ready(state, client_prompts());
		code = sasl_client_start(client->conn, rows[i][0], &prompts, NULL, &len, &chosen);
		if (code == SASL_INTERACT) {
			answer_prompts(prompts, "me@example.org", 0);
			code = sasl_client_start(
				client->conn, rows[i][0], &prompts, NULL, &len, &chosen);
		}
		assert_int_equal(code, SASL_CONTINUE);
		code = sasl_client_step(client->conn, "", 0, &prompts, &response, &len);
		if (code == SASL_INTERACT) {
			answer_prompts(prompts, "me@example.org", 0);
			code = sasl_client_step(client->conn, "", 0, &prompts, &response, &len);
		}
		assert_int_equal(code, SASL_CONTINUE);
		assert_bytes(response, len, rows[i][1]);
		assert_int_equal(next(client, "", &response, &len), SASL_OK);
		assert_quiet(client);
		client_close(client);
		client_done(client);
	}
}

/* imtest and mutt know the addresses, and demand other things. */
static void imtest_names_address_and_port(void **state)
{
	struct client *client = *state;
	sasl_ssf_t external = 256;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, account);
	client_cache(client, "me@example.org", "tok", 3600, "");
	client_init(client);
	assert_int_equal(
		sasl_client_new("imap", "mail.example.org", "192.0.2.1;41000", "192.0.2.2;993",
			client_callbacks(client), SASL_SUCCESS_DATA, &client->conn),
		SASL_OK);
	assert_int_equal(sasl_setprop(client->conn, SASL_SSF_EXTERNAL, &external), SASL_OK);
	assert_int_equal(sasl_setprop(client->conn, SASL_AUTH_EXTERNAL, "me"), SASL_OK);
	assert_int_equal(
		client_start(client, "OAUTHBEARER", &response, &len, &chosen), SASL_CONTINUE);
	assert_bytes(response, len,
		"n,a=me@example.org,\1host=mail.example.org\1port=993\1auth=Bearer tok\1\1");
	assert_quiet(client);
}

/* ---- mutt ---- */

static void mutt_counts_the_nul_and_steps_with_what_is_left_over(void **state)
{
	struct client *client = *state;
	sasl_interact_t *prompts = NULL;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, account);
	ready(state, client_prompts());
	assert_int_equal(
		sasl_client_start(client->conn, "XOAUTH2", &prompts, &response, &len, &chosen),
		SASL_INTERACT);
	assert_int_equal(answer_prompts(prompts, "me@example.org", 1), 1);
	assert_int_equal(
		sasl_client_start(client->conn, "XOAUTH2", &prompts, &response, &len, &chosen),
		SASL_CONTINUE);
	assert_bytes(response, len, xoauth2);
	assert_int_equal(next(client, "AUTHENTICATE XOAUTH2 ", &response, &len), SASL_OK);
	assert_int_equal(len, 0);
	assert_quiet(client);
}

/* ---- libetpan ---- */

static void libetpan_has_procedures_and_asks_what_came_of_it(void **state)
{
	struct client *client = *state;
	const char *response, *chosen;
	const void *user;
	unsigned len;

	client_configure(client, account);
	ready(state, client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	assert_bytes(response, len, xoauth2);
	assert_int_equal(next(client, "", &response, &len), SASL_OK);
	assert_int_equal(sasl_getprop(client->conn, SASL_AUTHUSER, &user), SASL_OK);
	assert_string_equal(user, "me@example.org");
	assert_int_equal(sasl_getprop(client->conn, SASL_USERNAME, &user), SASL_OK);
	assert_string_equal(user, "me@example.org");
	assert_quiet(client);
}

/* ---- what is sent ---- */

static void a_token_of_sixteen_kibibytes_is_sent_whole(void **state)
{
	struct client *client = *state;
	char *access_token = repeated('t', 16 * 1024);
	char *expected = malloc(17 * 1024);
	const char *response, *chosen;
	unsigned len;

	client_configure(client, account);
	client_cache(client, "me@example.org", access_token, 3600, "");
	client_init(client);
	client_open(client, "imap", "mail.example.org", client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	sprintf(expected, "user=me@example.org\1auth=Bearer %s\1\1", access_token);
	assert_bytes(response, len, expected);
	free(expected);
	free(access_token);
}

static void a_shared_mailbox_has_another_user(void **state)
{
	struct client *client = *state;

	client_configure(client, "[account me@example.org]\nuser = box,1=a@example.org\n");
	ready(state, client_callbacks(client));
	start_as_postfix(client, "XOAUTH2", "user=box,1=a@example.org\1auth=Bearer tok\1\1");
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	start_as_postfix(client, "OAUTHBEARER",
		"n,a=box=2C1=3Da@example.org,\1host=mail.example.org\1auth=Bearer tok\1\1");
}

static void two_connections_do_not_meet(void **state)
{
	struct client *client = *state, other;
	const char *response, *second, *chosen;
	unsigned len, second_len;

	client_configure(client, "command = %s\n[account me@example.org]\n[account you]\n");
	client_command(client, "status = ok\nend = 1\n");
	client_cache(client, "you", "yours", 3600, "");
	ready(state, client_callbacks(client));
	other = *client;
	other.name = "you";
	other.conn = NULL;
	client_open(&other, "imap", "b.example.org",
		(sasl_callback_t[]){client_callbacks(&other)[0], {SASL_CB_LIST_END, NULL, NULL}});
	client_callbacks(client);
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	assert_int_equal(
		client_start(&other, "OAUTHBEARER", &second, &second_len, &chosen), SASL_CONTINUE);
	assert_bytes(response, len, xoauth2);
	assert_bytes(second, second_len, "n,a=you,\1host=b.example.org\1auth=Bearer yours\1\1");
	assert_int_equal(next(client, refusal, &response, &len), SASL_CONTINUE);
	assert_int_equal(next(&other, "", &second, &second_len), SASL_OK);
	assert_int_equal(next(client, "", &response, &len), SASL_BADAUTH);
	client_close(&other);
}

/* ---- one grant, several names ---- */

static void a_service_may_have_a_user_of_its_own(void **state)
{
	static const char *const rows[][2] = {{"imap", "user=box@example.org\1auth=Bearer tok\1\1"},
		{"smtp", "user=delegate@example.org\1auth=Bearer tok\1\1"},
		{"sieve", "user=me@example.org\1auth=Bearer tok\1\1"}};
	struct client *client = *state;

	client_configure(client,
		"[account me@example.org]\ngrant = you@example.org\nimap_user = box@example.org\n"
		"smtp_user = delegate@example.org\n[account you@example.org]\nuser = you\n");
	client_cache(client, "you@example.org", "tok", 3600, "");
	client_init(client);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client_open(client, rows[i][0], "mail.example.org", client_callbacks(client));
		start_as_postfix(client, "XOAUTH2", rows[i][1]);
	}
	assert_quiet(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_client(a_third_step_is_refused),
		with_client(a_hostile_challenge_is_survived),
		with_client(a_command_that_cannot_note_the_refusal_changes_nothing),
		with_client(postfix_answers_the_error_challenge),
		with_client(a_challenge_that_is_not_json_is_success),
		with_client(postfix_sends_the_response_and_never_steps),
		with_client(mbsync_fills_in_the_prompt),
		with_client(imtest_takes_the_response_with_the_first_step),
		with_client(imtest_names_address_and_port),
		with_client(mutt_counts_the_nul_and_steps_with_what_is_left_over),
		with_client(libetpan_has_procedures_and_asks_what_came_of_it),
		with_client(a_token_of_sixteen_kibibytes_is_sent_whole),
		with_client(a_shared_mailbox_has_another_user),
		with_client(two_connections_do_not_meet),
		with_client(a_service_may_have_a_user_of_its_own),
	};

	return cmocka_run_group_tests_name("mechanism", tests, NULL, NULL);
}
