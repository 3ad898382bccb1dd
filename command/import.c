#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "obtain.h"
#include "unseal.h"
#include "verb.h"

static bool report(const struct account *account, const char *path, struct error *err)
{
	struct token *token = token_new(err);
	char left[32];
	bool ok = token != NULL &&
		cache_read(
			account->place.state, account->place.personal, account->name, token, err);

	if (ok) {
		verb_print_duration(token_left(token, (int64_t)time(NULL)), left, sizeof(left));
		printf("%s: logged in; the access token lives for %s and is renewed by itself\n",
			account->name, left);
		if (strcmp(path, "-") != 0)
			printf("%s is as it was. Let nothing use it any more: two programs with "
			       "one refresh token may end it for both.\n",
				path);
	}
	token_free(token);
	return ok;
}

/* The account may lack what the file knows; the online half says so. */
static const struct account *find(const struct config *config, const char *name, struct error *err)
{
	const struct account *account = config_find(config, name);

	return account != NULL ? account : verb_account(config, name, err);
}

static int run(int argc, char **argv)
{
	struct config config = {0};
	struct error err = {0};
	struct unsealed file = {.fd = -1};
	const struct account *account = NULL;
	int operand = verb_operands(&verb_import, argc, argv, 2, 2);
	bool ok = false;

	if (operand < 0)
		return EXIT_USAGE;
	if (config_load(&config, &err))
		account = find(&config, argv[operand], &err);
	if (account != NULL && verb_owns_grant(account, "import", &err) &&
		unseal_open(argv[operand + 1], &file, &err)) {
		ok = obtain_import(account, file.fd, &err);
		unseal_close(&file);
		ok = ok && report(account, argv[operand + 1], &err);
	}
	error_what(&err, "cannot import the grant of %.100s", argv[operand]);
	config_free(&config);
	return ok ? 0 : verb_fail(&err);
}

const struct verb verb_import = {
	.name = "import",
	.synopsis = "ACCOUNT FILE|-",
	.summary = "take over the grant that another tool has",
	.help = "Reads the file in which sasl-xoauth2, mutt_oauth2.py or oama keeps its tokens,\n"
		"or any JSON object with a refresh_token, and takes that over as login does. A\n"
		"file that is not JSON is decrypted by gpg first. The file is not changed. It\n"
		"must not be readable by others unless it is encrypted; - reads JSON from\n"
		"standard input, or through a pipe what `pizauth dump` writes, of which the\n"
		"account of the same name is taken, or the only one. If it names another\n"
		"client_id, or another server, than the account has, nothing is sent.\n\n"
		"  saslfresh import me@example.org ~/.mutt/tokens\n"
		"  pizauth dump | saslfresh import me@example.org -\n",
	.run = run,
};
