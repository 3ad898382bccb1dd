/* seal.h: grants that cannot be read from the disk alone.
 *
 * A sealed grant is encrypted (cipher.h) with a key of its own, and it is this key that
 * seal_command seals. All that the two commands have to do is done before anything is asked of the
 * server: seal_prepare has proved that the key comes back, and what the answer brings is then
 * encrypted without a command, without memory to be had and without anybody's help. So no refresh
 * token can be lost for want of a command that works, and none is ever written in plaintext for it.
 * A key is used until seal_command changes or somebody logs in: renewing needs unseal_command
 * alone.
 *
 * Order: seal_open where there is a sealed grant, seal_prepare, (the request), seal_print,
 * seal_free. */
#ifndef SASLFRESH_SEAL_H
#define SASLFRESH_SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "account.h"
#include "buffer.h"
#include "cipher.h"
#include "error.h"
#include "record.h"

/* A person who is to unlock something has some time. */
enum { SEAL_SECONDS = 10, UNSEAL_SECONDS = 20 };

struct seal {
	bool known; /* what follows is that of the grant on the disk, or proved */
	unsigned char key[CIPHER_KEY_SIZE];
	char by[CRYPTO_HEX_SIZE];
	struct buffer sealed_key;
	struct cipher *cipher; /* NULL: what is written is not sealed */
	struct buffer text;    /* room for the grant, plain ... */
	struct buffer octets;  /* ... and encrypted */
};

/* Makes an empty one, which opens nothing and seals nothing. */
void seal_init(struct seal *seal);

/* True if account wants its grant sealed. */
bool seal_is_wanted(const struct account *account);

/* Opens what a file held; the same key is not asked for twice. ERROR_TEMPORARY if unseal_command
 * fails, for want of a person perhaps; ERROR_CONFIG if there is none or it gives something else
 * than a key; ERROR_SYSTEM if it is not the key of this grant. grant is untouched on failure. */
bool seal_open(struct seal *seal, const struct account *account, const struct sealed *sealed,
	struct grant *grant, struct error *err);

/* Gets and proves all that seal_print needs; nothing where the account wants no seal. The kinds are
 * those of seal_open. */
bool seal_prepare(struct seal *seal, const struct account *account, struct error *err);

/* Takes over the key that other has proved, so that seal_prepare runs nothing. */
bool seal_share(struct seal *seal, const struct seal *other, struct error *err);

/* Adds the record of grant, sealed where that was prepared, to record, which has room for
 * RECORD_SEALED_MAX. Only once for each seal_prepare. */
void seal_print(
	struct seal *seal, const struct grant *grant, const char *account, struct buffer *record);

/* Wipes and frees. */
void seal_free(struct seal *seal);

#endif
