#include "input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "token.h"

/* False once the command has gone, which holds the other end of our standard output: a terminal
 * must not be read on behalf of nobody. */
static bool wait_for_input(int input)
{
	struct pollfd fds[] = {{.fd = input, .events = POLLIN}, {.fd = STDOUT_FILENO}};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		continue;
	return (fds[1].revents & (POLLHUP | POLLERR)) == 0;
}

bool input_read_line(int input, char *text, size_t size, struct error *err)
{
	const char *newline;
	size_t len = 0;
	ssize_t got = 0;

	do {
		if (!wait_for_input(input))
			return error_set(err, ERROR_SYSTEM, "nobody waits for the login any more");
		got = read(input, text + len, size - 1 - len);
		if (got < 0 && errno != EINTR)
			return error_system(err, errno, "cannot read the refresh token");
		len += got > 0 ? (size_t)got : 0;
	} while (got != 0 && len < size - 1 && memchr(text, '\n', len) == NULL);
	newline = memchr(text, '\n', len);
	if (newline != NULL)
		len = (size_t)(newline - text);
	if (len > 0 && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (len == 0 || len > TOKEN_MAX)
		return error_set(err, ERROR_CONFIG, "the refresh token is %s",
			len == 0 ? "empty" : "too long");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			return error_set(err, ERROR_CONFIG,
				"the refresh token has a byte that no token has");
	return true;
}

bool input_read_all(int input, struct buffer *text, struct error *err)
{
	char block[4096];
	ssize_t got;

	while ((got = read(input, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_system(err, errno, "cannot read the file");
			break;
		}
		buffer_add(text, block, (size_t)got);
		if (!buffer_ok(text)) {
			error_set(
				err, ERROR_CONFIG, "the file is larger than %zu octets", text->max);
			break;
		}
	}
	wipe(block, sizeof(block));
	if (got == 0 && text->len == 0)
		return error_set(err, ERROR_CONFIG, "the file is empty");
	return got == 0;
}
