#include "owner.h"

#include <unistd.h>

#include "cache.h"
#include "people.h"

bool owner_allows(const struct account *account, struct error *err)
{
	struct error ignored = {0};
	uid_t owner;
	bool absent;

	if (account->place.personal || geteuid() == 0 ||
		!state_check(account->place.state, false, &owner, &absent, &ignored) || absent ||
		owner == geteuid())
		return true;
	error_set(err, ERROR_SYSTEM, "%s belongs to user %u, and to nobody else",
		account->place.state, (unsigned)owner);
	return error_hint(err, "run this as root");
}

bool owner_become(const struct account *account, struct error *err)
{
	uid_t owner;
	bool absent;

	if (geteuid() != 0 || account->place.personal)
		return owner_allows(account, err);
	if (!state_check(account->place.state, false, &owner, &absent, err))
		return false;
	return absent || owner == 0 || people_become(owner, err);
}
