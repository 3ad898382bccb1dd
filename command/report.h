/* report.h: how an account is doing, in words and as a number of days. Reads what mailers read, and
 * whether there is a grant; asks nobody and changes nothing. */
#ifndef SASLFRESH_REPORT_H
#define SASLFRESH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "config.h"
#include "error.h"
#include "token.h"

enum { REPORT_WARNING_DAYS = 14, REPORT_CRITICAL_DAYS = 3, REPORT_DAY = 86400 };

enum { REPORT_REMEDY_SIZE = 352 };

enum report_level {
	REPORT_OK,
	REPORT_NOTE,	 /* well, and something is to be done first */
	REPORT_WARNING,	 /* mail flows; somebody should look */
	REPORT_CRITICAL, /* mail does not flow, or is about to stop */
};

struct report {
	const struct account *account;
	const struct token *token; /* zeroed where there is none */
	int64_t now;
	const char *state;	 /* a word or two: "fresh", "needs login" ... */
	enum report_level level; /* by the state alone, not by the end of the grant */
	struct error err;	 /* why it is not well; kind ERROR_NONE if it is */
	char next[768];		 /* what the next use would do */
};

/* Examines an account, which is completed thereby; token (the caller's) is overwritten and must
 * live as long as the report. */
void report_make(struct account *account, int64_t now, struct token *token, struct report *report);

/* The end of the grant added to the state: the level with these margins, in days. */
enum report_level report_level(const struct report *report, int64_t warning, int64_t critical);

/* Writes when the grant ends, for people, and what it ends with; "" where that is not known. The
 * other one is for a token whose end is known. */
void report_print_end(const struct report *report, char *text, size_t size);
void report_print_token_end(const struct token *token, int64_t now, char *text, size_t size);

/* Writes what to do about that end. */
void report_print_remedy(const struct report *report, char text[REPORT_REMEDY_SIZE]);

/* The next account of config that counts and, unless name is NULL, has that name; *i is 0 first.
 * NULL at the end. */
struct account *report_next(struct config *config, const char *name, size_t *i);

#endif
