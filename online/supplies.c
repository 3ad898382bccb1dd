#include "supplies.h"

bool supplies_get(const struct account *account, struct supplies *supplies, struct error *err)
{
	*supplies = (struct supplies){.secret = BUFFER(SECRET_MAX)};
	seal_init(&supplies->seal);
	return secret_load(account, &supplies->secret, err) &&
		seal_prepare(&supplies->seal, account, err);
}

void supplies_free(struct supplies *supplies)
{
	buffer_free(&supplies->secret);
	seal_free(&supplies->seal);
}
