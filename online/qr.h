/* qr.h: an address as a QR code (ISO/IEC 18004) in a terminal, for the camera of a phone. The only
 * file that knows libqrencode, and does without it where it was not there to build with. */
#ifndef SASLFRESH_QR_H
#define SASLFRESH_QR_H

#include <stdbool.h>

#include "buffer.h"

/* Adds text as lines of half blocks, two modules in each character, black on white whatever the
 * terminal's own colours are, with the margin that a reader wants. False, with nothing added, where
 * it needs more than columns or rows, or cannot be made. */
bool qr_draw(const char *text, int columns, int rows, struct buffer *picture);

/* Shows text on standard error, if that is a terminal which can: UTF-8, colours (TERM, NO_COLOR)
 * and room. Otherwise false, and nothing is shown. */
bool qr_show(const char *text);

#endif
