/* Another SASL plugin that offers XOAUTH2, ranked as ours is. It never logs anybody in. */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stddef.h>

static int refuse(void *context, sasl_client_params_t *params, void **connection)
{
	(void)context, (void)params, (void)connection;
	return SASL_FAIL;
}

static sasl_client_plug_t plug = {.mech_name = "XOAUTH2",
	.security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS | SASL_SEC_NODICTIONARY,
	.features = SASL_FEAT_WANT_CLIENT_FIRST,
	.mech_new = refuse};

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version, int *out_version,
	sasl_client_plug_t **pluglist, int *plugcount)
{
	(void)utils, (void)max_version;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*pluglist = &plug;
	*plugcount = 1;
	return SASL_OK;
}
