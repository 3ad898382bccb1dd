#include "browser.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

/* In a grandchild, so that whoever started us has no zombie of it. */
static void become_browser(const char *url)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || setsid() < 0 || fork() != 0)
		_exit(0);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	closefrom(3);
	execlp("xdg-open", "xdg-open", url, (char *)NULL);
	_exit(1);
}

bool browser_open(const char *url)
{
	pid_t pid;

	if (is_set("SSH_CONNECTION") || (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")))
		return false;
	pid = fork();
	if (pid == 0)
		become_browser(url);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

static bool is_made_of(const char *text, const char *set)
{
	return *text != '\0' && text[strspn(text, set)] == '\0';
}

/* SSH_CONNECTION is "client port server port"; its server is what the person's ssh called. */
bool browser_is_elsewhere(int port, char *line, unsigned size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	const char *connection = getenv("SSH_CONNECTION");
	const char *user = getenv("USER");
	char client[64], client_port[8], server[64], server_port[8];
	char option[16] = "";

	line[0] = '\0';
	if (connection == NULL || *connection == '\0')
		return false;
	if (sscanf(connection, "%63s %7s %63s %7s", client, client_port, server, server_port) !=
			4 ||
		!is_made_of(server, "0123456789abcdefABCDEF.:") ||
		!is_made_of(server_port, "0123456789"))
		return true;
	if (strcmp(server_port, "22") != 0)
		snprintf(option, sizeof(option), " -p %s", server_port);
	if (user == NULL || !is_made_of(user, letters) || *user == '-')
		snprintf(line, size, "ssh -L %d:localhost:%d%s %s", port, port, option, server);
	else
		snprintf(line, size, "ssh -L %d:localhost:%d%s %s@%s", port, port, option, user,
			server);
	return true;
}
