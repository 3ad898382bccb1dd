#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char personal_mark[] = "# draft personal\n", system_mark[] = "# draft system\n";
static const char name_of_drafts[] = "the draft";

/* ---- writing ---- */

static bool write_all(int draft, const char *text, size_t len, struct error *err)
{
	const struct buffer lines = {.data = (char *)text, .len = len};

	return answer_write(draft, &lines) ||
		error_system(err, errno, "cannot write the draft of an account");
}

bool draft_add(int draft, const char *lines, struct error *err)
{
	struct stat status;

	if (fstat(draft, &status) != 0 || !S_ISREG(status.st_mode))
		return error_set(err, ERROR_SYSTEM, "there is no draft to add to");
	if ((size_t)status.st_size + strlen(lines) > DRAFT_MAX)
		return error_set(err, ERROR_CONFIG, "an account of more than %d octets", DRAFT_MAX);
	return write_all(draft, lines, strlen(lines), err);
}

/* Blanks at an end, and control bytes, would not come back. */
static bool is_kept(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return false;
	return len > 0 && value[0] != ' ' && value[len - 1] != ' ';
}

bool draft_put(int draft, enum account_key key, const char *value, struct error *err)
{
	struct buffer line = BUFFER(KEYFILE_VALUE_MAX + KEYFILE_KEY_MAX);
	bool ok = is_kept(value);

	keyfile_put(&line, account_key_name(key), value);
	ok = (ok && buffer_ok(&line)) ||
		error_set(err, ERROR_CONFIG,
			"%s is empty, too long, or has bytes that it cannot have",
			account_key_name(key));
	ok = ok && draft_add(draft, buffer_text(&line), err);
	buffer_free(&line);
	return ok;
}

int draft_open(const char *account, bool personal, struct error *err)
{
	int draft = memfd_create("saslfresh-draft", MFD_CLOEXEC);
	bool ok = draft >= 0 && fchmod(draft, 0600) == 0;
	struct buffer text = BUFFER(DRAFT_MAX);

	if (!ok)
		error_system(err, errno, "cannot make the draft of an account");
	if (!is_kept(account) || strpbrk(account, "[]") != NULL)
		ok = error_set(err, ERROR_CONFIG, "an account cannot be called `%.200s`", account);
	buffer_puts(&text, personal ? personal_mark : system_mark);
	buffer_puts(&text, "[account ");
	buffer_puts(&text, account);
	buffer_puts(&text, "]\n");
	ok = ok && draft_add(draft, buffer_text(&text), err);
	buffer_free(&text);
	if (ok)
		return draft;
	if (draft >= 0)
		close(draft);
	return -1;
}

/* ---- reading ---- */

static bool load(int draft, struct buffer *text, struct stat *status, struct error *err)
{
	char block[4096];
	off_t done = 0;
	ssize_t got = 0;

	if (fstat(draft, status) != 0 || !S_ISREG(status->st_mode))
		return true;
	while ((got = pread(draft, block, sizeof(block), done)) > 0) {
		buffer_add(text, block, (size_t)got);
		done += got;
	}
	wipe(block, sizeof(block));
	if (got < 0)
		return error_system(err, errno, "cannot read the draft of an account");
	return buffer_ok(text) ||
		error_set(err, ERROR_CONFIG, "an account of more than %d octets", DRAFT_MAX);
}

bool draft_read(int draft, struct buffer *text, struct error *err)
{
	struct stat status;

	return load(draft, text, &status, err);
}

struct sorting {
	const struct account *known;
	struct buffer *keys, *secret;
};

static bool is_known(const struct account *known, const char *name)
{
	if (known == NULL)
		return false;
	if (strcmp(name, account_key_name(ACCOUNT_CLIENT_SECRET)) == 0)
		return account_has_secret(known);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (strcmp(name, account_key_name((enum account_key)key)) == 0)
			return known->values[key] != NULL;
	return false;
}

static bool sort_entry(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct sorting *sorting = context;

	(void)err;
	if (entry->key == NULL || is_known(sorting->known, entry->key))
		return true;
	if (strcmp(entry->key, account_key_name(ACCOUNT_CLIENT_SECRET)) != 0)
		keyfile_put(sorting->keys, entry->key, entry->value);
	else
		buffer_puts(sorting->secret, entry->value);
	return true;
}

bool draft_keys(int draft, const struct account *known, struct buffer *keys, struct buffer *secret,
	struct error *err)
{
	struct sorting sorting = {known, keys, secret};
	const struct keyfile_visitor visitor = {sort_entry, &sorting};
	struct buffer text = BUFFER(DRAFT_MAX);
	bool ok = draft_read(draft, &text, err) &&
		keyfile_parse(&text, KEYFILE_CONFIG, name_of_drafts, &visitor, err) &&
		((buffer_ok(keys) && buffer_ok(secret)) ||
			error_set(err, ERROR_SYSTEM, "the draft of an account is too long"));

	buffer_free(&text);
	return ok;
}

/* ---- merging ---- */

static bool is_secret(int key)
{
	return key >= ACCOUNT_CLIENT_SECRET && key <= ACCOUNT_CLIENT_SECRET_CREDENTIAL;
}

/* What the account has of its own must not change under a login. */
static bool agrees(const struct account *account, int key, const char *value, struct error *err)
{
	if (strcmp(account->values[key], value) == 0)
		return true;
	keyfile_fail(account->file, account->line, err, "account %s has %s = %s, not %s",
		account->name, account_key_name((enum account_key)key), account->values[key],
		value);
	return error_hint(err, "change it there, or log in without naming another");
}

static bool merge_keys(struct account *account, struct account *from, struct error *err)
{
	bool secret = account_has_secret(account);

	for (int key = 0; key < ACCOUNT_KEYS; key++) {
		if (from->values[key] == NULL || (is_secret(key) && secret))
			continue;
		if (account->values[key] != NULL) {
			if (!agrees(account, key, from->values[key], err))
				return false;
			continue;
		}
		account->values[key] = from->values[key];
		from->values[key] = NULL;
	}
	return true;
}

static bool add_account(struct config *config, struct account *from, struct error *err)
{
	struct account *accounts =
		realloc(config->accounts, (config->count + 1) * sizeof(*accounts));

	if (accounts == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	config->accounts = accounts;
	accounts[config->count++] = *from;
	memset(from, 0, sizeof(*from));
	return true;
}

static bool merge(struct config *config, struct config *drafted, int draft, struct error *err)
{
	struct account *from = drafted->accounts, *account;

	if (drafted->count != 1)
		return error_set(err, ERROR_SYSTEM, "the draft is not that of one account");
	from->draft = draft;
	account = config_find(config, from->name);
	if (account == NULL)
		return config_seal(config, from, err) && add_account(config, from, err);
	account->draft = draft;
	return merge_keys(account, from, err);
}

bool draft_merge(struct config *config, int draft, struct error *err)
{
	struct buffer text = BUFFER(DRAFT_MAX);
	struct config drafted = {0};
	struct place place = {0};
	struct stat status;
	bool ok = load(draft, &text, &status, err);

	if (ok && text.len > 0) {
		bool personal = strncmp(text.data, personal_mark, strlen(personal_mark)) == 0;

		ok = (personal ? place_personal(&place) : place_system(&place)) ||
			error_set(err, ERROR_SYSTEM, "the account has no place");
		ok = ok && config_add_text(&drafted, &place, name_of_drafts, &status, &text, err) &&
			merge(config, &drafted, draft, err);
	}
	config_free(&drafted);
	buffer_free(&text);
	return ok;
}

/* ---- travelling ---- */

bool draft_travels(enum account_key key)
{
	switch (key) {
	case ACCOUNT_PROVIDER:
	case ACCOUNT_USER:
	case ACCOUNT_HOSTS:
	case ACCOUNT_CLIENT_ID:
	case ACCOUNT_ISSUER:
	case ACCOUNT_TOKEN_ENDPOINT:
	case ACCOUNT_AUTHORIZATION_ENDPOINT:
	case ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT:
	case ACCOUNT_REVOCATION_ENDPOINT:
	case ACCOUNT_INTROSPECTION_ENDPOINT:
	case ACCOUNT_USERINFO_ENDPOINT:
	case ACCOUNT_REGISTRATION_ENDPOINT:
	case ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD:
	case ACCOUNT_SCOPE:
	case ACCOUNT_TENANT:
	case ACCOUNT_REGION:
	case ACCOUNT_CA_FILE:
	case ACCOUNT_HTTP_LOOPBACK:
	case ACCOUNT_REFRESH_TOKEN_REUSE:
	case ACCOUNT_REDIRECT_URI:
	case ACCOUNT_AUTHORIZATION_PARAMETERS:
	case ACCOUNT_LOGIN_SCOPE:
	case ACCOUNT_GRANT_IDLE_DAYS:
	case ACCOUNT_GRANT_TESTING_DAYS:
	case ACCOUNT_IMAP:
	case ACCOUNT_POP:
	case ACCOUNT_SMTP:
		return true;
	default:
		return false;
	}
}
