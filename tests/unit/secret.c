#include "secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "draft.h"
#include "programs_support.h"

enum { NOBODY = 65534 };

static bool load(const struct box *box, struct buffer *secret, struct error *err)
{
	*secret = BUFFER(SECRET_MAX);
	memset(err, 0, sizeof(*err));
	return secret_load(box->account, secret, err);
}

static void loads(const struct box *box, const char *wanted)
{
	struct buffer secret;
	struct error err;

	assert_done(load(box, &secret, &err), err);
	assert_string_equal(buffer_text(&secret), wanted);
	buffer_free(&secret);
}

static void refuses(const struct box *box, const char *words)
{
	struct buffer secret;
	struct error err;

	if (load(box, &secret, &err))
		fail_msg("accepted `%s` where `%s` was expected", buffer_text(&secret), words);
	assert_failed(err, ERROR_CONFIG, words);
	assert_mentions(err, "cannot get the client secret of " ACCOUNT_NAME);
	buffer_free(&secret);
}

/* An account whose secret comes from such a source; @ is the box's directory. */
static void configure(struct box *box, const char *pattern)
{
	char lines[2048] = "";
	size_t len = 0;

	for (; *pattern != '\0' && len < sizeof(lines) - 200; pattern++)
		len += (size_t)snprintf(lines + len, 200, "%.*s", *pattern == '@' ? 199 : 1,
			*pattern == '@' ? box->dir : pattern);
	box_configure(box, lines);
}

static const char *with_file(struct box *box, const void *bytes, size_t len)
{
	const char *path = box_path(box, "secret");

	file_write(path, 0600, bytes, len);
	configure(box, "client_secret_file = @/secret\n");
	return path;
}

static void with_text(struct box *box, const char *text)
{
	with_file(box, text, strlen(text));
}

/* ---- a file ---- */

static void no_file_is_named(void **state)
{
	configure(*state, "client_secret_file = @/absent\n");
	refuses(*state, "/absent");
}

static void a_file_that_others_may_use_is_refused_with_the_cure(void **state)
{
	static const struct {
		mode_t mode;
		const char *cure;
	} rows[] = {{0604, "chmod 0600"}, {0602, "chmod 0600"}, {0606, "chmod 0600"},
		{0660, "chmod 06"}, {0620, "chmod 06"}, {0444, "chmod 04"}};
	const char *path = with_file(*state, "s3cr3t\n", 7);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(chmod(path, rows[i].mode), 0);
		refuses(*state, rows[i].cure);
		refuses(*state, path);
	}
	assert_int_equal(chmod(path, 0400), 0);
	loads(*state, "s3cr3t");
}

static void somebody_else_s_file_is_refused(void **state)
{
	const char *path = with_file(*state, "s3cr3t\n", 7);

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	refuses(*state, "belongs to user 65534");
}

static void a_link_is_no_secret(void **state)
{
	struct box *box = *state;

	with_text(box, "s3cr3t\n");
	assert_int_equal(rename(box_path(box, "secret"), box_path(box, "real")), 0);
	assert_int_equal(symlink("real", box_path(box, "secret")), 0);
	refuses(box, "symbolic link");
}

static void a_directory_is_no_secret(void **state)
{
	configure(*state, "client_secret_file = @\n");
	refuses(*state, "not a regular file");
}

static int load_in_child(void *context)
{
	struct buffer secret;
	struct error err;
	bool ok = load(context, &secret, &err);

	buffer_free(&secret);
	return ok ? 0 : (int)err.kind;
}

static void a_fifo_stops_nobody(void **state)
{
	struct box *box = *state;

	assert_int_equal(mkfifo(box_path(box, "secret"), 0600), 0);
	configure(box, "client_secret_file = @/secret\n");
	assert_int_equal(run_child(load_in_child, box, 10), ERROR_CONFIG);
	refuses(box, "not a regular file");
}

static void an_empty_file_or_first_line_is_refused(void **state)
{
	static const char *const empty[] = {"", "\n", "\r\n", "\nsecret\n"};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		with_text(*state, empty[i]);
		refuses(*state, "gave no client secret");
	}
}

static void control_bytes_are_refused(void **state)
{
	static const char bytes[] = {1, 2, 8, '\t', 11, 12, 14, 27, 31, 127, 0};
	char text[] = "ab?cd\n";

	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct buffer secret;
		struct error err;

		text[2] = bytes[i];
		with_file(*state, text, 6);
		if (load(*state, &secret, &err))
			fail_msg("accepted octet %d as `%s`", bytes[i], buffer_text(&secret));
		assert_failed(err, ERROR_CONFIG, "control byte");
		buffer_free(&secret);
	}
}

static void a_carriage_return_only_ends_the_line(void **state)
{
	with_text(*state, "s3cr3t\r\n");
	loads(*state, "s3cr3t");
	with_text(*state, "s3\rcr3t\n");
	refuses(*state, "control byte");
}

static void a_file_at_the_limit_and_one_past(void **state)
{
	char *text = repeat("s", CLIENT_SECRET_MAX + 1);

	with_file(*state, text, CLIENT_SECRET_MAX + 1);
	refuses(*state, "4096");
	with_file(*state, text, CLIENT_SECRET_MAX);
	loads(*state, text + 1);
	free(text);
}

static void the_first_line_counts_and_octets_stay_as_they_are(void **state)
{
	with_text(*state, " a=b#c\xc3\xa9 \nsecond\n");
	loads(*state, " a=b#c\xc3\xa9 ");
	with_text(*state, "no newline");
	loads(*state, "no newline");
}

/* ---- a command ---- */

static void a_command_that_fails_is_told(void **state)
{
	configure(*state, "client_secret_command = exit 3\n");
	refuses(*state, "client_secret_command");
	configure(*state, "client_secret_command = echo half; exit 1\n");
	refuses(*state, "client_secret_command");
	configure(*state, "client_secret_command = kill -KILL $$\n");
	refuses(*state, "client_secret_command");
	configure(*state, "client_secret_command = @/no-such-program 2>&-\n");
	refuses(*state, "client_secret_command");
}

static void a_command_that_says_nothing_is_told(void **state)
{
	configure(*state, "client_secret_command = true\n");
	refuses(*state, "client_secret_command gave no client secret");
	configure(*state, "client_secret_command = echo\n");
	refuses(*state, "client_secret_command gave no client secret");
}

static void a_command_that_floods_is_ended(void **state)
{
	int64_t start = clock_milliseconds();

	configure(*state, "client_secret_command = exec yes\n");
	refuses(*state, "client_secret_command");
	assert_true(clock_milliseconds() - start < 5000);
}

static void what_a_command_says_is_bounded(void **state)
{
	char *text = repeat("s", CLIENT_SECRET_MAX);

	configure(*state, "client_secret_command = head -c 4097 /dev/zero | tr '\\0' s\n");
	refuses(*state, "client_secret_command");
	configure(*state, "client_secret_command = head -c 4096 /dev/zero | tr '\\0' s\n");
	loads(*state, text);
	configure(*state, "client_secret_command = printf 'a\\001b\\n'\n");
	refuses(*state, "control byte");
	configure(*state, "client_secret_command = printf 'a\\000b\\n'\n");
	refuses(*state, "control byte");
	free(text);
}

static void a_command_gets_a_shell_and_no_input(void **state)
{
	configure(
		*state, "client_secret_command = cat; printf '%s\\nmore\\n' \"s3cr3t of $HOME\"\n");
	{
		struct box *box = *state;
		char wanted[256];

		snprintf(wanted, sizeof(wanted), "s3cr3t of %s", box->dir);
		loads(box, wanted);
	}
}

static int hang(void *context)
{
	struct buffer secret;
	struct error err;
	int64_t start = clock_milliseconds();
	bool ok = load(context, &secret, &err);
	int64_t took = clock_milliseconds() - start;

	buffer_free(&secret);
	if (ok)
		return 1;
	return took >= SECRET_COMMAND_SECONDS * 1000 - 50 && took < 12000 ? 0 : 2;
}

/* Nor does anything stay that it started: a pinentry for each mail that is sent. */
static void a_command_that_hangs_is_ended_after_10_s(void **state)
{
	struct box *box = *state;
	char text[32];
	pid_t group;

	configure(box, "client_secret_command = echo $$ >@/pid; echo half; sleep 60; :\n");
	assert_int_equal(run_child(hang, box, 15), 0);
	file_read(box_path(box, "pid"), text, sizeof(text));
	group = (pid_t)strtol(text, NULL, 10);
	assert_true(group > 1);
	/* Killed is not yet reaped: that is for init to do. */
	for (int64_t end = clock_milliseconds() + 5000; kill(-group, 0) == 0;)
		if (clock_milliseconds() > end)
			fail_msg("what the command started was left running");
	assert_int_equal(errno, ESRCH);
}

/* ---- a credential ---- */

static void a_credential_is_looked_for_in_its_directory_alone(void **state)
{
	struct box *box = *state;

	configure(box, "client_secret_credential = mail\n");
	refuses(box, "CREDENTIALS_DIRECTORY");
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	refuses(box, "CREDENTIALS_DIRECTORY");
	setenv("CREDENTIALS_DIRECTORY", "", 1);
	refuses(box, "CREDENTIALS_DIRECTORY");
	setenv("CREDENTIALS_DIRECTORY", box->dir, 1);
	refuses(box, "/mail");
	file_puts(box_path(box, "mail"), 0400, "s3cr3t\n");
	loads(box, "s3cr3t");
}

static void a_directory_of_credentials_with_a_long_name(void **state)
{
	struct box *box = *state;
	char *path = repeat("/d", PATH_SIZE);

	configure(box, "client_secret_credential = mail\n");
	setenv("CREDENTIALS_DIRECTORY", path, 1);
	refuses(box, "too long");
	/* "/mail" and the NUL fill the rest: not too long, just not there. */
	path[PATH_SIZE - 6] = '\0';
	setenv("CREDENTIALS_DIRECTORY", path, 1);
	refuses(box, "there is no /d");
	path[PATH_SIZE - 6] = '/';
	path[PATH_SIZE - 5] = '\0';
	setenv("CREDENTIALS_DIRECTORY", path, 1);
	refuses(box, "too long");
	free(path);
}

static void a_credential_s_name_cannot_leave_the_directory(void **state)
{
	static const char *const bad[] = {
		"../mail", "a/b", "/etc/passwd", "..", ".", ".hidden", "a b", "a\\b"};
	struct box *box = *state;

	box_configure(box, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct config config = {0};
		struct error err = {0};
		char text[256];

		snprintf(
			text, sizeof(text), "[account a]\nclient_secret_credential = %s\n", bad[i]);
		file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600, text);
		if (config_load(&config, &err))
			fail_msg("accepted `%s`", bad[i]);
		assert_failed(err, ERROR_CONFIG, "client_secret_credential takes");
		config_free(&config);
	}
}

/* ---- in the configuration ---- */

static void a_draft_has_it_too(void **state)
{
	struct box *box = *state;
	struct error err = {0};
	int draft = draft_open(ACCOUNT_NAME, true, &err);

	box_configure(box, "");
	assert_done(draft_put(draft, ACCOUNT_CLIENT_SECRET, "of the draft", &err), err);
	assert_done(draft_merge(&box->config, draft, &err), err);
	loads(box, "of the draft");
	close(draft);
}

static void a_secret_in_a_readable_configuration_is_refused(void **state)
{
	struct box *box = *state;
	struct config config = {0};
	struct error err = {0};

	configure(box, "client_secret = s3cr3t\n");
	assert_int_equal(chmod(box_path(box, ".config/saslfresh/saslfresh.conf"), 0644), 0);
	assert_false(config_load(&config, &err));
	assert_failed(err, ERROR_CONFIG, "chmod");
	config_free(&config);
}

static void a_configuration_that_changed_meanwhile_has_no_secret(void **state)
{
	struct box *box = *state;
	const char *path = box_path(box, ".config/saslfresh/saslfresh.conf");

	configure(box, "client_secret = s3cr3t\n");
	file_puts(path, 0600, "[account " ACCOUNT_NAME "]\n");
	refuses(box, "no client_secret");
	unlink(path);
	refuses(box, "no client_secret");
}

/* The file has become readable between the two looks: its secret is not used. */
static void a_configuration_that_became_readable_meanwhile_is_refused(void **state)
{
	struct box *box = *state;

	configure(box, "client_secret = s3cr3t\n");
	assert_int_equal(chmod(box_path(box, ".config/saslfresh/saslfresh.conf"), 0666), 0);
	refuses(box, "chmod");
}

static void the_account_s_own_secret_is_taken(void **state)
{
	struct box *box = *state;

	configure(box, "client_secret = s3cr3t = #1\n[account other]\nclient_secret = wrong\n");
	loads(box, "s3cr3t = #1");
}

/* ---- none ---- */

static void without_a_source_there_is_none(void **state)
{
	struct box *box = *state;

	configure(box, "");
	loads(box, "");
	configure(box, "client_secret_file = @/absent\ntoken_endpoint_auth_method = none\n");
	loads(box, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(no_file_is_named),
		BOX_TEST(a_file_that_others_may_use_is_refused_with_the_cure),
		BOX_TEST(somebody_else_s_file_is_refused),
		BOX_TEST(a_link_is_no_secret),
		BOX_TEST(a_directory_is_no_secret),
		BOX_TEST(a_fifo_stops_nobody),
		BOX_TEST(an_empty_file_or_first_line_is_refused),
		BOX_TEST(control_bytes_are_refused),
		BOX_TEST(a_carriage_return_only_ends_the_line),
		BOX_TEST(a_file_at_the_limit_and_one_past),
		BOX_TEST(the_first_line_counts_and_octets_stay_as_they_are),
		BOX_TEST(a_command_that_fails_is_told),
		BOX_TEST(a_command_that_says_nothing_is_told),
		BOX_TEST(a_command_that_floods_is_ended),
		BOX_TEST(what_a_command_says_is_bounded),
		BOX_TEST(a_command_gets_a_shell_and_no_input),
		BOX_TEST(a_command_that_hangs_is_ended_after_10_s),
		BOX_TEST(a_credential_is_looked_for_in_its_directory_alone),
		BOX_TEST(a_directory_of_credentials_with_a_long_name),
		BOX_TEST(a_credential_s_name_cannot_leave_the_directory),
		BOX_TEST(a_draft_has_it_too),
		BOX_TEST(a_secret_in_a_readable_configuration_is_refused),
		BOX_TEST(a_configuration_that_changed_meanwhile_has_no_secret),
		BOX_TEST(a_configuration_that_became_readable_meanwhile_is_refused),
		BOX_TEST(the_account_s_own_secret_is_taken),
		BOX_TEST(without_a_source_there_is_none),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
