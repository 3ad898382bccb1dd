/* finding.h: what a check found: how bad it is, of what, and the one command that mends it. Made to
 * be shown to strangers: control bytes are replaced, and whatever is long enough to be a token is
 * hidden, wherever the text came from. */
#ifndef SASLFRESH_FINDING_H
#define SASLFRESH_FINDING_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"

enum finding_level { FINDING_OK, FINDING_WARN, FINDING_FAIL };

enum {
	FINDING_WHAT_MAX = 48,
	FINDING_FOUND_MAX = ERROR_WHAT_MAX + ERROR_CAUSE_MAX + 8,
	FINDING_HIDDEN_MIN = 48, /* letters, digits, "-", "_", "+", "=", "~" in a row */
};

struct finding {
	enum finding_level level;
	enum error_kind kind; /* ERROR_NONE unless it is a failure */
	char what[FINDING_WHAT_MAX];
	char found[FINDING_FOUND_MAX];
	char mend[ERROR_HINT_MAX]; /* "" for FINDING_OK, or where nothing can be done here */
};

/* Who is told, one finding after the other. */
struct findings {
	void (*tell)(void *context, const struct finding *finding);
	void *context;
};

/* Tells that what is well. */
void finding_ok(const struct findings *findings, const char *what, const char *format, ...)
	ERROR_PRINTF(3, 4);

/* Tells that what is not: err says why, its hint is what mends it, its kind counts for a failure.
 */
void finding_warn(const struct findings *findings, const char *what, const struct error *err);
void finding_fail(const struct findings *findings, const char *what, const struct error *err);

/* Adds the lines of a finding to a record (keyfile.h) that holds any number of them. */
void finding_print(const struct finding *finding, struct buffer *record);

/* Reads such a record, which the caller has printed "status = ok" and findings into; tells each.
 * Spoils text. ERROR_SYSTEM where it is torn. */
bool finding_parse(struct buffer *text, const struct findings *findings, struct error *err);

/* The word of a level: "ok", "warn", "fail". */
const char *finding_level_name(enum finding_level level);

#endif
