#include "json.h"

#include <json-c/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_DEPTH = 16 };

/* False unless value is a string that fits and has only VSCHAR. */
static bool copy_text(struct json_object *value, char *text, size_t size)
{
	const char *string;
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return false;
	string = json_object_get_string(value);
	len = (size_t)json_object_get_string_len(value);
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)string[i] < 0x20 || (unsigned char)string[i] > 0x7e)
			return false;
	memcpy(text, string, len);
	text[len] = '\0';
	return true;
}

bool json_text(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member) || member == NULL)
		return true;
	return copy_text(member, text, size);
}

bool json_lines(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *member;
	const char *value;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_string))
		return false;
	value = json_object_get_string(member);
	if (strlen(value) >= size)
		return false;
	memcpy(text, value, strlen(value) + 1);
	return true;
}

void json_words(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *member;
	const char *value;
	size_t len;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_string))
		return;
	value = json_object_get_string(member);
	len = (size_t)json_object_get_string_len(member);
	if (len >= size)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)value[i] >= 0x20 && (unsigned char)value[i] <= 0x7e
			? value[i]
			: '?';
	text[len] = '\0';
}

int64_t json_seconds(struct json_object *object, const char *name, int64_t max)
{
	struct json_object *member;
	double seconds = 0;
	char *stop;

	if (!json_object_object_get_ex(object, name, &member))
		return 0;
	if (json_object_is_type(member, json_type_string)) {
		const char *text = json_object_get_string(member);

		seconds = strtod(text, &stop);
		if (stop != text + json_object_get_string_len(member))
			return 0;
	} else if (json_object_is_type(member, json_type_int) ||
		json_object_is_type(member, json_type_double)) {
		seconds = json_object_get_double(member);
	}
	if (!(seconds >= 1))
		return 0;
	return seconds < (double)max ? (int64_t)seconds : max;
}

/* What is freed is wiped first where we can reach it. */
static void wipe_strings(struct json_object *object)
{
	json_object_object_foreach(object, name, member)
	{
		(void)name;
		if (json_object_is_type(member, json_type_string))
			explicit_bzero((char *)json_object_get_string(member),
				(size_t)json_object_get_string_len(member));
		else if (json_object_is_type(member, json_type_object))
			wipe_strings(member);
	}
}

struct json_object *json_parse(const char *json, size_t len, struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *object = NULL;

	if (tokener == NULL) {
		error_set(err, ERROR_SYSTEM, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* A NUL would end the text for json-c. */
	if (memchr(json, '\0', len) == NULL)
		object = json_tokener_parse_ex(tokener, json, (int)len);
	json_tokener_free(tokener);
	if (object != NULL && json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	error_set(err, ERROR_SERVER, "the reply is not a JSON object");
	return NULL;
}

void json_let_go(struct json_object *object)
{
	wipe_strings(object);
	json_object_put(object);
}

struct json_object *json_member(struct json_object *object, const char *name)
{
	struct json_object *member;

	if (object == NULL || !json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_object))
		return NULL;
	return member;
}

struct json_object *json_item(struct json_object *object, const char *name, size_t index)
{
	struct json_object *member, *item;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_array) ||
		index >= json_object_array_length(member))
		return NULL;
	item = json_object_array_get_idx(member, index);
	return json_object_is_type(item, json_type_object) ? item : NULL;
}

bool json_element(
	struct json_object *object, const char *name, size_t index, char *text, size_t size)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_array) ||
		index >= json_object_array_length(member))
		return false;
	if (!copy_text(json_object_array_get_idx(member, index), text, size))
		text[0] = '\0';
	return true;
}

bool json_contains(struct json_object *object, const char *name, const char *word)
{
	char element[256];

	for (size_t i = 0; json_element(object, name, i, element, sizeof(element)); i++)
		if (strcmp(element, word) == 0)
			return true;
	return false;
}

void json_quote(struct buffer *json, const char *text)
{
	char escape[8];

	buffer_puts(json, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buffer_add(json, "\\", 1);
		if ((unsigned char)*text >= 0x20) {
			buffer_add(json, text, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)(unsigned char)*text);
		buffer_puts(json, escape);
	}
	buffer_puts(json, "\"");
}
