#include "people.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

bool people_find(const char *name, bool group, uint32_t *id)
{
	const struct group *found_group = group ? getgrnam(name) : NULL;
	const struct passwd *found_user = group ? NULL : getpwnam(name);

	if (found_group == NULL && found_user == NULL)
		return false;
	*id = group ? found_group->gr_gid : found_user->pw_uid;
	return true;
}

void people_forget_home(void)
{
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
}

bool people_become(uid_t uid, struct error *err)
{
	const struct passwd *user = getpwuid(uid);

	if (user == NULL)
		return error_set(err, ERROR_SYSTEM, "user %u is not known here", (unsigned)uid);
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(uid) != 0)
		return error_system(err, errno, "cannot become user %s", user->pw_name);
	people_forget_home();
	return true;
}
