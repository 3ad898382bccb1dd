#include "allocation.h"

#include <malloc.h>
#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static int left; /* allocations until the one that fails */
static bool failed;
static const char *watched;
static int leaks;

void allocation_fail(int n)
{
	left = n;
	failed = false;
}

bool allocation_failed(void)
{
	return failed;
}

void allocation_watch(const char *secret)
{
	watched = secret;
	leaks = 0;
}

int allocation_leaks(void)
{
	return leaks;
}

void allocation_reset(void)
{
	left = 0;
	watched = NULL;
}

static bool must_fail(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

static void look(void *block)
{
	if (watched != NULL && block != NULL &&
		memmem(block, malloc_usable_size(block), watched, strlen(watched)) != NULL)
		leaks++;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

/* realloc frees the old block when it moves it. */
void *__wrap_realloc(void *block, size_t size)
{
	if (must_fail())
		return NULL;
	look(block);
	return __real_realloc(block, size);
}

void __wrap_free(void *block)
{
	look(block);
	__real_free(block);
}

char *__wrap_strdup(const char *text)
{
	return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return must_fail() ? NULL : __real_strndup(text, size);
}
