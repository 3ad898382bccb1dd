/* listen.h: the door where neither systemd nor inetd stands behind it, as in a container: listens,
 * has each connection served by a process of its own, and keeps nothing of what is said. */
#ifndef SASLFRESH_LISTEN_H
#define SASLFRESH_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

enum { LISTEN_PATHS_MAX = 16, LISTEN_CONNECTIONS = 256 /* served at a time */ };

struct listen {
	char *const *paths;
	size_t count;
	mode_t mode;	    /* of the sockets */
	int (*serve)(void); /* with the connection as standard input and output; gives the status */
};

/* Makes the sockets, and their directories where the last one is missing; listens until SIGTERM or
 * SIGINT; removes the sockets and waits for those who are being served. A socket that was left
 * behind is replaced; one where somebody listens, or a file that is none, is ERROR_CONFIG. */
bool listen_run(const struct listen *listen, struct error *err);

#endif
