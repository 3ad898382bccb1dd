#include "unattended.h"

#include <string.h>

static bool request(struct renewal *renewal, struct error *err)
{
	const struct account *account = renewal->online->account;
	struct grant *grant = renewal->grant;
	struct reply *reply = renewal->reply;
	struct grant_request request;
	bool ok;

	keyfile_copy(grant->scope, sizeof(grant->scope), account_value(account, ACCOUNT_SCOPE));
	request = renewal_describe(renewal);
	ok = grant_unattended(&request, reply, &renewal->notes, err);
	if (ok && reply->scope[0] != '\0')
		memcpy(grant->scope, reply->scope, sizeof(grant->scope));
	return ok;
}

static bool is_ready(struct renewal *renewal, struct error *err)
{
	bool ok = secret_load(renewal->online->account, &renewal->secret, err);

	online_confine(renewal->online);
	return ok;
}

bool unattended_renew(const struct online *online, struct error *err)
{
	struct renewal renewal;
	bool ok = renewal_start(online, &renewal, err);

	if (ok && is_ready(&renewal, err)) {
		ok = request(&renewal, err);
		ok = renewal_keep(&renewal, NULL, ok, err);
	} else if (ok) {
		ok = false;
		if (err->kind == ERROR_CONFIG)
			renewal_remember(&renewal, err);
	}
	renewal_finish(&renewal);
	return ok;
}
