#include "token.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fetch.h"
#include "hook.h"
#include "verb.h"

/* Gives the name of the account, NULL after saying what is wrong with the call. max is in octets.
 */
static const char *read_arguments(int argc, char **argv, int64_t *max)
{
	static const struct option options[] = {{"max", required_argument, NULL, 'm'}, {0}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'm') {
			verb_usage(&verb_token, "unknown option, or one without its value: %s",
				argv[optind - 1]);
			return NULL;
		}
		if (!keyfile_number(optarg, 1, TOKEN_MAX, max)) {
			verb_usage(&verb_token, "--max takes a number of octets, not %s", optarg);
			return NULL;
		}
	}
	if (optind + 1 == argc)
		return argv[optind];
	verb_usage(&verb_token, "takes one account");
	return NULL;
}

/* Some programs cut a long token, or drop it, and do not say why. */
static bool fits(const struct token *token, int64_t max, struct error *err)
{
	int64_t len = (int64_t)strlen(token->access_token);

	if (len <= max)
		return true;
	error_set(err, ERROR_CONFIG,
		"the server's access tokens are too long for this program: %lld octets, and it "
		"takes %lld",
		(long long)len, (long long)max);
	return error_hint(err, "use another program, or ask for fewer scopes");
}

static int run(int argc, char **argv)
{
	struct config config = {0};
	struct error err = {0};
	struct account *account = NULL;
	struct token *token = NULL;
	int64_t max = TOKEN_MAX;
	const char *name = read_arguments(argc, argv, &max);
	int status;

	if (name == NULL)
		return EXIT_USAGE;
	if (config_load(&config, &err))
		account = verb_account(&config, name, &err);
	if (account != NULL)
		token = token_new(&err);
	if (token != NULL && fetch_token(&config, account, (int64_t)time(NULL), token, &err) &&
		fits(token, max, &err)) {
		/* Unbuffered, so that no copy stays behind. */
		setvbuf(stdout, NULL, _IONBF, 0);
		status = fputs(token->access_token, stdout) < 0 || putchar('\n') < 0;
	} else {
		error_what(&err, "no access token of %.100s", name);
		status = verb_fail(&err);
	}
	token_free(token);
	hook_run(&config, account, false);
	config_free(&config);
	return status;
}

const struct verb verb_token = {
	.name = "token",
	.synopsis = "ACCOUNT [--max OCTETS]",
	.summary = "print an access token that is still good",
	.help = "Prints the token and a newline, nothing else. A token that is about to expire is\n"
		"renewed first, by one process however many ask; for a user who may not renew\n"
		"those of the system, through the socket of saslfresh(8). On failure nothing is\n"
		"printed on standard output. Standard input is not read.\n\n"
		"  --max OCTETS  fail, and say so, if the token is longer than a program takes\n\n"
		"  msmtp:  passwordeval saslfresh token me@example.org\n"
		"  mutt:   set imap_oauth_refresh_command = \"saslfresh token me@example.org\"\n"
		"  curl:   curl --oauth2-bearer \"$(saslfresh token me@example.org)\" ...\n",
	.run = run,
};
