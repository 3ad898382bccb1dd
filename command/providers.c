#include "provider.h"

#include <stdio.h>

#include "verb.h"

static bool print_title(const char *name, struct error *err)
{
	struct account preset;

	if (!provider_read(name, &preset, err))
		return false;
	printf("%-16s %s\n", name, account_value(&preset, ACCOUNT_TITLE));
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
