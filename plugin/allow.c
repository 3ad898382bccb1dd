#include "allow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keyfile.h"

enum { NAME_MAX_OCTETS = 255, FILE_MAX = 4 * 1024 * 1024 };

static const char separators[] = ", \t";

/* The length of the next word at *list, which is moved to its first octet; 0 at the end. */
static size_t next_word(const char **list)
{
	*list += strspn(*list, separators);
	return strcspn(*list, separators);
}

static bool is_number(const char *name, uint32_t *id)
{
	int64_t number;

	/* The last number means nobody. */
	if (!keyfile_number(name, 0, UINT32_MAX - 1, &number))
		return false;
	*id = (uint32_t)number;
	return true;
}

static bool is_member(const struct peer *peer, gid_t gid)
{
	for (size_t i = 0; i < peer->count; i++)
		if (peer->groups[i] == gid)
			return true;
	return false;
}

bool allow_lists(const char *list, const struct peer *peer,
	bool (*find)(const char *name, bool group, uint32_t *id))
{
	char name[NAME_MAX_OCTETS + 1];
	size_t len;

	for (; (len = next_word(&list)) > 0; list += len) {
		bool group = *list == '@';
		size_t at = group ? 1 : 0;
		uint32_t id;

		if (len - at > NAME_MAX_OCTETS)
			continue;
		memcpy(name, list + at, len - at);
		name[len - at] = '\0';
		if (!is_number(name, &id) && !find(name, group, &id))
			continue;
		if (group ? is_member(peer, id) : peer->uid == id)
			return true;
	}
	return false;
}

bool peer_self(struct peer *peer, struct error *err)
{
	int count = getgroups(0, NULL);
	gid_t *groups = count >= 0 ? calloc((size_t)count + 1, sizeof(*groups)) : NULL;

	if (groups != NULL)
		count = getgroups(count, groups);
	if (groups == NULL || count < 0) {
		free(groups);
		return error_set(err, ERROR_SYSTEM, "cannot find the groups of this process");
	}
	groups[count] = getegid();
	*peer = (struct peer){.uid = geteuid(), .groups = groups, .count = (size_t)count + 1};
	return true;
}

void peer_free(struct peer *peer)
{
	free(peer->groups);
	*peer = (struct peer){0};
}

/* Both files: name:password:number:... */
static bool find_line(const struct buffer *text, const char *name, uint32_t *id)
{
	size_t len = strlen(name);
	const char *line = buffer_text(text);

	for (const char *next; *line != '\0'; line = next) {
		const char *end = strchr(line, '\n');
		const char *field = strncmp(line, name, len) == 0 && line[len] == ':'
			? memchr(line + len + 1, ':', strcspn(line + len + 1, "\n"))
			: NULL;
		char number[16];
		size_t digits = field != NULL ? strspn(field + 1, "0123456789") : 0;

		next = end != NULL ? end + 1 : line + strlen(line);
		if (digits == 0 || digits >= sizeof(number) || field[1 + digits] != ':')
			continue;
		memcpy(number, field + 1, digits);
		number[digits] = '\0';
		return is_number(number, id);
	}
	return false;
}

bool allow_find_here(const char *name, bool group, uint32_t *id)
{
	struct buffer text = BUFFER(FILE_MAX);
	struct error ignored = {0};
	struct stat status;
	bool ok = name[0] != '\0' && strpbrk(name, ":\n") == NULL &&
		keyfile_load(group ? "/etc/group" : "/etc/passwd", KEYFILE_PUBLIC, 0, &text,
			&status, &ignored) &&
		find_line(&text, name, id);

	buffer_free(&text);
	return ok;
}
