#include "token.h"

#include <stdio.h>
#include <time.h>

#include "hook.h"
#include "obtain.h"
#include "verb.h"

static int run(int argc, char **argv)
{
	struct config config = {0};
	struct error err = {0};
	struct account *account = NULL;
	struct token *token = NULL;
	int operand = verb_operands(&verb_token, argc, argv, 1, 1);
	int status;

	if (operand < 0)
		return EXIT_USAGE;
	if (config_load(&config, &err))
		account = verb_account(&config, argv[operand], &err);
	if (account != NULL)
		token = token_new(&err);
	if (token != NULL &&
		obtain_token(account, OBTAIN_NEEDED, (int64_t)time(NULL), token, &err)) {
		/* Unbuffered, so that no copy stays behind. */
		setvbuf(stdout, NULL, _IONBF, 0);
		status = fputs(token->access_token, stdout) < 0 || putchar('\n') < 0;
	} else {
		error_what(&err, "no access token of %.100s", argv[operand]);
		status = verb_fail(&err);
	}
	token_free(token);
	hook_run(&config, account, false);
	config_free(&config);
	return status;
}

const struct verb verb_token = {
	.name = "token",
	.synopsis = "ACCOUNT",
	.summary = "print an access token that is still good",
	.help = "Prints the token and a newline, nothing else. A token that is about to expire is\n"
		"renewed first, by one process however many ask. On failure nothing is printed on\n"
		"standard output. Standard input is not read.\n\n"
		"  msmtp:  passwordeval saslfresh token me@example.org\n"
		"  mutt:   set imap_oauth_refresh_command = \"saslfresh token me@example.org\"\n"
		"  curl:   curl --oauth2-bearer \"$(saslfresh token me@example.org)\" ...\n",
	.run = run,
};
