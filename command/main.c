#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "people.h"
#include "verb.h"

static const struct verb *const verbs[] = {&verb_login, &verb_token, &verb_refresh, &verb_status,
	&verb_list, &verb_providers, &verb_answer, &verb_logout, &verb_import, &verb_config_for,
	&verb_check};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const struct verb *find_verb(const char *name)
{
	for (int i = 0; i < VERBS; i++)
		if (strcmp(name, verbs[i]->name) == 0)
			return verbs[i];
	return NULL;
}

static void print_help(void)
{
	printf("usage: saslfresh VERB [ARGUMENT...]\n\n"
	       "Keeps OAuth2 access tokens for mail fresh: log in once, and every mailer that "
	       "uses\n"
	       "Cyrus SASL (XOAUTH2, OAUTHBEARER) or can run a command authenticates from then "
	       "on.\n\n");
	for (int i = 0; i < VERBS; i++)
		printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	printf("  %-10s explain a verb\n  %-10s say which version this is\n\n", "help", "version");
	printf("Log in, then use the token:\n"
	       "  saslfresh login me@example.org\n"
	       "  saslfresh token me@example.org\n\n"
	       "With --system a verb works for the system's accounts alone.\n"
	       "Accounts are named in %s or\n~/.config/saslfresh/saslfresh.conf; see "
	       "saslfresh.conf(5).\n"
	       "Exit status: 0 success, 64 usage, 71 system, 75 try later, 76 the server answered\n"
	       "nonsense, 77 log in again, 78 configuration. `saslfresh help VERB` tells more.\n",
		SASLFRESH_SYSCONFDIR "/saslfresh/saslfresh.conf");
}

static int fail_verb(const char *name)
{
	const char *names[VERBS + 3] = {"help", "version"};
	const char *near;

	for (int i = 0; i < VERBS; i++)
		names[i + 2] = verbs[i]->name;
	near = nearest_word(name, names);
	if (near != NULL)
		fprintf(stderr, "saslfresh: there is no verb `%.40s` (did you mean `%s`?)\n", name,
			near);
	else
		fprintf(stderr, "saslfresh: there is no verb `%.40s` (saslfresh help)\n", name);
	return EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "version") == 0) {
		print_help();
		return 0;
	}
	verb = find_verb(argv[1]);
	if (verb == NULL)
		return fail_verb(argv[1]);
	verb_print_help(verb);
	return 0;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* --system, understood by all verbs: whoever types it means the system's accounts alone. A login
 * also says why it cannot be, and so keeps it. Gives the number of arguments left. */
static int take_system(int argc, char **argv)
{
	bool ended = argc > 0 && strcmp(argv[0], "login") == 0;
	int left = 0;

	for (int i = 0; i < argc; i++) {
		ended = ended || strcmp(argv[i], "--") == 0;
		if (!ended && strcmp(argv[i], "--system") == 0)
			people_forget_home();
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

/* Output that could not be written is a failure: a token cut off by a full disk is none. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("saslfresh: cannot write to standard output");
	return error_exit_status(ERROR_SYSTEM);
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		fputs("usage: saslfresh VERB [ARGUMENT...] (saslfresh help)\n", stderr);
		return EXIT_USAGE;
	}
	argv++;
	argc = take_system(argc - 1, argv);
	if (argc == 0)
		return EXIT_USAGE;
	if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 ||
		strcmp(argv[0], "-h") == 0)
		return finish(help(argc, argv));
	if (strcmp(argv[0], "version") == 0 || strcmp(argv[0], "--version") == 0) {
		puts("saslfresh " SASLFRESH_VERSION);
		return finish(0);
	}
	verb = find_verb(argv[0]);
	if (verb == NULL)
		return fail_verb(argv[0]);
	if (wants_help(argc, argv)) {
		verb_print_help(verb);
		return finish(0);
	}
	return finish(verb->run(argc, argv));
}
