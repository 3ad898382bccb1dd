#include "form.h"

#include <string.h>

bool form_is_name(const char *value)
{
	return value[strspn(value,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789.-_")] == '\0' &&
		value[0] != '.';
}

/* Words that are a name or number, or such behind an @. */
bool form_is_people(const char *value)
{
	static const char permitted[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789.-_+@\\$";
	size_t words = 0;

	for (value += strspn(value, ", \t"); *value != '\0';
		value += strspn(value, ", \t"), words++) {
		size_t len;

		value += *value == '@' ? 1 : 0;
		len = strcspn(value, ", \t");
		if (len == 0 || len > FORM_PEOPLE_MAX || strspn(value, permitted) < len ||
			*value == '@' || *value == '-')
			return false;
		value += len;
	}
	return words > 0;
}

bool form_is_url(const char *value)
{
	return (strncmp(value, "https://", 8) == 0 && value[8] != '\0') ||
		(strncmp(value, "http://", 7) == 0 && value[7] != '\0');
}
