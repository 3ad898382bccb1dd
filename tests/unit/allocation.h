/* allocation.h: memory that runs out when the test says so, and a look at memory that is given back.
 * A test that links this needs the linker to wrap malloc, calloc, realloc, free, strdup and strndup. */
#ifndef SASLFRESH_TEST_ALLOCATION_H
#define SASLFRESH_TEST_ALLOCATION_H

#include <stdbool.h>

/* The n-th allocation from now on fails (1: the next), and none behind it; 0: none. */
void allocation_fail(int n);

/* True if that allocation was asked for. */
bool allocation_failed(void);

/* From now on memory that is freed is searched for the text. NULL: no longer. */
void allocation_watch(const char *secret);

/* How many blocks were freed with the text in them. */
int allocation_leaks(void);

/* Ends both. */
void allocation_reset(void);

#endif
