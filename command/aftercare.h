/* aftercare.h: what follows a login: the proof that mail servers take the token, and what the
 * mailers of this machine need to use it. */
#ifndef SASLFRESH_AFTERCARE_H
#define SASLFRESH_AFTERCARE_H

#include "account.h"

/* Logs in once at each mail server that the completed account names, a line each, and prints the
 * commands that show the mailers' lines. Gives the exit status: that of the first server that did
 * not take the token, else 0. The login stays as it is. */
int aftercare(const struct account *account);

#endif
