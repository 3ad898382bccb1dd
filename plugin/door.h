/* door.h: the socket behind which `saslfresh answer` serves those who may not renew a token
 * themselves: users without rights, processes in a chroot, set-id programs. */
#ifndef SASLFRESH_DOOR_H
#define SASLFRESH_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "error.h"

/* Sends request to the socket at path and reads the answer until the other side closes. Believed is
 * only a listener that is root or keeper. deadline is of clock_milliseconds (ask.h).
 * ERROR_SYSTEM and open false if nobody listens there, or nobody who is believed; ERROR_TEMPORARY
 * if no answer came in time, or none at all. */
bool door_ask(const char *path, uid_t keeper, int64_t deadline, const struct buffer *request,
	struct buffer *answer, bool *open, struct error *err);

#endif
