/* form.h: what the values of some keys must look like. Pure. */
#ifndef SASLFRESH_FORM_H
#define SASLFRESH_FORM_H

#include <stdbool.h>

enum { FORM_PEOPLE_MAX = 255 }; /* octets of a name */

/* Letters, digits, dots, dashes and underscores, and no dot at the beginning. */
bool form_is_name(const char *value);

/* Names or numbers of users, and of groups behind an @. */
bool form_is_people(const char *value);

/* Begins as an address of the web does, and goes on. */
bool form_is_url(const char *value);

#endif
