#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool screen_is_wide(void)
{
	struct winsize size = {0};

	return isatty(STDOUT_FILENO) &&
		(ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
			size.ws_col >= SCREEN_WIDE);
}

bool screen_has_colours(void)
{
	const char *none = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (none == NULL || *none == '\0') && term != NULL &&
		*term != '\0' && strcmp(term, "dumb") != 0;
}
