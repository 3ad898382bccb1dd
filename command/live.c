#include "live.h"

#include "ask.h"
#include "frame.h"
#include "owner.h"

/* Eight hosts and three mail servers, none of which answers. */
enum { LIVE_SECONDS = 180 };

bool live_check(const struct account *account, bool mail_alone, const struct findings *findings,
	struct error *err)
{
	const struct ask ask = {.program = SASLFRESH_ONLINE,
		.verb = mail_alone ? "check-mail" : "check",
		.account = account->name,
		.keep_stderr = true,
		.seconds = LIVE_SECONDS};
	const struct buffer nothing = BUFFER(0);
	struct buffer answer = BUFFER(FRAME_ANSWER_MAX);
	bool ok = owner_become(account, err) && ask_program(&ask, &nothing, &answer, err) &&
		answer_parse_told(&answer, findings, err);

	buffer_free(&answer);
	return ok;
}
