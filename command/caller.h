/* caller.h: who stands at the door: the user on the other side of the Unix socket that is our
 * standard input. A program that the plugin or a person started on a pipe or a socket pair has our
 * own rights, and is nobody but us. */
#ifndef SASLFRESH_CALLER_H
#define SASLFRESH_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "allow.h"
#include "config.h"
#include "error.h"

struct caller {
	bool knocks; /* came by a listening socket */
	pid_t pid;
	struct peer peer;
};

/* Fills in who is connected to fd; caller_free is due. ERROR_CONFIG for a socket that cannot tell,
 * such as one of the network. */
bool caller_identify(int fd, struct caller *caller, struct error *err);

/* True for root and for the user that this process runs as: they have no need of the door. */
bool caller_is_trusted(const struct caller *caller);

/* True if the caller is trusted or `allow` of the account lists it. */
bool caller_may_use(const struct caller *caller, const struct account *account);

/* True if that holds for any account of config. */
bool caller_is_known(const struct caller *caller, const struct config *config);

void caller_free(struct caller *caller);

#endif
