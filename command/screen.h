/* screen.h: what standard output shows to people. */
#ifndef SASLFRESH_SCREEN_H
#define SASLFRESH_SCREEN_H

#include <stdbool.h>

enum { SCREEN_WIDE = 80 }; /* columns that a table needs */

/* True if it is a terminal that has room for a table; one that does not tell its width has. */
bool screen_is_wide(void);

/* True if it is a terminal that knows colours, and nobody has asked for none (NO_COLOR). */
bool screen_has_colours(void);

#endif
