#include "redirect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs_support.h"

static struct redirect redirect;
static char full[512], seen[REDIRECT_REQUEST_MAX];
static bool takes;

static bool take(void *context, const char *query)
{
	(void)context;
	snprintf(seen, sizeof(seen), "%s", query);
	return takes;
}

static void open_at(const char *uri)
{
	struct error err = {0};

	takes = true;
	seen[0] = '\0';
	assert_done(redirect_open(&redirect, uri, full, sizeof(full), &err), err);
}

static int call(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)redirect.port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)redirect.port),
		.sin6_addr = in6addr_loopback};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4)) == 0
			      : connect(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Serves until nothing more is to do at time now. */
static bool serve(int64_t now)
{
	const struct redirect_judge judge = {take, NULL};
	struct pollfd fds[REDIRECT_FDS];
	bool taken = false;

	do
		redirect_watch(&redirect, fds);
	while (poll(fds, REDIRECT_FDS, 50) > 0 &&
		!(taken = redirect_serve(&redirect, fds, now, &judge)));
	if (!taken)
		redirect_serve(&redirect, fds, now, &judge);
	return taken;
}

/* Sends len octets; gives whether it was taken, and the beginning of the answer. */
static bool ask_octets(const char *request, size_t len, char *answer, size_t size)
{
	int fd = call(AF_INET);
	ssize_t got;
	bool taken;

	assert_true(fd >= 0);
	assert_true(send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len);
	taken = serve(0);
	got = recv(fd, answer, size - 1, MSG_DONTWAIT);
	answer[got > 0 ? got : 0] = '\0';
	close(fd);
	return taken;
}

static bool ask(const char *request, char *answer, size_t size)
{
	return ask_octets(request, strlen(request), answer, size);
}

static void addresses(void **state)
{
	static const char *const good[] = {"http://127.0.0.1", "http://localhost",
		"http://localhost/", "http://[::1]/a/b", "http://127.0.0.1/callback"};
	static const char *const bad[] = {"https://127.0.0.1", "http://127.0.0.1.evil.test/",
		"http://example.test/", "http://localhost:0/", "http://localhost:65536/",
		"http://localhost:x/", "http://localhost:-1/", "http://localhost:80x/",
		"http://localhost/?q", "http://localhost/#f", "http://localhost@evil.test/"};
	struct error err = {0};
	char wanted[128];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *host = good[i] + 7;
		size_t len = 7 + strcspn(host, "/");

		assert_true(redirect_is_local(good[i]));
		open_at(good[i]);
		assert_true(redirect.port > 0);
		snprintf(wanted, sizeof(wanted), "%.*s:%d%s", (int)len, good[i], redirect.port,
			good[i] + len);
		assert_string_equal(full, wanted);
		redirect_close(&redirect);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(redirect_open(&redirect, bad[i], full, sizeof(full), &err));
		assert_failed(err, ERROR_CONFIG, "redirect_uri takes");
	}
	assert_false(redirect_open(&redirect, "http://localhost/abc", full, 20, &err));
	assert_failed(err, ERROR_CONFIG, "too long");
}

static void a_port_that_is_named_is_taken_and_may_be_taken_already(void **state)
{
	struct redirect other;
	struct error err = {0};
	char uri[64];

	(void)state;
	open_at("http://127.0.0.1/x");
	snprintf(uri, sizeof(uri), "http://127.0.0.1:%d/x", redirect.port);
	assert_false(redirect_open(&other, uri, full, sizeof(full), &err));
	assert_failed(err, ERROR_SYSTEM, "cannot listen");
	redirect_close(&redirect);
	open_at(uri);
	assert_string_equal(full, uri);
	redirect_close(&redirect);
}

static void both_addresses_hear_and_none_afterwards(void **state)
{
	int fd;

	(void)state;
	open_at("http://localhost");
	for (int i = 0; i < 2; i++) {
		fd = call(i == 0 ? AF_INET : AF_INET6);
		assert_true(fd >= 0 || redirect.listeners[i] < 0);
		if (fd >= 0)
			close(fd);
	}
	fd = redirect.port;
	redirect_close(&redirect);
	redirect.port = fd;
	assert_int_equal(call(AF_INET), -1);
	assert_int_equal(call(AF_INET6), -1);
	redirect.port = 0;
}

static void each_request_gets_its_answer(void **state)
{
	static const struct {
		const char *request;
		const char *answer;
	} cases[] = {
		{"GET /other?code=x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
		{"GET /cb HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
		{"GET /cb/?code=x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
		{"POST /cb?code=x HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
		{"GET /cb?code=x\r\n\r\n", "HTTP/1.1 405 "},
		{"GET http://h/cb?code=x HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
		{"GET\r\n\r\n", "HTTP/1.1 405 "},
		{"\n\n", "HTTP/1.1 405 "},
		{"GET  HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
		{"\x16\x03\x01 nonsense\n\n", "HTTP/1.1 405 "},
	};
	char answer[1024];

	(void)state;
	open_at("http://localhost/cb");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(ask(cases[i].request, answer, sizeof(answer)));
		if (strncmp(answer, cases[i].answer, strlen(cases[i].answer)) != 0)
			fail_msg("%s is answered %s", cases[i].request, answer);
		assert_string_equal(seen, "");
	}
	takes = false;
	assert_false(ask("GET /cb?a=b HTTP/1.1\r\n\r\n", answer, sizeof(answer)));
	assert_true(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
	takes = true;
	assert_true(ask("GET /cb?code=x&y=z HTTP/1.1\r\nHost: h\r\n\r\n", answer, sizeof(answer)));
	assert_true(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
	assert_non_null(strstr(answer, "go back to the terminal"));
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	assert_null(strstr(answer, "code=x"));
	assert_string_equal(seen, "code=x&y=z");
	redirect_close(&redirect);
}

static void a_request_in_pieces_and_one_that_is_too_large(void **state)
{
	static const char request[] = "GET /?code=pieces HTTP/1.1\r\nHost: h\r\n\r\n";
	char *large = repeat("x", REDIRECT_REQUEST_MAX + 1);
	char answer[1024];
	bool taken = false;
	int fd;

	(void)state;
	open_at("http://localhost");
	assert_false(ask_octets(large, REDIRECT_REQUEST_MAX + 1, answer, sizeof(answer)));
	assert_false(ask_octets("GET /?code=\0 HTTP/1.1\r\n\r\n", 25, answer, sizeof(answer)));
	assert_string_equal(answer, "");
	fd = call(AF_INET);
	for (size_t i = 0; i < strlen(request); i++) {
		assert_false(taken);
		assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
		if (i % 8 == 0 || i + 1 == strlen(request))
			taken = serve(0);
	}
	assert_true(taken);
	assert_string_equal(seen, "code=pieces");
	close(fd);
	redirect_close(&redirect);
	free(large);
}

static bool hung_up(int fd)
{
	char octet;

	return recv(fd, &octet, 1, MSG_DONTWAIT) == 0;
}

/* Who says nothing is sent away in time, and earlier where more come than there is room for. */
static void the_silent_hold_nobody_up(void **state)
{
	int fds[REDIRECT_CALLERS + 1];
	char answer[1024];

	(void)state;
	open_at("http://localhost");
	for (int i = 0; i <= REDIRECT_CALLERS; i++) {
		fds[i] = call(AF_INET);
		assert_true(fds[i] >= 0);
		assert_false(serve(i));
	}
	assert_true(hung_up(fds[0]));
	assert_false(hung_up(fds[1]));
	assert_false(hung_up(fds[REDIRECT_CALLERS]));
	serve(REDIRECT_MILLISECONDS + 1);
	assert_true(hung_up(fds[1]));
	assert_false(hung_up(fds[2]));
	assert_true(ask("GET /?code=x HTTP/1.1\r\n\r\n", answer, sizeof(answer)));
	redirect_close(&redirect);
	assert_true(hung_up(fds[REDIRECT_CALLERS]));
	for (int i = 0; i <= REDIRECT_CALLERS; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(a_port_that_is_named_is_taken_and_may_be_taken_already),
		cmocka_unit_test(both_addresses_hear_and_none_afterwards),
		cmocka_unit_test(each_request_gets_its_answer),
		cmocka_unit_test(a_request_in_pieces_and_one_that_is_too_large),
		cmocka_unit_test(the_silent_hold_nobody_up),
	};

	return cmocka_run_group_tests_name("redirect", tests, NULL, NULL);
}
