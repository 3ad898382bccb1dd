/* error.h: what a failure is, and the one sentence that it ends in.
 * The border that meets a failure sets kind and cause, the purpose above it adds what, the remedy
 * adds hint; each is written once on the way up. Nothing here allocates. Text from outside may be
 * passed in as it came: bytes that are not printable are shown as '?'. */
#ifndef SASLFRESH_ERROR_H
#define SASLFRESH_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum error_kind {
	ERROR_NONE,
	ERROR_CONFIG,	 /* the configuration, or the client's registration, must be changed */
	ERROR_LOGIN,	 /* a person must log in again */
	ERROR_TEMPORARY, /* the same call may work later */
	ERROR_REFUSED,	 /* the mail server refused the access token */
	ERROR_SERVER,	 /* an answer that breaks the protocol */
	ERROR_SYSTEM,	 /* this machine: memory, files, processes */
};

enum { ERROR_WHAT_MAX = 256, ERROR_CAUSE_MAX = 768, ERROR_HINT_MAX = 320 };
enum { ERROR_LINE_MAX = ERROR_WHAT_MAX + ERROR_CAUSE_MAX + ERROR_HINT_MAX + 8 };

struct error {
	enum error_kind kind;
	char what[ERROR_WHAT_MAX];
	char cause[ERROR_CAUSE_MAX];
	char hint[ERROR_HINT_MAX];
};

#define ERROR_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Starts a failure: forgets any earlier one, sets kind and cause. Always false, to be returned. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) ERROR_PRINTF(3, 4);

/* Starts an ERROR_SYSTEM failure; the cause ends in the text of the errno value number. */
bool error_system(struct error *err, int number, const char *format, ...) ERROR_PRINTF(3, 4);

/* Adds what was tried, unless that is already said. Always false. */
bool error_what(struct error *err, const char *format, ...) ERROR_PRINTF(2, 3);

/* Adds what to do about it, unless that is already said. Always false. */
bool error_hint(struct error *err, const char *format, ...) ERROR_PRINTF(2, 3);

/* Writes "what: cause (hint)" with its NUL, cut to size octets; absent parts are left out. */
void error_line(const struct error *err, char *line, size_t size);

/* The exit status of a program that ends with this kind (sysexits.h); 0 for ERROR_NONE. */
int error_exit_status(enum error_kind kind);

/* The name of a kind in our files and answers ("login", "temporary" ...). */
const char *error_kind_name(enum error_kind kind);

/* The kind of that name; ERROR_NONE for any other. */
enum error_kind error_kind_of(const char *name);

/* Replaces control bytes and DEL in text by '?', in place. */
void error_clean(char *text);

/* Replaces every occurrence of the len octets of secret in text by '*': a server's words may repeat
 * what we sent. A len of 0 replaces nothing. */
void error_redact(char *text, const char *secret, size_t len);

#endif
