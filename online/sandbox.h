/* sandbox.h: what this program cannot do any more once it listens to strangers: run programs, make
 * processes, gain privileges, open files other than those that name and certificate lookups read,
 * write outside the state directory. Whatever is needed besides has been done, run and opened
 * before: the configuration, the client secret, seals, the browser.
 *
 * Four parts, each used where the kernel has it (Linux): no_new_privs; limits; Landlock, for files;
 * a seccomp filter, for system calls. The filter is a list of what is never needed, not of what is:
 * it holds whatever calls the C library of tomorrow prefers. */
#ifndef SASLFRESH_SANDBOX_H
#define SASLFRESH_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Enters it for good; the second call does nothing. state is the directory that may be written to,
 * files more of them to read, ended by NULL. A part that the kernel lacks is left out. To be called
 * while there is one thread. */
void sandbox_enter(const char *state, const char *const *files);

/* Writes which parts are at work, and which are missing, in one line for people; true if none is
 * missing. */
bool sandbox_parts(char *text, size_t size);

#endif
