/* browser.h: a page for a person to open: in a browser of this machine where there is one, or
 * through ssh in one elsewhere. */
#ifndef SASLFRESH_BROWSER_H
#define SASLFRESH_BROWSER_H

#include <stdbool.h>

/* Starts xdg-open with url where a graphical session is ours and we did not come by ssh; nobody
 * waits for it, and it inherits nothing. False where there was nothing to try. */
bool browser_open(const char *url);

/* True if we came by ssh. Writes what to type elsewhere so that port leads here, or "". */
bool browser_is_elsewhere(int port, char *line, unsigned size);

#endif
