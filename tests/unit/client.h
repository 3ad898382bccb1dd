/* client.h: a program with SASL, for the tests of the mechanism: the built plugin in the real libsasl2,
 * with a home, a configuration and token files in the test's own directory.
 * Order: client_setup (a cmocka setup), client_configure and client_cache, client_init, client_open,
 * sasl_client_start ..., client_close, client_done; client_teardown ends what is left. */
#ifndef SASLFRESH_TEST_CLIENT_H
#define SASLFRESH_TEST_CLIENT_H

#include "support.h"

#include <sasl/sasl.h>

struct client {
	char directory[4096]; /* also $HOME */
	const char *name;     /* what AUTHNAME is answered */
	int name_code;	      /* and with what code */
	int others_asked;     /* calls of callbacks for user, password and realm */
	int lengths_asked;    /* calls that wanted the length of an answer */
	int logged;	      /* lines that came through SASL_CB_LOG */
	char log[8192];	      /* those lines */
	int saved_stderr;
	bool initialised;
	sasl_conn_t *conn;
};

/* *state becomes a struct client: HOME and SASL_PATH are set, XDG_* unset; standard error goes to a file. */
int client_setup(void **state);
int client_teardown(void **state);

#define with_client(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

/* SASL_PATH: the plugin's directory before libsasl2's own, or behind it. */
void client_path(const struct client *client, bool ours_first);

/* Writes the configuration. %s in it, once, is the path of client_command's program. */
void client_configure(const struct client *client, const char *text);

/* Writes a token file: an access token with hash "c0ffee" that has left seconds of an hour, and
 * further lines. */
void client_cache(const struct client *client, const char *account, const char *access_token, int left,
	const char *lines);

/* The text of the program that `command` names: it logs its request and says the answer. */
void client_command(const struct client *client, const char *answer);

/* What it has logged. */
const char *client_requests(const struct client *client);

/* What came out on standard error since client_setup. */
const char *client_stderr(const struct client *client);

/* Callbacks with procedures (Postfix, libetpan), or with none (mbsync, imtest). */
const sasl_callback_t *client_callbacks(struct client *client);
const sasl_callback_t *client_prompts(void);

/* sasl_client_init with the log callback. */
void client_init(struct client *client);

/* sasl_client_new; ends an earlier connection. */
void client_open(struct client *client, const char *service, const char *host,
	const sasl_callback_t *callbacks);

/* Security flags that the program demands. */
void client_demand(struct client *client, unsigned flags);

/* sasl_client_start as Postfix does it: no interaction. response is NULL or gets what is sent. */
int client_start(struct client *client, const char *mechanisms, const char **response,
	unsigned *len, const char **chosen);

void client_close(struct client *client);
void client_done(struct client *client);

/* True if a mechanism of that name is loaded. */
bool client_has(const char *mechanism);

/* libsasl2's own directory of plugins. */
const char *client_plugin_directory(void);

#endif
