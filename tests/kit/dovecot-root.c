/* dovecot-root.c: preloaded into a Dovecot that was unpacked and not installed.
 * Settings move everything but two compiled-in paths: the directory of modules (TLS is one) and the
 * program that reads the configuration. Names that begin with them are looked up under $DOVECOT_ROOT. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

static const char *rooted(const char *path, char moved[PATH_SIZE])
{
	static const char *const compiled[] = {"/usr/lib/dovecot/", "/usr/bin/dove"};
	const char *root = getenv("DOVECOT_ROOT");

	if (!root || !path)
		return path;
	for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++)
		if (strncmp(path, compiled[i], strlen(compiled[i])) == 0 &&
		    snprintf(moved, PATH_SIZE, "%s%s", root, path) < PATH_SIZE)
			return moved;
	return path;
}

DIR *opendir(const char *path)
{
	DIR *(*next)(const char *) = dlsym(RTLD_NEXT, "opendir");
	char moved[PATH_SIZE];

	return next(rooted(path, moved));
}

void *dlopen(const char *path, int flags)
{
	void *(*next)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
	char moved[PATH_SIZE];

	return next(rooted(path, moved), flags);
}

int execv(const char *path, char *const argv[])
{
	int (*next)(const char *, char *const[]) = dlsym(RTLD_NEXT, "execv");
	char moved[PATH_SIZE];

	return next(rooted(path, moved), argv);
}
