/* neighbour.c: another plugin for XOAUTH2, with the flags that FLAGS and SSF say. It tells that it was taken, and fails. */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdio.h>

static int be_taken(void *glob_context, sasl_client_params_t *params, void **conn_context)
{
	(void)glob_context, (void)params, (void)conn_context;
	fputs("the neighbour was taken\n", stderr);
	return SASL_FAIL;
}

static int step(void *conn_context, sasl_client_params_t *params, const char *serverin,
	unsigned serverinlen, sasl_interact_t **prompt_need, const char **clientout,
	unsigned *clientoutlen, sasl_out_params_t *oparams)
{
	(void)conn_context, (void)params, (void)serverin, (void)serverinlen, (void)prompt_need;
	(void)clientout, (void)clientoutlen, (void)oparams;
	return SASL_FAIL;
}

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version, int *version,
	sasl_client_plug_t **plugins, int *count)
{
	static sasl_client_plug_t plugin = {.mech_name = "XOAUTH2",
		.max_ssf = SSF,
		.security_flags = FLAGS,
		.features = SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY,
		.mech_new = be_taken,
		.mech_step = step};

	(void)utils, (void)max_version;
	*version = SASL_CLIENT_PLUG_VERSION;
	*plugins = &plugin;
	*count = 1;
	return SASL_OK;
}
