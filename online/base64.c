#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(struct buffer *text, const unsigned char *octets, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t count = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)octets[i] << 16;

		if (count > 1)
			bits |= (uint32_t)octets[i + 1] << 8;
		if (count > 2)
			bits |= octets[i + 2];
		for (size_t j = 0; j <= count; j++)
			buffer_add(text, &digits[bits >> (18 - 6 * j) & 63], 1);
	}
}

bool base64_decode(struct buffer *octets, const char *text, size_t len)
{
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < len; i++) {
		const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
		unsigned char octet;

		if (digit == NULL)
			return false;
		bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		octet = (unsigned char)(bits >> held);
		buffer_add(octets, &octet, 1);
	}
	return len % 4 != 1 && buffer_ok(octets);
}

/* RFC 4648 s.4 */
void base64_encode_padded(struct buffer *text, const unsigned char *octets, size_t len)
{
	size_t begin = text->len;

	base64_encode(text, octets, len);
	for (size_t i = begin; i < text->len; i++)
		text->data[i] = text->data[i] == '-' ? '+'
			: text->data[i] == '_'	     ? '/'
						     : text->data[i];
	while ((text->len - begin) % 4 != 0 && buffer_ok(text))
		buffer_puts(text, "=");
}

bool base64_decode_padded(struct buffer *octets, char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	while (len > 0 && text[len - 1] == '=')
		len--;
	return base64_decode(octets, text, len);
}
