#include "adopt.h"
#include "refresh.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "online_support.h"
#include "store.h"

enum { NOW = 2000000000 };

static struct box *box;
static struct grant grant;
static struct token token;
static struct error err;

static int refresh_setup(void **state)
{
	int status = server_setup(state);

	box = *state;
	return status;
}

/* An account at the server, with more lines. */
static void account_with(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"token_endpoint = http://127.0.0.1:%d/token\nhttp_loopback = yes\nuser = me\n"
		"hosts = *.example.test\nissuer = https://issuer.example.test\n%s",
		server.port, lines);
	box_configure(box, text);
}

static void grant_is(const char *refresh_token, const char *previous)
{
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);

	memset(&grant, 0, sizeof(grant));
	snprintf(grant.refresh_token, sizeof(grant.refresh_token), "%s", refresh_token);
	snprintf(
		grant.previous_refresh_token, sizeof(grant.previous_refresh_token), "%s", previous);
	grant.consented_at = NOW - 1000;
	grant.refreshed_at = NOW - 500;
	record_print(&grant, ACCOUNT_NAME, &text);
	file_puts(state_path(box, "grant"), 0600, buffer_text(&text));
	buffer_free(&text);
}

/* The token in the cache: good for so many seconds. */
static void token_is(const char *access_token, int64_t left)
{
	memset(&token, 0, sizeof(token));
	snprintf(token.access_token, sizeof(token.access_token), "%s", access_token);
	assert_done(crypto_hash_text(access_token, token.access_token_hash, &err), err);
	token.issued_at = NOW - 3600 + left;
	token.expires_at = NOW + left;
	token_store(box, &token);
}

static bool refresh(int64_t now)
{
	const struct online online = {&box->config, box->account, now, false};
	bool ok;

	memset(&err, 0, sizeof(err));
	ok = refresh_grant(&online, &err);
	memset(&grant, 0, sizeof(grant));
	memset(&token, 0, sizeof(token));
	if (file_exists(state_path(box, "grant"))) {
		struct sealed sealed = {0};
		enum record_found found;

		record_read(state_path(box, "grant"), geteuid(), &grant, &sealed, &found,
			&(struct error){0});
	}
	token_load(box, &token);
	assert_false(file_exists(state_path(box, "grant.new")));
	assert_false(file_exists(state_path(box, "token.new")));
	return ok;
}

static void grant_has(const char *refresh_token, const char *previous)
{
	assert_string_equal(grant.refresh_token, refresh_token);
	assert_string_equal(grant.previous_refresh_token, previous);
}

static bool was_sent(const char *refresh_token)
{
	char field[64];

	snprintf(field, sizeof(field), "&refresh_token=%s&", refresh_token);
	return strstr(server.request, field) != NULL;
}

/* ---- nothing to send ---- */

static void without_a_grant_nothing_is_sent(void **state)
{
	(void)state;
	account_with("");
	assert_false(refresh(NOW));
	assert_failed(err, ERROR_LOGIN, "saslfresh login " ACCOUNT_NAME);
	assert_int_equal(server.requests, 0);
	assert_false(file_exists(state_path(box, "grant")));
}

static void a_grant_that_cannot_be_read_is_not_sent_and_not_touched(void **state)
{
	static const char torn[] = "version = 1\nrefresh_token = rt-0\n";
	char text[64];

	(void)state;
	account_with("");
	file_puts(state_path(box, "grant"), 0600, torn);
	assert_false(refresh(NOW));
	assert_failed(err, ERROR_SYSTEM, ".grant");
	assert_int_equal(server.requests, 0);
	file_read(state_path(box, "grant"), text, sizeof(text));
	assert_string_equal(text, torn);
}

static void a_grant_of_another_client_is_not_sent(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(refresh(NOW), err);
	assert_string_equal(grant.client_id, "client");
	account_with("client_id = another\n");
	assert_false(refresh(NOW));
	assert_failed(err, ERROR_CONFIG, "client_id");
	assert_int_equal(server.requests, 1);
}

static void without_a_secret_nothing_is_sent(void **state)
{
	(void)state;
	account_with("client_secret_file = /nonexistent/secret\n");
	grant_is("rt-0", "");
	assert_false(refresh(NOW));
	assert_failed(err, ERROR_CONFIG, "/nonexistent/secret");
	assert_int_equal(server.requests, 0);
	grant_has("rt-0", "");
}

static void where_nothing_can_be_reserved_nothing_is_sent(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	assert_int_equal(mkdir(state_path(box, "token"), 0700), 0);
	assert_false(refresh_grant(&(struct online){&box->config, box->account, NOW, false}, &err));
	assert_failed(err, ERROR_SYSTEM, "is a directory");
	assert_int_equal(server.requests, 0);
	assert_false(file_exists(state_path(box, "grant.new")));
}

/* ---- refused ---- */

static void fails_with(const char *status, const char *body, enum error_kind kind)
{
	server_add(&server, status, body);
	assert_false(refresh(NOW));
	assert_int_equal(err.kind, kind);
	assert_int_equal(token.kind, kind);
	assert_string_equal(token.access_token, "at-0");
	assert_int_equal(token.expires_at, NOW + 100);
	assert_string_equal(token.error_description, err.cause);
	assert_string_equal(token.hint, err.hint);
	assert_int_equal(token.config_stamp, box->account->stamp);
}

static void each_failure_is_remembered_in_its_way(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	token_is("at-0", 100);
	fails_with("503 Oops", "", ERROR_TEMPORARY);
	assert_int_equal(token.failures, 1);
	assert_in_range(token.retry_at, NOW + 32, NOW + 48);
	fails_with("500 Oops", "", ERROR_TEMPORARY);
	assert_int_equal(token.failures, 2);
	assert_in_range(token.retry_at, NOW + 64, NOW + 96);
	fails_with("200 OK", "nonsense", ERROR_SERVER);
	assert_int_equal(token.failures, 3);
	assert_in_range(token.retry_at, NOW + 128, NOW + 192);
	fails_with("401 No", "{\"error\":\"invalid_client\"}", ERROR_CONFIG);
	assert_string_equal(token.error, "invalid_client");
	assert_int_equal(token.retry_at, NOW + 900);
	fails_with("400 Bad", "{\"error\":\"invalid_grant\"}", ERROR_LOGIN);
	assert_string_equal(token.error, "invalid_grant");
	assert_int_equal(token.retry_at, 0);
	grant_has("rt-0", "");
	assert_int_equal(grant.refreshed_at, NOW - 500);
}

static void retry_after_wins_up_to_a_day(void **state)
{
	static const struct {
		const char *header;
		int64_t low, high;
	} rows[] = {{"1", 1, 1}, {"86400", 86400, 86400}, {"86401", 86400, 86400},
		{"99999999999", 86400, 86400}, {"0", 32, 2000}, {"-1", 32, 2000},
		{"soon", 32, 2000}};

	(void)state;
	account_with("");
	grant_is("rt-0", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[256];

		snprintf(answer, sizeof(answer),
			"HTTP/1.1 429 Slow\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
			rows[i].header);
		server_add_bytes(&server, answer, strlen(answer));
		assert_false(refresh(NOW));
		assert_int_equal(token.kind, ERROR_TEMPORARY);
		if (token.retry_at < NOW + rows[i].low || token.retry_at > NOW + rows[i].high)
			fail_msg("Retry-After: %s gives %lld", rows[i].header,
				(long long)(token.retry_at - NOW));
	}
}

static void the_longest_description_is_remembered(void **state)
{
	char body[1024], *words = repeat("w", 600);

	(void)state;
	account_with("");
	grant_is("rt-0", "");
	token_is("at-0", 100);
	snprintf(body, sizeof(body), "{\"error\":\"%.63s\",\"error_description\":\"%s\"}", words,
		words);
	fails_with("400 Bad", body, ERROR_SERVER);
	assert_true(strlen(token.error_description) > 500);
	free(words);
}

/* ---- a good answer that cannot be used as a whole ---- */

static void a_bad_access_token_with_a_new_refresh_token_is_stored(void **state)
{
	static const char *const bodies[] = {
		"{\"access_token\":\"a\\u0001b\",\"refresh_token\":\"rt-1\"}",
		"{\"access_token\":7,\"refresh_token\":\"rt-1\"}", "{\"refresh_token\":\"rt-1\"}",
		"{\"access_token\":\"at\",\"token_type\":\"mac\",\"refresh_token\":\"rt-1\"}"};

	(void)state;
	account_with("");
	for (size_t i = 0; i < 4; i++) {
		grant_is("rt-0", "");
		token_is("at-0", 100);
		fails_with("200 OK", bodies[i], ERROR_SERVER);
		grant_has("rt-1", "rt-0");
	}
}

static void an_error_s_refresh_token_is_not_believed(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	token_is("at-0", 100);
	fails_with(
		"400 Bad", "{\"error\":\"invalid_grant\",\"refresh_token\":\"rt-9\"}", ERROR_LOGIN);
	grant_has("rt-0", "");
}

/* ---- rotation ---- */

static void a_new_refresh_token_replaces_and_the_used_one_is_kept(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	server_add(&server, "200 OK",
		"{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\","
		"\"scope\":\"mail\",\"refresh_token_expires_in\":7}");
	assert_done(refresh(NOW), err);
	assert_true(was_sent("rt-0"));
	grant_has("rt-1", "rt-0");
	assert_int_equal(grant.consented_at, NOW - 1000);
	assert_int_equal(grant.refreshed_at, NOW);
	assert_int_equal(grant.refresh_token_expires_at, NOW + 7);
	assert_string_equal(grant.scope, "mail");
	assert_string_equal(grant.client_id, "client");
	assert_string_equal(grant.issuer, "https://issuer.example.test");
	server_add(&server, "200 OK", "{\"access_token\":\"at-2\",\"refresh_token\":\"rt-2\"}");
	assert_done(refresh(NOW + 1), err);
	assert_true(was_sent("rt-1"));
	grant_has("rt-2", "rt-1");
	assert_int_equal(grant.refresh_token_expires_at, 0);
	server_add(&server, "503 Oops", "");
	assert_false(refresh(NOW + 2));
	grant_has("rt-2", "rt-1");
}

/* It has worked: what was before it is of no more use. */
static void without_rotation_the_previous_one_goes(void **state)
{
	static const char *const bodies[] = {"{\"access_token\":\"at-1\"}",
		"{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\"}",
		"{\"access_token\":\"at-1\",\"refresh_token\":\"\"}",
		"{\"access_token\":\"at-1\",\"refresh_token\":null}"};

	(void)state;
	account_with("");
	for (size_t i = 0; i < 4; i++) {
		grant_is("rt-1", "rt-0");
		server_add(&server, "200 OK", bodies[i]);
		assert_done(refresh(NOW), err);
		grant_has("rt-1", "");
	}
}

static void the_largest_tokens_are_kept(void **state)
{
	char *refresh_token = repeat("r", TOKEN_MAX), *access_token = repeat("a", TOKEN_MAX);
	char *body = malloc(3 * TOKEN_MAX);

	(void)state;
	account_with("");
	grant_is(refresh_token, refresh_token);
	refresh_token[0] = 'R';
	sprintf(body, "{\"access_token\":\"%s\",\"refresh_token\":\"%s\"}", access_token,
		refresh_token);
	server_add(&server, "200 OK", body);
	assert_done(refresh(NOW), err);
	assert_string_equal(grant.refresh_token, refresh_token);
	refresh_token[0] = 'r';
	assert_string_equal(grant.previous_refresh_token, refresh_token);
	assert_string_equal(token.access_token, access_token);
	free(refresh_token);
	free(access_token);
	free(body);
}

/* ---- the previous refresh token ---- */

#define DEAD "{\"error\":\"invalid_grant\",\"error_description\":\"the first\"}"

static void a_lost_rotation_is_healed_where_reuse_is_tolerated(void **state)
{
	(void)state;
	account_with("refresh_token_reuse = tolerated\n");
	grant_is("rt-1", "rt-0");
	server_add(&server, "400 Bad", DEAD);
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-2\"}");
	assert_done(refresh(NOW), err);
	assert_true(was_sent("rt-0"));
	assert_int_equal(server.requests, 2);
	grant_has("rt-2", "rt-0");
	grant_is("rt-1", "rt-0");
	server_add(&server, "400 Bad", DEAD);
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(refresh(NOW), err);
	grant_has("rt-0", "");
}

static void where_reuse_is_punished_it_is_never_sent(void **state)
{
	static const char *const lines[] = {"", "refresh_token_reuse = punished\n"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		account_with(lines[i]);
		grant_is("rt-1", "rt-0");
		server_add(&server, "400 Bad", DEAD);
		assert_false(refresh(NOW));
		assert_int_equal(err.kind, ERROR_LOGIN);
		assert_int_equal(server.requests, i + 1);
		assert_true(was_sent("rt-1"));
		grant_has("rt-1", "rt-0");
	}
}

static void a_previous_one_that_is_dead_too_changes_nothing(void **state)
{
	(void)state;
	account_with("refresh_token_reuse = tolerated\n");
	grant_is("rt-1", "rt-0");
	server_add(&server, "400 Bad", DEAD);
	server_add(&server, "400 Bad",
		"{\"error\":\"invalid_grant\",\"error_description\":\"the second\"}");
	assert_false(refresh(NOW));
	assert_failed(err, ERROR_LOGIN, "the first");
	grant_has("rt-1", "rt-0");
	assert_int_equal(token.kind, ERROR_LOGIN);
	/* And a server in trouble proves nothing. */
	server_add(&server, "400 Bad", DEAD);
	server_add(&server, "503 Oops", "");
	assert_false(refresh(NOW));
	assert_int_equal(err.kind, ERROR_TEMPORARY);
	grant_has("rt-1", "rt-0");
}

static void other_failures_do_not_spend_the_previous_one(void **state)
{
	(void)state;
	account_with("refresh_token_reuse = tolerated\n");
	grant_is("rt-1", "rt-0");
	server_add(&server, "503 Oops", "");
	assert_false(refresh(NOW));
	server_add(&server, "401 No", "{\"error\":\"invalid_client\"}");
	assert_false(refresh(NOW));
	assert_int_equal(server.requests, 2);
	assert_true(was_sent("rt-1"));
}

/* Another program has put a newer one there during the request. */
static void put_newer_grant(void *context, int number)
{
	(void)context;
	if (number == 0)
		grant_is("rt-9", "rt-8");
}

static void a_grant_that_changed_meanwhile_is_used(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	server.on_request = put_newer_grant;
	server_add(&server, "400 Bad", DEAD);
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(refresh(NOW), err);
	assert_true(was_sent("rt-9"));
	grant_has("rt-9", "");
}

/* ---- the token ---- */

static void a_success_forgets_the_failure_and_fills_the_token(void **state)
{
	char hash[CRYPTO_HEX_SIZE];

	(void)state;
	account_with("");
	grant_is("rt-0", "");
	token_is("at-0", 100);
	fails_with("400 Bad", "{\"error\":\"invalid_grant\"}", ERROR_LOGIN);
	server_add(&server, "200 OK",
		"{\"access_token\":\"at-1\",\"expires_in\":\"60\","
		"\"scope\":\"mail\"}");
	assert_done(refresh(NOW), err);
	assert_done(crypto_hash_text("at-1", hash, &err), err);
	assert_string_equal(token.user, "me");
	assert_string_equal(token.hosts, "*.example.test");
	assert_string_equal(token.scope, "mail");
	assert_string_equal(token.access_token, "at-1");
	assert_string_equal(token.access_token_hash, hash);
	assert_int_equal(token.issued_at, NOW);
	assert_int_equal(token.expires_at, NOW + 60);
	assert_int_equal(token.kind, ERROR_NONE);
	assert_string_equal(token.error, "");
	assert_string_equal(token.error_description, "");
	assert_string_equal(token.hint, "");
	assert_int_equal(token.retry_at, 0);
	assert_int_equal(token.failures, 0);
	assert_int_equal(token.config_stamp, 0);
}

static void the_server_s_clock_is_compared(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nDate: Wed, 18 May 2033 03:33:50 GMT\r\n"
				     "Content-Length: 23\r\n\r\n{\"access_token\":\"at-1\"}";

	(void)state;
	account_with("");
	grant_is("rt-0", "");
	server_add_bytes(&server, answer, sizeof(answer) - 1);
	assert_done(refresh(NOW), err);
	assert_int_equal(token.clock_skew, 30);
}

/* A server that gives the same token again is asked once, not for ever. */
static void the_same_token_again_is_no_longer_rejected(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	token_is("at-0", 100);
	memcpy(token.rejected, token.access_token_hash, sizeof(token.rejected));
	token.rejections = 1;
	token_store(box, &token);
	server_add(&server, "200 OK", "{\"access_token\":\"at-0\"}");
	assert_done(refresh(NOW), err);
	assert_false(token_is_rejected(&token));
	assert_int_equal(token.rejections, 1);
}

static void a_token_file_that_cannot_be_read_is_replaced(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	file_puts(state_path(box, "token"), 0600, "torn");
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(refresh(NOW), err);
	assert_string_equal(token.access_token, "at-1");
}

/* ---- while the request is under way ---- */

static struct stat reserved[2];
static sigset_t held;

static void look_at_reserved(void *context, int number)
{
	static const char *const suffixes[] = {"grant.new", "token.new"};
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long mask = 0;
	char line[256];

	(void)context, (void)number;
	for (int i = 0; i < 2; i++)
		stat(state_path(box, suffixes[i]), &reserved[i]);
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "SigBlk:", 7) == 0)
			mask = strtoull(line + 7, NULL, 16);
	fclose(status);
	sigemptyset(&held);
	for (int signal_number = 1; signal_number < 32; signal_number++)
		if ((mask >> (signal_number - 1) & 1) != 0)
			sigaddset(&held, signal_number);
}

static void before_the_request_there_is_room_and_no_signal_comes_through(void **state)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM};
	sigset_t now;

	(void)state;
	memset(reserved, 0, sizeof(reserved));
	account_with("");
	grant_is("rt-0", "");
	server.on_request = look_at_reserved;
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(refresh(NOW), err);
	assert_true(reserved[0].st_size >= 2 * TOKEN_MAX);
	assert_true(reserved[1].st_size >= TOKEN_MAX);
	sigprocmask(SIG_BLOCK, NULL, &now);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(sigismember(&held, numbers[i]), 1);
		assert_int_equal(sigismember(&now, numbers[i]), 0);
	}
}

/* ---- login ---- */

static bool login(const char *input)
{
	const struct online online = {&box->config, box->account, NOW, false};
	struct sealed sealed = {0};
	enum record_found found;
	int fd;
	bool ok;

	file_puts(box_path(box, "input"), 0600, input);
	fd = open(box_path(box, "input"), O_RDONLY);
	memset(&err, 0, sizeof(err));
	ok = adopt_input(&online, fd, &err);
	close(fd);
	memset(&grant, 0, sizeof(grant));
	record_read(
		state_path(box, "grant"), geteuid(), &grant, &sealed, &found, &(struct error){0});
	token_load(box, &token);
	return ok;
}

static void a_refresh_token_that_is_none_is_not_sent(void **state)
{
	static const char *const bad[] = {
		"", "\n", "\r\n", "\nrt\n", "r\001t\n", "r\tt\n", "rt\x7f\n", "rt\xc3\xa9\n"};
	char *longest = repeat("r", TOKEN_MAX + 1);

	(void)state;
	account_with("");
	grant_is("rt-0", "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (login(bad[i]))
			fail_msg("accepted: %s", bad[i]);
		assert_failed(err, ERROR_CONFIG, "the refresh token");
	}
	assert_false(login(longest));
	assert_failed(err, ERROR_CONFIG, "too long");
	assert_int_equal(server.requests, 0);
	grant_has("rt-0", "");
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(login(longest + 1), err);
	assert_string_equal(grant.refresh_token, longest + 1);
	free(longest);
}

static void a_refresh_token_with_a_nul_is_not_sent(void **state)
{
	struct online online = {&box->config, NULL, NOW, false};
	int fd;

	(void)state;
	account_with("");
	online.account = box->account;
	file_write(box_path(box, "input"), 0600, "rt\0more\n", 8);
	fd = open(box_path(box, "input"), O_RDONLY);
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_false(adopt_input(&online, fd, &err));
	close(fd);
	assert_failed(err, ERROR_CONFIG, "byte");
	assert_int_equal(server.requests, 0);
}

static void a_login_that_fails_changes_nothing(void **state)
{
	static const char *const answers[][2] = {{"400 Bad", DEAD},
		{"401 No", "{\"error\":\"invalid_client\"}"}, {"503 Oops", ""}, {"200 OK", "x"},
		{"200 OK", "{}"}};
	struct token before;

	(void)state;
	account_with("");
	grant_is("rt-0", "rt-before");
	token_is("at-0", 100);
	before = token;
	for (size_t i = 0; i < 5; i++) {
		server_add(&server, answers[i][0], answers[i][1]);
		assert_false(login("rt-9\n"));
		grant_has("rt-0", "rt-before");
		assert_memory_equal(&token, &before, sizeof(token));
	}
}

static void a_login_that_fails_keeps_what_was_issued(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "");
	server_add(
		&server, "200 OK", "{\"access_token\":\"a\\u0001\",\"refresh_token\":\"rt-10\"}");
	assert_false(login("rt-9\n"));
	grant_has("rt-10", "rt-9");
}

static void a_login_proves_and_stores(void **state)
{
	(void)state;
	account_with("");
	grant_is("rt-0", "rt-before");
	token_is("at-0", 100);
	token.kind = ERROR_LOGIN;
	memcpy(token.rejected, token.access_token_hash, sizeof(token.rejected));
	token.rejections = 3;
	token_store(box, &token);
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-10\"}");
	assert_done(login("rt-9\r\nignored\n"), err);
	assert_true(was_sent("rt-9"));
	grant_has("rt-10", "rt-9");
	assert_int_equal(grant.consented_at, NOW);
	assert_string_equal(token.access_token, "at-1");
	assert_int_equal(token.kind, ERROR_NONE);
	assert_int_equal(token.rejections, 0);
	server_add(&server, "200 OK", "{\"access_token\":\"at-2\"}");
	assert_done(login(" rt ~11"), err);
	grant_has(" rt ~11", "");
}

/* The way out of a grant that a power loss tore. */
static void a_login_replaces_a_grant_that_cannot_be_read(void **state)
{
	(void)state;
	account_with("");
	file_puts(state_path(box, "grant"), 0600, "version = 1\nrefresh_tok");
	server_add(&server, "200 OK", "{\"access_token\":\"at-1\"}");
	assert_done(login("rt-9\n"), err);
	grant_has("rt-9", "");
}

#define REFRESH_TEST(name) cmocka_unit_test_setup_teardown(name, refresh_setup, server_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFRESH_TEST(without_a_grant_nothing_is_sent),
		REFRESH_TEST(a_grant_that_cannot_be_read_is_not_sent_and_not_touched),
		REFRESH_TEST(a_grant_of_another_client_is_not_sent),
		REFRESH_TEST(without_a_secret_nothing_is_sent),
		REFRESH_TEST(where_nothing_can_be_reserved_nothing_is_sent),
		REFRESH_TEST(each_failure_is_remembered_in_its_way),
		REFRESH_TEST(retry_after_wins_up_to_a_day),
		REFRESH_TEST(the_longest_description_is_remembered),
		REFRESH_TEST(a_bad_access_token_with_a_new_refresh_token_is_stored),
		REFRESH_TEST(an_error_s_refresh_token_is_not_believed),
		REFRESH_TEST(a_new_refresh_token_replaces_and_the_used_one_is_kept),
		REFRESH_TEST(without_rotation_the_previous_one_goes),
		REFRESH_TEST(the_largest_tokens_are_kept),
		REFRESH_TEST(a_lost_rotation_is_healed_where_reuse_is_tolerated),
		REFRESH_TEST(where_reuse_is_punished_it_is_never_sent),
		REFRESH_TEST(a_previous_one_that_is_dead_too_changes_nothing),
		REFRESH_TEST(other_failures_do_not_spend_the_previous_one),
		REFRESH_TEST(a_grant_that_changed_meanwhile_is_used),
		REFRESH_TEST(a_success_forgets_the_failure_and_fills_the_token),
		REFRESH_TEST(the_server_s_clock_is_compared),
		REFRESH_TEST(the_same_token_again_is_no_longer_rejected),
		REFRESH_TEST(a_token_file_that_cannot_be_read_is_replaced),
		REFRESH_TEST(before_the_request_there_is_room_and_no_signal_comes_through),
		REFRESH_TEST(a_refresh_token_that_is_none_is_not_sent),
		REFRESH_TEST(a_refresh_token_with_a_nul_is_not_sent),
		REFRESH_TEST(a_login_that_fails_changes_nothing),
		REFRESH_TEST(a_login_that_fails_keeps_what_was_issued),
		REFRESH_TEST(a_login_proves_and_stores),
		REFRESH_TEST(a_login_replaces_a_grant_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("refresh", tests, library_setup, library_teardown);
}
