#include "choice.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "obtain.h"
#include "verb.h"

enum {
	OPTION_KEY = 256, /* and the number of the key that the option stands for */
	OPTION_REFRESH_TOKEN_FILE = OPTION_KEY + ACCOUNT_KEYS,
	OPTION_DEVICE,
	OPTION_ANY_USER,
	OPTION_NO_CHECK,
	OPTION_CLIENT_FILE,
	OPTION_SYSTEM,
	OPTION_EXPORT,
	OPTION_IMPORT
};

static const struct option options[] = {
	{"provider", required_argument, NULL, OPTION_KEY + ACCOUNT_PROVIDER},
	{"tenant", required_argument, NULL, OPTION_KEY + ACCOUNT_TENANT},
	{"issuer", required_argument, NULL, OPTION_KEY + ACCOUNT_ISSUER},
	{"client-id", required_argument, NULL, OPTION_KEY + ACCOUNT_CLIENT_ID},
	{"client-secret-file", required_argument, NULL, OPTION_KEY + ACCOUNT_CLIENT_SECRET_FILE},
	{"ca-file", required_argument, NULL, OPTION_KEY + ACCOUNT_CA_FILE},
	{"refresh-token-file", required_argument, NULL, OPTION_REFRESH_TOKEN_FILE},
	{"client-file", required_argument, NULL, OPTION_CLIENT_FILE},
	{"device", no_argument, NULL, OPTION_DEVICE},
	{"any-user", no_argument, NULL, OPTION_ANY_USER},
	{"no-check", no_argument, NULL, OPTION_NO_CHECK},
	{"system", no_argument, NULL, OPTION_SYSTEM}, {"export", no_argument, NULL, OPTION_EXPORT},
	{"import", required_argument, NULL, OPTION_IMPORT}, {0}};

static void take_option(struct choice *choice, int option, const char *value)
{
	switch (option) {
	case OPTION_REFRESH_TOKEN_FILE:
		choice->path = value;
		break;
	case OPTION_DEVICE:
		choice->flow |= OBTAIN_DEVICE;
		break;
	case OPTION_ANY_USER:
		choice->flow |= OBTAIN_ANY_USER;
		break;
	case OPTION_NO_CHECK:
		choice->unchecked = true;
		break;
	case OPTION_CLIENT_FILE:
		choice->wish.client_file = value;
		break;
	case OPTION_SYSTEM:
		choice->wish.system = true;
		break;
	case OPTION_EXPORT:
		choice->export = choice->wish.elsewhere = true;
		break;
	case OPTION_IMPORT:
		choice->import = value;
		break;
	default:
		choice->wish.values[option - OPTION_KEY] = value;
	}
}

/* Why the options do not go together; NULL where they do. */
static const char *contradiction(const struct choice *choice)
{
	const char *const *values = choice->wish.values;
	bool named = choice->wish.client_file != NULL;

	for (int key = 0; key < ACCOUNT_KEYS; key++)
		named = named || values[key] != NULL;
	if (choice->import != NULL &&
		(named || choice->export || choice->path != NULL || choice->flow != 0))
		return "--import brings all that it needs: only --system goes with it";
	if (choice->path != NULL && choice->flow != 0)
		return "with a refresh token nobody logs in: no --device, no --any-user";
	if (choice->path != NULL && choice->export)
		return "--export is a login of its own: no --refresh-token-file";
	if (choice->export && choice->wish.system)
		return "--export stores nothing here: no --system";
	if (values[ACCOUNT_PROVIDER] != NULL && values[ACCOUNT_ISSUER] != NULL)
		return "--provider and --issuer name two servers";
	if (choice->wish.client_file != NULL &&
		(values[ACCOUNT_CLIENT_ID] != NULL || values[ACCOUNT_CLIENT_SECRET_FILE] != NULL))
		return "--client-file and --client-id name two clients";
	return NULL;
}

bool choice_read(int argc, char **argv, struct choice *choice)
{
	const char *why;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?') {
			verb_usage(&verb_login, "unknown option, or one without its value: %s",
				argv[optind - 1]);
			return false;
		}
		take_option(choice, option, optarg);
	}
	why = contradiction(choice);
	if (choice->import != NULL ? argc - optind > 1 : optind + 1 != argc)
		why = "takes one account";
	if (why == NULL && choice->export && isatty(STDOUT_FILENO)) {
		fprintf(stderr,
			"saslfresh: login: an export holds a refresh token, which must not be on "
			"a screen (saslfresh login --export %.300s | ssh SERVER saslfresh login "
			"--import -)\n",
			argv[optind]);
		return false;
	}
	if (why == NULL && choice->import != NULL && strcmp(choice->import, "-") == 0 &&
		isatty(STDIN_FILENO))
		why = "--import - reads what login --export writes, not a terminal";
	if (why != NULL)
		verb_usage(&verb_login, "%s", why);
	choice->wish.name = argv[optind];
	return why == NULL;
}
