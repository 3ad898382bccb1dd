#include "wire.h"

#include <string.h>

static bool check_host(const struct account *account, const struct token *token, const char *host,
	struct error *err)
{
	const char *hosts = account_value(account, ACCOUNT_HOSTS);

	if (bearer_host_allowed(*hosts != '\0' ? hosts : token->hosts, host))
		return true;
	error_set(err, ERROR_CONFIG, "%.200s is not one of the servers that it may be sent to",
		host != NULL ? host : "a server without a name");
	error_what(err, "the access token of %s stays here", account->name);
	return error_hint(err, "`hosts` of [account %s] names them", account->name);
}

bool wire_respond(enum bearer_mechanism mechanism, const struct account *account,
	const struct token *token, const struct wire_server *server, struct buffer *response,
	struct error *err)
{
	const struct bearer bearer = {
		.user = account_user(account, server->service),
		.access_token = token->access_token,
		.host = server->host,
		.port = server->port,
	};

	if (!check_host(account, token, server->host, err))
		return false;
	if (bearer_respond(mechanism, &bearer, response))
		return true;
	return error_set(err, ERROR_CONFIG,
		"the user, server or access token of account %s has bytes that cannot be sent",
		account->name);
}

enum { TELLING = 8 }; /* octets of a token that are too many to be shown */

/* Also where the word was cut off within the token. */
static void withhold(char *word, const char *token, size_t len)
{
	size_t word_len = strlen(word);

	error_redact(word, token, len);
	for (size_t i = 0; i + TELLING <= word_len; i++)
		if (word_len - i < len && memcmp(word + i, token, word_len - i) == 0)
			memset(word + i, '*', word_len - i);
}

static void withhold_token(const struct buffer *response, struct bearer_refusal *refusal)
{
	static const char scheme[] = "\1auth=Bearer ";
	const char *token = strstr(buffer_text(response), scheme);
	size_t len;

	if (token == NULL)
		return;
	token += strlen(scheme);
	len = strcspn(token, "\1");
	withhold(refusal->status, token, len);
	withhold(refusal->scope, token, len);
}

void wire_refused(const char *account, const struct wire_server *server,
	const struct buffer *response, const char *challenge, size_t len, struct error *err)
{
	struct bearer_refusal refusal;

	bearer_read_refusal(challenge, len, &refusal);
	withhold_token(response, &refusal);
	error_set(err, ERROR_REFUSED, "status %s%s%s",
		refusal.status[0] != '\0' ? refusal.status : "not given",
		refusal.scope[0] != '\0' ? ", scope wanted: " : "", refusal.scope);
	error_what(err, "%.100s refused the access token of %s",
		server->host != NULL ? server->host : "the server", account);
	error_hint(err, "saslfresh status %s tells what comes next", account);
}
