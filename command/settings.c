#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_absolute(const char *path)
{
	return path != NULL && path[0] == '/';
}

static bool expand(const char *file, char path[PATH_SIZE])
{
	static const char config[] = ".config/";
	const char *home = getenv("HOME");
	const char *base = getenv("XDG_CONFIG_HOME");
	bool below = strncmp(file, config, strlen(config)) == 0 && is_absolute(base);
	int len = snprintf(path, PATH_SIZE, "%s/%s", below ? base : home,
		below ? file + strlen(config) : file);

	return len > 0 && len < PATH_SIZE;
}

bool settings_file(const struct mailer *mailer, char path[PATH_SIZE], struct error *err)
{
	if (!is_absolute(getenv("HOME")))
		return error_set(err, ERROR_CONFIG, "HOME is not set");
	for (int i = 0; mailer->files[i] != NULL; i++)
		if (expand(mailer->files[i], path) && access(path, F_OK) == 0)
			return true;
	return expand(mailer->files[0], path) ||
		error_set(err, ERROR_CONFIG, "the path of %s is too long", mailer->files[0]);
}

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool settings_program(const char *name, char path[PATH_SIZE])
{
	static const char administrators[] = "/usr/sbin:/usr/local/sbin";
	const char *lists[] = {getenv("PATH"), administrators};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *list = lists[i] != NULL ? lists[i] : "";

		while (*list != '\0') {
			size_t len = strcspn(list, ":");
			int used = snprintf(path, PATH_SIZE, "%.*s/%s", (int)len, list, name);

			if (list[0] == '/' && used < PATH_SIZE && is_program(path))
				return true;
			list += len + (list[len] == ':');
		}
	}
	return false;
}
