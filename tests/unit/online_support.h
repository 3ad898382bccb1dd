/* online_support.h: what the tests share that make requests: libcurl for a whole group of tests,
 * and one server beside the box of each test. */
#ifndef SASLFRESH_ONLINE_SUPPORT_H
#define SASLFRESH_ONLINE_SUPPORT_H

#include "programs_support.h"

/* Setup and teardown of a group. */
int library_setup(void **state);
int library_teardown(void **state);

/* Listens between setup and teardown of a test, without a reply; *state is the box. */
extern struct server server;
int server_setup(void **state);
int server_teardown(void **state);

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

#endif
