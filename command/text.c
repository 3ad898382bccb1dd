#include "text.h"

/* RFC 3629 s.4: how many octets follow the first, and what the second may be. */
size_t text_sequence(const char *text)
{
	const unsigned char *octets = (const unsigned char *)text;
	unsigned char first = octets[0];
	size_t len = first < 0x80		? 1
		: first >= 0xc2 && first < 0xe0 ? 2
		: (first & 0xf0) == 0xe0	? 3
		: first >= 0xf0 && first < 0xf5 ? 4
						: 0;

	for (size_t i = 1; i < len; i++)
		if ((octets[i] & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && octets[1] < 0xa0) || (first == 0xed && octets[1] > 0x9f) ||
		(first == 0xf0 && octets[1] < 0x90) || (first == 0xf4 && octets[1] > 0x8f))
		return 0;
	return len;
}

void text_print_json(FILE *out, const char *text)
{
	putc('"', out);
	while (*text != '\0') {
		size_t len = text_sequence(text);

		if (len == 0)
			putc('?', out);
		else if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fprintf(out, "%s%.*s", *text == '"' || *text == '\\' ? "\\" : "", (int)len,
				text);
		text += len > 0 ? len : 1;
	}
	putc('"', out);
}
