/* paths.h: where things are. A place is one set of directories: a person's own, or the system's.
 * A person's place exists when HOME is set, can be entered, and the process is not privileged
 * (set-id): a privileged process takes nothing from its environment. Nor does root in the home of
 * somebody else. */
#ifndef SASLFRESH_PATHS_H
#define SASLFRESH_PATHS_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_SIZE = 1024 };

struct place {
	bool personal;
	char config[PATH_SIZE];	   /* the configuration file */
	char providers[PATH_SIZE]; /* directory of presets */
	char state[PATH_SIZE];	   /* directory of the accounts' files */
};

/* True in a process that runs with more rights than its caller (AT_SECURE). */
bool process_is_privileged(void);

/* Fills in the caller's own place; false if there is none. */
bool place_personal(struct place *place);

/* Fills in the system's place; false only if a compiled-in path is too long. */
bool place_system(struct place *place);

/* Writes the path of an account's file (suffix "token", "grant", "grant.new", "lock" ...). Every
 * octet of the account outside [A-Za-z0-9@._+-], and a leading dot, is written %XX, so that no name
 * can leave the directory. False if it does not fit into path[PATH_SIZE] or a file name. */
bool place_file(const char *state, const char *account, const char *suffix, char path[PATH_SIZE]);

/* Writes the absolute path that value means in a configuration: itself, or what "~/" stands for
 * in the caller's own place. False if it is neither. */
bool place_expand(bool personal, const char *value, char path[PATH_SIZE]);

#endif
