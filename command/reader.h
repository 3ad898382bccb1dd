/* reader.h: the lines for those that read a person's mail, and have no plugin but the command. Each
 * takes what lines.h says, with the servers that recipe.c lets it have, and adds its text. */
#ifndef SASLFRESH_READER_H
#define SASLFRESH_READER_H

#include "lines.h"

void reader_mpop(const struct lines *lines);
void reader_getmail(const struct lines *lines);
void reader_offlineimap(const struct lines *lines);
void reader_snail(const struct lines *lines);
void reader_aerc(const struct lines *lines);

#endif
