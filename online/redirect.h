/* redirect.h: the listener on the loopback addresses that a browser is redirected to (RFC 8252
 * s.7.3). Whatever else knocks there is turned away: it gets a short answer or none, holds nobody
 * up, and ends nothing.
 * Order: redirect_open, then redirect_watch, poll and redirect_serve until that gives true,
 * redirect_close. */
#ifndef SASLFRESH_REDIRECT_H
#define SASLFRESH_REDIRECT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum {
	REDIRECT_LISTENERS = 2,
	REDIRECT_CALLERS = 8, /* at a time; the oldest goes when one more comes */
	REDIRECT_FDS = REDIRECT_LISTENERS + REDIRECT_CALLERS,
	REDIRECT_REQUEST_MAX = 32 * 1024,
	REDIRECT_MILLISECONDS = 10000, /* that a request may take */
	REDIRECT_PATH_SIZE = 256,
};

struct redirect {
	int port;
	char path[REDIRECT_PATH_SIZE];
	int listeners[REDIRECT_LISTENERS]; /* 127.0.0.1 and ::1 */
	struct caller {
		int fd; /* -1: none */
		int64_t deadline;
		struct buffer request;
	} callers[REDIRECT_CALLERS];
};

/* Who judges the query of a request to our path: true if it is the redirect, which ends the wait.
 */
struct redirect_judge {
	bool (*take)(void *context, const char *query);
	void *context;
};

/* True if the browser of this machine can be sent to uri: http to a loopback host. */
bool redirect_is_local(const char *uri);

/* Listens on both addresses, on the port of uri or on a random one, and writes uri with that port.
 * ERROR_CONFIG for a uri that is not local or too long, ERROR_SYSTEM where nothing can listen. */
bool redirect_open(
	struct redirect *redirect, const char *uri, char *full, size_t size, struct error *err);

/* Fills in all REDIRECT_FDS entries, those not in use with -1. */
void redirect_watch(const struct redirect *redirect, struct pollfd *fds);

/* Accepts, reads and answers what can be without waiting; now is in milliseconds of any steady
 * clock. True once judge has taken a request, which was answered. */
bool redirect_serve(struct redirect *redirect, const struct pollfd *fds, int64_t now,
	const struct redirect_judge *judge);

/* Nothing listens any more. A redirect that was never opened but zeroed may be closed if its port
 * is 0. */
void redirect_close(struct redirect *redirect);

#endif
