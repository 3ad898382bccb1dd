/* bearer-server.c: the server's half of OAUTHBEARER (RFC 7628 s.3) and XOAUTH2, which Debian's
 * libsasl2 does not have, for a slapd. The command named by BEARER_CHECK has the token on its
 * standard input and prints whose it is, if it is good. The token goes nowhere else. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MESSAGE_MAX = 32 * 1024, USER_MAX = 320, MECHANISMS = 2 };

static struct mechanism {
	const char *name, *before, *behind; /* what stands before and behind the user */
	const char *challenge, *answer;	    /* of a refusal, and what the client must say to it */
} mechanisms[MECHANISMS] = {
	{"OAUTHBEARER", "n,a=", ",\1", "{\"status\":\"invalid_token\"}", "\1"},
	{"XOAUTH2", "user=", "\1", "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
		""},
};

struct conversation {
	const struct mechanism *mechanism;
	bool refused;
};

/* Cuts the message off behind what stands between two marks. */
static char *between(char *message, const char *before, const char *behind)
{
	char *start = strstr(message, before);
	char *end = start != NULL ? strstr(start + strlen(before), behind) : NULL;

	if (end == NULL)
		return NULL;
	*end = '\0';
	return start + strlen(before);
}

/* In place. RFC 5801 s.4: "=2C" and "=3D" in a saslname. */
static void decode(char *name)
{
	for (char *at = name; (at = strchr(at, '=')) != NULL && strlen(at) > 2; at++) {
		if (strncmp(at, "=2C", 3) == 0)
			*at = ',';
		memmove(at + 1, at + 3, strlen(at + 3) + 1);
	}
}

static bool belongs(const char *token, const char *user)
{
	char *command[] = {getenv("BEARER_CHECK"), NULL};
	char owner[USER_MAX + 1] = "";
	int in = memfd_create("token", MFD_CLOEXEC), out[2];
	posix_spawn_file_actions_t actions;
	ssize_t len;

	if (command[0] == NULL || in < 0 || pipe2(out, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	if (pwrite(in, token, strlen(token), 0) > 0)
		posix_spawn(NULL, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in);
	close(out[1]);
	len = read(out[0], owner, sizeof(owner) - 1);
	close(out[0]);
	return len > 0 && strcmp(owner, user) == 0; /* slapd waits for all children */
}

static int step(void *context, sasl_server_params_t *params, const char *clientin,
	unsigned clientinlen, const char **serverout, unsigned *serveroutlen,
	sasl_out_params_t *oparams)
{
	struct conversation *conversation = context;
	const struct mechanism *mechanism = conversation->mechanism;
	char *token, *user;
	char message[MESSAGE_MAX + 1] = "";
	int code = SASL_CONTINUE;

	*serverout = NULL;
	*serveroutlen = 0;
	if (clientinlen > MESSAGE_MAX)
		return SASL_BADPROT;
	memcpy(message, clientinlen > 0 ? clientin : "", clientinlen);
	if (conversation->refused) {
		params->utils->seterror(params->utils->conn, 0, "the token is not good");
		return strcmp(message, mechanism->answer) == 0 ? SASL_BADAUTH : SASL_BADPROT;
	}
	token = between(message, "\1auth=Bearer ", "\1\1");
	user = between(message, mechanism->before, mechanism->behind);
	if (token == NULL || user != message + strlen(mechanism->before))
		return SASL_BADPROT;
	if (mechanism == &mechanisms[0])
		decode(user);
	if (belongs(token, user)) {
		code = params->canon_user(
			params->utils->conn, user, 0, SASL_CU_AUTHID | SASL_CU_AUTHZID, oparams);
		oparams->doneflag = code == SASL_OK;
	} else {
		conversation->refused = true;
		*serverout = mechanism->challenge;
		*serveroutlen = (unsigned)strlen(mechanism->challenge);
	}
	explicit_bzero(message, sizeof(message));
	return code;
}

static int begin(void *mechanism, sasl_server_params_t *params, const char *challenge,
	unsigned challen, void **context)
{
	struct conversation *conversation = params->utils->calloc(1, sizeof(*conversation));

	(void)challenge, (void)challen;
	*context = conversation;
	if (conversation == NULL)
		return SASL_NOMEM;
	conversation->mechanism = mechanism;
	return SASL_OK;
}

static void end(void *context, const sasl_utils_t *utils)
{
	utils->free(context);
}

int sasl_server_plug_init(const sasl_utils_t *utils, int max_version, int *version,
	sasl_server_plug_t **plugins, int *count)
{
	static sasl_server_plug_t plugs[MECHANISMS];

	(void)utils, (void)max_version;
	for (int i = 0; i < MECHANISMS; i++)
		plugs[i] = (sasl_server_plug_t){.mech_name = mechanisms[i].name,
			.security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,
			.features = SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY,
			.glob_context = &mechanisms[i],
			.mech_new = begin,
			.mech_step = step,
			.mech_dispose = end};
	*version = SASL_SERVER_PLUG_VERSION;
	*plugins = plugs;
	*count = MECHANISMS;
	return SASL_OK;
}
