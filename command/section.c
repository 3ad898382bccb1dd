#include "section.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "replace.h"

enum { TRIES = 100, PAUSE = 50 }; /* five seconds in all */

/* ---- where it goes ---- */

static size_t line_length(const char *line)
{
	const char *newline = strchr(line, '\n');

	return newline != NULL ? (size_t)(newline - line) + 1 : strlen(line);
}

/* Moves *text over a word that is not longer than what is left of the line. */
static bool skip_word(const char **text, const char *stop, const char *word)
{
	size_t len = strlen(word);

	while (*text < stop && (**text == ' ' || **text == '\t'))
		(*text)++;
	if ((size_t)(stop - *text) < len || strncmp(*text, word, len) != 0)
		return false;
	*text += len;
	while (*text < stop && (**text == ' ' || **text == '\t'))
		(*text)++;
	return true;
}

/* As keyfile.c reads it: [account NAME], with blanks wherever they do not count. */
static bool is_header(const char *line, size_t len, const char *account)
{
	const char *stop = line + len;

	while (stop > line && strchr(" \t\r\n", stop[-1]) != NULL)
		stop--;
	return stop > line && *--stop == ']' && skip_word(&line, stop, "[") &&
		skip_word(&line, stop, "account") && skip_word(&line, stop, account) &&
		line == stop;
}

/* Behind the last key of the section of account, or its header; NULL where it is not there. */
static const char *find_end(const char *text, const char *account)
{
	const char *end = NULL;

	for (size_t len; *text != '\0'; text += len) {
		const char *first = text + strspn(text, " \t\r");

		len = line_length(text);
		if (end == NULL && !is_header(text, len, account))
			continue;
		if (end != NULL && *first == '[')
			break;
		if (*first != '#' && *first != '\n' && *first != '\0')
			end = text + len;
	}
	return end;
}

static void compose(struct replacement *file, const char *account, const struct buffer *keys)
{
	const char *text = buffer_text(&file->before);
	const char *end = find_end(text, account);
	size_t before = end != NULL ? (size_t)(end - text) : strlen(text);

	buffer_add(&file->after, text, before);
	if (before > 0 && text[before - 1] != '\n')
		buffer_puts(&file->after, "\n");
	if (end == NULL) {
		buffer_puts(&file->after, before > 0 ? "\n[account " : "[account ");
		buffer_puts(&file->after, account);
		buffer_puts(&file->after, "]\n");
	}
	buffer_add(&file->after, keys->data, keys->len);
	buffer_puts(&file->after, text + before);
}

/* What it would be is read as the next one who reads it will. */
static bool check(const struct place *place, const struct replacement *file, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_CONFIG_MAX);
	struct config config = {0};
	struct stat status = file->status;
	bool ok;

	status.st_uid = geteuid();
	status.st_mode = S_IFREG | file->mode;
	buffer_add(&text, file->after.data, file->after.len);
	ok = (buffer_ok(&file->after) && buffer_ok(&text)) ||
		error_set(err, ERROR_SYSTEM, "%s would be larger than %d octets", file->path,
			KEYFILE_CONFIG_MAX);
	ok = ok && config_add_text(&config, place, file->path, &status, &text, err);
	config_free(&config);
	buffer_free(&text);
	return ok;
}

/* ---- writing ---- */

static bool directory_of(const char *path, char directory[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	snprintf(directory, PATH_SIZE, "%.*s", (int)(slash - path), path);
	return true;
}

static bool make_directories(const struct place *place, struct error *err)
{
	char path[PATH_SIZE];

	if (!directory_of(place->config, path))
		return true;
	for (char *slash = path + 1; slash != NULL;) {
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, place->personal ? 0700 : 0755) != 0 && errno != EEXIST)
			return error_system(err, errno, "cannot make the directory %s", path);
		if (slash != NULL)
			*slash++ = '/';
	}
	return true;
}

static bool write_once(const struct place *place, const char *account, const struct buffer *keys,
	struct error *err)
{
	struct replacement file;
	bool ok = replace_load(
		place->config, place->personal ? 0600 : 0644, keys->len + 1024, &file, err);

	if (ok) {
		compose(&file, account, keys);
		ok = check(place, &file, err) && replace_commit(&file, err);
	}
	replace_free(&file);
	return ok;
}

bool section_write(const struct place *place, const char *account, const struct buffer *keys,
	struct error *err)
{
	bool ok = false;

	for (int i = 0; !ok && i < TRIES; i++) {
		if (i > 0)
			poll(NULL, 0, PAUSE);
		ok = make_directories(place, err) && write_once(place, account, keys, err);
		if (!ok && err->kind != ERROR_TEMPORARY)
			break;
	}
	return ok || error_what(err, "cannot add %.100s to %.100s", account, place->config);
}

/* The nearest directory that exists must let us make something there. */
bool section_check(const struct place *place, struct error *err)
{
	struct replacement file;
	bool ok = replace_load(place->config, 0600, 0, &file, err);
	char *slash;

	while (ok && (slash = strrchr(file.path, '/')) != NULL && slash != file.path) {
		*slash = '\0';
		if (access(file.path, W_OK | X_OK) == 0)
			break;
		if (errno != ENOENT)
			ok = error_system(err, errno, "cannot write to %s", file.path);
	}
	replace_free(&file);
	return ok || error_what(err, "cannot add anything to %.200s", place->config);
}

bool section_write_secret(const struct place *place, const char *path, const struct buffer *secret,
	uid_t owner, struct error *err)
{
	struct replacement file = {.before = BUFFER(0)};
	bool ok = make_directories(place, err) &&
		replace_load(path, 0600, secret->len + 1, &file, err);

	if (ok) {
		file.mode = 0600;
		buffer_add(&file.after, secret->data, secret->len);
		buffer_puts(&file.after, "\n");
		ok = replace_commit(&file, err);
	}
	if (ok && geteuid() == 0 && chown(path, owner, (gid_t)-1) != 0)
		ok = error_system(err, errno, "cannot give %s to user %u", path, (unsigned)owner);
	replace_free(&file);
	return ok;
}
