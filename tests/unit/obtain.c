#include "obtain.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "lock.h"
#include "draft.h"
#include "programs_support.h"

enum { CROWD = 64, LIFE = 3600, SOFT = 360, HARD = 60 };

const char *obtain_program;

static int64_t now;

/* ---- the online half of these tests, a script that counts its runs ---- */

#define SAYS_OK "printf 'status = ok\\nend = 1\\n'\n"
#define RENEWS "mv ready state/" ACCOUNT_NAME ".token\n" SAYS_OK
#define SAYS_BUSY                                                                                  \
	"printf 'status = temporary\\ncause = the endpoint is tired\\nhint = rest\\nend = 3\\n'\n"

static void online_does(const struct box *box, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd '%s'\necho \"$*\" >>runs\n%s", box->dir, lines);
	file_puts(box_path(box, "online"), 0700, text);
}

static size_t runs(const struct box *box)
{
	return file_lines(box_path(box, "runs"));
}

static int obtain_setup(void **state)
{
	static char program[PATH_SIZE];
	struct box *box;

	if (box_setup(state) != 0)
		return -1;
	box = *state;
	now = (int64_t)time(NULL);
	box_configure(box, "");
	snprintf(program, sizeof(program), "%s", box_path(box, "online"));
	obtain_program = program;
	if (symlink(box->account->place.state, box_path(box, "state")) != 0)
		return -1;
	online_does(box, "echo unexpected >&2; exit 1\n");
	return 0;
}

/* ---- tokens ---- */

/* One with so many seconds left, out of an hour. */
static struct token with_left(const char *text, int64_t left)
{
	struct token token = {.issued_at = now + left - LIFE, .expires_at = now + left};

	snprintf(token.access_token, sizeof(token.access_token), "%s", text);
	snprintf(token.access_token_hash, sizeof(token.access_token_hash), "hash-of-%s", text);
	return token;
}

static void cache_has(const struct box *box, struct token token)
{
	token_store(box, &token);
}

/* What RENEWS puts in place. */
static void ready_is(const struct box *box, struct token token)
{
	token_store(box, &token);
	assert_int_equal(rename(state_path(box, "token"), box_path(box, "ready")), 0);
}

static struct token failed(struct token token, enum error_kind kind, int64_t retry_at)
{
	token.kind = kind;
	token.retry_at = retry_at;
	token.failures = 1;
	snprintf(token.error_description, sizeof(token.error_description), "remembered cause");
	return token;
}

static void gives(const struct box *box, const char *access_token, size_t wanted_runs)
{
	struct token token = {0};
	struct error err = {0};
	int descriptors = open_descriptors();

	assert_done(obtain_token(box->account, OBTAIN_NEEDED, now, &token, &err), err);
	assert_int_equal(open_descriptors(), descriptors);
	assert_string_equal(token.access_token, access_token);
	assert_int_equal(runs(box), wanted_runs);
}

static void fails(const struct box *box, enum obtain_will will, enum error_kind kind,
	const char *words, size_t wanted_runs)
{
	struct token token = {.issued_at = 4711};
	struct error err = {0};
	int descriptors = open_descriptors();

	assert_false(obtain_token(box->account, will, now, &token, &err));
	assert_int_equal(open_descriptors(), descriptors);
	assert_failed(err, kind, words);
	assert_mentions(err, "no access token of " ACCOUNT_NAME);
	assert_int_equal(token.issued_at, 4711);
	assert_int_equal(runs(box), wanted_runs);
}

/* ---- the state directory ---- */

static void without_a_state_directory_a_login_is_needed(void **state)
{
	struct box *box = *state;

	assert_int_equal(rmdir(box->account->place.state), 0);
	fails(box, OBTAIN_NEEDED, ERROR_LOGIN, "saslfresh login " ACCOUNT_NAME, 0);
	assert_false(file_exists(box->account->place.state));
}

static void where_nobody_logs_in_the_directory_is_made(void **state)
{
	struct box *box = *state;

	box_configure(box, "client_secret = s\nscope = mail\ngrant_type = client_credentials\n");
	ready_is(box, with_left("new", LIFE));
	assert_int_equal(rmdir(box->account->place.state), 0);
	online_does(box, RENEWS);
	gives(box, "new", 1);
	assert_true(file_exists(state_path(box, "lock")));
}

static void where_nobody_logs_in_no_login_is_taken(void **state)
{
	struct box *box = *state;
	struct error err = {0};

	box_configure(box, "client_secret = s\nscope = mail\ngrant_type = client_credentials\n");
	assert_false(obtain_login(box->account, -1, &err));
	assert_failed(err, ERROR_CONFIG, "with grant_type = client_credentials nobody logs in");
	assert_false(obtain_consent(box->account, OBTAIN_DEVICE, -1, &err));
	assert_false(obtain_import(box->account, -1, &err));
	assert_failed(err, ERROR_CONFIG, "with grant_type = client_credentials nobody logs in");
	assert_int_equal(runs(box), 0);
}

static void a_state_directory_that_others_may_write_is_refused(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("good", LIFE));
	assert_int_equal(chmod(box->account->place.state, 0722), 0);
	fails(box, OBTAIN_NEEDED, ERROR_CONFIG, "chmod 0700", 0);
	fails(box, OBTAIN_FORCED, ERROR_CONFIG, "chmod 0700", 0);
}

static void a_link_or_a_file_is_no_state_directory(void **state)
{
	struct box *box = *state;

	assert_int_equal(rename(box->account->place.state, box_path(box, "real")), 0);
	assert_int_equal(symlink(box_path(box, "real"), box->account->place.state), 0);
	fails(box, OBTAIN_NEEDED, ERROR_CONFIG, "not a directory", 0);
	assert_int_equal(unlink(box->account->place.state), 0);
	file_puts(box->account->place.state, 0600, "");
	fails(box, OBTAIN_NEEDED, ERROR_CONFIG, "not a directory", 0);
}

static void a_token_file_that_others_may_write_is_refused(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("planted", LIFE));
	assert_int_equal(chmod(state_path(box, "token"), 0622), 0);
	fails(box, OBTAIN_NEEDED, ERROR_CONFIG, "may be written by others", 0);
}

static void a_token_file_that_cannot_be_read_is_renewed(void **state)
{
	struct box *box = *state;
	static const char *const bad[] = {"", "version = 1\n", "version = 2\nend = 1\n", "\xff\n"};

	for (size_t i = 0; i < 4; i++) {
		ready_is(box, with_left("new", LIFE));
		file_puts(state_path(box, "token"), 0600, bad[i]);
		online_does(box, RENEWS);
		gives(box, "new", i + 1);
	}
}

/* ---- the online half fails ---- */

static void its_failure_is_ours_word_for_word(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", -1));
	online_does(box, SAYS_BUSY);
	fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired (rest)", 1);
}

static void a_crash_silence_and_garbage_are_failures(void **state)
{
	struct box *box = *state;
	static const char *const lines[] = {"kill -SEGV $$\n", "kill -KILL $$\n", "exit 0\n",
		"exit 75\n", "echo nonsense\n", "printf 'status = ok\\n'\n",
		"printf 'status = ok\\nend = 2\\n'\n", "printf 'status = ok\\nend = 1\\nmore\\n'\n",
		"printf 'status = splendid\\nend = 1\\n'\n", "printf '\\000\\001\\377\\n'\n",
		"printf 'status = ok'\n"};

	cache_has(box, with_left("old", -1));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		online_does(box, lines[i]);
		fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, "", i + 1);
	}
}

static void an_answer_without_end_is_cut_off(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", -1));
	online_does(box, "exec yes 'cause = x'\n");
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, "", 1);
}

static void no_online_half_is_told_with_its_path(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", -1));
	assert_int_equal(unlink(box_path(box, "online")), 0);
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, obtain_program, 0);
	file_puts(box_path(box, "online"), 0600, "");
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, obtain_program, 0);
}

static void success_without_a_token_is_none(void **state)
{
	struct box *box = *state;

	online_does(box, SAYS_OK);
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, "is not in", 1);
	cache_has(box, with_left("old", -1));
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, "is not in", 2);
}

static void a_living_token_survives_every_failure(void **state)
{
	struct box *box = *state;
	static const char *const lines[] = {
		SAYS_BUSY, "kill -SEGV $$\n", "exit 0\n", "echo nonsense\n", SAYS_OK};

	cache_has(box, with_left("old", HARD));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		online_does(box, lines[i]);
		gives(box, "old", i + 1);
	}
	assert_int_equal(unlink(box_path(box, "online")), 0);
	gives(box, "old", 5);
	cache_has(box, with_left("old", 1));
	gives(box, "old", 5);
	cache_has(box, with_left("old", 0));
	fails(box, OBTAIN_NEEDED, ERROR_SYSTEM, obtain_program, 5);
}

/* ---- the policy: what the age asks for ---- */

static void fresh_needs_nobody(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", LIFE));
	gives(box, "old", 0);
	cache_has(box, with_left("old", SOFT + 1));
	gives(box, "old", 0);
	assert_false(file_exists(state_path(box, "lock")));
}

static void soft_is_renewed_by_who_need_not_wait(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", SOFT));
	ready_is(box, with_left("new", LIFE));
	cache_has(box, with_left("old", SOFT));
	online_does(box, RENEWS);
	gives(box, "new", 1);
	gives(box, "new", 1);
}

static void soft_under_another_s_lock_is_used_at_once(void **state)
{
	struct box *box = *state;
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	bool busy;
	int64_t start = clock_milliseconds();

	assert_done(lock_take(box->account->place.state, ACCOUNT_NAME, 0, &lock, &busy, &err), err);
	cache_has(box, with_left("old", SOFT));
	gives(box, "old", 0);
	cache_has(box, with_left("old", HARD + 1));
	gives(box, "old", 0);
	assert_true(clock_milliseconds() - start < 1000);
	lock_release(&lock);
}

static void hard_and_dead_are_renewed(void **state)
{
	struct box *box = *state;
	static const int64_t left[] = {HARD, 1, 0, -1, -86400};

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		ready_is(box, with_left("new", LIFE));
		cache_has(box, with_left("old", left[i]));
		online_does(box, RENEWS);
		gives(box, "new", i + 1);
	}
	ready_is(box, with_left("new", LIFE));
	gives(box, "new", 6);
}

static void a_token_from_the_future_is_renewed(void **state)
{
	struct box *box = *state;
	struct token token = with_left("old", LIFE);

	token.issued_at = now + 61;
	token.expires_at = now + 61 + LIFE;
	ready_is(box, with_left("new", LIFE));
	cache_has(box, token);
	online_does(box, RENEWS);
	gives(box, "new", 1);
}

/* ---- the policy: waiting for the holder ---- */

struct waiting {
	struct box *box;
	int inherited;
	enum obtain_will will;
	int64_t retry_at;
};

/* 0: "new" was given without a run of ours. */
static int wait_for_new(void *context)
{
	const struct waiting *waiting = context;
	struct token token = {0};
	struct error err = {0};

	close(waiting->inherited);
	if (!obtain_token(waiting->box->account, waiting->will, now, &token, &err))
		return 1;
	return strcmp(token.access_token, "new") == 0 && runs(waiting->box) == 0 ? 0 : 2;
}

/* 0: the holder's failure came out, without a run of ours. */
static int wait_for_failure(void *context)
{
	const struct waiting *waiting = context;
	struct token token = {0};
	struct error err = {0};

	close(waiting->inherited);
	if (obtain_token(waiting->box->account, waiting->will, now, &token, &err))
		return 1;
	if (err.kind != ERROR_TEMPORARY || strcmp(err.cause, "remembered cause") != 0)
		return 2;
	return runs(waiting->box) == 0 ? 0 : 3;
}

static bool somebody_waits(void *context)
{
	return lock_waiters(context) == 1;
}

/* Runs body while another holds the lock, who then leaves token behind. */
static int behind_a_holder(struct box *box, int (*body)(void *), enum obtain_will will,
	struct token before, struct token after)
{
	struct lock lock = LOCK_NONE;
	struct error err = {0};
	char path[PATH_SIZE];
	struct waiting waiting = {.box = box, .will = will};
	bool busy;
	pid_t pid;

	assert_done(lock_take(box->account->place.state, ACCOUNT_NAME, 0, &lock, &busy, &err), err);
	cache_has(box, before);
	waiting.inherited = lock.fd;
	pid = start_child(body, &waiting);
	snprintf(path, sizeof(path), "%s", state_path(box, "lock"));
	assert_true(poll_until(somebody_waits, path, 10));
	cache_has(box, after);
	lock_release(&lock);
	return wait_child(pid, 10);
}

static void hard_and_dead_wait_for_the_holder_and_use_what_it_brings(void **state)
{
	assert_int_equal(behind_a_holder(*state, wait_for_new, OBTAIN_NEEDED,
				 with_left("old", HARD), with_left("new", LIFE)),
		0);
	assert_int_equal(behind_a_holder(*state, wait_for_new, OBTAIN_NEEDED, with_left("old", -1),
				 with_left("new", LIFE)),
		0);
}

static void forced_behind_a_holder_that_renews_is_content(void **state)
{
	assert_int_equal(behind_a_holder(*state, wait_for_new, OBTAIN_FORCED,
				 with_left("old", LIFE - 10), with_left("new", LIFE)),
		0);
}

static void the_holder_s_failure_is_ours(void **state)
{
	assert_int_equal(
		behind_a_holder(*state, wait_for_failure, OBTAIN_NEEDED, with_left("old", -1),
			failed(with_left("old", -1), ERROR_TEMPORARY, now + 1)),
		0);
}

/* ---- the policy: the memory of failure ---- */

static void held_until_retry_at(void **state)
{
	struct box *box = *state;
	static const enum error_kind kinds[] = {ERROR_TEMPORARY, ERROR_SERVER, ERROR_SYSTEM};

	online_does(box, SAYS_BUSY);
	for (size_t i = 0; i < 3; i++) {
		cache_has(box, failed(with_left("old", -1), kinds[i], now + 1));
		fails(box, OBTAIN_NEEDED, kinds[i], "remembered cause (next try in 1 s)", i);
		cache_has(box, failed(with_left("old", HARD), kinds[i], now + TOKEN_HOLD_MAX));
		gives(box, "old", i);
		cache_has(box, failed(with_left("old", -1), kinds[i], now));
		fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired", i + 1);
	}
}

/* A clock that was set back must not hold for ever. */
static void a_retry_at_beyond_belief_holds_nobody(void **state)
{
	struct box *box = *state;

	online_does(box, SAYS_BUSY);
	cache_has(box, failed(with_left("old", -1), ERROR_SERVER, now + TOKEN_HOLD_MAX + 1));
	fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired", 1);
}

static void a_needed_login_holds_until_a_person_acts(void **state)
{
	struct box *box = *state;
	struct token token = failed(with_left("old", -1), ERROR_LOGIN, 0);

	token.config_stamp = box->account->stamp;
	cache_has(box, token);
	fails(box, OBTAIN_NEEDED, ERROR_LOGIN, "remembered cause", 0);
	token.expires_at = now + 1;
	cache_has(box, token);
	gives(box, "old", 0);
	online_does(box, SAYS_BUSY);
	fails(box, OBTAIN_FORCED, ERROR_TEMPORARY, "the endpoint is tired", 1);
	token.expires_at = now - 1;
	token.config_stamp++;
	cache_has(box, token);
	fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired", 2);
}

static void a_misconfiguration_holds_until_the_configuration_changes(void **state)
{
	struct box *box = *state;
	struct token token = failed(with_left("old", -1), ERROR_CONFIG, now + 900);

	online_does(box, SAYS_BUSY);
	token.config_stamp = box->account->stamp;
	cache_has(box, token);
	fails(box, OBTAIN_NEEDED, ERROR_CONFIG, "remembered cause", 0);
	token.config_stamp = box->account->stamp - 1;
	cache_has(box, token);
	fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired", 1);
	token.config_stamp = box->account->stamp;
	token.retry_at = now;
	cache_has(box, token);
	fails(box, OBTAIN_NEEDED, ERROR_TEMPORARY, "the endpoint is tired", 2);
}

/* ---- the policy: a token that a mail server refused ---- */

static struct token rejected(struct token token)
{
	snprintf(token.rejected, sizeof(token.rejected), "%s", token.access_token_hash);
	token.rejected_at = now;
	token.rejections = 1;
	return token;
}

static void a_refused_token_forces_exactly_one_run(void **state)
{
	struct box *box = *state;
	struct token token = with_left("new", LIFE);

	snprintf(token.rejected, sizeof(token.rejected), "hash-of-old");
	ready_is(box, token);
	cache_has(box, rejected(with_left("old", LIFE)));
	online_does(box, RENEWS);
	gives(box, "new", 1);
	gives(box, "new", 1);
}

static void a_second_refusal_waits(void **state)
{
	struct box *box = *state;
	struct token token = rejected(with_left("old", LIFE));

	online_does(box, SAYS_BUSY);
	token.retry_at = now + 1;
	cache_has(box, token);
	gives(box, "old", 0);
	token.retry_at = now;
	cache_has(box, token);
	gives(box, "old", 1);
}

/* ---- forced ---- */

static void forced_renews_what_is_fresh_and_what_is_held(void **state)
{
	struct box *box = *state;
	struct token token = {0};
	struct error err = {0};

	ready_is(box, with_left("new", LIFE));
	cache_has(box, with_left("old", LIFE - 10));
	online_does(box, RENEWS);
	assert_done(obtain_token(box->account, OBTAIN_FORCED, now, &token, &err), err);
	assert_string_equal(token.access_token, "new");
	assert_int_equal(runs(box), 1);
	ready_is(box, with_left("newer", LIFE));
	cache_has(box, failed(with_left("old", -1), ERROR_TEMPORARY, now + 100));
	assert_done(obtain_token(box->account, OBTAIN_FORCED, now, &token, &err), err);
	assert_string_equal(token.access_token, "newer");
	assert_int_equal(runs(box), 2);
}

static void forced_in_vain_is_a_failure_but_the_token_stays(void **state)
{
	struct box *box = *state;

	cache_has(box, with_left("old", LIFE));
	online_does(box, SAYS_BUSY);
	fails(box, OBTAIN_FORCED, ERROR_TEMPORARY, "the endpoint is tired", 1);
	gives(box, "old", 1);
}

/* ---- how it is run ---- */

static void the_online_half_has_the_lock_on_descriptor_3(void **state)
{
	struct box *box = *state;
	char text[256];

	ready_is(box, with_left("new", LIFE));
	online_does(box,
		"readlink /proc/$$/fd/3 >fds\n"
		"ls /proc/$$/fd >>fds\n" RENEWS);
	gives(box, "new", 1);
	file_read(box_path(box, "runs"), text, sizeof(text));
	assert_string_equal(text, "refresh " ACCOUNT_NAME "\n");
	file_read(box_path(box, "fds"), text, sizeof(text));
	assert_non_null(strstr(text, "/" ACCOUNT_NAME ".lock\n"));
	assert_null(strstr(text, "\n4\n"));
}

static void what_needs_no_lock_has_none(void **state)
{
	struct box *box = *state;
	struct error err = {0};
	char text[256];
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC), output = open("/dev/zero", O_WRONLY);

	online_does(box, "for i in 3 4 5 6 7; do readlink /proc/$$/fd/$i; done >fds\n" SAYS_OK);
	box->account->draft = draft_open(ACCOUNT_NAME, true, &err);
	assert_done(obtain_prepare(box->account, "discover", -1, &err), err);
	file_read(box_path(box, "fds"), text, sizeof(text));
	assert_string_equal(text, "/dev/null\n/dev/null\n/memfd:saslfresh-draft (deleted)\n");
	assert_done(obtain_export(box->account, OBTAIN_ANY_USER, input, output, &err), err);
	file_read(box_path(box, "fds"), text, sizeof(text));
	assert_string_equal(
		text, "/dev/null\n/dev/null\n/memfd:saslfresh-draft (deleted)\n/dev/zero\n");
	file_read(box_path(box, "runs"), text, sizeof(text));
	assert_string_equal(text, "discover " ACCOUNT_NAME "\nexport-code-any " ACCOUNT_NAME "\n");
	online_does(box, SAYS_BUSY);
	assert_false(obtain_prepare(box->account, "register", -1, &err));
	assert_failed(err, ERROR_TEMPORARY, "the endpoint is tired (rest)");
	close(box->account->draft);
	close(input);
	close(output);
}

static void reject_hands_the_hash_over(void **state)
{
	struct box *box = *state;
	struct error err = {0};
	char text[256];
	int descriptors;

	online_does(box, "cat >request\n" SAYS_OK);
	descriptors = open_descriptors();
	assert_done(obtain_reject(box->account, "0123abcd", &err), err);
	assert_int_equal(open_descriptors(), descriptors);
	file_read(box_path(box, "request"), text, sizeof(text));
	assert_string_equal(text,
		"request = reject\naccount = " ACCOUNT_NAME "\nrejected = 0123abcd\nend = 3\n");
	file_read(box_path(box, "runs"), text, sizeof(text));
	assert_string_equal(text, "reject " ACCOUNT_NAME "\n");
}

static void an_answer_counts_although_the_request_was_not_read(void **state)
{
	struct box *box = *state;
	struct error err = {0};

	online_does(box, SAYS_BUSY);
	assert_false(obtain_reject(box->account, "0123abcd", &err));
	assert_failed(err, ERROR_TEMPORARY, "was refused: the endpoint is tired");
}

/* ---- login ---- */

static void login_makes_the_directory_and_hands_the_input_over(void **state)
{
	struct box *box = *state;
	struct error err = {0};
	struct stat status;
	char text[256];
	int ends[2], descriptors;

	assert_int_equal(rmdir(box->account->place.state), 0);
	assert_int_equal(rmdir(box_path(box, ".local/state")), 0);
	online_does(box, "cat <&4 >input\n" SAYS_OK);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "rt-secret\n", 10), 10);
	close(ends[1]);
	descriptors = open_descriptors();
	assert_done(obtain_login(box->account, ends[0], &err), err);
	assert_int_equal(open_descriptors(), descriptors);
	close(ends[0]);
	file_read(box_path(box, "input"), text, sizeof(text));
	assert_string_equal(text, "rt-secret\n");
	file_read(box_path(box, "runs"), text, sizeof(text));
	assert_string_equal(text, "login " ACCOUNT_NAME "\n");
	assert_int_equal(stat(box->account->place.state, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
}

static void login_that_cannot_make_the_directory_says_which(void **state)
{
	struct box *box = *state;
	struct error err = {0};

	assert_int_equal(rmdir(box->account->place.state), 0);
	assert_int_equal(rmdir(box_path(box, ".local/state")), 0);
	file_puts(box_path(box, ".local/state"), 0600, "");
	assert_false(obtain_login(box->account, 0, &err));
	assert_failed(err, ERROR_SYSTEM, "cannot make the directory");
	assert_mentions(err, "cannot log in to " ACCOUNT_NAME);
	assert_int_equal(runs(box), 0);
}

/* ---- a crowd ---- */

struct crowd {
	const struct box *box;
	int started;
};

static int obtain_in_a_crowd(void *context)
{
	const struct crowd *crowd = context;
	struct token token = {0};
	struct error err = {0};

	if (write(crowd->started, "", 1) != 1)
		return 2;
	if (!obtain_token(crowd->box->account, OBTAIN_NEEDED, now, &token, &err))
		return 1;
	return strcmp(token.access_token, "new") == 0 ? 0 : 3;
}

static void a_crowd_with_a_dead_token_makes_one_run(void **state)
{
	struct box *box = *state;
	pid_t pids[CROWD];
	int ends[2];
	char byte;
	int64_t start;

	ready_is(box, with_left("new", LIFE));
	cache_has(box, with_left("old", -1));
	online_does(box, "until [ -e all-there ]; do sleep 0.01; done\n" RENEWS);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < CROWD; i++)
		pids[i] = start_child(obtain_in_a_crowd, &(struct crowd){box, ends[1]});
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(read(ends[0], &byte, 1), 1);
	start = clock_milliseconds();
	file_puts(box_path(box, "all-there"), 0600, "");
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(wait_child(pids[i], 15), 0);
	assert_true(clock_milliseconds() - start < 5000);
	assert_int_equal(runs(box), 1);
	close(ends[0]);
	close(ends[1]);
}

#define OBTAIN_TEST(name) cmocka_unit_test_setup_teardown(name, obtain_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBTAIN_TEST(without_a_state_directory_a_login_is_needed),
		OBTAIN_TEST(where_nobody_logs_in_the_directory_is_made),
		OBTAIN_TEST(where_nobody_logs_in_no_login_is_taken),
		OBTAIN_TEST(a_state_directory_that_others_may_write_is_refused),
		OBTAIN_TEST(a_link_or_a_file_is_no_state_directory),
		OBTAIN_TEST(a_token_file_that_others_may_write_is_refused),
		OBTAIN_TEST(a_token_file_that_cannot_be_read_is_renewed),
		OBTAIN_TEST(its_failure_is_ours_word_for_word),
		OBTAIN_TEST(a_crash_silence_and_garbage_are_failures),
		OBTAIN_TEST(an_answer_without_end_is_cut_off),
		OBTAIN_TEST(no_online_half_is_told_with_its_path),
		OBTAIN_TEST(success_without_a_token_is_none),
		OBTAIN_TEST(a_living_token_survives_every_failure),
		OBTAIN_TEST(fresh_needs_nobody),
		OBTAIN_TEST(soft_is_renewed_by_who_need_not_wait),
		OBTAIN_TEST(soft_under_another_s_lock_is_used_at_once),
		OBTAIN_TEST(hard_and_dead_are_renewed),
		OBTAIN_TEST(a_token_from_the_future_is_renewed),
		OBTAIN_TEST(hard_and_dead_wait_for_the_holder_and_use_what_it_brings),
		OBTAIN_TEST(forced_behind_a_holder_that_renews_is_content),
		OBTAIN_TEST(the_holder_s_failure_is_ours),
		OBTAIN_TEST(held_until_retry_at),
		OBTAIN_TEST(a_retry_at_beyond_belief_holds_nobody),
		OBTAIN_TEST(a_needed_login_holds_until_a_person_acts),
		OBTAIN_TEST(a_misconfiguration_holds_until_the_configuration_changes),
		OBTAIN_TEST(a_refused_token_forces_exactly_one_run),
		OBTAIN_TEST(a_second_refusal_waits),
		OBTAIN_TEST(forced_renews_what_is_fresh_and_what_is_held),
		OBTAIN_TEST(forced_in_vain_is_a_failure_but_the_token_stays),
		OBTAIN_TEST(the_online_half_has_the_lock_on_descriptor_3),
		OBTAIN_TEST(an_answer_counts_although_the_request_was_not_read),
		OBTAIN_TEST(what_needs_no_lock_has_none),
		OBTAIN_TEST(reject_hands_the_hash_over),
		OBTAIN_TEST(login_makes_the_directory_and_hands_the_input_over),
		OBTAIN_TEST(login_that_cannot_make_the_directory_says_which),
		OBTAIN_TEST(a_crowd_with_a_dead_token_makes_one_run),
	};

	return cmocka_run_group_tests_name("obtain", tests, NULL, NULL);
}
