/* plugins.h: which SASL plugins programs of this user load, as libsasl2 itself tells it
 * (plugins_main.c), and whether ours is the one that serves. */
#ifndef SASLFRESH_PLUGINS_H
#define SASLFRESH_PLUGINS_H

#include "config.h"
#include "finding.h"

/* Tells which directories are searched, whether our plugin is loaded and offers its mechanisms, and
 * which others would be taken instead of it. */
void plugins_check(const struct config *config, const struct findings *findings);

#endif
