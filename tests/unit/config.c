#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "support.h"

/* A place in the test's directory whose configuration is text; NULL: there is no file. */
static struct place place_with(const char *directory, const char *name, const char *text)
{
	struct place place = {.personal = true};

	snprintf(place.config, sizeof(place.config), "%s/%s.conf", directory, name);
	snprintf(place.state, sizeof(place.state), "%s/%s.state", directory, name);
	if (text != NULL)
		file_puts(place.config, text, 0600);
	return place;
}

static void assert_refused(const char *directory, const char *text, const char *cause)
{
	struct place place = place_with(directory, "c", text);
	struct config config = {0};
	struct error err = {0};
	char expected[1024];

	snprintf(expected, sizeof(expected), "%s%s", place.config, cause);
	assert_false(config_add(&config, &place, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_sentence(&err, expected);
	config_free(&config);
}

static void an_error_names_file_and_line(void **state)
{
	static const char *const rows[][2] = {
		{"rnak = first\n", ":1: unknown key `rnak` (did you mean `rank`?)"},
		{"\nwhatever = 1\n", ":2: unknown key `whatever`"},
		{"hosts = a\n", ":1: unknown key `hosts`"},
		{"rank = best\n", ":1: rank is one of: prefer polite first; not `best`"},
		{"rank = First\n", ":1: rank is one of: prefer polite first; not `First`"},
		{"rank = first\nrank = first\n", ":2: rank is given twice"},
		{"programs = a\nprograms = a\n", ":2: programs is given twice"},
		{"command = saslfresh\n", ":1: command takes an absolute path, not `saslfresh`"},
		{"command = ~/saslfresh\n",
			":1: command takes an absolute path, not `~/saslfresh`"},
		{"command = /a\ncommand = /b\n", ":2: command is given twice"},
		{"socket = run\n",
			":1: socket takes an absolute path of at most 107 octets, not `run`"},
		{"socket = /a\nsocket = /b\n", ":2: socket is given twice"},
		{"timeout = 0\n", ":1: timeout is a number of seconds from 1 to 30, not `0`"},
		{"timeout = 31\n", ":1: timeout is a number of seconds from 1 to 30, not `31`"},
		{"timeout = 5s\n", ":1: timeout is a number of seconds from 1 to 30, not `5s`"},
		{"timeout = 1\ntimeout = 1\n", ":2: timeout is given twice"},
		{"connect_timeout = 11\n",
			":1: connect_timeout is a number of seconds from 1 to 10, not `11`"},
		{"hook_interval = 0\n",
			":1: hook_interval is a number of seconds from 1 to 31622400, not `0`"},
		{"hook_interval = 31622401\n",
			":1: hook_interval is a number of seconds from 1 to 31622400, not "
			"`31622401`"},
		{"before_end = a\nbefore_end = b\n", ":2: before_end is given twice"},
		{"connect_timeout = 0\n",
			":1: connect_timeout is a number of seconds from 1 to 10, not `0`"},
		{"[provider x]\n",
			":1: unknown section [provider]: a section is written [account NAME]"},
		{"[]\n", ":1: unknown section []: a section is written [account NAME]"},
		{"[account]\n", ":1: [account] has no name"},
		{"[account a]\nprograms = first\n", ":2: unknown key `programs`"},
		{"[account a]\nhots = first\n", ":2: unknown key `hots` (did you mean `hosts`?)"},
		{"[account a]\n[account b]\n[account a]\n",
			":3: account a is there already, in line 1"},
		{"[account a]\nuser = a\nuser = a\n", ":3: user is given twice"},
		{"[account a]\nuser\n", ":2: expected `key = value`"},
		{"[account me@example.org]\n[account box]\nuser = b\ngrant = me@exmaple.org\n",
			":4: there is no account me@exmaple.org in this file whose grant could be "
			"used (did you mean `grant = me@example.org`?)"},
		{"[account box]\ngrant = x\n[account other@example.org]\n",
			":2: there is no account x in this file whose grant could be used"},
		{"[account a]\ngrant = b\n[account b]\ngrant = c\n[account c]\n",
			":2: account b has no grant of its own either (`grant = c`)"},
		{"[account a]\ngrant = b\n[account b]\ngrant = nobody\n",
			":2: account b has no grant of its own either (one of them must be logged "
			"in to: remove its `grant`)"},
		{"[account a]\ngrant = b\n[account b]\ngrant = a\n",
			":2: account b has no grant of its own either (one of them must be logged "
			"in to: remove its `grant`)"},
		{"[account a]\ngrant = a\n",
			":2: account a has no grant of its own either (one of them must be logged "
			"in to: remove its `grant`)"},
		{"[account a]\n[account b]\ngrant = a\n\nclient_id = x\n",
			":5: `client_id` and `grant` cannot both stand here (what belongs to the "
			"grant stands in [account a])"},
		{"[account b]\nprovider = google\ngrant = a\n[account a]\n",
			":3: `provider` and `grant` cannot both stand here (what belongs to the "
			"grant stands in [account a])"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(*state, rows[i][0], rows[i][1]);
}

static void a_name_fits_into_a_file_name(void **state)
{
	enum { LONGEST = 255 - sizeof(".grant.new") + 1 };
	char *name = repeated('a', LONGEST + 1);
	char text[512], cause[512];
	struct config config = {0};
	struct error err = {0};
	struct place place;

	snprintf(text, sizeof(text), "[account %s]\n", name);
	snprintf(cause, sizeof(cause), ":1: [account %s] has too long a name", name);
	assert_refused(*state, text, cause);
	snprintf(text, sizeof(text), "[account %s]\n", name + 1);
	place = place_with(*state, "c", text);
	assert_true(config_add(&config, &place, &err));
	assert_non_null(config_find(&config, name + 1));
	config_free(&config);
	free(name);
}

static void there_may_be_4096_accounts(void **state)
{
	enum { EACH = 16 };
	char *text = malloc((CONFIG_ACCOUNTS_MAX + 1) * EACH + 1);
	struct config config = {0};
	struct error err = {0};
	struct place place;

	for (int i = 0; i <= CONFIG_ACCOUNTS_MAX; i++)
		sprintf(text + i * EACH, "[account %5d]\n", i + 10000);
	assert_refused(*state, text, ":4097: more than 4096 accounts");
	text[CONFIG_ACCOUNTS_MAX * EACH] = '\0';
	place = place_with(*state, "c", text);
	assert_true(config_add(&config, &place, &err));
	assert_int_equal(config.count, CONFIG_ACCOUNTS_MAX);
	assert_non_null(config_find(&config, "14095"));
	config_free(&config);
	free(text);
}

static void a_file_has_a_maximum(void **state)
{
	char *text = repeated('#', KEYFILE_CONFIG_MAX + 1);
	struct place place = place_with(*state, "c", text);
	struct config config = {0};
	struct error err = {0};

	assert_false(config_add(&config, &place, &err));
	assert_error(&err, ERROR_SYSTEM, "is larger than 262144 octets");
	place = place_with(*state, "c", text + 1);
	assert_true(config_add(&config, &place, &err));
	config_free(&config);
	free(text);
}

static void others_must_not_write_a_configuration(void **state)
{
	struct place place = place_with(*state, "c", "[account a]\n");
	struct config config = {0};
	struct error err = {0};

	assert_int_equal(chmod(place.config, 0664), 0);
	assert_false(config_add(&config, &place, &err));
	assert_error(
		&err, ERROR_CONFIG, "may be written by others: its mode is 0664 (chmod 0644 '");
	assert_int_equal(chmod(place.config, 0644), 0);
	assert_true(config_add(&config, &place, &err));
	config_free(&config);
}

static void a_secret_in_a_readable_file_is_refused(void **state)
{
	struct place place = place_with(*state, "c", "[account a]\n\nclient_secret = hidden\n");
	struct config config = {0};
	struct error err = {0};
	char expected[4 * PATH_SIZE];
	mode_t mended = geteuid() == 0 ? 0640 : 0600;

	assert_int_equal(chmod(place.config, 0644), 0);
	assert_false(config_add(&config, &place, &err));
	snprintf(expected, sizeof(expected),
		"%s:3: client_secret: %s may be read by others: its mode is 0644 (chmod %04o '%s')",
		place.config, place.config, mended, place.config);
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_sentence(&err, expected);
	config_free(&config);
	assert_int_equal(chmod(place.config, mended), 0);
	assert_true(config_add(&config, &place, &err));
	assert_string_equal(account_value(config_find(&config, "a"), ACCOUNT_CLIENT_SECRET), "set");
	config_free(&config);
}

static void a_configuration_of_another_user_is_refused(void **state)
{
	struct place place = place_with(*state, "c", "[account a]\n");
	struct config config = {0};
	struct error err = {0};

	root_only();
	assert_int_equal(chown(place.config, USER_A, 0), 0);
	assert_false(config_add(&config, &place, &err));
	assert_error(&err, ERROR_CONFIG, "belongs to user 61001 (chown 0 '");
	config_free(&config);
}

static int read_as_user(void *context)
{
	struct place *place = context;
	struct config config = {0};
	struct error err = {0};

	CHECK(become(USER_A));
	place->personal = false;
	CHECK(config_add(&config, place, &err));
	CHECK(config.count == 0 && err.kind == ERROR_NONE);
	place->personal = true;
	CHECK(!config_add(&config, place, &err));
	CHECK(err.kind == ERROR_SYSTEM);
	CHECK(strncmp(err.cause, "cannot open ", 12) == 0);
	CHECK(strncmp(err.cause + 12, place->config, strlen(place->config)) == 0);
	CHECK(strcmp(err.cause + 12 + strlen(place->config), ": Permission denied") == 0);
	config_free(&config);
	return 0;
}

/* The administrator may keep the system's configuration from users; their programs must not notice.
 */
static void the_system_s_configuration_may_be_unreadable(void **state)
{
	struct place place = place_with(*state, "c", "[account a]\nbroken\n");
	struct place below;

	root_only();
	assert_int_equal(in_child(read_as_user, &place, 60), 0);
	directory_make(path_of(*state, "closed"), 0700);
	below = place_with(path_of(*state, "closed"), "c", "broken\n");
	assert_int_equal(in_child(read_as_user, &below, 60), 0);
}

static void a_configuration_that_is_not_there_says_nothing(void **state)
{
	struct place place = place_with(*state, "none", NULL);
	struct config config = {0};
	struct error err = {0};

	assert_true(config_add(&config, &place, &err));
	assert_int_equal(config.count, 0);
	assert_null(config.accounts);
	assert_null(config_find(&config, "a"));
	config_free(&config);
}

static void no_memory_is_a_failure_and_leaves_nothing(void **state)
{
	static const char text[] = "programs = smtp\ncommand = /a\nbefore_end = b\n"
				   "[account a]\nuser = u\nscope = s\n[account b]\ngrant = a\n";
	struct place place = place_with(*state, "c", text);
	int n = 0;

	for (bool failed = true; failed;) {
		struct config config = {0};
		struct error err = {0};
		bool ok;

		allocation_fail(++n);
		ok = config_add(&config, &place, &err);
		failed = allocation_failed();
		allocation_reset();
		assert_int_equal(ok, !failed);
		if (failed)
			assert_int_equal(err.kind, ERROR_SYSTEM);
		config_free(&config);
	}
	assert_in_range(n, 7, 20);
}

static void choices_and_accounts_are_read(void **state)
{
	struct place place = place_with(*state, "c",
		"rank = polite\nprograms = smtp, mbsync\ncommand = /bin/x y\ntimeout = 30\n"
		"connect_timeout = 10\nhook_interval = 60\non_login_needed = a b # c\n"
		"on_recovered = 'd'\nbefore_end = e = f\n"
		"[account me@example.org]\nuser = you\nhosts = *.example.org\n"
		"[account ../other]\nprovider = google\n");
	struct config config = {0};
	struct error err = {0};
	struct account *account;

	assert_true(config_add(&config, &place, &err));
	assert_int_equal(config.rank, RANK_POLITE);
	assert_string_equal(config.programs, "smtp, mbsync");
	assert_string_equal(config.command, "/bin/x y");
	assert_int_equal(config.timeout, 30);
	assert_int_equal(config.connect_timeout, 10);
	assert_int_equal(config.hook_interval, 60);
	assert_string_equal(config.hooks[HOOK_LOGIN_NEEDED], "a b # c");
	assert_string_equal(config.hooks[HOOK_RECOVERED], "'d'");
	assert_string_equal(config.hooks[HOOK_BEFORE_END], "e = f");
	assert_int_equal(config.count, 2);
	account = config_find(&config, "me@example.org");
	assert_non_null(account);
	assert_string_equal(account_value(account, ACCOUNT_USER), "you");
	assert_string_equal(account_value(account, ACCOUNT_HOSTS), "*.example.org");
	assert_string_equal(account->file, place.config);
	assert_int_equal(account->line, 10);
	assert_string_equal(account->place.state, place.state);
	assert_true(account->place.personal);
	assert_true(account->stamp > INT64_C(1700000000000000000));
	assert_int_equal(config_find(&config, "../other")->line, 13);
	assert_null(config_find(&config, "ME@example.org"));
	assert_null(config_find(&config, ""));
	config_free(&config);
}

static void the_least_of_the_numbers_is_one(void **state)
{
	struct place place = place_with(*state, "c", "timeout = 1\nconnect_timeout = 1\n");
	struct config config = {0};
	struct error err = {0};

	assert_true(config_add(&config, &place, &err));
	assert_int_equal(config.timeout, 1);
	assert_int_equal(config.connect_timeout, 1);
	config_free(&config);
}

/* The caller's own file is read first; the same name in both means the caller's. */
static void what_an_earlier_file_said_stays(void **state)
{
	struct place own = place_with(*state, "own",
		"rank = prefer\nprograms = a\ncommand = /own\ntimeout = 1\nconnect_timeout = 2\n"
		"before_end = own\nhook_interval = 5\n"
		"[account a]\nuser = own\n");
	struct place system = place_with(*state, "system",
		"rank = first\nprograms = b\ncommand = /system\ntimeout = 3\nconnect_timeout = 4\n"
		"before_end = system\nhook_interval = 6\non_recovered = system\n"
		"[account a]\nuser = system\n[account b]\n");
	struct config config = {0};
	struct error err = {0};

	system.personal = false;
	assert_true(config_add(&config, &own, &err));
	assert_true(config_add(&config, &system, &err));
	assert_int_equal(config.rank, RANK_PREFER);
	assert_string_equal(config.programs, "a");
	assert_string_equal(config.command, "/own");
	assert_int_equal(config.timeout, 1);
	assert_int_equal(config.connect_timeout, 2);
	assert_string_equal(config.hooks[HOOK_BEFORE_END], "own");
	assert_string_equal(config.hooks[HOOK_RECOVERED], "system");
	assert_int_equal(config.hook_interval, 5);
	assert_int_equal(config.count, 3);
	assert_string_equal(account_value(config_find(&config, "a"), ACCOUNT_USER), "own");
	assert_string_equal(config_find(&config, "a")->place.state, own.state);
	assert_string_equal(config_find(&config, "b")->place.state, system.state);
	assert_false(config_find(&config, "b")->place.personal);
	config_free(&config);
}

static void a_grant_is_shared_within_one_file(void **state)
{
	struct place own = place_with(*state, "own",
		"[account box]\ngrant = me\nhosts = h\n[account me]\nuser = own\nhosts = g\n"
		"scope = s\n[account list]\ngrant = me\nuser = l\nsmtp_user = d\n");
	struct place system = place_with(*state, "system", "[account other]\ngrant = me\n");
	struct config config = {0};
	struct error err = {0};
	const struct account *account;

	assert_true(config_add(&config, &own, &err));
	account = config_find(&config, "box");
	assert_string_equal(account_grantor(account), "me");
	assert_string_equal(account_value(account, ACCOUNT_HOSTS), "h");
	assert_string_equal(account_value(account, ACCOUNT_SCOPE), "s");
	assert_string_equal(account_user(account, "imap"), "box");
	account = config_find(&config, "list");
	assert_string_equal(account_value(account, ACCOUNT_HOSTS), "g");
	assert_string_equal(account_user(account, "imap"), "l");
	assert_string_equal(account_user(account, "smtp"), "d");
	assert_int_equal(account->stamp, config_find(&config, "me")->stamp);
	assert_false(config_add(&config, &system, &err));
	assert_error(&err, ERROR_CONFIG, "system.conf:2: there is no account me in this file");
	config_free(&config);
}

/* The two places of this process: its own, and the system's where it was built for. */
static void both_places_are_read(void **state)
{
	char *file = path_of(*state, "saslfresh/saslfresh.conf");
	struct config config = {0};
	struct error err = {0};

	if (access(SASLFRESH_SYSCONFDIR "/saslfresh/saslfresh.conf", F_OK) == 0)
		skip();
	setenv("HOME", *state, 1);
	setenv("XDG_CONFIG_HOME", *state, 1);
	assert_true(config_load(&config, &err));
	assert_int_equal(config.count, 0);
	directory_make(path_of(*state, "saslfresh"), 0700);
	file_puts(file, "[account a]\n", 0600);
	assert_true(config_load(&config, &err));
	assert_int_equal(config.count, 1);
	assert_true(config_find(&config, "a")->place.personal);
	config_free(&config);
	file_puts(file, "broken\n", 0600);
	assert_false(config_load(&config, &err));
	assert_error(&err, ERROR_CONFIG, "saslfresh.conf:1: expected `key = value`");
	config_free(&config);
	unsetenv("HOME");
	assert_true(config_load(&config, &err));
	config_free(&config);
}

static void programs_names_those_that_are_served(void **state)
{
	struct config config = {0};

	(void)state;
	assert_true(config_serves_us(&config));
	config.programs = strdup("smtp, mbsync");
	assert_false(config_serves_us(&config));
	free(config.programs);
	config.programs = malloc(strlen(program_invocation_short_name) + 8);
	sprintf(config.programs, "smtp, %s", program_invocation_short_name);
	assert_true(config_serves_us(&config));
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(an_error_names_file_and_line),
		in_directory(a_name_fits_into_a_file_name),
		in_directory(there_may_be_4096_accounts),
		in_directory(a_file_has_a_maximum),
		in_directory(others_must_not_write_a_configuration),
		in_directory(a_secret_in_a_readable_file_is_refused),
		in_directory(a_configuration_of_another_user_is_refused),
		in_directory(the_system_s_configuration_may_be_unreadable),
		in_directory(a_configuration_that_is_not_there_says_nothing),
		in_directory(no_memory_is_a_failure_and_leaves_nothing),
		in_directory(choices_and_accounts_are_read),
		in_directory(the_least_of_the_numbers_is_one),
		in_directory(what_an_earlier_file_said_stays),
		in_directory(a_grant_is_shared_within_one_file),
		in_directory(both_places_are_read),
		in_directory(programs_names_those_that_are_served),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
