#include "event.h"

#include <string.h>

static const char *const names[] = {"", "login_needed", "recovered", "before_end"};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *event_name(enum event event)
{
	return names[event];
}

enum event event_named(const char *name)
{
	for (int event = EVENT_NONE + 1; event < NAMES; event++)
		if (strcmp(name, names[event]) == 0)
			return (enum event)event;
	return EVENT_NONE;
}

/* A time in a future that cannot be is as good as none: the clock was set back. */
static bool has_passed(const struct config *config, int64_t told_at, int64_t now)
{
	int64_t interval = config->hook_interval > 0 ? config->hook_interval : CONFIG_HOOK_INTERVAL;
	int64_t age;

	return told_at <= 0 || __builtin_sub_overflow(now, told_at, &age) || age >= interval ||
		age < -interval;
}

enum event event_due(const struct config *config, const struct token *token, int64_t now)
{
	if (token->kind == ERROR_LOGIN) {
		/* Who wants to hear of the recovery alone needs the note of what it is from. */
		if ((config->hooks[HOOK_LOGIN_NEEDED] != NULL ||
			    config->hooks[HOOK_RECOVERED] != NULL) &&
			has_passed(config, token->login_told_at, now))
			return EVENT_LOGIN_NEEDED;
		return EVENT_NONE;
	}
	if (config->hooks[HOOK_RECOVERED] != NULL && token->kind == ERROR_NONE &&
		token->login_told_at > token->recovered_told_at &&
		has_passed(config, token->recovered_told_at, now))
		return EVENT_RECOVERED;
	if (config->hooks[HOOK_BEFORE_END] != NULL &&
		token_grant_ends_soon(token, now, EVENT_END_MARGIN) &&
		has_passed(config, token->end_told_at, now))
		return EVENT_BEFORE_END;
	return EVENT_NONE;
}

/* The order of the two tells whether the account has recovered since, also within one second. */
void event_note(enum event event, int64_t now, struct token *token)
{
	switch (event) {
	case EVENT_NONE:
		break;
	case EVENT_LOGIN_NEEDED:
		token->login_told_at =
			now > token->recovered_told_at ? now : token->recovered_told_at + 1;
		break;
	case EVENT_RECOVERED:
		token->recovered_told_at = now > token->login_told_at ? now : token->login_told_at;
		break;
	case EVENT_BEFORE_END:
		token->end_told_at = now;
		break;
	}
}
