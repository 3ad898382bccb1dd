/* settings.h: where a mailer's configuration is, and where its program is. */
#ifndef SASLFRESH_SETTINGS_H
#define SASLFRESH_SETTINGS_H

#include <stdbool.h>

#include "error.h"
#include "paths.h"
#include "recipe.h"

/* The first file of the mailer that exists; if none does, the first. ERROR_CONFIG without a HOME.
 */
bool settings_file(const struct mailer *mailer, char path[PATH_SIZE], struct error *err);

/* The program of that name in PATH, or where administrators' programs are. False if there is none.
 */
bool settings_program(const char *name, char path[PATH_SIZE]);

#endif
