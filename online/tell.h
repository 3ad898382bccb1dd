/* tell.h: the memory of what people were told. The caller holds the lock. */
#ifndef SASLFRESH_TELL_H
#define SASLFRESH_TELL_H

#include <stdbool.h>

#include "error.h"
#include "event.h"
#include "renewal.h"

/* Notes in the token file that event is being told; false if it is not due. */
bool tell_event(const struct online *online, enum event event, struct error *err);

#endif
