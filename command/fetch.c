#include "fetch.h"

#include "obtain.h"
#include "supply.h"

bool fetch_token(struct config *config, const struct account *account, int64_t now,
	struct token *token, struct error *err)
{
	if (supply_may_renew(account))
		return obtain_token(account, OBTAIN_NEEDED, now, token, err);
	supply_look_around(config);
	return supply_token(config, account, now, token, err);
}
