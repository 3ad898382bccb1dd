/* nagios.h: how all accounts are doing, as Nagios and its kin want it: one line and four states. */
#ifndef SASLFRESH_NAGIOS_H
#define SASLFRESH_NAGIOS_H

#include <stdint.h>

#include "config.h"
#include "error.h"

enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

struct nagios {
	const char *account; /* NULL: all */
	int64_t warning;     /* days before the end of a grant */
	int64_t critical;
};

/* Prints the line to standard output; gives the exit status. nagios is NULL where err says why
 * nothing can be examined. */
int nagios_check(
	struct config *config, const struct nagios *nagios, int64_t now, struct error *err);

#endif
