/* replace.h: a text file of a person's, replaced whole: it keeps its mode and owner, where it is a
 * symbolic link its target is, and what somebody else has written meanwhile is not lost. Order:
 * replace_load, after is made from before, replace_commit, replace_free (always). */
#ifndef SASLFRESH_REPLACE_H
#define SASLFRESH_REPLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "buffer.h"
#include "error.h"

enum { REPLACE_MAX = 1024 * 1024 };

/* The file as it is, and as it is going to be. */
struct replacement {
	char path[PATH_MAX];	     /* of the file itself */
	struct stat status;	     /* st_nlink 0: there is no such file */
	mode_t mode;		     /* of the new one */
	struct buffer before, after; /* after has room for before and more octets than that */
};

/* Reads the file, which may be missing (its mode is then that), of at most REPLACE_MAX octets;
 * after may have more octets. */
bool replace_load(const char *path, mode_t mode, size_t more, struct replacement *replacement,
	struct error *err);

/* Puts after in its place. ERROR_TEMPORARY where the file is not what was read any more, or
 * somebody else is replacing it: then it may be read again. */
bool replace_commit(const struct replacement *replacement, struct error *err);

void replace_free(struct replacement *replacement);

#endif
