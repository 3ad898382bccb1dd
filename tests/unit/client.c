#include "client.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- a home ---- */

static void make_directories(const char *path)
{
	char made[PATH_MAX];

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		snprintf(made, sizeof(made), "%.*s", (int)i, path);
		mkdir(made, 0700);
	}
}

static char *path_in(const struct client *client, const char *name)
{
	char *path = path_of(client->directory, name);

	make_directories(path);
	return path;
}

int client_setup(void **state)
{
	struct client *client = calloc(1, sizeof(*client));
	int fd;

	if (client == NULL || directory_setup(state) != 0)
		return -1;
	snprintf(client->directory, sizeof(client->directory), "%s", (char *)*state);
	free(*state);
	*state = client;
	client->name = "me@example.org";
	setenv("HOME", client->directory, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	if (symlink(SASLFRESH_PLUGIN, path_in(client, "plugins/libsaslfresh.so")) != 0)
		return -1;
	client_path(client, true);
	fflush(NULL);
	client->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	fd = open(path_in(client, "stderr"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 || dup2(fd, STDERR_FILENO) < 0 || close(fd) != 0 ? -1 : 0;
}

int client_teardown(void **state)
{
	struct client *client = *state;

	client_close(client);
	client_done(client);
	fflush(NULL);
	dup2(client->saved_stderr, STDERR_FILENO);
	close(client->saved_stderr);
	dprintf(STDERR_FILENO, "%s", client_stderr(client));
	*state = strdup(client->directory);
	free(client);
	return directory_teardown(state);
}

const char *client_plugin_directory(void)
{
	static char path[PATH_MAX];
	char line[PATH_MAX + 128];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps) != NULL) {
		char *object = strchr(line, '/');
		char *name = strstr(line, "/libsasl2.so");

		if (name == NULL)
			continue;
		*name = '\0';
		snprintf(path, sizeof(path), "%.4000s/sasl2", object);
	}
	fclose(maps);
	return path;
}

void client_path(const struct client *client, bool ours_first)
{
	const char *ours = path_in(client, "plugins"), *theirs = client_plugin_directory();
	char path[2 * PATH_MAX + 2];

	snprintf(path, sizeof(path), "%s:%s", ours_first ? ours : theirs, ours_first ? theirs : ours);
	setenv("SASL_PATH", path, 1);
}

void client_configure(const struct client *client, const char *text)
{
	const char *place = strstr(text, "%s");
	char whole[4 * PATH_MAX];

	if (place == NULL)
		snprintf(whole, sizeof(whole), "%s", text);
	else
		snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(place - text), text,
			path_in(client, "command"), place + 2);
	file_puts(path_in(client, ".config/saslfresh/saslfresh.conf"), whole, 0600);
}

void client_cache(const struct client *client, const char *account, const char *access_token, int left,
	const char *lines)
{
	long long now = (long long)time(NULL);
	char *text = malloc(32 * 1024);
	char name[512];
	int count = 6;

	for (const char *at = lines; *at != '\0'; at++)
		count += *at == '\n';
	snprintf(text, 32 * 1024,
		"version = 1\naccount = %s\naccess_token = %s\naccess_token_hash = c0ffee\n"
		"issued_at = %lld\nexpires_at = %lld\n%send = %d\n",
		account, access_token, now + left - 3600, now + left, lines, count);
	snprintf(name, sizeof(name), ".local/state/saslfresh/%s.token", account);
	file_puts(path_in(client, name), text, 0600);
	free(text);
}

void client_command(const struct client *client, const char *answer)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"#!/bin/sh\ncd \"${0%%/*}\"\necho \"$@\" >>requests\ncat >>requests\n"
		"cat <<'END'\n%sEND\n",
		answer);
	file_puts(path_in(client, "command"), text, 0700);
}

const char *client_requests(const struct client *client)
{
	return file_text(path_in(client, "requests"));
}

const char *client_stderr(const struct client *client)
{
	return file_text(path_in(client, "stderr"));
}

/* ---- callbacks ---- */

static int log_line(void *context, int level, const char *message)
{
	struct client *client = context;
	size_t len = strlen(client->log);

	client->logged++;
	snprintf(client->log + len, sizeof(client->log) - len, "%d %s\n", level, message);
	return SASL_OK;
}

static int give_name(void *context, int id, const char **result, unsigned *len)
{
	struct client *client = context;

	if (id != SASL_CB_AUTHNAME)
		client->others_asked++;
	if (len != NULL)
		client->lengths_asked++;
	*result = client->name;
	return client->name_code;
}

static int give_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **secret)
{
	static union {
		sasl_secret_t secret;
		char room[64];
	} password = {.secret = {.len = 5}};
	struct client *client = context;

	(void)conn, (void)id;
	memcpy(password.secret.data, "hello", 6);
	*secret = &password.secret;
	client->others_asked++;
	return SASL_OK;
}

static int give_realm(void *context, int id, const char **available, const char **result)
{
	struct client *client = context;

	(void)id, (void)available;
	*result = "";
	client->others_asked++;
	return SASL_OK;
}

#define PROC(function) ((int (*)(void))(void (*)(void))(function))

const sasl_callback_t *client_callbacks(struct client *client)
{
	static sasl_callback_t callbacks[5];
	const sasl_callback_t filled[] = {
		{SASL_CB_AUTHNAME, PROC(give_name), client},
		{SASL_CB_USER, PROC(give_name), client},
		{SASL_CB_PASS, PROC(give_secret), client},
		{SASL_CB_GETREALM, PROC(give_realm), client},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	memcpy(callbacks, filled, sizeof(callbacks));
	return callbacks;
}

const sasl_callback_t *client_prompts(void)
{
	static const sasl_callback_t callbacks[] = {
		{SASL_CB_USER, NULL, NULL},
		{SASL_CB_AUTHNAME, NULL, NULL},
		{SASL_CB_PASS, NULL, NULL},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	return callbacks;
}

/* ---- the life of the program ---- */

void client_init(struct client *client)
{
	static sasl_callback_t callbacks[2];

	callbacks[0] = (sasl_callback_t){SASL_CB_LOG, PROC(log_line), client};
	callbacks[1] = (sasl_callback_t){SASL_CB_LIST_END, NULL, NULL};
	client->logged = 0;
	client->log[0] = '\0';
	assert_int_equal(sasl_client_init(callbacks), SASL_OK);
	client->initialised = true;
}

void client_open(struct client *client, const char *service, const char *host,
	const sasl_callback_t *callbacks)
{
	client_close(client);
	assert_int_equal(
		sasl_client_new(service, host, NULL, NULL, callbacks, 0, &client->conn), SASL_OK);
}

void client_demand(struct client *client, unsigned flags)
{
	const sasl_security_properties_t properties = {
		.max_ssf = 0, .maxbufsize = 0, .security_flags = flags};

	assert_int_equal(sasl_setprop(client->conn, SASL_SEC_PROPS, &properties), SASL_OK);
}

int client_start(struct client *client, const char *mechanisms, const char **response,
	unsigned *len, const char **chosen)
{
	return sasl_client_start(client->conn, mechanisms, NULL, response, len, chosen);
}

void client_close(struct client *client)
{
	sasl_dispose(&client->conn);
}

void client_done(struct client *client)
{
	if (client->initialised)
		sasl_done();
	client->initialised = false;
}

bool client_has(const char *mechanism)
{
	const char **names = sasl_global_listmech();

	for (; names != NULL && *names != NULL; names++)
		if (strcmp(*names, mechanism) == 0)
			return true;
	return false;
}
