#include "verb.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nearest.h"
#include "provider.h"

int verb_fail(const struct error *err)
{
	char line[ERROR_LINE_MAX];

	error_line(err, line, sizeof(line));
	fprintf(stderr, "saslfresh: %s\n", line);
	return error_exit_status(err->kind);
}

int verb_usage(const struct verb *verb, const char *format, ...)
{
	char cause[ERROR_CAUSE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(cause, sizeof(cause), format, arguments);
	va_end(arguments);
	error_clean(cause);
	fprintf(stderr, "saslfresh: %s: %s (saslfresh help %s)\n", verb->name, cause, verb->name);
	return EXIT_USAGE;
}

int verb_operands(const struct verb *verb, int argc, char **argv, int min, int max)
{
	static const struct option none[] = {{0}};

	opterr = 0;
	if (getopt_long(argc, argv, "", none, NULL) != -1)
		verb_usage(verb, "unknown option %s", argv[optind - 1]);
	else if (argc - optind < min || argc - optind > max)
		verb_usage(verb, "takes %s",
			verb->synopsis[0] != '\0' ? verb->synopsis : "no argument");
	else
		return optind;
	return -1;
}

void verb_print_help(const struct verb *verb)
{
	printf("usage: saslfresh %s%s%s\n\n%s: %s\n\n%s", verb->name,
		verb->synopsis[0] != '\0' ? " " : "", verb->synopsis, verb->name, verb->summary,
		verb->help);
}

static void hint_at_nearest(const struct config *config, const char *name, struct error *err)
{
	const char **names = calloc(config->count + 1, sizeof(*names));
	const char *near;

	if (names == NULL)
		return;
	for (size_t i = 0; i < config->count; i++)
		names[i] = config->accounts[i].name;
	near = nearest_word(name, names);
	if (near != NULL)
		error_hint(err, "did you mean %s?", near);
	free(names);
}

struct account *verb_account(const struct config *config, const char *name, struct error *err)
{
	struct account *account = config_find(config, name);

	if (account != NULL)
		return account_complete(account, err) ? account : NULL;
	error_set(err, ERROR_CONFIG, "there is no account %.300s", name);
	hint_at_nearest(config, name, err);
	error_hint(err, "saslfresh login %.100s", name);
	return NULL;
}

bool verb_owns_grant(const struct account *account, const char *verb, struct error *err)
{
	if (!account_is_shared(account))
		return true;
	error_set(err, ERROR_CONFIG, "it uses the grant of %s", account_grantor(account));
	return error_hint(err, "saslfresh %s %.200s", verb, account_grantor(account));
}

void verb_print_duration(int64_t seconds, char *text, size_t size)
{
	long long s = seconds;

	if (s < 120)
		snprintf(text, size, "%lld s", s);
	else if (s < 7200)
		snprintf(text, size, "%lld min", s / 60);
	else if (s < 172800)
		snprintf(text, size, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else
		snprintf(text, size, "%lld d", s / 86400);
}
