/* config.h: what a configuration file says: accounts, and choices for all of them. */
#ifndef SASLFRESH_CONFIG_H
#define SASLFRESH_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "error.h"
#include "paths.h"

enum config_rank { RANK_PREFER, RANK_POLITE, RANK_FIRST };

enum { CONFIG_ACCOUNTS_MAX = 4096 };
/* Commands that are run when something happens to an account, see command/hook.h. */
enum config_hook { HOOK_LOGIN_NEEDED, HOOK_RECOVERED, HOOK_BEFORE_END, CONFIG_HOOKS };

enum { CONFIG_HOOK_INTERVAL = 86400, CONFIG_HOOK_INTERVAL_MAX = 366 * 86400 }; /* seconds */
enum { CONFIG_SOCKET_MAX = 107 }; /* octets that fit into a socket's address */
enum { CONFIG_TIMEOUT = 30, CONFIG_CONNECT_TIMEOUT = 10 }; /* seconds; defaults and maxima */

enum { CONFIG_SEALS = 2 }; /* what seals a grant, and what opens it */

struct config {
	struct account *accounts;
	size_t count;
	bool rank_set;
	enum config_rank rank;
	char *programs;	 /* NULL: all */
	char *command;	 /* absolute path; NULL: as built */
	char *socket;	 /* absolute path of the door; NULL: as built */
	int64_t timeout; /* 0: not set */
	int64_t connect_timeout;
	char *hooks[CONFIG_HOOKS]; /* NULL: none */
	int64_t hook_interval;	   /* seconds; 0: not set */
	char *seals[2]
		   [CONFIG_SEALS]; /* of the system's accounts, and of the caller's; NULL: none */

	/* What supply_serves saw, which may have gone out of sight later. */
	uid_t keeper; /* the owner of the system's state; 0 while that is not known */
	dev_t root_device;
	ino_t root_inode;
};

/* Adds the accounts and choices of place->config to config. A file that does not exist adds
 * nothing; nor does one of the system's that the caller may not read. What an earlier file said
 * stays. A shared account (`grant`) takes what it leaves open from the account whose grant it uses,
 * which must stand in the same file. Errors name file and line, unknown keys with the nearest known
 * one. After a failure config still must be freed. */
bool config_add(struct config *config, const struct place *place, struct error *err);

/* The same with text that was read already (and is spoiled); name and status are those of what it
 * was read from. */
bool config_add_text(struct config *config, const struct place *place, const char *name,
	const struct stat *status, struct buffer *text, struct error *err);

/* Adds the caller's own file, then the system's. */
bool config_load(struct config *config, struct error *err);

/* Gives account what seals the grants of its place, where it has nothing of its own. */
bool config_seal(const struct config *config, struct account *account, struct error *err);

/* The account of that name, the caller's own before the system's; NULL if there is none. */
struct account *config_find(const struct config *config, const char *name);

/* True if `programs` names the program of this process, or is not set. */
bool config_serves_us(const struct config *config);

void config_free(struct config *config);

#endif
