/* verb.h: what the verbs of the command have in common. One file a verb; main.c lists them. */
#ifndef SASLFRESH_VERB_H
#define SASLFRESH_VERB_H

#include "config.h"
#include "error.h"

struct verb {
	const char *name;
	const char *synopsis;		   /* what follows the name */
	const char *summary;		   /* one line, begins in lower case */
	const char *help;		   /* the rest of `help VERB`; ends in a newline */
	int (*run)(int argc, char **argv); /* argv[0] is the verb; gives the exit status */
};

extern const struct verb verb_token, verb_refresh, verb_status, verb_list, verb_login,
	verb_providers, verb_answer, verb_logout, verb_import, verb_config_for, verb_check;

enum { EXIT_USAGE = 64 };

/* Prints "saslfresh: ..." to standard error; gives the exit status of the failure. */
int verb_fail(const struct error *err);

/* Says what is wrong with the call and how to learn more; gives EXIT_USAGE. */
int verb_usage(const struct verb *verb, const char *format, ...) ERROR_PRINTF(2, 3);

/* The index of the first operand of a verb that has no options; -1 after saying that there are more
 * than max operands or fewer than min, or an option. */
int verb_operands(const struct verb *verb, int argc, char **argv, int min, int max);

/* Prints the whole help of a verb to standard output. */
void verb_print_help(const struct verb *verb);

/* The completed account of that name, which stays config's; NULL with err set, which names the
 * nearest. */
struct account *verb_account(const struct config *config, const char *name, struct error *err);

/* True if account has a grant of its own; otherwise ERROR_CONFIG, and the hint that verb is for the
 * account whose grant it uses. */
bool verb_owns_grant(const struct account *account, const char *verb, struct error *err);

/* Writes a number of seconds for people ("59 min", "2 h 5 min", "3 d"). */
void verb_print_duration(int64_t seconds, char *text, size_t size);

#endif
