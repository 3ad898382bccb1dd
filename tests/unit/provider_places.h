/* provider_places.h: in the test of provider.c the system's files are not where they were
 * installed. */
#ifndef SASLFRESH_PROVIDER_PLACES_H
#define SASLFRESH_PROVIDER_PLACES_H

extern const char *provider_system;

#endif
