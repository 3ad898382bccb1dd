/* section.h: the section of an account in a configuration file that a person may have written:
 * added behind all others, or given more keys. Everything else stays octet for octet; a file that
 * somebody else has changed meanwhile is read again; what would not be a configuration any more is
 * not written. */
#ifndef SASLFRESH_SECTION_H
#define SASLFRESH_SECTION_H

#include <stdbool.h>
#include <sys/types.h>

#include "buffer.h"
#include "error.h"
#include "paths.h"

/* Puts keys, whole lines, into the section of account in place->config, or makes that section, that
 * file (mode 0600, of the system 0644) and its directory. */
bool section_write(const struct place *place, const char *account, const struct buffer *keys,
	struct error *err);

/* Tells whether section_write could, without changing anything. */
bool section_check(const struct place *place, struct error *err);

/* Writes text to a file of its own beside the configuration, readable by owner alone (only root can
 * choose one), in one piece. */
bool section_write_secret(const struct place *place, const char *path, const struct buffer *secret,
	uid_t owner, struct error *err);

#endif
