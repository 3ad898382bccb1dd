/* metrics.h: how all accounts are doing, in the text format of Prometheus (version 0.0.4). */
#ifndef SASLFRESH_METRICS_H
#define SASLFRESH_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/* Writes the metrics of all accounts, or of one, to path, "-" for standard output: a new file of
 * mode 0644 that takes the place of an old one whole or not at all. */
bool metrics_write(struct config *config, const char *account, const char *path, int64_t now,
	struct error *err);

#endif
