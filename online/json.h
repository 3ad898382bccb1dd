/* json.h: members of a JSON object that somebody else wrote. The only file that knows json-c.
 * Strict about bytes and sizes; at most 16 objects deep. */
#ifndef SASLFRESH_JSON_H
#define SASLFRESH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct json_object;

/* An object of len octets, or NULL with ERROR_SERVER (ERROR_SYSTEM without memory); let go with
 * json_let_go, which wipes its strings as far as they can be reached. */
struct json_object *json_parse(const char *json, size_t len, struct error *err);
void json_let_go(struct json_object *object);

/* Text of a member; false if it is there and not a string that fits and has only VSCHAR. text is
 * untouched where there is none. */
bool json_text(struct json_object *object, const char *name, char *text, size_t size);

/* Text of lines; false if it is not there, no string, or does not fit. */
bool json_lines(struct json_object *object, const char *name, char *text, size_t size);

/* Text to be shown: cut to fit, other bytes as '?'. */
void json_words(struct json_object *object, const char *name, char *text, size_t size);

/* A positive number of seconds up to max, also from a string or a fraction; 0 for anything else. */
int64_t json_seconds(struct json_object *object, const char *name, int64_t max);

/* The object that a member is, NULL where it is none; lives as long as object. */
struct json_object *json_member(struct json_object *object, const char *name);

/* The object number index of a member that is a list of objects; NULL behind its end, or where it
 * is none. */
struct json_object *json_item(struct json_object *object, const char *name, size_t index);

/* The text number index of a member that is a list; false behind its end. "" where an element is no
 * string that fits and has only VSCHAR. */
bool json_element(
	struct json_object *object, const char *name, size_t index, char *text, size_t size);

/* True if a member is a list with word in it. */
bool json_contains(struct json_object *object, const char *name, const char *word);

/* Adds text as a JSON string. */
void json_quote(struct buffer *json, const char *text);

#endif
