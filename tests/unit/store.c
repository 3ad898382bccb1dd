#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs_support.h"

enum { NOBODY = 65534, SPACE = 48 * 1024 };

static int store_setup(void **state)
{
	if (box_setup(state) != 0)
		return -1;
	box_configure(*state, "");
	return 0;
}

static struct grant with_token(const char *refresh_token)
{
	struct grant grant = {.consented_at = 1, .refreshed_at = 2, .refresh_token_expires_at = 3};

	snprintf(grant.refresh_token, sizeof(grant.refresh_token), "%s", refresh_token);
	snprintf(grant.previous_refresh_token, sizeof(grant.previous_refresh_token), "rt-before");
	snprintf(grant.scope, sizeof(grant.scope), "mail offline");
	snprintf(grant.client_id, sizeof(grant.client_id), "client");
	snprintf(grant.issuer, sizeof(grant.issuer), "https://issuer.example.test");
	return grant;
}

/* The file as it is written. */
static size_t record_of(const struct grant *grant, char *bytes, size_t size)
{
	struct buffer text = BUFFER(SPACE);
	size_t len = text.len;

	record_print(grant, ACCOUNT_NAME, &text);
	len = text.len;
	assert_true(buffer_ok(&text) && len < size);
	memcpy(bytes, text.data, len + 1);
	buffer_free(&text);
	return len;
}

static void grant_is_stored(const struct box *box, const char *suffix, const char *refresh_token)
{
	struct grant grant = with_token(refresh_token);
	char bytes[4096];
	size_t len = record_of(&grant, bytes, sizeof(bytes));

	file_write(state_path(box, suffix), 0600, bytes, len);
}

static void grant_has(const struct box *box, const char *refresh_token)
{
	struct grant grant;
	struct sealed sealed = {0};
	struct error err = {0};
	enum record_found found;

	assert_done(record_read(state_path(box, "grant"), geteuid(), &grant, &sealed, &found, &err),
		err);
	assert_int_equal(found, RECORD_WHOLE);
	assert_string_equal(grant.refresh_token, refresh_token);
}

static void nothing_is_left(const struct box *box)
{
	assert_false(file_exists(state_path(box, "grant.new")));
	assert_false(file_exists(state_path(box, "token.new")));
}

static void reserves(const struct box *box)
{
	struct store store;
	struct error err = {0};
	int descriptors = open_descriptors();

	assert_done(store_reserve(box->account, &store, &err), err);
	store_close(&store);
	assert_int_equal(open_descriptors(), descriptors);
	nothing_is_left(box);
}

static void cannot_reserve(const struct box *box, enum error_kind kind, const char *words)
{
	struct store store;
	struct error err = {0};
	int descriptors = open_descriptors();

	assert_false(store_reserve(box->account, &store, &err));
	assert_int_equal(open_descriptors(), descriptors);
	assert_failed(err, kind, words);
	assert_int_equal(store.directory, -1);
	assert_int_equal(store.grant, -1);
	assert_int_equal(store.token, -1);
	store_close(&store);
}

/* ---- what stands in the way ---- */

static void a_directory_is_not_replaced(void **state)
{
	static const char *const suffixes[] = {"grant", "token", "grant.new", "token.new"};
	struct box *box = *state;

	for (size_t i = 0; i < 4; i++) {
		const char *path = state_path(box, suffixes[i]);

		assert_int_equal(mkdir(path, 0700), 0);
		cannot_reserve(box, ERROR_SYSTEM, path);
		assert_int_equal(rmdir(path), 0);
		nothing_is_left(box);
	}
}

static void a_link_is_never_followed(void **state)
{
	static const char *const suffixes[] = {"grant.new", "token.new"};
	struct box *box = *state;
	char text[64];

	for (size_t i = 0; i < 2; i++) {
		file_puts(box_path(box, "victim"), 0600, "untouched");
		assert_int_equal(symlink(box_path(box, "victim"), state_path(box, suffixes[i])), 0);
		reserves(box);
		file_read(box_path(box, "victim"), text, sizeof(text));
		assert_string_equal(text, "untouched");
	}
}

static void a_link_to_a_whole_grant_is_not_adopted(void **state)
{
	struct box *box = *state;

	grant_is_stored(box, "grant", "rt-1");
	grant_is_stored(box, "planted", "rt-planted");
	assert_int_equal(symlink(state_path(box, "planted"), state_path(box, "grant.new")), 0);
	reserves(box);
	grant_has(box, "rt-1");
}

static void a_link_in_place_of_the_grant_is_refused(void **state)
{
	struct box *box = *state;
	struct grant grant = {.consented_at = 4711};
	struct error err = {0};
	struct store store;

	grant_is_stored(box, "planted", "rt-planted");
	assert_int_equal(symlink(state_path(box, "planted"), state_path(box, "grant")), 0);
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_false(store_read_grant(&store, &grant, &err));
	assert_failed(err, ERROR_SYSTEM, "symbolic link");
	assert_int_equal(grant.consented_at, 4711);
	store_close(&store);
}

static int reserve_and_read(void *context)
{
	const struct box *box = context;
	struct grant grant;
	struct error err = {0};
	struct store store;
	bool ok =
		store_reserve(box->account, &store, &err) && store_read_grant(&store, &grant, &err);

	store_close(&store);
	return ok ? 0 : (int)err.kind;
}

static void a_fifo_stops_nobody(void **state)
{
	static const char *const suffixes[] = {"grant", "grant.new", "token", "token.new"};
	struct box *box = *state;

	for (size_t i = 0; i < 4; i++) {
		int got;

		assert_int_equal(mkfifo(state_path(box, suffixes[i]), 0600), 0);
		got = run_child(reserve_and_read, box, 10);
		assert_true(got == 0 || got == ERROR_SYSTEM);
		unlink(state_path(box, suffixes[i]));
		nothing_is_left(box);
	}
}

static void a_grant_that_others_may_read_is_refused(void **state)
{
	struct box *box = *state;
	struct grant grant;
	struct error err = {0};
	struct store store;

	grant_is_stored(box, "grant", "rt-1");
	assert_int_equal(chmod(state_path(box, "grant"), 0604), 0);
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_false(store_read_grant(&store, &grant, &err));
	assert_failed(err, ERROR_CONFIG, "chmod 0600");
	store_close(&store);
}

/* It may be the only copy of what was issued. */
static void a_new_grant_that_others_may_read_is_not_thrown_away(void **state)
{
	struct box *box = *state;

	grant_is_stored(box, "grant", "rt-1");
	grant_is_stored(box, "grant.new", "rt-2");
	assert_int_equal(chmod(state_path(box, "grant.new"), 0644), 0);
	cannot_reserve(box, ERROR_CONFIG, "chmod");
	assert_int_equal(chmod(state_path(box, "grant.new"), 0600), 0);
	reserves(box);
	grant_has(box, "rt-2");
}

static void a_grant_that_is_torn_or_of_another_version_is_an_error(void **state)
{
	static const char *const bad[] = {"", "end = 0\n", "version = 1\nend = 1\n",
		"version = 2\nrefresh_token = rt\nend = 2\n", "refresh_token = rt\nend = 1\n",
		"version = 1\nrefresh_token = rt\n", "version = 1\nrefresh_token = rt\nend = 3\n",
		"version = 1\nrefresh_token = rt\nend = 2\nmore = 1\n",
		"version = 1\nrefresh_token = r\001t\nend = 2\n",
		"version = 1\nrefresh_token = rt\nconsented_at = soon\nend = 3\n",
		"version = 1\nrefresh_token = rt\nconsented_at = 99999999999999999999\nend = 3\n",
		"version = 1\nrefresh_token\nend = 2\n"};
	struct box *box = *state;
	struct grant grant = {.consented_at = 4711};
	struct error err = {0};
	struct store store;

	assert_done(store_reserve(box->account, &store, &err), err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		file_puts(state_path(box, "grant"), 0600, bad[i]);
		if (store_read_grant(&store, &grant, &err))
			fail_msg("accepted: %s", bad[i]);
		assert_failed(err, ERROR_SYSTEM, state_path(box, "grant"));
		assert_int_equal(grant.consented_at, 4711);
	}
	store_close(&store);
}

/* ---- the directory ---- */

static void a_directory_that_others_may_write_is_refused(void **state)
{
	struct box *box = *state;

	assert_int_equal(chmod(box->account->place.state, 0770), 0);
	cannot_reserve(box, ERROR_CONFIG, "chmod 0750");
	assert_int_equal(chmod(box->account->place.state, 0702), 0);
	cannot_reserve(box, ERROR_CONFIG, "chmod 0700");
}

static void no_directory_no_reservation(void **state)
{
	struct box *box = *state;

	assert_int_equal(rmdir(box->account->place.state), 0);
	cannot_reserve(box, ERROR_SYSTEM, box->account->place.state);
}

static int reserve_as_nobody(void *context)
{
	return geteuid() != 0 || (setegid(NOBODY) == 0 && seteuid(NOBODY) == 0)
		? reserve_and_read(context)
		: 99;
}

static void somebody_else_s_directory_is_refused(void **state)
{
	struct box *box = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(box->dir, 0711), 0);
	assert_int_equal(chmod(box_path(box, ".local"), 0711), 0);
	assert_int_equal(chmod(box_path(box, ".local/state"), 0711), 0);
	assert_int_equal(chown(box->account->place.state, 1, 1), 0);
	assert_int_equal(chmod(box->account->place.state, 0755), 0);
	assert_int_equal(run_child(reserve_as_nobody, box, 10), ERROR_CONFIG);
	cannot_reserve(box, ERROR_CONFIG, "belongs to user 1");
}

static void a_read_only_directory_is_told_before_a_request(void **state)
{
	struct box *box = *state;

	grant_is_stored(box, "grant", "rt-1");
	if (geteuid() == 0) {
		assert_int_equal(chmod(box->dir, 0711), 0);
		assert_int_equal(chmod(box_path(box, ".local"), 0711), 0);
		assert_int_equal(chmod(box_path(box, ".local/state"), 0711), 0);
		assert_int_equal(chown(box->account->place.state, NOBODY, NOBODY), 0);
		assert_int_equal(chown(state_path(box, "grant"), NOBODY, NOBODY), 0);
	}
	assert_int_equal(chmod(box->account->place.state, 0500), 0);
	assert_int_equal(run_child(reserve_as_nobody, box, 10), ERROR_SYSTEM);
	assert_int_equal(chmod(box->account->place.state, 0700), 0);
	nothing_is_left(box);
	assert_int_equal(run_child(reserve_as_nobody, box, 10), 0);
}

/* ---- no room ---- */

/* The bits say what did not hold: 0 is good. Two tokens of the largest size. */
static int write_the_largest(const struct box *box, bool *reserved)
{
	struct grant *grant = grant_new(&(struct error){0});
	struct token *token = token_new(&(struct error){0});
	struct error err = {0};
	struct store store;
	int wrong = 0;

	memset(grant->refresh_token, 'r', TOKEN_MAX);
	memset(grant->previous_refresh_token, 'p', TOKEN_MAX);
	memset(grant->scope, 's', TOKEN_SCOPE_MAX);
	memset(grant->client_id, 'c', sizeof(grant->client_id) - 1);
	memset(grant->issuer, 'i', sizeof(grant->issuer) - 1);
	memset(token->access_token, 'a', TOKEN_MAX);
	memset(token->scope, 's', TOKEN_SCOPE_MAX);
	memset(token->hosts, 'h', TOKEN_HOSTS_MAX);
	memset(token->user, 'u', TOKEN_USER_MAX);
	memset(token->error_description, 'd', sizeof(token->error_description) - 1);
	memset(token->hint, 'h', sizeof(token->hint) - 1);
	*reserved = store_reserve(box->account, &store, &err);
	if (*reserved)
		wrong = (store_commit_grant(&store, grant, &err) ? 0 : 1) |
			(store_commit_token(&store, token, &err) ? 0 : 2);
	else
		wrong = err.kind == ERROR_SYSTEM ? 0 : 4;
	store_close(&store);
	wrong |= file_exists(state_path(box, "grant.new")) ? 8 : 0;
	wrong |= file_exists(state_path(box, "token.new")) ? 16 : 0;
	grant_free(grant);
	token_free(token);
	return wrong;
}

static void what_is_largest_has_room(void **state)
{
	bool reserved;

	assert_int_equal(write_the_largest(*state, &reserved), 0);
	assert_true(reserved);
}

/* At each size: nothing is reserved, or all can be committed. 32: refused, 64: committed. */
static int fill_small_disks(void *context)
{
	struct box *box = context;
	int outcomes = 0;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		return 128;
	for (int pages = 1; pages <= 32; pages++) {
		char options[64];
		bool reserved;
		int wrong;

		snprintf(options, sizeof(options), "size=%dk,mode=0700", pages * 4);
		if (mount("none", box->account->place.state, "tmpfs", 0, options) != 0)
			return 128;
		wrong = write_the_largest(box, &reserved);
		outcomes |= wrong | (reserved ? 64 : 32);
		umount(box->account->place.state);
	}
	return outcomes;
}

static void a_full_disk_is_told_before_a_request(void **state)
{
	int outcomes = run_child(fill_small_disks, *state, 30);

	if (outcomes == 128)
		skip();
	assert_int_equal(outcomes, 32 | 64);
}

static int fill_up_to_a_file_size(void *context)
{
	struct box *box = context;
	int outcomes = 0;

	signal(SIGXFSZ, SIG_IGN);
	for (int pages = 0; pages <= 16; pages++) {
		struct rlimit limit = {(rlim_t)pages * 4096 + 1, RLIM_INFINITY};
		bool reserved;
		int wrong;

		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			return 128;
		wrong = write_the_largest(box, &reserved);
		outcomes |= wrong | (reserved ? 64 : 32);
	}
	return outcomes;
}

static void a_file_size_limit_is_told_before_a_request(void **state)
{
	assert_int_equal(run_child(fill_up_to_a_file_size, *state, 30), 32 | 64);
}

/* ---- what a kill left behind ---- */

static void a_torn_new_grant_is_removed_wherever_it_ends(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2");
	char *bytes = calloc(1, SPACE);
	size_t len = record_of(&grant, bytes, SPACE);

	grant_is_stored(box, "grant", "rt-1");
	for (size_t cut = 0; cut < len; cut++) {
		file_write(state_path(box, "grant.new"), 0600, bytes, cut);
		reserves(box);
		grant_has(box, "rt-1");
	}
	free(bytes);
}

static void a_torn_new_grant_in_reserved_space_is_removed_wherever_it_ends(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2");
	char *bytes = calloc(1, SPACE);
	size_t len = record_of(&grant, bytes, SPACE);

	grant_is_stored(box, "grant", "rt-1");
	for (size_t cut = len; cut-- > 0;) {
		bytes[cut] = '\0';
		file_write(state_path(box, "grant.new"), 0600, bytes, SPACE);
		reserves(box);
		grant_has(box, "rt-1");
	}
	free(bytes);
}

/* A hole of zeros, as a lost page leaves it. */
static void a_new_grant_with_a_hole_is_removed(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2");
	char bytes[4096];
	size_t len = record_of(&grant, bytes, sizeof(bytes));

	grant_is_stored(box, "grant", "rt-1");
	for (size_t hole = 0; hole + 1 < len; hole++) {
		record_of(&grant, bytes, sizeof(bytes));
		bytes[hole] = '\0';
		file_write(state_path(box, "grant.new"), 0600, bytes, len);
		reserves(box);
		grant_has(box, "rt-1");
	}
}

static void a_whole_new_grant_is_adopted_with_and_without_zeros_behind_it(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2");
	char *bytes = calloc(1, SPACE);
	size_t len = record_of(&grant, bytes, SPACE);
	static const size_t behind[] = {0, 1, 4095, 4096};

	for (size_t i = 0; i < 5; i++) {
		grant_is_stored(box, "grant", "rt-1");
		file_write(
			state_path(box, "grant.new"), 0600, bytes, i < 4 ? len + behind[i] : SPACE);
		reserves(box);
		grant_has(box, "rt-2");
	}
	assert_int_equal(unlink(state_path(box, "grant")), 0);
	file_write(state_path(box, "grant.new"), 0600, bytes, len);
	reserves(box);
	grant_has(box, "rt-2");
	free(bytes);
}

static void a_new_token_that_was_left_is_removed(void **state)
{
	struct box *box = *state;

	file_puts(state_path(box, "token.new"), 0600, "version = 1\nend = 1\n");
	reserves(box);
	assert_false(file_exists(state_path(box, "token")));
}

/* ---- going well ---- */

static void no_grant_reads_as_an_empty_one(void **state)
{
	struct box *box = *state;
	struct grant grant = {.consented_at = 4711};
	struct error err = {0};
	struct store store;

	assert_done(store_reserve(box->account, &store, &err), err);
	assert_done(store_read_grant(&store, &grant, &err), err);
	assert_string_equal(grant.refresh_token, "");
	assert_int_equal(grant.consented_at, 0);
	store_close(&store);
}

static void space_is_reserved_in_private_files(void **state)
{
	static const char *const suffixes[] = {"grant.new", "token.new"};
	struct box *box = *state;
	struct error err = {0};
	struct stat status;
	struct store store;
	mode_t before = umask(0);

	assert_done(store_reserve(box->account, &store, &err), err);
	umask(before);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(stat(state_path(box, suffixes[i]), &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		assert_true(status.st_size >= (i == 0 ? 2 : 1) * TOKEN_MAX);
		assert_true(status.st_blocks * 512 >= (i == 0 ? 2 : 1) * TOKEN_MAX);
	}
	store_close(&store);
	nothing_is_left(box);
}

static void what_is_committed_is_read_again(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2"), read = {0};
	struct token token = {.issued_at = 5, .expires_at = 6, .access_token = "at"}, cached;
	struct error err = {0};
	struct stat status;
	struct store store;
	char text[1024];
	int descriptors = open_descriptors();

	grant_is_stored(box, "grant", "rt-1");
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_done(store_commit_grant(&store, &grant, &err), err);
	assert_done(store_read_grant(&store, &read, &err), err);
	assert_memory_equal(&read, &grant, sizeof(grant));
	assert_done(store_commit_token(&store, &token, &err), err);
	store_close(&store);
	store_close(&store);
	assert_int_equal(open_descriptors(), descriptors);
	file_read(state_path(box, "grant"), text, sizeof(text));
	assert_string_equal(text,
		"version = 1\naccount = " ACCOUNT_NAME
		"\nrefresh_token = rt-2\nprevious_refresh_token = rt-before\n"
		"scope = mail offline\nclient_id = client\n"
		"issuer = https://issuer.example.test\nconsented_at = 1\n"
		"refreshed_at = 2\nrefresh_token_expires_at = 3\nend = 10\n");
	nothing_is_left(box);
	token_load(box, &cached);
	assert_string_equal(cached.access_token, "at");
	assert_int_equal(stat(state_path(box, "grant"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(status.st_size < 1024);
}

static void a_commit_of_one_leaves_the_other(void **state)
{
	struct box *box = *state;
	struct token token = {.issued_at = 5, .expires_at = 6, .access_token = "at"};
	struct error err = {0};
	struct store store;

	grant_is_stored(box, "grant", "rt-1");
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_done(store_commit_token(&store, &token, &err), err);
	store_close(&store);
	nothing_is_left(box);
	grant_has(box, "rt-1");
}

/* A value that no record can hold must not replace what is there. */
static void a_grant_that_cannot_be_written_leaves_the_old_one(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt\n2");
	struct error err = {0};
	struct store store;

	grant_is_stored(box, "grant", "rt-1");
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_false(store_commit_grant(&store, &grant, &err));
	store_close(&store);
	grant_has(box, "rt-1");
	reserves(box);
	grant_has(box, "rt-1");
}

static void a_failed_rename_is_made_good_by_the_next(void **state)
{
	struct box *box = *state;
	struct grant grant = with_token("rt-2");
	struct error err = {0};
	struct store store;

	assert_done(store_reserve(box->account, &store, &err), err);
	assert_int_equal(mkdir(state_path(box, "grant"), 0700), 0);
	assert_false(store_commit_grant(&store, &grant, &err));
	assert_failed(err, ERROR_SYSTEM, "cannot rename");
	store_close(&store);
	assert_true(file_exists(state_path(box, "grant.new")));
	assert_int_equal(rmdir(state_path(box, "grant")), 0);
	reserves(box);
	grant_has(box, "rt-2");
}

static void the_token_may_be_for_a_group_the_grant_never(void **state)
{
	struct box *box = *state;
	const struct group *group = getgrgid(getegid());
	struct grant grant = with_token("rt-2");
	struct token token = {.issued_at = 5, .expires_at = 6, .access_token = "at"};
	struct error err = {0};
	struct store store;
	struct stat status;
	char line[128];

	box_configure(box, "group = no-such-group\n");
	cannot_reserve(box, ERROR_CONFIG, "no-such-group");
	nothing_is_left(box);
	if (group == NULL)
		skip();
	snprintf(line, sizeof(line), "group = %s\n", group->gr_name);
	box_configure(box, line);
	assert_done(store_reserve(box->account, &store, &err), err);
	assert_done(store_commit_grant(&store, &grant, &err), err);
	assert_done(store_commit_token(&store, &token, &err), err);
	store_close(&store);
	assert_int_equal(stat(state_path(box, "token"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(status.st_gid, group->gr_gid);
	assert_int_equal(stat(state_path(box, "grant"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_group_that_is_not_ours_is_told(void **state)
{
	struct box *box = *state;

	if (geteuid() != 0 || getgrnam("daemon") == NULL)
		skip();
	box_configure(box, "group = daemon\n");
	assert_int_equal(chmod(box->dir, 0711), 0);
	assert_int_equal(chmod(box_path(box, ".local"), 0711), 0);
	assert_int_equal(chmod(box_path(box, ".local/state"), 0711), 0);
	assert_int_equal(chown(box->account->place.state, NOBODY, NOBODY), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(run_child(reserve_as_nobody, box, 10), ERROR_CONFIG);
	nothing_is_left(box);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_directory_is_not_replaced),
		STORE_TEST(a_link_is_never_followed),
		STORE_TEST(a_link_to_a_whole_grant_is_not_adopted),
		STORE_TEST(a_link_in_place_of_the_grant_is_refused),
		STORE_TEST(a_fifo_stops_nobody),
		STORE_TEST(a_grant_that_others_may_read_is_refused),
		STORE_TEST(a_new_grant_that_others_may_read_is_not_thrown_away),
		STORE_TEST(a_grant_that_is_torn_or_of_another_version_is_an_error),
		STORE_TEST(a_directory_that_others_may_write_is_refused),
		STORE_TEST(no_directory_no_reservation),
		STORE_TEST(somebody_else_s_directory_is_refused),
		STORE_TEST(a_read_only_directory_is_told_before_a_request),
		STORE_TEST(a_full_disk_is_told_before_a_request),
		STORE_TEST(a_file_size_limit_is_told_before_a_request),
		STORE_TEST(a_torn_new_grant_is_removed_wherever_it_ends),
		STORE_TEST(a_torn_new_grant_in_reserved_space_is_removed_wherever_it_ends),
		STORE_TEST(a_new_grant_with_a_hole_is_removed),
		STORE_TEST(a_whole_new_grant_is_adopted_with_and_without_zeros_behind_it),
		STORE_TEST(a_new_token_that_was_left_is_removed),
		STORE_TEST(no_grant_reads_as_an_empty_one),
		STORE_TEST(space_is_reserved_in_private_files),
		STORE_TEST(what_is_largest_has_room),
		STORE_TEST(what_is_committed_is_read_again),
		STORE_TEST(a_commit_of_one_leaves_the_other),
		STORE_TEST(a_grant_that_cannot_be_written_leaves_the_old_one),
		STORE_TEST(a_failed_rename_is_made_good_by_the_next),
		STORE_TEST(the_token_may_be_for_a_group_the_grant_never),
		STORE_TEST(a_group_that_is_not_ours_is_told),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
