/* obtain_program.h: in the test of obtain.c the online half is not where it was installed. */
#ifndef SASLFRESH_OBTAIN_PROGRAM_H
#define SASLFRESH_OBTAIN_PROGRAM_H

extern const char *obtain_program;

#endif
