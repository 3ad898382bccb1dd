/* relay.h: the lines for those that send the mail of a whole machine. Each takes what lines.h says,
 * with an SMTP server, and adds its text. */
#ifndef SASLFRESH_RELAY_H
#define SASLFRESH_RELAY_H

#include "lines.h"

void relay_postfix(const struct lines *lines);
void relay_sendmail(const struct lines *lines);
void relay_ssmtp(const struct lines *lines);
void relay_msmtp(const struct lines *lines);

#endif
