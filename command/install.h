/* install.h: lines of ours in a file of the user's, between two comments that name them, so that
 * the same lines are replaced and never doubled. The difference is shown before anything is
 * written, as replace.h does it. */
#ifndef SASLFRESH_INSTALL_H
#define SASLFRESH_INSTALL_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"

enum install_result { INSTALL_SAME, INSTALL_REFUSED, INSTALL_DONE };

/* Puts lines, called title, into the file path, or makes that file. Shows what changes on standard
 * output as diff(1) does. consent is asked then; without it nothing is written. */
bool install_lines(const char *path, const char *title, const struct buffer *lines,
	bool (*consent)(const char *path), enum install_result *result, struct error *err);

#endif
