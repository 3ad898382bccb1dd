#include "caller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "people.h"

enum { GROUPS_MAX = 65536 + 1 }; /* what the kernel allows, and the first one */

static bool find_groups(int fd, gid_t first, struct peer *peer, struct error *err)
{
	socklen_t size = 0;
	gid_t *groups;

	/* An empty answer fits; any other says how large it is. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) != 0 && errno != ERANGE)
		return error_system(err, errno, "cannot tell the groups of the caller");
	if (size / sizeof(gid_t) >= GROUPS_MAX)
		return error_set(err, ERROR_SYSTEM, "the caller has too many groups");
	groups = malloc(size + sizeof(gid_t));
	if (groups == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	if (size > 0 && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
		free(groups);
		return error_system(err, errno, "cannot tell the groups of the caller");
	}
	peer->groups = groups;
	peer->count = size / sizeof(gid_t);
	peer->groups[peer->count++] = first;
	return true;
}

bool caller_identify(int fd, struct caller *caller, struct error *err)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	struct ucred credentials;
	struct stat status;

	if (fstat(fd, &status) == 0 && !S_ISSOCK(status.st_mode)) {
		*caller = (struct caller){.peer.uid = geteuid()};
		return true;
	}
	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return error_system(err, errno, "cannot tell what standard input is");
	if (address.sun_family != AF_UNIX)
		return error_set(err, ERROR_CONFIG,
			"the door is a Unix socket: on another one nobody knows who asks");
	*caller = (struct caller){.knocks = size > sizeof(sa_family_t)};
	size = sizeof(credentials);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return error_system(err, errno, "cannot tell who the caller is");
	caller->pid = credentials.pid;
	caller->peer.uid = credentials.uid;
	return find_groups(fd, credentials.gid, &caller->peer, err);
}

bool caller_is_trusted(const struct caller *caller)
{
	return caller->peer.uid == 0 || caller->peer.uid == geteuid();
}

bool caller_may_use(const struct caller *caller, const struct account *account)
{
	return caller_is_trusted(caller) ||
		allow_lists(account_value(account, ACCOUNT_ALLOW), &caller->peer, people_find);
}

bool caller_is_known(const struct caller *caller, const struct config *config)
{
	for (size_t i = 0; i < config->count; i++)
		if (caller_may_use(caller, &config->accounts[i]))
			return true;
	return caller_is_trusted(caller);
}

void caller_free(struct caller *caller)
{
	peer_free(&caller->peer);
}
