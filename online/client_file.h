/* client_file.h: a client as the console of its provider lets one download it: Google's
 * client_secret_*.json of a Desktop app, and the manifest of an app of Microsoft Entra, in the
 * format of Microsoft Graph or the older one. */
#ifndef SASLFRESH_CLIENT_FILE_H
#define SASLFRESH_CLIENT_FILE_H

#include <stdbool.h>

#include "account.h"
#include "buffer.h"
#include "error.h"

enum { CLIENT_FILE_MAX = 64 * 1024 };

/* Reads the JSON that input holds, at most CLIENT_FILE_MAX octets, and adds client_id, and where
 * the file has them client_secret and the tenant that account lacks, to keys as lines of a
 * configuration. ERROR_CONFIG, speaking of "the file" and what to make instead, where it is
 * something else: a web client, a service account's key, the client of another provider. keys then
 * may hold a secret; it is untouched on failure. account is completed as far as that goes. */
bool client_file_read(struct account *account, int input, struct buffer *keys, struct error *err);

#endif
