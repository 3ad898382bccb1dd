#include "aftercare.h"

#include <stdio.h>
#include <string.h>

#include "live.h"
#include "recipe.h"
#include "settings.h"
#include "tidings.h"

/* The names of mailers are those of their programs. */
static bool is_here(const char *mailer)
{
	char path[PATH_SIZE];

	return settings_program(mailer, path);
}

/* Postfix runs as a user of its own, and sees the accounts of the system alone. */
static bool may_use(const struct mailer *mailer, const struct account *account)
{
	struct buffer lines = BUFFER(RECIPE_MAX);
	struct error ignored = {0};
	bool ok = (!account->place.personal || strcmp(mailer->name, "postfix") != 0) &&
		recipe_print(mailer, account, SASLFRESH_COMMAND, &lines, &ignored);

	buffer_free(&lines);
	return ok;
}

static void print_mailers(const struct account *account, FILE *out)
{
	const struct mailer *mailer;
	bool begun = false;

	for (size_t i = 0; (mailer = recipe_next(&i)) != NULL;) {
		if (!is_here(mailer->name) || !may_use(mailer, account))
			continue;
		if (!begun)
			fprintf(out, "The lines for the mailers of this machine:\n");
		begun = true;
		fprintf(out, "  saslfresh config-for %s %s%s\n", mailer->name, account->name,
			mailer->files[0] != NULL ? " --write" : "");
	}
}

int aftercare(const struct account *account)
{
	struct tidings tidings = {.out = stdout, .account = ""};
	const struct findings findings = tidings_findings(&tidings);
	struct error err = {0};

	if (!live_check(account, true, &findings, &err))
		finding_fail(&findings, "mail", &err);
	if (tidings.failures > 0)
		printf("The login itself is stored; `saslfresh check %s` tells more.\n",
			account->name);
	else
		print_mailers(account, stdout);
	return tidings_end(&tidings);
}
