/* modes.h: whether the files of an account, and the directories that they are in, may be read and
 * written by those alone who should. What is looked at is never opened. */
#ifndef SASLFRESH_MODES_H
#define SASLFRESH_MODES_H

#include "account.h"
#include "finding.h"

/* Tells about the configuration's directory, the state directory, each file in it that belongs to
 * the account, and the file of the client secret. */
void modes_check(const struct account *account, const struct findings *findings);

#endif
