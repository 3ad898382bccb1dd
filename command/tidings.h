/* tidings.h: findings (finding.h) as people and programs read them, and the exit status that they
 * add up to. */
#ifndef SASLFRESH_TIDINGS_H
#define SASLFRESH_TIDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "finding.h"

struct tidings {
	FILE *out;
	bool json;
	const char *account;   /* whom the next findings are about; "": the machine */
	const char *announced; /* that account, once its name has been printed */
	bool begun;
	unsigned warnings, failures;
	enum error_kind first; /* kind of the first failure; ERROR_NONE: there was none */
};

/* Who is to be told. Lines: "ok|warn|fail  WHAT: FOUND; mend: COMMAND", each account's below its
 * name. JSON: an array of objects, which tidings_end closes. tidings must live as long. */
struct findings tidings_findings(struct tidings *tidings);

/* Closes what was begun, and gives the exit status: 0 without a failure, else that of the first. */
int tidings_end(struct tidings *tidings);

#endif
