/* What a program hears when there is no token for it: a code of SASL and one sentence. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void assert_detail(struct client *client, const char *text)
{
	const char *detail = sasl_errdetail(client->conn);

	if (strstr(detail, text) == NULL)
		fail_msg("`%s` is not in `%s`", text, detail);
}

/* Starts; nothing may be sent, no password asked for, and the sentence is said once. */
static void assert_start_fails(
	struct client *client, const sasl_callback_t *callbacks, int code, const char *sentence)
{
	static const char *const mechanisms[] = {"XOAUTH2", "OAUTHBEARER"};

	client_init(client);
	for (int i = 0; i < 2; i++) {
		const char *response = NULL, *chosen;
		unsigned len = 0;

		client_open(client, "smtp", "mail.example.org", callbacks);
		client->logged = 0;
		client->log[0] = '\0';
		assert_int_equal(
			client_start(client, mechanisms[i], &response, &len, &chosen), code);
		assert_int_equal(len, 0);
		assert_detail(client, sentence);
		assert_int_equal(client->logged, 1);
		assert_non_null(strstr(client->log, sentence));
		assert_int_equal(
			sasl_client_step(client->conn, "", 0, NULL, &response, &len), SASL_BADAUTH);
	}
	assert_int_equal(client->others_asked, 0);
	assert_string_equal(client_stderr(client), "");
	client_close(client);
	client_done(client);
}

/* ---- the configuration ---- */

static void a_broken_configuration_fails_the_step_with_file_and_line(void **state)
{
	static const char *const rows[][2] = {
		{"[account me@example.org]\nhots = a\n",
			"saslfresh.conf:2: unknown key `hots` (did you mean `hosts`?)"},
		{"rank = best\n", "saslfresh.conf:1: rank is one of: prefer polite first"},
		{"\n\nnonsense", "saslfresh.conf:3: expected `key = value`"},
	};
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client_configure(client, rows[i][0]);
		client_cache(client, "me@example.org", "tok", 3600, "");
		client_init(client);
		assert_true(client_has("XOAUTH2"));
		assert_int_equal(client->logged, 0);
		client_done(client);
		assert_start_fails(client, client_callbacks(client), SASL_FAIL, rows[i][1]);
		assert_start_fails(client, client_callbacks(client), SASL_FAIL,
			"the configuration of saslfresh cannot be used: ");
	}
}

static void a_configuration_that_others_may_write_is_not_used(void **state)
{
	struct client *client = *state;
	char *file = path_of(client->directory, ".config/saslfresh/saslfresh.conf");

	client_configure(client, "[account me@example.org]\n");
	assert_int_equal(chmod(file, 0666), 0);
	assert_start_fails(client, client_callbacks(client), SASL_FAIL,
		"saslfresh.conf may be written by others: its mode is 0666 (chmod 0644 '");
	client_configure(client, "[account me@example.org]\nclient_secret = hidden\n");
	assert_int_equal(chmod(file, 0644), 0);
	assert_start_fails(client, client_callbacks(client), SASL_FAIL,
		"saslfresh.conf may be read by others: its mode is 0644 (chmod 06");
	assert_null(strstr(client->log, "hidden"));
}

/* ---- the name ---- */

static void an_unknown_account_is_no_user(void **state)
{
	struct client *client = *state;

	client_configure(client, "[account you@example.org]\n");
	assert_start_fails(client, client_callbacks(client), SASL_NOUSER,
		"there is no account me@example.org (saslfresh list");
	client->name = "you@example.org ";
	assert_start_fails(client, client_callbacks(client), SASL_NOUSER,
		"there is no account you@example.org  (saslfresh list");
	client->name = "%s%n\r\n\033[2J";
	assert_start_fails(client, client_callbacks(client), SASL_NOUSER,
		"there is no account %s%n???[2J (saslfresh list");
}

static void a_program_that_gives_no_name_is_told_so(void **state)
{
	static const char sentence[] = "the program gave no user name to log in with";
	struct client *client = *state;
	char *name = repeated('n', 321);

	client_configure(client, "[account me@example.org]\n");
	client->name = "";
	assert_start_fails(client, client_callbacks(client), SASL_FAIL, sentence);
	client->name = NULL;
	assert_start_fails(client, client_callbacks(client), SASL_FAIL, sentence);
	client->name = name;
	assert_start_fails(client, client_callbacks(client), SASL_FAIL, sentence);
	client->name = name + 1;
	assert_start_fails(
		client, client_callbacks(client), SASL_NOUSER, "there is no account nnn");
	client->name_code = SASL_FAIL;
	assert_start_fails(client, client_callbacks(client), SASL_FAIL, sentence);
	free(name);
}

/* It is SASL_INTERACT's turn, but the program takes no prompts. */
static void a_program_that_can_be_asked_nothing_is_told_so(void **state)
{
	struct client *client = *state;

	client_configure(client, "[account me@example.org]\n");
	assert_start_fails(client, client_prompts(), SASL_FAIL,
		"the program gave no user name to log in with");
}

/* libsasl2 then gives the name of the user who runs the program. */
static void a_program_without_a_callback_logs_in_as_its_user(void **state)
{
	static const sasl_callback_t none[] = {{SASL_CB_LIST_END, NULL, NULL}};
	struct client *client = *state;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, "[account me@example.org]\n");
	client_cache(client, "me@example.org", "tok", 3600, "");
	setenv("USER", "nobody@example.org", 1);
	assert_start_fails(client, none, SASL_NOUSER, "there is no account nobody@example.org");
	setenv("USER", "me@example.org", 1);
	client_init(client);
	client_open(client, "smtp", "mail.example.org", none);
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	unsetenv("USER");
	unsetenv("USERNAME");
	client_open(client, "smtp", "mail.example.org", none);
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_FAIL);
}

static int prompted(struct client *client, sasl_interact_t **prompts)
{
	const char *response, *chosen;
	unsigned len;

	return sasl_client_start(client->conn, "XOAUTH2", prompts, &response, &len, &chosen);
}

/* ^D at the prompt: an answer that is none must not be asked for without end, nor lost memory. */
static void a_prompt_without_an_answer_ends_the_login(void **state)
{
	struct client *client = *state;
	sasl_interact_t *prompts = NULL, *first;

	client_configure(client, "[account me@example.org]\n");
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_prompts());
	assert_int_equal(prompted(client, &prompts), SASL_INTERACT);
	first = prompts;
	assert_int_equal(prompted(client, &prompts), SASL_FAIL);
	assert_detail(client, "the program gave no user name to log in with");
	if (prompts == first)
		free(first);
}

static void an_empty_answer_to_the_prompt_ends_the_login(void **state)
{
	static const struct {
		const char *result;
		unsigned len;
	} answers[] = {{"", 0}, {"", 1}, {"me@example.org", 0}};
	struct client *client = *state;

	client_configure(client, "[account me@example.org]\n");
	client_init(client);
	for (int i = 0; i < 3; i++) {
		sasl_interact_t *prompts = NULL;

		client_open(client, "smtp", "mail.example.org", client_prompts());
		assert_int_equal(prompted(client, &prompts), SASL_INTERACT);
		prompts[0].result = answers[i].result;
		prompts[0].len = answers[i].len;
		assert_int_equal(prompted(client, &prompts), SASL_FAIL);
		assert_detail(client, "the program gave no user name to log in with");
	}
}

/* ---- the token ---- */

static void each_kind_of_failure_has_its_code(void **state)
{
	static const struct {
		const char *kind;
		int code;
	} kinds[] = {{"config", SASL_FAIL}, {"login", SASL_EXPIRED}, {"temporary", SASL_UNAVAIL},
		{"refused", SASL_BADAUTH}, {"server", SASL_UNAVAIL}, {"system", SASL_FAIL}};
	struct client *client = *state;

	client_configure(client, "command = %s\n[account me@example.org]\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char answer[256];

		snprintf(answer, sizeof(answer),
			"status = %s\nwhat = no access token of me\ncause = 100%% of %%s\n"
			"hint = mend it\nend = 4\n",
			kinds[i].kind);
		client_command(client, answer);
		assert_start_fails(client, client_callbacks(client), kinds[i].code,
			"no access token of me: 100% of %s (mend it)");
	}
}

static void a_command_that_is_not_there_is_a_failure(void **state)
{
	struct client *client = *state;

	not_on_valgrind();
	client_configure(client, "command = /nonexistent\n[account me@example.org]\n");
	assert_start_fails(client, client_callbacks(client), SASL_FAIL,
		"cannot renew it: cannot run /nonexistent: No such file or directory");
}

static void a_failure_does_not_end_the_program(void **state)
{
	struct client *client = *state;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, "command = /nonexistent\n[account me@example.org]\n");
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_FAIL);
	client_cache(client, "me@example.org", "tok", 3600, "");
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
}

static void what_cannot_be_sent_is_a_failure(void **state)
{
	struct client *client = *state;

	client_configure(client, "[account me@example.org]\nuser = J\xc3\xbcrgen\n");
	client_cache(client, "me@example.org", "tok", 3600, "");
	assert_start_fails(
		client, client_callbacks(client), SASL_FAIL, "has bytes that cannot be sent");
}

/* Without a hash there is nothing that the command could remember. */
static void a_refusal_without_a_hash_asks_nobody(void **state)
{
	struct client *client = *state;
	const char *response, *chosen;
	unsigned len;

	client_configure(client, "command = %s\n[account me@example.org]\n");
	client_command(client, "status = ok\nend = 1\n");
	client_cache(client, "me@example.org", "tok", 3600, "access_token_hash = \n");
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	assert_int_equal(
		sasl_client_step(client->conn, "{}", 2, NULL, &response, &len), SASL_CONTINUE);
	assert_detail(client,
		"mail.example.org refused the access token of me@example.org: "
		"status not given");
	assert_string_equal(client_requests(client), "");
}

/* The hash as the online half writes it, all of its 64 digits. */
static void a_refusal_is_told_with_the_whole_hash(void **state)
{
	struct client *client = *state;
	char *hash = repeated('9', 64);
	const char *response, *chosen;
	char text[256];
	unsigned len;

	client_configure(client, "command = %s\n[account me@example.org]\n");
	client_command(client, "status = ok\nend = 1\n");
	snprintf(text, sizeof(text), "access_token_hash = %s\n", hash);
	client_cache(client, "me@example.org", "tok", 3600, text);
	client_init(client);
	client_open(client, "smtp", "mail.example.org", client_callbacks(client));
	assert_int_equal(client_start(client, "XOAUTH2", &response, &len, &chosen), SASL_CONTINUE);
	assert_int_equal(
		sasl_client_step(client->conn, "{}", 2, NULL, &response, &len), SASL_CONTINUE);
	snprintf(text, sizeof(text),
		"answer\nrequest = reject\naccount = me@example.org\nrejected = %s\nend = 3\n",
		hash);
	assert_string_equal(client_requests(client), text);
	free(hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_client(a_broken_configuration_fails_the_step_with_file_and_line),
		with_client(a_configuration_that_others_may_write_is_not_used),
		with_client(an_unknown_account_is_no_user),
		with_client(a_program_that_gives_no_name_is_told_so),
		with_client(a_program_that_can_be_asked_nothing_is_told_so),
		with_client(a_program_without_a_callback_logs_in_as_its_user),
		with_client(a_prompt_without_an_answer_ends_the_login),
		with_client(an_empty_answer_to_the_prompt_ends_the_login),
		with_client(each_kind_of_failure_has_its_code),
		with_client(a_command_that_is_not_there_is_a_failure),
		with_client(a_failure_does_not_end_the_program),
		with_client(what_cannot_be_sent_is_a_failure),
		with_client(a_refusal_is_told_with_the_whole_hash),
		with_client(a_refusal_without_a_hash_asks_nobody),
	};

	return cmocka_run_group_tests_name("mechanism_failure", tests, NULL, NULL);
}
