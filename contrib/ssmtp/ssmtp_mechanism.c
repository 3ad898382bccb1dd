#include "ssmtp_mechanism.h"

#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* ---- what libsasl2 asks ---- */

static int give_name(void *context, int id, const char **name, unsigned *len)
{
	const struct ssmtp_mechanism *mechanism = context;

	(void)id;
	*name = mechanism->sasl->user;
	if (len != NULL)
		*len = (unsigned)strlen(*name);
	return SASL_OK;
}

static int give_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **secret)
{
	(void)conn, (void)id;
	*secret = ((struct ssmtp_mechanism *)context)->secret;
	return SASL_OK;
}

/* Nothing of SASL_LOG_TRACE and SASL_LOG_PASS: they hold secrets. */
static int log_line(void *context, int level, const char *message)
{
	static const int priorities[] = {
		[SASL_LOG_ERR] = LOG_ERR,
		[SASL_LOG_FAIL] = LOG_ERR,
		[SASL_LOG_WARN] = LOG_WARNING,
		[SASL_LOG_NOTE] = LOG_NOTICE,
		[SASL_LOG_DEBUG] = LOG_DEBUG,
	};
	const struct ssmtp_link *link = &((struct ssmtp_mechanism *)context)->sasl->link;
	char text[SSMTP_TEXT_MAX];

	if (message == NULL || level < SASL_LOG_ERR || level > SASL_LOG_DEBUG ||
		(level == SASL_LOG_DEBUG && !link->debug))
		return SASL_OK;
	ssmtp_say(text, "%s", message);
	link->log(priorities[level], "%s", text);
	return SASL_OK;
}

#define PROC(function) ((int (*)(void))(void (*)(void))(function))

/* An entry without a function says that the mechanism may ask and will get SASL_INTERACT. Without
 * the entry libsasl2 passes over mechanisms that do not say what they need, and makes up a name
 * from $USER. */
static void fill_callbacks(struct ssmtp_mechanism *mechanism)
{
	int (*name)(void) = mechanism->sasl->user != NULL ? PROC(give_name) : NULL;
	int (*secret)(void) = mechanism->secret != NULL ? PROC(give_secret) : NULL;
	const sasl_callback_t filled[] = {
		{SASL_CB_LOG, PROC(log_line), mechanism},
		{SASL_CB_USER, name, mechanism},
		{SASL_CB_AUTHNAME, name, mechanism},
		{SASL_CB_PASS, secret, mechanism},
		{SASL_CB_LIST_END, NULL, NULL},
	};

	memcpy(mechanism->callbacks, filled, sizeof(filled));
}

/* ---- the life of a conversation ---- */

static bool make_secret(struct ssmtp_mechanism *mechanism)
{
	const char *password = mechanism->sasl->password;
	size_t len;

	if (password == NULL)
		return true;
	len = strlen(password);
	mechanism->secret_size = sizeof(sasl_secret_t) + len + 1;
	mechanism->secret = calloc(1, mechanism->secret_size);
	if (mechanism->secret == NULL)
		return false;
	mechanism->secret->len = len;
	memcpy(mechanism->secret->data, password, len);
	return true;
}

bool ssmtp_mechanism_open(
	struct ssmtp_mechanism *mechanism, const struct ssmtp_sasl *sasl, bool cleartext)
{
	/* max_ssf and maxbufsize stay 0: no security layer. What is outside lifts NOPLAINTEXT. */
	const sasl_security_properties_t properties = {
		.security_flags = SASL_SEC_NOANONYMOUS | (cleartext ? 0 : SASL_SEC_NOPLAINTEXT)};
	const sasl_ssf_t external = sasl->tls ? 256 : 0;

	*mechanism = (struct ssmtp_mechanism){.sasl = sasl};
	if (!make_secret(mechanism))
		return false;
	fill_callbacks(mechanism);
	return sasl_client_new("smtp", sasl->host, NULL, NULL, mechanism->callbacks, 0,
		       &mechanism->conn) == SASL_OK &&
		sasl_setprop(mechanism->conn, SASL_SSF_EXTERNAL, &external) == SASL_OK &&
		sasl_setprop(mechanism->conn, SASL_SEC_PROPS, &properties) == SASL_OK;
}

void ssmtp_mechanism_close(struct ssmtp_mechanism *mechanism)
{
	sasl_dispose(&mechanism->conn);
	if (mechanism->secret != NULL) {
		explicit_bzero(mechanism->secret, mechanism->secret_size);
		free(mechanism->secret);
	}
	mechanism->secret = NULL;
}

/* ---- what there is to know ---- */

/* libsasl2 puts "SASL(-1): generic failure: " before what a mechanism said. */
const char *ssmtp_mechanism_reason(const struct ssmtp_mechanism *mechanism)
{
	const char *detail = mechanism->conn != NULL ? sasl_errdetail(mechanism->conn) : NULL,
		   *colon;

	if (detail == NULL || strncmp(detail, "SASL(", 5) != 0)
		return detail != NULL ? detail : "";
	colon = strstr(detail, "): ");
	detail = colon != NULL ? colon + 3 : detail;
	colon = strstr(detail, ": ");
	return colon != NULL && colon[2] != '\0' ? colon + 2 : detail;
}

const char *ssmtp_mechanism_missing(const sasl_interact_t *prompts)
{
	const char *missing = "what cannot be configured";

	for (; prompts != NULL && prompts->id != SASL_CB_LIST_END; prompts++) {
		if (prompts->id == SASL_CB_USER || prompts->id == SASL_CB_AUTHNAME)
			return "a user name (AuthUser)";
		if (prompts->id == SASL_CB_PASS)
			missing = "a password (AuthPass)";
	}
	return missing;
}

bool ssmtp_mechanism_has_layer(const struct ssmtp_mechanism *mechanism)
{
	const void *ssf = NULL;

	return sasl_getprop(mechanism->conn, SASL_SSF, &ssf) == SASL_OK &&
		*(const sasl_ssf_t *)ssf > 0;
}

struct found {
	bool any;
	unsigned flags;
};

static void look_at(
	client_sasl_mechanism_t *mechanism, sasl_info_callback_stage_t stage, void *context)
{
	struct found *found = context;

	if (stage != SASL_INFO_LIST_MECH || mechanism == NULL)
		return;
	found->any = true;
	found->flags |= mechanism->plug->security_flags;
}

static struct found look_for(const char *names)
{
	struct found found = {0};

	sasl_client_plugin_info(names, look_at, &found);
	return found;
}

bool ssmtp_mechanism_exists(const char *names)
{
	return look_for(names).any;
}

bool ssmtp_mechanism_has_flag(const char *names, unsigned flag)
{
	return (look_for(names).flags & flag) != 0;
}
