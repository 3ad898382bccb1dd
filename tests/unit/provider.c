#include "provider.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "programs_support.h"

const char *provider_system;

static struct box *box;
static struct error err;
static struct account preset;

static int provider_setup(void **state)
{
	static char system[PATH_SIZE];

	if (box_setup(state) != 0)
		return -1;
	box = *state;
	memset(&err, 0, sizeof(err));
	memset(&preset, 0, sizeof(preset));
	box_configure(box, "");
	snprintf(system, sizeof(system), "%s", box_path(box, "system"));
	provider_system = system;
	return mkdir(system, 0755) | mkdir(box_path(box, "system/saslfresh"), 0755) |
		mkdir(box_path(box, "system/saslfresh/providers"), 0755) |
		mkdir(box_path(box, ".config/saslfresh/providers"), 0755);
}

static int provider_teardown(void **state)
{
	account_free(&preset);
	return box_teardown(state);
}

static void system_has(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "system/saslfresh/providers/%s", name);
	file_puts(box_path(box, path), 0644, text);
}

static void person_has(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), ".config/saslfresh/providers/%s", name);
	file_puts(box_path(box, path), 0644, text);
}

static void cannot_read(const char *name, const char *words)
{
	memset(&err, 0, sizeof(err));
	assert_false(provider_read(name, &preset, &err));
	assert_failed(err, ERROR_CONFIG, words);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		assert_null(preset.values[key]);
}

/* Completes an account with these lines and nothing else. */
static bool complete(const char *lines)
{
	char text[16384];

	snprintf(text, sizeof(text), "[account %s]\n%s", ACCOUNT_NAME, lines);
	file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600, text);
	config_free(&box->config);
	memset(&err, 0, sizeof(err));
	assert_done(config_load(&box->config, &err), err);
	box->account = config_find(&box->config, ACCOUNT_NAME);
	assert_non_null(box->account);
	return account_complete(box->account, &err);
}

static void is_incomplete(const char *lines, const char *words)
{
	if (complete(lines))
		fail_msg("complete: %s", lines);
	assert_failed(err, ERROR_CONFIG, words);
	assert_mentions(err, "saslfresh.conf:1: account " ACCOUNT_NAME);
}

static const char *value(enum account_key key)
{
	return account_value(box->account, key);
}

/* ---- reading ---- */

static void an_unknown_name_names_the_nearest(void **state)
{
	(void)state;
	system_has("microsoft.conf", "title = M\n");
	cannot_read("microsft", "did you mean `microsoft`?");
	cannot_read("nothing-like-it", "saslfresh providers");
}

static void a_name_cannot_leave_the_directory(void **state)
{
	static const char *const bad[] = {
		"../secret", "a/b", "/etc/passwd", ".", "..", ".hidden", "system/../../x", "", "/"};

	(void)state;
	file_puts(box_path(box, "system/saslfresh/secret.conf"), 0644, "title = out\n");
	system_has(".hidden.conf", "title = out\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cannot_read(bad[i], "there is no provider");
}

static void a_long_name_is_none(void **state)
{
	char *name = repeat("n", 5000), *file = repeat("n", 206);

	(void)state;
	cannot_read(name, "there is no provider");
	/* What is cut off must not make another name of it. */
	memcpy(file + 200, ".conf", 6);
	system_has(file, "title = T\n");
	name[201] = '\0';
	cannot_read(name, "there is no provider");
	name[200] = '\0';
	assert_done(provider_read(name, &preset, &err), err);
	free(name);
	free(file);
}

static void a_preset_that_others_may_write_is_refused(void **state)
{
	(void)state;
	system_has("p.conf", "title = P\n");
	assert_int_equal(chmod(box_path(box, "system/saslfresh/providers/p.conf"), 0666), 0);
	cannot_read("p", "chmod 0644");
}

static void a_preset_has_no_sections_no_secrets_no_accounts(void **state)
{
	static const char *const bad[] = {"[account x]\n", "client_secret = x\n", "client_id = x\n",
		"client_secret_file = /x\n", "client_secret_command = x\n", "user = me\n",
		"group = mail\n", "provider = other\n", "titel = T\n", "title = a\ntitle = b\n",
		"title =\n", "title\n", "token_endpoint = ftp://x/\n",
		"refresh_token_reuse = maybe\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		system_has("p.conf", bad[i]);
		cannot_read("p", "/p.conf:");
	}
	system_has("p.conf", "# note\n\ntitel = T\n");
	cannot_read("p", "p.conf:3: unknown key `titel` (did you mean `title`?)");
}

static void a_preset_at_the_limit_and_one_past(void **state)
{
	char *text = repeat("#", KEYFILE_CONFIG_MAX + 1);

	(void)state;
	system_has("p.conf", text);
	memset(&err, 0, sizeof(err));
	assert_false(provider_read("p", &preset, &err));
	assert_mentions(err, "larger than");
	system_has("p.conf", text + 1);
	assert_done(provider_read("p", &preset, &err), err);
	free(text);
}

static int read_fifo(void *context)
{
	(void)context;
	return provider_read("p", &preset, &err) ? 0 : (int)err.kind;
}

static void a_directory_or_fifo_is_no_preset(void **state)
{
	(void)state;
	assert_int_equal(mkdir(box_path(box, "system/saslfresh/providers/d.conf"), 0755), 0);
	assert_false(provider_read("d", &preset, &err));
	assert_mentions(err, "not a regular file");
	assert_int_equal(mkfifo(box_path(box, "system/saslfresh/providers/p.conf"), 0644), 0);
	assert_int_equal(run_child(read_fifo, NULL, 10), ERROR_SYSTEM);
}

static void the_person_s_own_goes_before_the_system_s(void **state)
{
	(void)state;
	system_has("p.conf", "title = system\n");
	person_has("p.conf", "title = own\n");
	assert_done(provider_read("p", &preset, &err), err);
	assert_string_equal(account_value(&preset, ACCOUNT_TITLE), "own");
	account_free(&preset);
	assert_int_equal(remove(box_path(box, ".config/saslfresh/providers/p.conf")), 0);
	assert_done(provider_read("p", &preset, &err), err);
	assert_string_equal(account_value(&preset, ACCOUNT_TITLE), "system");
	person_has("p.conf", "titel = own\n");
	account_free(&preset);
	cannot_read("p", "titel");
}

/* ---- names ---- */

static void names_are_sorted_and_each_is_there_once(void **state)
{
	char **names;

	(void)state;
	system_has("b.conf", "");
	system_has("a.conf", "");
	system_has("c.conf~", "");
	system_has("d.conf.dpkg-new", "");
	system_has(".e.conf", "");
	system_has(".conf", "");
	system_has("README", "");
	person_has("b.conf", "");
	person_has("A.conf", "");
	names = provider_names(&err);
	assert_non_null(names);
	assert_string_equal(names[0], "A");
	assert_string_equal(names[1], "a");
	assert_string_equal(names[2], "b");
	assert_null(names[3]);
	provider_names_free(names);
}

static void without_directories_there_are_no_names(void **state)
{
	char **names;

	(void)state;
	provider_system = "/nonexistent";
	assert_int_equal(remove(box_path(box, ".config/saslfresh/providers")), 0);
	names = provider_names(&err);
	assert_non_null(names);
	assert_null(names[0]);
	provider_names_free(names);
	provider_names_free(NULL);
	cannot_read("p", "saslfresh providers");
}

static void of_too_many_names_512_are_kept(void **state)
{
	char name[32];
	char **names;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 513; i++) {
		snprintf(name, sizeof(name), "p%d.conf", i);
		system_has(name, "");
	}
	names = provider_names(&err);
	assert_non_null(names);
	while (names[count] != NULL)
		count++;
	assert_int_equal(count, 512);
	provider_names_free(names);
}

/* ---- completing ---- */

static void what_is_missing_is_named(void **state)
{
	(void)state;
	is_incomplete("user = me\n", "provider = ...");
	is_incomplete("token_endpoint = https://x/t\n", "client_id = ...");
	is_incomplete("client_id = c\n", "token_endpoint");
	is_incomplete("provider = absent\nclient_id = c\n", "there is no provider `absent`");
	is_incomplete("token_endpoint = https://x/t\nclient_id = c\n"
		      "token_endpoint_auth_method = client_secret_basic\n",
		"client_secret_file = ...");
	is_incomplete("token_endpoint = https://x/t\nclient_id = c\nclient_secret_file = /x\n"
		      "client_secret_command = x\n",
		"more than one client secret");
	is_incomplete("token_endpoint = https://x/t\nclient_id = c\nclient_secret_file = /x\n"
		      "client_secret_credential = x\n",
		"more than one client secret");
	system_has("p.conf", "token_endpoint = https://x/t\nconsole = https://console.test/\n");
	is_incomplete("provider = p\n", "https://console.test/");
	system_has("q.conf", "title = q\n");
	is_incomplete("provider = q\nclient_id = c\n", "token_endpoint = ...");
}

static void placeholders_need_their_value(void **state)
{
	(void)state;
	system_has("p.conf", "token_endpoint = https://x/{tenant}/t\n");
	is_incomplete("provider = p\nclient_id = c\n", "tenant = ...");
	system_has("p.conf", "token_endpoint = https://x{region}/t\n");
	is_incomplete("provider = p\nclient_id = c\ntenant = t\n", "region = ...");
	system_has("p.conf", "token_endpoint = https://x/{tennant}/t\n");
	is_incomplete("provider = p\nclient_id = c\ntenant = t\n", "{placeholder}");
	system_has("p.conf", "token_endpoint = https://x/{tenant\n");
	is_incomplete("provider = p\nclient_id = c\ntenant = t\n", "{placeholder}");
	system_has("p.conf", "token_endpoint = https://x/{\n");
	is_incomplete("provider = p\nclient_id = c\ntenant = t\n", "{placeholder}");
	system_has("p.conf", "token_endpoint = https://x/{}\n");
	is_incomplete("provider = p\nclient_id = c\ntenant = t\n", "{placeholder}");
}

/* 8192 octets are the most that a value may become. */
static void an_expanded_value_at_the_limit_and_one_past(void **state)
{
	char lines[8192], *tenant = repeat("t", 4096), *rest = repeat("r", 4096);

	(void)state;
	snprintf(lines, sizeof(lines), "token_endpoint = https://x/{tenant}/%.*s\n", 4096 - 19,
		rest);
	system_has("p.conf", lines);
	snprintf(lines, sizeof(lines), "provider = p\nclient_id = c\ntenant = %.4096s\n", tenant);
	assert_done(complete(lines), err);
	assert_int_equal(strlen(value(ACCOUNT_TOKEN_ENDPOINT)), 4096 - 8 + 4096);
	snprintf(lines, sizeof(lines),
		"provider = p\nclient_id = c\nregion = r\ntenant = %.4091s\n", tenant);
	system_has("p.conf", "token_endpoint = https://x/{tenant}{tenant}{region}\n");
	if (complete(lines))
		fail_msg("the value is %.40s...", value(ACCOUNT_TOKEN_ENDPOINT));
	assert_int_equal(err.kind, ERROR_CONFIG);
	system_has("p.conf", "token_endpoint = https://x/{tenant}{tenant}\n");
	assert_done(complete(lines), err);
	assert_int_equal(strlen(value(ACCOUNT_TOKEN_ENDPOINT)), 8192);
	free(tenant);
	free(rest);
}

static void the_preset_fills_what_the_account_leaves_open(void **state)
{
	(void)state;
	system_has("p.conf",
		"token_endpoint = https://x/{tenant}.{region}/{tenant}\nhosts = a, b\n"
		"scope = s\ntenant = common\nregion = eu\ntitle = Plain {text}\n");
	assert_done(
		complete("provider = p\nclient_id = c{tenant}\ntenant = mine\nscope = own\n"), err);
	assert_string_equal(value(ACCOUNT_TOKEN_ENDPOINT), "https://x/mine.eu/mine");
	assert_string_equal(value(ACCOUNT_HOSTS), "a, b");
	assert_string_equal(value(ACCOUNT_SCOPE), "own");
	assert_string_equal(value(ACCOUNT_CLIENT_ID), "c{tenant}");
	assert_string_equal(value(ACCOUNT_TITLE), "Plain {text}");
}

/* All keys of a preset that hold names of servers and pages, and no others. */
static void placeholders_stand_where_servers_are_named(void **state)
{
	static const enum account_key expanded[] = {ACCOUNT_ISSUER, ACCOUNT_TOKEN_ENDPOINT,
		ACCOUNT_AUTHORIZATION_ENDPOINT, ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT,
		ACCOUNT_REVOCATION_ENDPOINT, ACCOUNT_INTROSPECTION_ENDPOINT,
		ACCOUNT_USERINFO_ENDPOINT, ACCOUNT_REGISTRATION_ENDPOINT, ACCOUNT_HOSTS,
		ACCOUNT_SCOPE, ACCOUNT_CONSOLE, ACCOUNT_ACCOUNT_PAGE, ACCOUNT_IMAP, ACCOUNT_POP,
		ACCOUNT_SMTP};
	static const enum account_key plain[] = {
		ACCOUNT_NOTE, ACCOUNT_TITLE, ACCOUNT_MX, ACCOUNT_DOMAINS};
	char text[4096] = "";
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(expanded) / sizeof(expanded[0]); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = https://{region}/\n",
			account_key_name(expanded[i]));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = https://{region}/\n",
			account_key_name(plain[i]));
	system_has("p.conf", text);
	assert_done(complete("provider = p\nclient_id = c\nregion = eu\n"), err);
	for (size_t i = 0; i < sizeof(expanded) / sizeof(expanded[0]); i++)
		assert_string_equal(value(expanded[i]), "https://eu/");
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		assert_string_equal(value(plain[i]), "https://{region}/");
}

static void a_tenant_is_not_expanded_itself(void **state)
{
	(void)state;
	system_has("p.conf", "token_endpoint = https://x/{tenant}\n");
	assert_done(complete("provider = p\nclient_id = c\ntenant = tenant\n"), err);
	assert_string_equal(value(ACCOUNT_TOKEN_ENDPOINT), "https://x/tenant");
}

static void without_a_provider_endpoints_do(void **state)
{
	(void)state;
	assert_done(complete("token_endpoint = https://x/t\nclient_id = c\n"), err);
	assert_done(complete("token_endpoint = https://x/t\nclient_id = c\n"
			     "token_endpoint_auth_method = none\n"),
		err);
}

static void touch(const char *path, time_t seconds)
{
	const struct timespec times[2] = {{seconds, 7}, {seconds, 7}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A misconfiguration is remembered until any of the files changes. */
static void the_stamp_is_that_of_the_latest_file(void **state)
{
	static const char lines[] = "provider = p\nclient_id = c\nclient_secret_file = ~/secret\n";
	const char *own = ".config/saslfresh/saslfresh.conf";
	struct config config = {0};

	(void)state;
	system_has("p.conf", "token_endpoint = https://x/t\n");
	file_puts(box_path(box, "secret"), 0600, "s\n");
	assert_done(complete(lines), err);
	for (int latest = 0; latest < 3; latest++) {
		touch(box_path(box, own), latest == 0 ? 3000 : 1000);
		touch(box_path(box, "system/saslfresh/providers/p.conf"),
			latest == 1 ? 3000 : 1000);
		touch(box_path(box, "secret"), latest == 2 ? 3000 : 1000);
		assert_done(config_load(&config, &err), err);
		assert_done(account_complete(&config.accounts[0], &err), err);
		assert_int_equal(config.accounts[0].stamp, INT64_C(3000000000007));
		config_free(&config);
	}
}

#define PROVIDER_TEST(name) cmocka_unit_test_setup_teardown(name, provider_setup, provider_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROVIDER_TEST(an_unknown_name_names_the_nearest),
		PROVIDER_TEST(a_name_cannot_leave_the_directory),
		PROVIDER_TEST(a_long_name_is_none),
		PROVIDER_TEST(a_preset_that_others_may_write_is_refused),
		PROVIDER_TEST(a_preset_has_no_sections_no_secrets_no_accounts),
		PROVIDER_TEST(a_preset_at_the_limit_and_one_past),
		PROVIDER_TEST(a_directory_or_fifo_is_no_preset),
		PROVIDER_TEST(the_person_s_own_goes_before_the_system_s),
		PROVIDER_TEST(names_are_sorted_and_each_is_there_once),
		PROVIDER_TEST(without_directories_there_are_no_names),
		PROVIDER_TEST(of_too_many_names_512_are_kept),
		PROVIDER_TEST(what_is_missing_is_named),
		PROVIDER_TEST(placeholders_need_their_value),
		PROVIDER_TEST(an_expanded_value_at_the_limit_and_one_past),
		PROVIDER_TEST(the_preset_fills_what_the_account_leaves_open),
		PROVIDER_TEST(placeholders_stand_where_servers_are_named),
		PROVIDER_TEST(a_tenant_is_not_expanded_itself),
		PROVIDER_TEST(without_a_provider_endpoints_do),
		PROVIDER_TEST(the_stamp_is_that_of_the_latest_file),
	};

	return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
