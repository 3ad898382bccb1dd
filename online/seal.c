#include "seal.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "crypto.h"
#include "filter.h"

enum { KEY_LINE_MAX = 256, CONTEXT_MAX = 1024 };

void seal_init(struct seal *seal)
{
	*seal = (struct seal){.sealed_key = BUFFER(RECORD_SEALED_KEY_MAX),
		.text = BUFFER(RECORD_PLAIN_MAX),
		.octets = BUFFER(RECORD_BODY_MAX)};
}

void seal_free(struct seal *seal)
{
	wipe(seal->key, sizeof(seal->key));
	cipher_free(seal->cipher);
	buffer_free(&seal->sealed_key);
	buffer_free(&seal->text);
	buffer_free(&seal->octets);
	seal_init(seal);
}

bool seal_is_wanted(const struct account *account)
{
	const char *command = account_value(account, ACCOUNT_SEAL_COMMAND);

	return command[0] != '\0' && strcmp(command, "none") != 0;
}

/* An encrypted grant is of use in the file of its account alone. */
static const char *context_of(const char *account, char context[CONTEXT_MAX])
{
	snprintf(context, CONTEXT_MAX, "saslfresh grant %s", account);
	return context;
}

/* ---- the commands ---- */

static bool run(const struct account *account, enum account_key key, int64_t seconds,
	const struct buffer *input, struct buffer *output, struct error *err)
{
	const struct filter filter = {
		account_key_name(key), account_value(account, key), seconds, ERROR_TEMPORARY};

	if (filter_run(&filter, input, output, err))
		return output->len > 0 ||
			error_set(err, ERROR_TEMPORARY, "%s gave nothing", filter.name);
	if (err->kind == ERROR_TEMPORARY)
		error_hint(err,
			"if it needs somebody to unlock something, as that user: saslfresh "
			"refresh --force %s",
			account->name);
	return false;
}

static bool unseal_key(const struct account *account, const struct buffer *sealed_key,
	unsigned char key[CIPHER_KEY_SIZE], struct error *err)
{
	struct buffer line = BUFFER(KEY_LINE_MAX), octets = BUFFER(CIPHER_KEY_SIZE);
	bool ok = run(account, ACCOUNT_UNSEAL_COMMAND, UNSEAL_SECONDS, sealed_key, &line, err);

	if (ok) {
		ok = base64_decode(&octets, line.data, strcspn(line.data, "\r\n")) &&
			octets.len == CIPHER_KEY_SIZE;
		if (ok)
			memcpy(key, octets.data, CIPHER_KEY_SIZE);
		else
			error_set(err, ERROR_CONFIG,
				"unseal_command gave something else than seal_command was given");
	}
	buffer_free(&line);
	buffer_free(&octets);
	return ok;
}

static bool seal_key(struct seal *seal, const struct account *account, struct error *err)
{
	struct buffer line = BUFFER(KEY_LINE_MAX);
	bool ok;

	base64_encode(&line, seal->key, sizeof(seal->key));
	buffer_puts(&line, "\n");
	ok = buffer_ok(&line) || error_set(err, ERROR_SYSTEM, "out of memory");
	ok = ok && run(account, ACCOUNT_SEAL_COMMAND, SEAL_SECONDS, &line, &seal->sealed_key, err);
	buffer_free(&line);
	return ok;
}

/* ---- opening ---- */

static bool is_same(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool know_key(struct seal *seal, const struct account *account, const struct sealed *sealed,
	struct error *err)
{
	if (seal->known && is_same(&seal->sealed_key, &sealed->key))
		return true;
	if (account->values[ACCOUNT_UNSEAL_COMMAND] == NULL) {
		error_set(err, ERROR_CONFIG, "the grant is sealed, and there is no unseal_command");
		return error_hint(err, "put that back, or saslfresh login %s", account->name);
	}
	seal->known = false;
	buffer_free(&seal->sealed_key);
	if (!unseal_key(account, &sealed->key, seal->key, err))
		return false;
	buffer_add(&seal->sealed_key, sealed->key.data, sealed->key.len);
	memcpy(seal->by, sealed->by, sizeof(seal->by));
	seal->known = buffer_ok(&seal->sealed_key);
	return seal->known || error_set(err, ERROR_SYSTEM, "out of memory");
}

bool seal_open(struct seal *seal, const struct account *account, const struct sealed *sealed,
	struct grant *grant, struct error *err)
{
	struct buffer text = BUFFER(RECORD_PLAIN_MAX);
	char context[CONTEXT_MAX];
	bool ok = know_key(seal, account, sealed, err);

	if (ok &&
		!cipher_open(seal->key, context_of(account->name, context), &sealed->body, &text)) {
		ok = error_set(err, ERROR_SYSTEM,
			"the sealed grant is damaged, or was sealed with another key");
		error_hint(err, "saslfresh login %s", account->name);
	}
	ok = ok && record_parse(&text, grant, err);
	buffer_free(&text);
	return ok || error_what(err, "cannot unseal the grant of %s", account->name);
}

/* ---- sealing ---- */

static bool make_key(struct seal *seal, const struct account *account, struct error *err)
{
	unsigned char again[CIPHER_KEY_SIZE];
	bool ok;

	seal->known = false;
	buffer_free(&seal->sealed_key);
	ok = crypto_random(seal->key, sizeof(seal->key), err) && seal_key(seal, account, err) &&
		unseal_key(account, &seal->sealed_key, again, err);
	if (ok && memcmp(again, seal->key, sizeof(again)) != 0)
		ok = error_set(err, ERROR_CONFIG,
			"unseal_command does not give back what seal_command was given");
	wipe(again, sizeof(again));
	seal->known = ok;
	return ok;
}

bool seal_prepare(struct seal *seal, const struct account *account, struct error *err)
{
	char by[CRYPTO_HEX_SIZE], context[CONTEXT_MAX];

	if (!seal_is_wanted(account))
		return true;
	if (!crypto_hash_text(account_value(account, ACCOUNT_SEAL_COMMAND), by, err))
		return false;
	if (!seal->known || strcmp(seal->by, by) != 0) {
		if (!make_key(seal, account, err))
			return error_what(err, "cannot seal the grant of %s", account->name);
		memcpy(seal->by, by, sizeof(by));
	}
	seal->cipher = cipher_ready(seal->key, context_of(account->name, context), err);
	return seal->cipher != NULL &&
		((buffer_reserve(&seal->text, RECORD_PLAIN_MAX) &&
			 buffer_reserve(&seal->octets, RECORD_BODY_MAX)) ||
			error_set(err, ERROR_SYSTEM, "out of memory"));
}

bool seal_share(struct seal *seal, const struct seal *other, struct error *err)
{
	buffer_free(&seal->sealed_key);
	buffer_add(&seal->sealed_key, buffer_text(&other->sealed_key), other->sealed_key.len);
	memcpy(seal->key, other->key, sizeof(seal->key));
	memcpy(seal->by, other->by, sizeof(seal->by));
	seal->known = other->known;
	return buffer_ok(&seal->sealed_key) || error_set(err, ERROR_SYSTEM, "out of memory");
}

void seal_print(
	struct seal *seal, const struct grant *grant, const char *account, struct buffer *record)
{
	struct sealed sealed = {.key = seal->sealed_key};

	if (seal->cipher == NULL) {
		record_print(grant, account, record);
		return;
	}
	record_print(grant, account, &seal->text);
	memcpy(sealed.by, seal->by, sizeof(sealed.by));
	if (!buffer_ok(&seal->text) || !cipher_close(seal->cipher, &seal->text, &seal->octets)) {
		record->spoiled = true;
		return;
	}
	sealed.body = seal->octets;
	record_print_sealed(&sealed, account, record);
}
