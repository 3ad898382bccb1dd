/* mechanism.c: XOAUTH2 and OAUTHBEARER as libsasl2 wants them. The one file that knows <sasl/...>,
 * and the one that reads the clock for the plugin. State of the process: the configuration, read
 * once when the plugin is loaded; freed with the second mechanism. */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bearer.h"
#include "config.h"
#include "supply.h"
#include "wire.h"

enum { MECHANISMS = 2 };

struct settings {
	struct config config;
	struct error broken; /* why the configuration cannot be used; kind ERROR_NONE if it can */
	unsigned references;
	struct mechanism {
		enum bearer_mechanism kind;
		struct settings *settings;
	} mechanisms[MECHANISMS];
	sasl_client_plug_t plugs[MECHANISMS];
};

struct conversation {
	const struct mechanism *mechanism;
	enum { BEGINNING, RESPONDED, REFUSED, ENDED } state;
	char account[TOKEN_USER_MAX + 1];
	char access_token_hash[TOKEN_HASH_MAX + 1];
	struct buffer response;
};

/* ---- failing ---- */

static int sasl_code(const struct error *err)
{
	switch (err->kind) {
	case ERROR_LOGIN:
		return SASL_EXPIRED;
	case ERROR_TEMPORARY:
	case ERROR_SERVER:
		return SASL_UNAVAIL;
	case ERROR_REFUSED:
		return SASL_BADAUTH;
	default:
		return SASL_FAIL;
	}
}

/* seterror knows only a few conversions, so it is handed one finished line. */
static void say(const sasl_client_params_t *params, const struct error *err)
{
	char line[ERROR_LINE_MAX];

	error_line(err, line, sizeof(line));
	params->utils->seterror(params->utils->conn, 0, "%s", line);
}

static int fail(struct conversation *conversation, const sasl_client_params_t *params,
	const struct error *err)
{
	conversation->state = ENDED;
	say(params, err);
	return sasl_code(err);
}

/* ---- the account's name ---- */

static sasl_interact_t *find_prompt(sasl_interact_t *prompts)
{
	for (; prompts != NULL && prompts->id != SASL_CB_LIST_END; prompts++)
		if (prompts->id == SASL_CB_AUTHNAME)
			return prompts;
	return NULL;
}

static int prompt_for_name(const sasl_client_params_t *params, sasl_interact_t **prompt_need)
{
	static const sasl_interact_t questions[] = {
		{.id = SASL_CB_AUTHNAME,
			.challenge = "Authentication Name",
			.prompt = "Please enter your account name"},
		{.id = SASL_CB_LIST_END},
	};

	if (prompt_need == NULL)
		return SASL_BADPARAM;
	*prompt_need = params->utils->malloc(sizeof(questions));
	if (*prompt_need == NULL)
		return SASL_NOMEM;
	memcpy(*prompt_need, questions, sizeof(questions));
	return SASL_INTERACT;
}

/* Some programs count the NUL in the length of an answer. */
static bool take_name(struct conversation *conversation, const char *name, size_t max)
{
	size_t len = strnlen(name, max);

	if (len == 0 || len >= sizeof(conversation->account))
		return false;
	memcpy(conversation->account, name, len);
	conversation->account[len] = '\0';
	return true;
}

static int get_name(struct conversation *conversation, const sasl_client_params_t *params,
	sasl_interact_t **prompt_need)
{
	sasl_interact_t *prompt = prompt_need != NULL ? find_prompt(*prompt_need) : NULL;
	sasl_callback_ft callback = NULL;
	void *context = NULL;
	const char *name = NULL;
	int code;

	if (prompt != NULL) {
		bool taken = prompt->result != NULL &&
			take_name(conversation, prompt->result, prompt->len);

		params->utils->free(*prompt_need);
		*prompt_need = NULL;
		return taken ? SASL_OK : SASL_BADPARAM;
	}
	code = params->utils->getcallback(
		params->utils->conn, SASL_CB_AUTHNAME, &callback, &context);
	if (code == SASL_OK && callback != NULL)
		code = ((sasl_getsimple_t *)(void (*)(void))callback)(
			context, SASL_CB_AUTHNAME, &name, NULL);
	if (code == SASL_INTERACT)
		return prompt_for_name(params, prompt_need);
	if (code != SASL_OK)
		return code;
	if (name == NULL || !take_name(conversation, name, sizeof(conversation->account)))
		return SASL_BADPARAM;
	return SASL_OK;
}

/* ---- the steps ---- */

/* ipremoteport is "address;port". */
static struct wire_server server_of(const sasl_client_params_t *params)
{
	const char *semicolon =
		params->ipremoteport != NULL ? strrchr(params->ipremoteport, ';') : NULL;

	return (struct wire_server){.host = params->serverFQDN,
		.port = semicolon != NULL ? semicolon + 1 : NULL,
		.service = params->service};
}

static bool respond(struct conversation *conversation, const sasl_client_params_t *params,
	const struct account *account, struct error *err)
{
	const struct mechanism *mechanism = conversation->mechanism;
	const struct wire_server server = server_of(params);
	struct token *token = token_new(err);
	bool ok = token != NULL &&
		supply_token(
			&mechanism->settings->config, account, (int64_t)time(NULL), token, err) &&
		wire_respond(
			mechanism->kind, account, token, &server, &conversation->response, err);

	if (ok)
		memcpy(conversation->access_token_hash, token->access_token_hash,
			sizeof(token->access_token_hash));
	token_free(token);
	return ok;
}

static int begin(struct conversation *conversation, const sasl_client_params_t *params,
	sasl_interact_t **prompt_need, sasl_out_params_t *oparams)
{
	const struct settings *settings = conversation->mechanism->settings;
	const struct account *account;
	struct error err = {0};
	int code = get_name(conversation, params, prompt_need);

	if (code == SASL_INTERACT || code == SASL_NOMEM)
		return code;
	if (code != SASL_OK) {
		error_set(&err, ERROR_CONFIG, "the program gave no user name to log in with");
		return fail(conversation, params, &err);
	}
	if (settings->broken.kind != ERROR_NONE)
		return fail(conversation, params, &settings->broken);
	account = config_find(&settings->config, conversation->account);
	if (account == NULL) {
		error_set(&err, ERROR_CONFIG, "there is no account %s", conversation->account);
		error_hint(&err, "saslfresh list shows them, saslfresh.conf names them");
		fail(conversation, params, &err);
		return SASL_NOUSER;
	}
	code = params->canon_user(
		params->utils->conn, account->name, 0, SASL_CU_AUTHID | SASL_CU_AUTHZID, oparams);
	if (code != SASL_OK)
		return code;
	if (!respond(conversation, params, account, &err))
		return fail(conversation, params, &err);
	conversation->state = RESPONDED;
	return SASL_CONTINUE;
}

static void tell_refusal(const struct conversation *conversation,
	const sasl_client_params_t *params, const char *challenge, size_t len)
{
	const struct config *config = &conversation->mechanism->settings->config;
	const struct account *account = config_find(config, conversation->account);
	const struct wire_server server = server_of(params);
	struct error ignored = {0}, err = {0};

	if (account != NULL && conversation->access_token_hash[0] != '\0')
		supply_reject(config, account, conversation->access_token_hash, &ignored);
	wire_refused(conversation->account, &server, &conversation->response, challenge, len, &err);
	say(params, &err);
}

static int step(void *context, sasl_client_params_t *params, const char *serverin,
	unsigned serverinlen, sasl_interact_t **prompt_need, const char **clientout,
	unsigned *clientoutlen, sasl_out_params_t *oparams)
{
	struct conversation *conversation = context;
	bool refused;
	int code;

	*clientout = NULL;
	*clientoutlen = 0;
	switch (conversation->state) {
	case BEGINNING:
		code = begin(conversation, params, prompt_need, oparams);
		if (code == SASL_CONTINUE) {
			*clientout = buffer_text(&conversation->response);
			*clientoutlen = (unsigned)conversation->response.len;
		}
		return code;
	case RESPONDED:
		refused = serverin != NULL && bearer_is_refusal(serverin, serverinlen);
		if (refused)
			tell_refusal(conversation, params, serverin, serverinlen);
		buffer_free(&conversation->response);
		conversation->state = refused ? REFUSED : ENDED;
		oparams->doneflag = !refused;
		if (!refused)
			return SASL_OK;
		*clientout = bearer_acknowledge(conversation->mechanism->kind);
		*clientoutlen = (unsigned)strlen(*clientout);
		return SASL_CONTINUE;
	default:
		return SASL_BADAUTH;
	}
}

static int new_conversation(void *global, sasl_client_params_t *params, void **context)
{
	struct conversation *conversation = params->utils->calloc(1, sizeof(*conversation));

	if (conversation == NULL)
		return SASL_NOMEM;
	conversation->mechanism = global;
	conversation->response = BUFFER(BEARER_RESPONSE_MAX);
	*context = conversation;
	return SASL_OK;
}

static void end_conversation(void *context, const sasl_utils_t *utils)
{
	struct conversation *conversation = context;

	if (conversation == NULL)
		return;
	buffer_free(&conversation->response);
	wipe(conversation, sizeof(*conversation));
	utils->free(conversation);
}

/* ---- loading ---- */

static void release(void *global, const sasl_utils_t *utils)
{
	struct settings *settings = ((struct mechanism *)global)->settings;

	(void)utils;
	if (--settings->references > 0)
		return;
	config_free(&settings->config);
	free(settings);
}

/* A bearer token is readable on a clear line: NOPLAINTEXT only for those who insist. NODICTIONARY
 * ranks the mechanism above PLAIN and LOGIN whatever the order of loading. */
enum { HONEST = SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS | SASL_SEC_NODICTIONARY };

static const unsigned security_flags[] = {
	[RANK_PREFER] = HONEST,
	[RANK_POLITE] = 0,
	[RANK_FIRST] = HONEST | SASL_SEC_NOPLAINTEXT,
};

static void fill_plugs(struct settings *settings)
{
	static const unsigned long prompts[] = {SASL_CB_AUTHNAME, SASL_CB_LIST_END};
	static const char *const names[MECHANISMS] = {"XOAUTH2", "OAUTHBEARER"};

	for (int i = 0; i < MECHANISMS; i++) {
		settings->mechanisms[i].kind = (enum bearer_mechanism)i;
		settings->mechanisms[i].settings = settings;
		settings->plugs[i] = (sasl_client_plug_t){
			.mech_name = names[i],
			.security_flags = security_flags[settings->config.rank],
			.features = SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY,
			.required_prompts = prompts,
			.glob_context = &settings->mechanisms[i],
			.mech_new = new_conversation,
			.mech_step = step,
			.mech_dispose = end_conversation,
			.mech_free = release,
		};
	}
	settings->references = MECHANISMS;
}

__attribute__((visibility("default"))) int sasl_client_plug_init(const sasl_utils_t *utils,
	int max_version, int *out_version, sasl_client_plug_t **pluglist, int *plugcount);

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_client_plug_t **pluglist, int *plugcount)
{
	struct settings *settings;

	(void)utils;
	*pluglist = NULL;
	*plugcount = 0;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	settings = max_version < SASL_CLIENT_PLUG_VERSION ? NULL : calloc(1, sizeof(*settings));
	if (settings == NULL)
		return SASL_OK;
	if (!config_load(&settings->config, &settings->broken))
		error_what(&settings->broken, "the configuration of saslfresh cannot be used");
	if (!supply_serves(&settings->config, settings->broken.kind != ERROR_NONE)) {
		config_free(&settings->config);
		free(settings);
		return SASL_OK;
	}
	fill_plugs(settings);
	*pluglist = settings->plugs;
	*plugcount = MECHANISMS;
	return SASL_OK;
}
