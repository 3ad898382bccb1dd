#include "redirect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 32, BACKLOG = 16 };

/* ---- the address ---- */

static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};

/* Gives the length of "http://HOST", 0 for any other address. */
static size_t local_prefix(const char *uri)
{
	static const char scheme[] = "http://";
	size_t begin = strlen(scheme);

	if (strncmp(uri, scheme, begin) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t len = strlen(hosts[i]);

		if (strncmp(uri + begin, hosts[i], len) == 0 &&
			strchr(":/", uri[begin + len]) != NULL)
			return begin + len;
	}
	return 0;
}

bool redirect_is_local(const char *uri)
{
	return local_prefix(uri) > 0;
}

/* Reads port and path behind the host. */
static bool read_uri(struct redirect *redirect, const char *rest)
{
	char *stop = (char *)rest;
	long port = 0;

	if (*rest == ':') {
		port = strtol(rest + 1, &stop, 10);
		if (rest[1] < '0' || rest[1] > '9' || port < 1 || port > 65535)
			return false;
	}
	if ((*stop != '/' && *stop != '\0') || strpbrk(stop, " ?#%") != NULL ||
		strlen(stop) >= sizeof(redirect->path))
		return false;
	redirect->port = (int)port;
	snprintf(redirect->path, sizeof(redirect->path), "%s", *stop == '/' ? stop : "/");
	return true;
}

/* ---- listening ---- */

static int listen_at(int family, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr *address =
		family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, number;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

static int port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port)
									: 0;
}

/* The same port on both; a machine without IPv6 has one address. */
static bool listen_on_both(struct redirect *redirect, int wanted)
{
	for (int i = 0; i < TRIES; i++) {
		int v4 = listen_at(AF_INET, wanted);
		int v6;

		if (v4 < 0)
			return false;
		v6 = listen_at(AF_INET6, port_of(v4));
		if (v6 >= 0 || errno != EADDRINUSE) {
			redirect->port = port_of(v4);
			redirect->listeners[0] = v4;
			redirect->listeners[1] = v6;
			return true;
		}
		close(v4);
		errno = EADDRINUSE;
	}
	return false;
}

bool redirect_open(
	struct redirect *redirect, const char *uri, char *full, size_t size, struct error *err)
{
	size_t prefix = local_prefix(uri);
	int len;

	*redirect = (struct redirect){.listeners = {-1, -1}};
	for (size_t i = 0; i < REDIRECT_CALLERS; i++) {
		redirect->callers[i].fd = -1;
		redirect->callers[i].request = BUFFER(REDIRECT_REQUEST_MAX);
	}
	if (prefix == 0 || !read_uri(redirect, uri + prefix))
		return error_set(err, ERROR_CONFIG,
			"redirect_uri takes http://127.0.0.1 or http://localhost, with or without "
			"port and path, not `%.200s`",
			uri);
	if (!listen_on_both(redirect, redirect->port))
		return error_system(err, errno, "cannot listen for the browser on 127.0.0.1");
	len = snprintf(full, size, "%.*s:%d%s", (int)prefix, uri, redirect->port,
		strchr(uri + prefix, '/') != NULL ? redirect->path : "");
	if (len > 0 && (size_t)len < size)
		return true;
	redirect_close(redirect);
	return error_set(err, ERROR_CONFIG, "redirect_uri is too long");
}

static void hang_up(struct caller *caller)
{
	if (caller->fd >= 0)
		close(caller->fd);
	caller->fd = -1;
	buffer_free(&caller->request);
}

void redirect_close(struct redirect *redirect)
{
	if (redirect->port == 0)
		return;
	for (int i = 0; i < REDIRECT_LISTENERS; i++) {
		if (redirect->listeners[i] >= 0)
			close(redirect->listeners[i]);
		redirect->listeners[i] = -1;
	}
	for (int i = 0; i < REDIRECT_CALLERS; i++)
		hang_up(&redirect->callers[i]);
	redirect->port = 0;
}

/* ---- serving ---- */

void redirect_watch(const struct redirect *redirect, struct pollfd *fds)
{
	for (int i = 0; i < REDIRECT_FDS; i++)
		fds[i] = (struct pollfd){.fd = i < REDIRECT_LISTENERS
				? redirect->listeners[i]
				: redirect->callers[i - REDIRECT_LISTENERS].fd,
			.events = POLLIN};
}

static void answer(const struct caller *caller, const char *status, const char *words)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
		"HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
		status, strlen(words), words);

	send(caller->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(caller->fd, SHUT_WR);
}

/* A whole request, cut down in place: "GET PATH?QUERY HTTP/1.1". True if judge takes it. */
static bool judge_request(const struct redirect *redirect, const struct caller *caller, char *text,
	const struct redirect_judge *judge)
{
	char *target = text + 4, *end, *query;

	text[strcspn(text, "\r\n")] = '\0';
	end = strrchr(text, ' ');
	if (strncmp(text, "GET /", 5) != 0 || end <= target || strncmp(end, " HTTP/1.", 8) != 0) {
		answer(caller, "405 Method Not Allowed", "There is nothing here.\n");
		return false;
	}
	*end = '\0';
	query = strchr(target, '?');
	if (query != NULL)
		*query++ = '\0';
	if (query == NULL || strcmp(target, redirect->path) != 0) {
		answer(caller, "404 Not Found", "There is nothing here.\n");
		return false;
	}
	if (!judge->take(judge->context, query)) {
		answer(caller, "400 Bad Request",
			"This is not the end of the login that saslfresh waits for.\n");
		return false;
	}
	answer(caller, "200 OK",
		"saslfresh has got the answer. Close this page and go back to the terminal:\n"
		"it says how the login ended.\n");
	return true;
}

static bool is_whole(const struct buffer *request)
{
	return strstr(buffer_text(request), "\r\n\r\n") != NULL ||
		strstr(buffer_text(request), "\n\n") != NULL;
}

/* Reads what is there; true if judge has taken it. */
static bool listen_to(
	const struct redirect *redirect, struct caller *caller, const struct redirect_judge *judge)
{
	char block[4096];
	ssize_t got = recv(caller->fd, block, sizeof(block), MSG_DONTWAIT);
	bool taken = false;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0 && memchr(block, '\0', (size_t)got) == NULL) {
		buffer_add(&caller->request, block, (size_t)got);
		wipe(block, (size_t)got);
		if (buffer_ok(&caller->request) && !is_whole(&caller->request))
			return false;
		if (buffer_ok(&caller->request))
			taken = judge_request(redirect, caller, caller->request.data, judge);
		else
			answer(caller, "431 Request Header Fields Too Large", "Too much.\n");
	}
	hang_up(caller);
	return taken;
}

static void welcome(struct redirect *redirect, int listener, int64_t now)
{
	struct caller *place = &redirect->callers[0];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < REDIRECT_CALLERS && place->fd >= 0; i++)
		if (redirect->callers[i].fd < 0 || redirect->callers[i].deadline < place->deadline)
			place = &redirect->callers[i];
	hang_up(place);
	place->fd = fd;
	place->deadline = now + REDIRECT_MILLISECONDS;
}

bool redirect_serve(struct redirect *redirect, const struct pollfd *fds, int64_t now,
	const struct redirect_judge *judge)
{
	for (int i = 0; i < REDIRECT_CALLERS; i++) {
		struct caller *caller = &redirect->callers[i];
		const struct pollfd *ready = &fds[REDIRECT_LISTENERS + i];

		if (caller->fd < 0)
			continue;
		if (ready->fd == caller->fd && ready->revents != 0) {
			if (listen_to(redirect, caller, judge))
				return true;
		} else if (now >= caller->deadline) {
			hang_up(caller);
		}
	}
	for (int i = 0; i < REDIRECT_LISTENERS; i++)
		if (fds[i].fd >= 0 && fds[i].revents != 0)
			welcome(redirect, redirect->listeners[i], now);
	return false;
}
