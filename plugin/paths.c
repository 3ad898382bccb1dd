#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

enum { FILE_NAME_MAX = 255 };

bool process_is_privileged(void)
{
#ifdef __linux__
	return getauxval(AT_SECURE) != 0;
#else
	return issetugid() != 0;
#endif
}

__attribute__((format(printf, 2, 3))) static bool format_path(
	char path[PATH_SIZE], const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(path, PATH_SIZE, format, arguments);
	va_end(arguments);
	return len > 0 && len < PATH_SIZE;
}

static const char *absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

/* $variable, or under HOME where it is unset or relative (XDG Base Directory Specification). */
static bool base_directory(const char *variable, const char *below_home, char path[PATH_SIZE])
{
	const char *value = absolute_variable(variable);

	if (value != NULL)
		return format_path(path, "%s/saslfresh", value);
	return format_path(path, "%s/%s/saslfresh", absolute_variable("HOME"), below_home);
}

/* sudo may leave root in the home of whoever typed it, whose accounts stay that person's. */
static bool is_of_somebody_else(const char *home)
{
	struct stat status;

	return geteuid() == 0 && stat(home, &status) == 0 && status.st_uid != 0;
}

/* Whoever is run with another one's HOME, as what cron runs to send mail, may not even enter it. */
static bool is_closed_to_us(const char *home)
{
	return absolute_variable("XDG_CONFIG_HOME") == NULL &&
		faccessat(AT_FDCWD, home, X_OK, AT_EACCESS) != 0 && errno == EACCES;
}

bool place_personal(struct place *place)
{
	char config[PATH_SIZE];

	if (process_is_privileged() || absolute_variable("HOME") == NULL ||
		is_of_somebody_else(absolute_variable("HOME")) ||
		is_closed_to_us(absolute_variable("HOME")))
		return false;
	place->personal = true;
	return base_directory("XDG_CONFIG_HOME", ".config", config) &&
		base_directory("XDG_STATE_HOME", ".local/state", place->state) &&
		format_path(place->config, "%s/saslfresh.conf", config) &&
		format_path(place->providers, "%s/providers", config);
}

bool place_system(struct place *place)
{
	place->personal = false;
	return format_path(place->config, "%s/saslfresh/saslfresh.conf", SASLFRESH_SYSCONFDIR) &&
		format_path(place->providers, "%s/saslfresh/providers", SASLFRESH_DATADIR) &&
		format_path(place->state, "%s/lib/saslfresh", SASLFRESH_LOCALSTATEDIR);
}

static bool is_plain(const char *account, size_t i)
{
	char c = account[i];

	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		strchr("@_+-", c) != NULL || (c == '.' && i > 0);
}

bool place_file(const char *state, const char *account, const char *suffix, char path[PATH_SIZE])
{
	char name[FILE_NAME_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; account[i] != '\0'; i++) {
		if (len + 3 >= sizeof(name))
			return false;
		if (is_plain(account, i))
			name[len++] = account[i];
		else
			len += (size_t)snprintf(
				name + len, 4, "%%%02X", (unsigned)(unsigned char)account[i]);
	}
	name[len] = '\0';
	if (len == 0 || len + 1 + strlen(suffix) > FILE_NAME_MAX)
		return false;
	return format_path(path, "%s/%s.%s", state, name, suffix);
}

bool place_expand(bool personal, const char *value, char path[PATH_SIZE])
{
	if (personal && strncmp(value, "~/", 2) == 0 && absolute_variable("HOME") != NULL)
		return format_path(path, "%s%s", absolute_variable("HOME"), value + 1);
	return value[0] == '/' && format_path(path, "%s", value);
}
