#include "nearest.h"

#include <limits.h>
#include <string.h>

enum { WORD_MAX = 64 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance, one row at a time. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t width = strlen(b);

	if (width > WORD_MAX)
		return UINT_MAX;
	for (size_t i = 0; i <= width; i++)
		row[i] = (unsigned)i;
	for (; *a != '\0'; a++) {
		unsigned diagonal = row[0]++;

		for (size_t i = 1; i <= width; i++) {
			unsigned above = row[i];

			row[i] = least(above + 1, row[i - 1] + 1, diagonal + (*a != b[i - 1]));
			diagonal = above;
		}
	}
	return row[width];
}

const char *nearest_word(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned fewest = (unsigned)strlen(word) / 3 + 1;

	for (; *words != NULL; words++) {
		unsigned changes = distance(word, *words);

		if (changes <= fewest && (best == NULL || changes < fewest)) {
			fewest = changes;
			best = *words;
		}
	}
	return best;
}
