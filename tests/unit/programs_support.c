#include "programs_support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#include "ask.h"
#include "cache.h"
#include "provider.h"

/* ---- files ---- */

void file_write(const char *path, mode_t mode, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(write(fd, bytes, len) == (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

void file_puts(const char *path, mode_t mode, const char *text)
{
	file_write(path, mode, text, strlen(text));
}

size_t file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	assert_true(fd >= 0);
	got = read(fd, text, size - 1);
	close(fd);
	assert_true(got >= 0);
	text[got] = '\0';
	return (size_t)got;
}

bool file_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

size_t file_lines(const char *path)
{
	char text[16384];
	size_t lines = 0;

	if (!file_exists(path))
		return 0;
	file_read(path, text, sizeof(text));
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	return lines;
}

char *repeat(const char *text, size_t len)
{
	char *bytes = malloc(len + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = text[i % strlen(text)];
	bytes[len] = '\0';
	return bytes;
}

/* ---- the box ---- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int unlock_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)walk;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

int box_setup(void **state)
{
	struct box *box = calloc(1, sizeof(*box));
	const char *where = getenv("TMPDIR");

	if (box == NULL)
		return -1;
	snprintf(box->dir, sizeof(box->dir), "%s/saslfresh.XXXXXX",
		where != NULL && strlen(where) < 64 ? where : "/tmp");
	if (mkdtemp(box->dir) == NULL)
		return -1;
	setenv("HOME", box->dir, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	*state = box;
	return 0;
}

int box_teardown(void **state)
{
	struct box *box = *state;

	config_free(&box->config);
	nftw(box->dir, unlock_entry, 16, FTW_PHYS);
	nftw(box->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(box);
	return 0;
}

const char *box_path(const struct box *box, const char *name)
{
	static char paths[8][PATH_SIZE];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_SIZE, "%s/%s", box->dir, name);
	return path;
}

static void make_directories(const struct box *box, const char *const *names)
{
	for (; *names != NULL; names++)
		assert_true(mkdir(box_path(box, *names), 0700) == 0 || errno == EEXIST);
}

void box_configure(struct box *box, const char *lines)
{
	static const char *const directories[] = {".config", ".config/saslfresh", ".local",
		".local/state", ".local/state/saslfresh", NULL};
	struct error err = {0};
	char text[8192];

	make_directories(box, directories);
	snprintf(text, sizeof(text), "timeout = 5\nconnect_timeout = 2\n[account %s]\n%s%s%s",
		ACCOUNT_NAME, strstr(lines, "client_id") != NULL ? "" : "client_id = client\n",
		strstr(lines, "token_endpoint =") != NULL
			? ""
			: "token_endpoint = https://localhost:1/token\n",
		lines);
	file_puts(box_path(box, ".config/saslfresh/saslfresh.conf"), 0600, text);
	config_free(&box->config);
	assert_done(config_load(&box->config, &err), err);
	box->account = config_find(&box->config, ACCOUNT_NAME);
	assert_non_null(box->account);
	assert_done(account_complete(box->account, &err), err);
}

const char *state_path(const struct box *box, const char *suffix)
{
	static char paths[8][PATH_SIZE];
	static unsigned next;
	char *path = paths[next++ % 8];

	assert_true(place_file(box->account->place.state, ACCOUNT_NAME, suffix, path));
	return path;
}

void token_store(const struct box *box, const struct token *token)
{
	struct buffer text = BUFFER(KEYFILE_RECORD_MAX);

	token_print(token, ACCOUNT_NAME, &text);
	assert_true(buffer_ok(&text));
	file_puts(state_path(box, "token.test"), 0600, buffer_text(&text));
	assert_int_equal(rename(state_path(box, "token.test"), state_path(box, "token")), 0);
	buffer_free(&text);
}

void token_load(const struct box *box, struct token *token)
{
	struct error err = {0};

	assert_done(cache_read(box->account->place.state, true, ACCOUNT_NAME, token, &err), err);
}

/* ---- children ---- */

pid_t start_child(int (*body)(void *context), void *context)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(context));
	return pid;
}

/* Without pidfd_open, which not every valgrind knows. */
int wait_child(pid_t pid, int seconds)
{
	int64_t deadline = clock_milliseconds() + seconds * 1000;
	bool in_time = true;
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && in_time) {
		in_time = clock_milliseconds() < deadline;
		poll(NULL, 0, 2);
	}
	if (got == 0) {
		kill(pid, SIGKILL);
		got = waitpid(pid, &status, 0);
	}
	assert_int_equal(got, pid);
	if (!in_time)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int run_child(int (*body)(void *context), void *context, int seconds)
{
	return wait_child(start_child(body, context), seconds);
}

bool poll_until(bool (*condition)(void *context), void *context, int seconds)
{
	int64_t deadline = clock_milliseconds() + seconds * 1000;

	while (!condition(context)) {
		if (clock_milliseconds() >= deadline)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int lock_waiters(const char *path)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], inode[32];
	struct stat status;
	int count = 0;

	assert_non_null(locks);
	assert_int_equal(stat(path, &status), 0);
	snprintf(inode, sizeof(inode), ":%lu ", (unsigned long)status.st_ino);
	while (fgets(line, sizeof(line), locks) != NULL)
		count += strstr(line, "-> FLOCK") != NULL && strstr(line, inode) != NULL;
	fclose(locks);
	return count;
}

/* ---- the server ---- */

static size_t body_length(const char *head)
{
	const char *line = strcasestr(head, "\r\ncontent-length:");

	return line != NULL ? (size_t)strtoul(line + 17, NULL, 10) : 0;
}

static bool read_request(int fd, char *request)
{
	size_t len = 0;

	for (;;) {
		char *end = len > 0 ? strstr(request, "\r\n\r\n") : NULL;
		ssize_t got;

		if (end != NULL && len >= (size_t)(end + 4 - request) + body_length(request))
			return true;
		got = recv(fd, request + len, SERVER_REQUEST_MAX - 1 - len, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		request[len] = '\0';
	}
}

static void answer(struct server *server, int fd)
{
	int number;

	if (!read_request(fd, server->request))
		return;
	pthread_mutex_lock(&server->mutex);
	number = server->requests++;
	pthread_mutex_unlock(&server->mutex);
	if (server->on_request != NULL)
		server->on_request(server->context, number);
	if (number < server->count)
		send(fd, server->replies[number].bytes, server->replies[number].len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	/* Until the other side has read it all: closing with unread input would reset. */
	while (recv(fd, (char[256]){0}, 256, 0) > 0)
		continue;
}

static void *serve(void *context)
{
	struct server *server = context;
	int fd;

	while ((fd = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_mutex_lock(&server->serving);
		answer(server, fd);
		close(fd);
		pthread_mutex_unlock(&server->serving);
	}
	return NULL;
}

void server_start(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);

	server->request = calloc(1, SERVER_REQUEST_MAX);
	assert_non_null(server->request);
	pthread_mutex_init(&server->mutex, NULL);
	pthread_mutex_init(&server->serving, NULL);
	server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->listening >= 0);
	assert_int_equal(bind(server->listening, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server->listening, 16), 0);
	assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void server_reset(struct server *server)
{
	pthread_mutex_lock(&server->serving);
	while (server->count > 0)
		free(server->replies[--server->count].bytes);
	server->requests = 0;
	pthread_mutex_unlock(&server->serving);
}

void server_stop(struct server *server)
{
	shutdown(server->listening, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listening);
	server_reset(server);
	free(server->request);
	pthread_mutex_destroy(&server->serving);
	pthread_mutex_destroy(&server->mutex);
	memset(server, 0, sizeof(*server));
}

void server_add_bytes(struct server *server, const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	assert_true(server->count < SERVER_REPLIES);
	memcpy(copy, bytes, len);
	server->replies[server->count].bytes = copy;
	server->replies[server->count].len = len;
	server->count++;
}

void server_add(struct server *server, const char *status, const char *body)
{
	size_t size = strlen(status) + strlen(body) + 256;
	char *bytes = malloc(size);

	assert_non_null(bytes);
	snprintf(bytes, size,
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);
	server_add_bytes(server, bytes, strlen(bytes));
	free(bytes);
}
