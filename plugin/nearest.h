/* nearest.h: the known word that a mistyped one was meant to be. */
#ifndef SASLFRESH_NEAREST_H
#define SASLFRESH_NEAREST_H

/* The word of words (ended by NULL) that is the fewest insertions, deletions and changes away from
 * word; NULL if even that is more than a third of its octets and one. */
const char *nearest_word(const char *word, const char *const *words);

#endif
