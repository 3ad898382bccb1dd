/* event.h: what people want to be told about an account, and when. Pure. Each event is told at most
 * once per interval; when it was told last stands in the token's record. */
#ifndef SASLFRESH_EVENT_H
#define SASLFRESH_EVENT_H

#include <stdint.h>

#include "config.h"
#include "token.h"

enum event {
	EVENT_NONE,
	EVENT_LOGIN_NEEDED,
	EVENT_RECOVERED,  /* tokens are renewed again after that */
	EVENT_BEFORE_END, /* the grant ends soon */
};

/* A grant ends soon when less is left, in seconds. */
enum { EVENT_END_MARGIN = 14 * 86400 };

/* What is to be told now; an event is due only if a hook wants to know it. */
enum event event_due(const struct config *config, const struct token *token, int64_t now);

/* Notes in token that event was told. */
void event_note(enum event event, int64_t now, struct token *token);

/* The name of an event ("login_needed" ...), "" for none; and the event of that name. */
const char *event_name(enum event event);
enum event event_named(const char *name);

#endif
