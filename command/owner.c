#include "owner.h"

#include <unistd.h>

#include "cache.h"
#include "people.h"

bool owner_become(const struct account *account, struct error *err)
{
	uid_t owner;
	bool absent;

	if (geteuid() != 0 || account->place.personal)
		return true;
	if (!state_check(account->place.state, false, &owner, &absent, err))
		return false;
	return absent || owner == 0 || people_become(owner, err);
}
