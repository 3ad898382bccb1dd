#include "owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "cache.h"

static bool become(uid_t uid, struct error *err)
{
	const struct passwd *user = getpwuid(uid);

	if (user == NULL)
		return error_set(err, ERROR_SYSTEM, "user %u is not known here", (unsigned)uid);
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(uid) != 0)
		return error_system(err, errno, "cannot become user %s", user->pw_name);
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	return true;
}

bool owner_become(const struct account *account, struct error *err)
{
	uid_t owner;
	bool absent;

	if (geteuid() != 0 || account->place.personal)
		return true;
	if (!state_check(account->place.state, false, &owner, &absent, err))
		return false;
	return absent || owner == 0 || become(owner, err);
}
