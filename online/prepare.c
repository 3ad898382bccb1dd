#include "prepare.h"

#include <string.h>

#include "client_file.h"
#include "draft.h"
#include "find.h"
#include "provider.h"
#include "registration.h"
#include "sandbox.h"

static bool discover(const struct config *config, struct account *account, int input,
	struct buffer *keys, struct error *err)
{
	(void)input;
	return find_provider(config, account, keys, err);
}

static bool enlist(const struct config *config, struct account *account, int input,
	struct buffer *keys, struct error *err)
{
	struct error incomplete;

	(void)input;
	(void)account_complete(account, &incomplete);
	return registration_register(config, account, keys, err);
}

static bool read_client(const struct config *config, struct account *account, int input,
	struct buffer *keys, struct error *err)
{
	(void)config;
	return client_file_read(account, input, keys, err);
}

static const struct step {
	const char *verb;
	bool (*take)(const struct config *config, struct account *account, int input,
		struct buffer *keys, struct error *err);
} steps[] = {{"discover", discover}, {"client-file", read_client}, {"register", enlist}};

static const struct step *find_step(const char *verb)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(verb, steps[i].verb) == 0)
			return &steps[i];
	return NULL;
}

bool prepare_is_verb(const char *verb)
{
	return find_step(verb) != NULL;
}

/* Presets are read meanwhile, and nothing is written. */
static void confine(const struct account *account)
{
	struct place personal = {.providers = ""}, system = {.providers = ""};
	const char *const files[] = {account_value(account, ACCOUNT_CA_FILE),
		place_personal(&personal) ? personal.providers : "",
		place_system(&system) ? system.providers : "", NULL};

	sandbox_enter("", files);
}

bool prepare_account(const char *verb, const struct online *online, struct account *account,
	int input, struct error *err)
{
	struct buffer keys = BUFFER(DRAFT_MAX);
	bool ok = account->draft > 0 || error_set(err, ERROR_SYSTEM, "the account has no draft");

	if (online->sandbox)
		confine(account);
	ok = ok && find_step(verb)->take(online->config, account, input, &keys, err) &&
		draft_add(account->draft, buffer_text(&keys), err);
	buffer_free(&keys);
	return ok;
}
