#include "provider.h"

#include <stdio.h>
#include <string.h>

#include "verb.h"

static bool print_title(const char *name, struct error *err)
{
	struct account preset;

	if (!provider_read(name, &preset, err))
		return false;
	printf("%-16s %s%s\n", name, account_value(&preset, ACCOUNT_TITLE),
		preset.values[ACCOUNT_TOKEN_ENDPOINT] == NULL ? " (no OAuth 2.0: app passwords)"
							      : "");
	account_free(&preset);
	return true;
}

static bool print_all(struct error *err)
{
	char **names = provider_names(err);
	bool ok = names != NULL;

	for (size_t i = 0; ok && names[i] != NULL; i++)
		ok = print_title(names[i], err);
	provider_names_free(names);
	return ok;
}

/* One step a line, which a preset cannot have: a comment, for people. */
static void print_steps(const char *steps)
{
	const size_t mark = strlen(ACCOUNT_STEP);
	const char *end;

	for (int number = 1; *steps != '\0'; number++) {
		end = strstr(steps, ACCOUNT_STEP);
		if (end == NULL)
			end = steps + strlen(steps);
		printf("#   %d. %.*s\n", number, (int)(end - steps), steps);
		steps = *end != '\0' ? end + mark : end;
	}
}

static bool print_one(const char *name, struct error *err)
{
	struct account preset;

	if (!provider_read(name, &preset, err))
		return false;
	printf("# %s\n", preset.file);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (preset.values[key] != NULL)
			printf("%s = %s\n", account_key_name((enum account_key)key),
				preset.values[key]);
	if (preset.values[ACCOUNT_CLIENT_STEPS] != NULL) {
		printf("# To register a client:\n");
		print_steps(preset.values[ACCOUNT_CLIENT_STEPS]);
	}
	account_free(&preset);
	return true;
}

static int run(int argc, char **argv)
{
	struct error err = {0};
	int operand = verb_operands(&verb_providers, argc, argv, 0, 1);

	if (operand < 0)
		return EXIT_USAGE;
	if (operand < argc ? print_one(argv[operand], &err) : print_all(&err))
		return 0;
	return verb_fail(&err);
}

const struct verb verb_providers = {
	.name = "providers",
	.synopsis = "[NAME]",
	.summary = "show the presets",
	.help = "Without a name the list, with one what the preset says. Every key can be\n"
		"overridden in an account; {tenant} and {region} stand for the keys of those\n"
		"names.\n\n"
		"  saslfresh providers microsoft\n",
	.run = run,
};
