#include "online_support.h"

#include "http.h"

struct server server;

int library_setup(void **state)
{
	struct error err = {0};

	(void)state;
	return http_start(&err) ? 0 : -1;
}

int library_teardown(void **state)
{
	(void)state;
	http_stop();
	return 0;
}

int server_setup(void **state)
{
	server_start(&server);
	return box_setup(state);
}

int server_teardown(void **state)
{
	server_stop(&server);
	return box_teardown(state);
}
