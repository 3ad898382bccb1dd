#include "draft.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs_support.h"

static struct error err;
static int draft;

static int setup(void **state)
{
	if (box_setup(state) != 0)
		return -1;
	memset(&err, 0, sizeof(err));
	draft = draft_open(ACCOUNT_NAME, true, &err);
	return draft >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	close(draft);
	return box_teardown(state);
}

#define DRAFT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void holds(const char *wanted)
{
	struct buffer text = BUFFER(DRAFT_MAX);

	assert_done(draft_read(draft, &text, &err), err);
	assert_string_equal(buffer_text(&text), wanted);
	buffer_free(&text);
}

/* ---- what is refused ---- */

static void a_name_that_would_not_come_back_is_refused(void **state)
{
	static const char *const names[] = {"", " ", "a]", "[a", " a", "a ", "a\nb", "a\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(draft_open(names[i], true, &err), -1);
		assert_failed(err, ERROR_CONFIG, "cannot be called");
	}
}

static void so_is_such_a_value(void **state)
{
	static const char *const values[] = {
		"", " a", "a ", "a\nclient_secret_command = id", "\x1b"};
	char *large = repeat("x", KEYFILE_VALUE_MAX + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_false(draft_put(draft, ACCOUNT_CLIENT_ID, values[i], &err));
		assert_failed(err, ERROR_CONFIG, "client_id is empty, too long, or has bytes");
	}
	assert_false(draft_put(draft, ACCOUNT_CLIENT_ID, large, &err));
	holds("# draft personal\n[account " ACCOUNT_NAME "]\n");
	free(large);
}

static void more_than_a_draft_holds_is_refused(void **state)
{
	char *most =
		repeat("x", DRAFT_MAX - strlen("# draft personal\n[account " ACCOUNT_NAME "]\n"));
	struct buffer text = BUFFER(DRAFT_MAX);

	(void)state;
	assert_done(draft_add(draft, most, &err), err);
	assert_false(draft_add(draft, "x", &err));
	assert_failed(err, ERROR_CONFIG, "more than 65536 octets");
	assert_done(draft_read(draft, &text, &err), err);
	assert_int_equal(text.len, DRAFT_MAX);
	assert_int_equal(write(draft, "x", 1), 1);
	buffer_free(&text);
	assert_false(draft_read(draft, &text, &err));
	assert_failed(err, ERROR_CONFIG, "more than 65536 octets");
	buffer_free(&text);
	free(most);
}

static void what_is_no_draft_says_nothing(void **state)
{
	struct buffer text = BUFFER(DRAFT_MAX);
	struct config config = {0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(draft_read(null, &text, &err) && draft_read(999, &text, &err));
	assert_int_equal(text.len, 0);
	assert_true(draft_merge(&config, null, &err) && draft_merge(&config, 999, &err));
	assert_int_equal(config.count, 0);
	assert_false(draft_add(null, "a = b\n", &err));
	assert_failed(err, ERROR_SYSTEM, "no draft");
	close(null);
}

static void a_draft_of_nonsense_is_refused(void **state)
{
	static const char *const lines[][2] = {
		{"nosuch = 1\n", "the draft:3: unknown key `nosuch`"},
		{"issuer = example.test\n", "the draft:3: issuer takes a URL"},
		{"scope = a\nscope = b\n", "the draft:4: scope is given twice"},
		{"[account other]\n", "not that of one account"},
		{"no pair\n", "the draft:3: expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct config config = {0};
		int other = draft_open(ACCOUNT_NAME, true, &err);

		assert_done(draft_add(other, lines[i][0], &err), err);
		assert_false(draft_merge(&config, other, &err));
		assert_mentions(err, lines[i][1]);
		assert_int_equal(config.count, 0);
		config_free(&config);
		close(other);
	}
}

/* ---- merging ---- */

static void a_new_account_joins_the_configuration(void **state)
{
	struct config config = {0};
	struct account *account;

	(void)state;
	assert_done(draft_put(draft, ACCOUNT_ISSUER, "https://a", &err), err);
	assert_done(draft_put(draft, ACCOUNT_CLIENT_SECRET, "s3cret", &err), err);
	assert_done(draft_merge(&config, draft, &err), err);
	account = config_find(&config, ACCOUNT_NAME);
	assert_non_null(account);
	assert_int_equal(account->draft, draft);
	assert_true(account->place.personal);
	assert_string_equal(account_value(account, ACCOUNT_ISSUER), "https://a");
	assert_string_equal(account_value(account, ACCOUNT_CLIENT_SECRET), "set");
	config_free(&config);
}

static void the_system_s_has_the_system_s_place(void **state)
{
	struct config config = {0};
	int other = draft_open("other", false, &err);

	(void)state;
	assert_done(draft_merge(&config, other, &err), err);
	assert_false(config_find(&config, "other")->place.personal);
	config_free(&config);
	close(other);
}

static void a_new_account_is_sealed_as_the_others_of_its_place(void **state)
{
	struct box *box = *state;
	struct config config = {0};
	int other = draft_open("new@example.test", true, &err),
	    system = draft_open("s", false, &err);

	box_configure(box, "");
	file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600,
		"seal_command = seal\nunseal_command = unseal\n");
	assert_done(config_load(&config, &err), err);
	assert_done(draft_merge(&config, other, &err), err);
	assert_done(draft_merge(&config, system, &err), err);
	assert_string_equal(
		account_value(config_find(&config, "new@example.test"), ACCOUNT_SEAL_COMMAND),
		"seal");
	assert_string_equal(
		account_value(config_find(&config, "new@example.test"), ACCOUNT_UNSEAL_COMMAND),
		"unseal");
	assert_null(config_find(&config, "s")->values[ACCOUNT_SEAL_COMMAND]);
	config_free(&config);
	close(other);
	close(system);
}

static void an_account_gets_the_keys_that_it_lacks(void **state)
{
	struct box *box = *state;

	box_configure(box, "scope = mail\n");
	assert_done(draft_put(draft, ACCOUNT_SCOPE, "mail", &err), err);
	assert_done(draft_put(draft, ACCOUNT_HOSTS, "a.test", &err), err);
	assert_done(draft_merge(&box->config, draft, &err), err);
	assert_int_equal(box->config.count, 1);
	assert_string_equal(account_value(box->account, ACCOUNT_HOSTS), "a.test");
	assert_int_equal(box->account->draft, draft);
}

static void and_none_that_it_has_otherwise(void **state)
{
	struct box *box = *state;

	box_configure(box, "client_id = mine\n");
	assert_done(draft_put(draft, ACCOUNT_CLIENT_ID, "other", &err), err);
	assert_false(draft_merge(&box->config, draft, &err));
	assert_failed(err, ERROR_CONFIG,
		"saslfresh.conf:3: account " ACCOUNT_NAME " has client_id = mine, not other");
	assert_string_equal(account_value(box->account, ACCOUNT_CLIENT_ID), "mine");
}

static void of_two_secrets_that_of_the_configuration_counts(void **state)
{
	struct box *box = *state;

	box_configure(box, "client_secret_command = false\n");
	assert_done(draft_put(draft, ACCOUNT_CLIENT_SECRET, "s3cret", &err), err);
	assert_done(draft_merge(&box->config, draft, &err), err);
	assert_null(box->account->values[ACCOUNT_CLIENT_SECRET]);
}

/* ---- its lines ---- */

static void keys_and_secret_come_apart(void **state)
{
	struct buffer keys = BUFFER(DRAFT_MAX), secret = BUFFER(DRAFT_MAX);
	struct box *box = *state;

	assert_done(
		draft_add(draft, "scope = a b\nclient_secret = s = #\nclient_id = c\n", &err), err);
	assert_done(draft_keys(draft, NULL, &keys, &secret, &err), err);
	assert_string_equal(buffer_text(&keys), "scope = a b\nclient_id = c\n");
	assert_string_equal(buffer_text(&secret), "s = #");
	buffer_free(&keys);
	buffer_free(&secret);
	box_configure(box, "client_id = c\nclient_secret_command = false\n");
	assert_done(draft_keys(draft, box->account, &keys, &secret, &err), err);
	assert_string_equal(buffer_text(&keys), "scope = a b\n");
	assert_int_equal(secret.len, 0);
	buffer_free(&keys);
}

static void what_would_run_here_does_not_travel(void **state)
{
	(void)state;
	for (int key = ACCOUNT_CLIENT_SECRET; key <= ACCOUNT_CLIENT_SECRET_CREDENTIAL; key++)
		assert_false(draft_travels((enum account_key)key));
	assert_false(draft_travels(ACCOUNT_GROUP) || draft_travels(ACCOUNT_PROXY));
	assert_false(draft_travels(ACCOUNT_DOMAINS) || draft_travels(ACCOUNT_CONSOLE));
	assert_true(draft_travels(ACCOUNT_CLIENT_ID) && draft_travels(ACCOUNT_ISSUER));
}

static void it_is_its_owner_s_alone_and_goes_with_its_descriptor(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(fstat(draft, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_nlink, 0);
	assert_true((fcntl(draft, F_GETFD) & FD_CLOEXEC) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRAFT_TEST(a_name_that_would_not_come_back_is_refused),
		DRAFT_TEST(so_is_such_a_value),
		DRAFT_TEST(more_than_a_draft_holds_is_refused),
		DRAFT_TEST(what_is_no_draft_says_nothing),
		DRAFT_TEST(a_draft_of_nonsense_is_refused),
		DRAFT_TEST(a_new_account_joins_the_configuration),
		DRAFT_TEST(the_system_s_has_the_system_s_place),
		DRAFT_TEST(a_new_account_is_sealed_as_the_others_of_its_place),
		DRAFT_TEST(an_account_gets_the_keys_that_it_lacks),
		DRAFT_TEST(and_none_that_it_has_otherwise),
		DRAFT_TEST(of_two_secrets_that_of_the_configuration_counts),
		DRAFT_TEST(keys_and_secret_come_apart),
		DRAFT_TEST(what_would_run_here_does_not_travel),
		DRAFT_TEST(it_is_its_owner_s_alone_and_goes_with_its_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
