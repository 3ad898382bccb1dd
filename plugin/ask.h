/* ask.h: asking another program of ours, within one deadline.
 * The program gets one end of a socket as its standard input and output, a session of its own,
 * default signals, an environment reduced to what finding files, a proxy and a language needs, and
 * no other descriptor. No shell, no search path. What it answers decides, not how it exits: the
 * host may reap or ignore its children. A program that has not answered in time is killed with its
 * whole session. */
#ifndef SASLFRESH_ASK_H
#define SASLFRESH_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

/* Descriptors that the program inherits begin at ASK_KEPT_FD. */
enum { ASK_KEPT_FD = 3, ASK_KEPT_MAX = 4 };

struct ask {
	const char *program;	    /* absolute path */
	const char *verb;	    /* its first argument */
	const char *account;	    /* its second argument, or NULL */
	int kept_fds[ASK_KEPT_MAX]; /* become ASK_KEPT_FD and up in the program; -1: empty */
	int kept;		    /* how many of them */
	bool keep_stderr;	    /* else it is /dev/null */
	bool for_person;	    /* see ask_program */
	int64_t seconds;	    /* until it is killed */
	int *exit_status; /* NULL, or where its exit status goes; -1 where none is known */
};

/* Sends request (which may be empty) and reads the answer until the program closes its end.
 * A program that works with a person also gets what tells the person's screen and connection from
 * the environment, and its standard input stays open as long as we live: its end says that we are
 * gone.
 * answer->max bounds it. ERROR_SYSTEM if the program cannot be run or says nothing, ERROR_TEMPORARY
 * if the deadline passed; in a privileged process always ERROR_CONFIG: nothing is spawned there. */
bool ask_program(const struct ask *ask, const struct buffer *request, struct buffer *answer,
	struct error *err);

/* The two halves of an exchange on a socket that is connected. What cannot be sent is passed over:
 * who does not care for a request may answer all the same. ask_receive reads until the other side
 * closes, blocks until the deadline at most, and is false with errno: ETIMEDOUT, EMSGSIZE or what
 * the socket said. */
void ask_send(int fd, const struct buffer *request);
bool ask_receive(int fd, int64_t deadline, struct buffer *answer);

/* Writes an answer to fd, whole. False with errno. */
bool answer_write(int fd, const struct buffer *answer);

/* Milliseconds of the monotonic clock. */
int64_t clock_milliseconds(void);

#endif
