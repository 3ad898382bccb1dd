#include "buffer.h"

#include <stdlib.h>
#include <string.h>

void wipe(void *bytes, size_t size)
{
	if (size > 0)
		explicit_bzero(bytes, size);
}

/* realloc would leave the old octets behind in freed memory. */
static bool grow(struct buffer *buffer, size_t len)
{
	size_t size = buffer->size > 0 ? buffer->size : 256;
	char *data;

	while (size <= len)
		size *= 2;
	data = malloc(size);
	if (data == NULL)
		return false;
	if (buffer->len > 0)
		memcpy(data, buffer->data, buffer->len);
	data[buffer->len] = '\0';
	wipe(buffer->data, buffer->size);
	free(buffer->data);
	buffer->data = data;
	buffer->size = size;
	return true;
}

bool buffer_reserve(struct buffer *buffer, size_t len)
{
	return len < buffer->size || grow(buffer, len);
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t len)
{
	if (buffer->spoiled)
		return;
	if (len > buffer->max - buffer->len) {
		buffer->spoiled = true;
		return;
	}
	if (buffer->len + len >= buffer->size && !grow(buffer, buffer->len + len)) {
		buffer->spoiled = true;
		return;
	}
	if (len > 0)
		memcpy(buffer->data + buffer->len, bytes, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
}

void buffer_puts(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

bool buffer_ok(const struct buffer *buffer)
{
	return !buffer->spoiled;
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data != NULL ? buffer->data : "";
}

void buffer_free(struct buffer *buffer)
{
	wipe(buffer->data, buffer->size);
	free(buffer->data);
	*buffer = BUFFER(buffer->max);
}
