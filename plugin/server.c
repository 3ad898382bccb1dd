#include "server.h"

#include <string.h>

#include "keyfile.h"

static bool implies_tls(int64_t port)
{
	return port == 993 || port == 995 || port == 465;
}

static bool is_host(const char *host)
{
	return host[0] != '\0' && host[0] != '-' &&
		host[strspn(host,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789.-_")] == '\0';
}

/* Ends the first word of text and gives the second, "" if there is none. */
static char *split(char *text)
{
	char *rest = text + strcspn(text, " \t");

	if (*rest != '\0')
		*rest++ = '\0';
	return rest + strspn(rest, " \t");
}

static bool parse(char *value, struct mail_server *server)
{
	const char *mode = split(value);
	char *colon = strrchr(value, ':');
	int64_t port;

	if (colon == NULL)
		return false;
	*colon = '\0';
	if (!is_host(value) || !keyfile_number(colon + 1, 1, 65535, &port) ||
		!keyfile_copy(server->host, sizeof(server->host), value))
		return false;
	server->port = (int)port;
	server->tls = *mode == '\0' ? implies_tls(port) : strcmp(mode, "tls") == 0;
	return *mode == '\0' || server->tls || strcmp(mode, "starttls") == 0;
}

bool server_of(const struct account *account, enum account_key key, struct mail_server *server,
	struct error *err)
{
	const char *value = account_value(account, key);
	struct mail_server read = {0};
	char copy[512];

	if (*value == '\0' || (keyfile_copy(copy, sizeof(copy), value) && parse(copy, &read))) {
		*server = read;
		return true;
	}
	keyfile_fail(account->file, account->line, err,
		"account %.100s: %s takes HOST:PORT, not `%.200s`", account->name,
		account_key_name(key), value);
	return error_hint(err, "for instance `%s = mail.example.org:%s`", account_key_name(key),
		key == ACCOUNT_IMAP	     ? "993"
			: key == ACCOUNT_POP ? "995"
					     : "587");
}
