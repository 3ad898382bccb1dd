#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios terminal;

static void give_up(int number)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	_exit(128 + number);
}

bool terminal_hide(bool at_once, struct error *err)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct termios silent;

	if (tcgetattr(STDIN_FILENO, &terminal) != 0)
		return error_system(err, errno, "cannot ask on this terminal");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], give_up);
	silent = terminal;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (at_once) {
		silent.c_lflag &= ~(tcflag_t)ICANON;
		silent.c_cc[VMIN] = 1;
		silent.c_cc[VTIME] = 0;
		silent.c_cc[VSUSP] = _POSIX_VDISABLE;
	}
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	return true;
}

void terminal_restore(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
}

bool terminal_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A terminal gives a line at a time; what is behind its limit it does not keep. */
static bool read_line(struct buffer *line, struct error *err)
{
	char block[4096];
	ssize_t got;

	do
		got = read(STDIN_FILENO, block, sizeof(block));
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		const char *first = block;

		while (got > 0 && strchr(" \t\r\n", first[got - 1]) != NULL)
			got--;
		for (; got > 0 && (*first == ' ' || *first == '\t'); got--)
			first++;
		buffer_add(line, first, (size_t)got);
		wipe(block, sizeof(block));
		return buffer_ok(line) ||
			error_set(err, ERROR_CONFIG, "that is longer than %zu octets", line->max);
	}
	return got < 0 ? error_system(err, errno, "cannot ask on this terminal")
		       : error_set(err, ERROR_LOGIN, "the login was given up");
}

bool terminal_ask(const char *question, bool hidden, struct buffer *line, struct error *err)
{
	bool ok;

	fprintf(stderr, "%s: ", question);
	fflush(stderr);
	if (hidden && !terminal_hide(false, err))
		return false;
	ok = read_line(line, err);
	if (hidden)
		terminal_restore();
	if (hidden || !ok)
		fputc('\n', stderr);
	return ok;
}
