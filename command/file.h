/* file.h: a file that a person names, and that holds a secret. */
#ifndef SASLFRESH_FILE_H
#define SASLFRESH_FILE_H

#include "error.h"

/* Opens a regular file that only its owner may read (the group too where root owns it), or for "-"
 * standard input. -1 with err set. */
int file_open_secret(const char *path, struct error *err);

#endif
