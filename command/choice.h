/* choice.h: what is asked of `login` on its command line. */
#ifndef SASLFRESH_CHOICE_H
#define SASLFRESH_CHOICE_H

#include <stdbool.h>

#include "setup.h"
#include "transfer.h"

struct choice {
	struct setup_wish wish;
	const char *path;   /* of a refresh token; NULL: a person logs in */
	const char *import; /* of the text of an export */
	int flow;
	bool export;
	bool unchecked; /* no mail server is tried afterwards */
	struct transfer transfer;
};

/* False after saying what is wrong with the call. */
bool choice_read(int argc, char **argv, struct choice *choice);

#endif
