/* account.h: one account (or preset) as its keys and values. Values are checked for their form when
 * they are set; nothing is looked up or opened. The client secret itself is never kept: see
 * online/secret.h. */
#ifndef SASLFRESH_ACCOUNT_H
#define SASLFRESH_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "error.h"
#include "keyfile.h"
#include "paths.h"

enum account_key {
	ACCOUNT_PROVIDER,
	ACCOUNT_USER,
	ACCOUNT_IMAP_USER, /* instead of user, for one service */
	ACCOUNT_POP_USER,
	ACCOUNT_SMTP_USER,
	ACCOUNT_GRANT, /* the account whose grant this one uses: a shared account */
	ACCOUNT_HOSTS,
	ACCOUNT_CLIENT_ID,
	ACCOUNT_CLIENT_SECRET, /* its value is "set"; the secret stays in the file */
	ACCOUNT_CLIENT_SECRET_FILE,
	ACCOUNT_CLIENT_SECRET_COMMAND,
	ACCOUNT_CLIENT_SECRET_CREDENTIAL,
	ACCOUNT_ISSUER,
	ACCOUNT_TOKEN_ENDPOINT,
	ACCOUNT_AUTHORIZATION_ENDPOINT,
	ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT,
	ACCOUNT_REVOCATION_ENDPOINT,
	ACCOUNT_INTROSPECTION_ENDPOINT,
	ACCOUNT_USERINFO_ENDPOINT,
	ACCOUNT_REGISTRATION_ENDPOINT,
	ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD, /* see account.c */
	ACCOUNT_SCOPE,
	ACCOUNT_TENANT,
	ACCOUNT_REGION,
	ACCOUNT_CA_FILE,
	ACCOUNT_PROXY,
	ACCOUNT_HTTP_LOOPBACK, /* yes no */
	ACCOUNT_GROUP,
	ACCOUNT_ALLOW,		     /* who may have tokens through the door, see allow.h */
	ACCOUNT_REFRESH_TOKEN_REUSE, /* tolerated punished */
	ACCOUNT_REDIRECT_URI,
	ACCOUNT_AUTHORIZATION_PARAMETERS,
	ACCOUNT_LOGIN_SCOPE,
	ACCOUNT_GRANT_IDLE_DAYS,    /* a grant that is not used for so long ends */
	ACCOUNT_GRANT_TESTING_DAYS, /* so does one of a client in Testing after its consent */
	ACCOUNT_SEAL_COMMAND,	    /* "none": not sealed */
	ACCOUNT_UNSEAL_COMMAND,
	ACCOUNT_GRANT_TYPE, /* refresh_token client_credentials jwt_bearer */
	/* private_key_jwt: what the client signs with, and what is registered of it */
	ACCOUNT_CLIENT_CERTIFICATE,
	ACCOUNT_CLIENT_KEY,
	ACCOUNT_CLIENT_SECRET_EXPIRES, /* the day, YYYY-MM-DD */
	ACCOUNT_SERVICE_ACCOUNT_FILE,  /* Google's JSON key */
	/* These stand in presets only. */
	ACCOUNT_TITLE,
	ACCOUNT_DOMAINS,
	ACCOUNT_MX,
	ACCOUNT_CONSOLE,
	ACCOUNT_CLIENT_STEPS, /* what to do there, see ACCOUNT_STEP */
	ACCOUNT_ACCOUNT_PAGE,
	ACCOUNT_APP_PASSWORD_PAGE, /* without a token_endpoint: the only way there is */
	ACCOUNT_NOTE,
	ACCOUNT_APPLICATION_SCOPE, /* the scope of client_credentials */
	/* HOST:PORT, and where the port does not tell, tls or starttls */
	ACCOUNT_IMAP,
	ACCOUNT_POP,
	ACCOUNT_SMTP,
	ACCOUNT_KEYS,
};

#define ACCOUNT_STEP " | " /* between two steps of client_steps */

struct account {
	char *name;		    /* "" for a preset */
	char *values[ACCOUNT_KEYS]; /* NULL: not set */
	char file[PATH_SIZE];	    /* where it was found, with its first line */
	unsigned line;
	unsigned grant_line; /* of its key `grant` */
	int64_t stamp;	     /* changes when what is configured may have: latest modification, ns */
	struct place place;
	int draft; /* descriptor that it, or some of its keys, came from (draft.h); 0: none */
};

/* The file that a value is read from. */
struct account_source {
	const char *file;
	const struct stat *status;
	bool personal; /* "~/" means the caller's home */
	bool preset;   /* the keys of presets are allowed, those of accounts alone are not */
};

/* Sets the value of entry->key. ERROR_CONFIG names file and line, and for an unknown key the
 * nearest known one. A shared account takes no key that belongs to the grant. */
bool account_set(struct account *account, const struct account_source *source,
	const struct keyfile_entry *entry, struct error *err);

void account_free(struct account *account);

/* The value of a key, "" while it is not set. */
const char *account_value(const struct account *account, enum account_key key);

/* True if it says where its client secret is, or is that of a draft that has one. */
bool account_has_secret(const struct account *account);

/* What goes on the wire as the user's name where service is what SASL calls the service ("imap",
 * "pop", "smtp" ...; NULL: not known). */
const char *account_user(const struct account *account, const char *service);

/* The name of the account whose grant, and with it whose files and access token, account uses: its
 * own, or what `grant` says. The place is the same. */
const char *account_grantor(const struct account *account);

/* True if account uses the grant of another one. */
bool account_is_shared(const struct account *account);

/* Copies to a shared account what it leaves open and grantor has, but for the names of the user.
 * ERROR_SYSTEM if there is no memory. */
bool account_share(struct account *account, const struct account *grantor, struct error *err);

/* The name of a key as it is written. */
const char *account_key_name(enum account_key key);

/* What stamp is for a file: its modification time in nanoseconds. */
int64_t account_stamp_of(const struct stat *status);

/* Says that a key is not known, with the nearest of known (ended by NULL). Always false. */
bool unknown_key(const char *file, const struct keyfile_entry *entry, const char *const *known,
	struct error *err);

/* True if access tokens of the account are asked for without any person and without a grant that
 * lasts: client_credentials, jwt_bearer. */
bool account_is_unattended(const struct account *account);

/* True if its client signs what it authenticates with (private_key_jwt). */
bool account_signs(const struct account *account);

/* Says what an account lacks or must not have, with the place where it stands. Always false. */
bool account_unfit(const struct account *account, struct error *err, const char *cause);

/* True if item is one of the words of list (separated by blanks or commas). */
bool list_contains(const char *list, const char *item);

#endif
