#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "install.h"
#include "recipe.h"
#include "settings.h"
#include "verb.h"

/* ---- consent ---- */

static bool agree(const char *path)
{
	(void)path;
	return true;
}

static bool ask(const char *path)
{
	char answer[16] = "";

	fflush(stdout);
	fprintf(stderr, "Write this to %s? [y/N] ", path);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
		(strcmp(answer, "y\n") == 0 || strcmp(answer, "Y\n") == 0 ||
			strcmp(answer, "yes\n") == 0);
}

static bool install(const struct mailer *mailer, const struct account *account,
	const struct buffer *lines, bool yes, struct error *err)
{
	static const char *const results[] = {[INSTALL_SAME] = "has these lines already",
		[INSTALL_REFUSED] = "is as it was",
		[INSTALL_DONE] = "is written"};
	enum install_result result;
	char path[PATH_SIZE], title[512];

	snprintf(title, sizeof(title), "config-for %s %.400s", mailer->name, account->name);
	if (!settings_file(mailer, path, err) ||
		!install_lines(path, title, lines, yes ? agree : ask, &result, err))
		return false;
	printf("%s %s\n", path, results[result]);
	return true;
}

/* ---- the verb ---- */

struct options {
	bool write, yes;
};

static bool run_for(const char *name, const char *account_name, const struct options *options,
	struct error *err)
{
	struct config config = {0};
	struct buffer text = BUFFER(RECIPE_MAX);
	const struct mailer *mailer = recipe_mailer(name, err);
	struct account *account = NULL;
	bool ok;

	if (mailer != NULL && config_load(&config, err))
		account = verb_account(&config, account_name, err);
	ok = account != NULL &&
		recipe_print(mailer, account,
			config.command != NULL ? config.command : SASLFRESH_COMMAND, &text, err);
	if (ok && options->write && mailer->files[0] == NULL) {
		ok = error_set(err, ERROR_CONFIG, "%s has no file that could be written to", name);
		error_hint(err, "without --write the lines are shown");
	} else if (ok && options->write) {
		ok = install(mailer, account, &text, options->yes, err);
	} else if (ok) {
		fputs(buffer_text(&text), stdout);
	}
	buffer_free(&text);
	config_free(&config);
	return ok;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"write", no_argument, NULL, 'w'}, {"yes", no_argument, NULL, 'y'}, {0}};
	struct options options = {0};
	struct error err = {0};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'w')
			options.write = true;
		else if (option == 'y')
			options.yes = true;
		else
			return verb_usage(&verb_config_for, "unknown option %s", argv[optind - 1]);
	}
	if (optind + 2 != argc)
		return verb_usage(&verb_config_for, "takes a mailer and an account");
	if (options.write && !options.yes && !isatty(STDIN_FILENO))
		return verb_usage(&verb_config_for,
			"--write asks on a terminal, and standard input is none: add --yes");
	if (run_for(argv[optind], argv[optind + 1], &options, &err))
		return 0;
	error_what(&err, "no lines for %.40s", argv[optind]);
	return verb_fail(&err);
}

const struct verb verb_config_for = {
	.name = "config-for",
	.synopsis = "MAILER ACCOUNT [--write [--yes]]",
	.summary = "show the lines that a mailer needs",
	.help = "MAILER is postfix, sendmail, ssmtp, msmtp-mta, mbsync, msmtp, mutt, neomutt,\n"
		"aerc, s-nail, mpop, getmail, offlineimap, curl, git or imtest. The servers are\n"
		"those of the account's keys imap, pop and smtp, or of its provider. msmtp-mta\n"
		"is Debian's /usr/sbin/sendmail for the mail of cron and other programs of the\n"
		"system; sendmail speaks STARTTLS alone; ssmtp is one that is patched for SASL,\n"
		"as Debian's 2.64 cannot send a token; git is send-email, and an alias in place\n"
		"of imap-send, which cannot before git 2.51.\n"
		"--write puts the lines into the user's own file of mbsync, msmtp, mutt, neomutt,\n"
		"aerc or mpop: it shows what would change and asks, or with --yes does not. The\n"
		"same lines are replaced, never doubled.\n\n"
		"  saslfresh config-for msmtp me@example.org\n",
	.run = run,
};
