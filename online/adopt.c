#include "adopt.h"

#include <string.h>

#include "input.h"

bool adopt_refresh_token(const struct online *online, const char *refresh_token, struct error *err)
{
	struct renewal renewal;
	bool ok = renewal_start(online, &renewal, err) && renewal_equip(&renewal, NULL, err) &&
		renewal_request(&renewal, refresh_token, err);

	if (!ok && err->kind == ERROR_LOGIN) {
		err->hint[0] = '\0';
		error_hint(err, "it was used or revoked, or belongs to another client");
	}
	if (ok || renewal_is_issued(&renewal)) {
		renewal.grant->consented_at = online->now;
		renewal.token->rejections = 0;
		ok = renewal_keep(&renewal, refresh_token, ok, err);
	}
	renewal_finish(&renewal);
	return ok;
}

bool adopt_input(const struct online *online, int input, struct error *err)
{
	char refresh_token[TOKEN_MAX + 3];
	bool ok = input_read_line(input, refresh_token, sizeof(refresh_token), err) &&
		adopt_refresh_token(online, refresh_token, err);

	wipe(refresh_token, sizeof(refresh_token));
	return ok;
}

bool adopt_tokens(const struct online *online, const struct supplies *supplies,
	const struct adopt_source *source, struct error *err)
{
	struct renewal renewal;
	bool ok = renewal_start(online, &renewal, err) && renewal_equip(&renewal, supplies, err);

	if (ok) {
		const struct grant_request request = renewal_describe(&renewal);
		const char *scope = account_value(online->account, ACCOUNT_SCOPE);

		ok = source->ask(source->context, &request, renewal.reply, &renewal.notes, err) &&
			source->judge(source->context, &request, renewal.reply, err);
		/* RFC 6749 s.5.1: a server that names no scope has granted what was asked for. */
		keyfile_copy(renewal.grant->scope, sizeof(renewal.grant->scope), scope);
		renewal.grant->consented_at = online->now;
		renewal.token->rejections = 0;
		ok = ok && renewal_keep(&renewal, "", true, err);
	}
	renewal_finish(&renewal);
	return ok;
}
