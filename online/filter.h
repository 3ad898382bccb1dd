/* filter.h: a command of the configuration, run by /bin/sh, that turns what it reads into what it
 * writes. Its standard input and output are pipes, its standard error is ours, it gets a session of
 * its own, default signals, our environment and no other descriptor. When its time is up it is
 * killed with all that it started in its session. */
#ifndef SASLFRESH_FILTER_H
#define SASLFRESH_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct filter {
	const char *name;	 /* the key of the configuration, for messages */
	const char *command;	 /* for sh -c */
	int64_t seconds;	 /* until it is killed */
	enum error_kind failure; /* what it is if the command fails */
};

/* Feeds input and adds what comes out to output, whose max bounds it. A command that does not read
 * all of its input may still succeed. filter->failure if it ends with another status than 0 or by a
 * signal; ERROR_CONFIG if it says too much or the shell cannot run it, ERROR_TEMPORARY if its time
 * is up, ERROR_SYSTEM if no process can be started. output has to be freed also then. */
bool filter_run(const struct filter *filter, const struct buffer *input, struct buffer *output,
	struct error *err);

#endif
