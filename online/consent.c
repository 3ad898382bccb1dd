#include "consent.h"

#include <string.h>
#include <strings.h>

#include "http.h"
#include "keyfile.h"
#include "token.h"

bool consent_start(const struct account *account, const char *redirect_uri, struct consent *consent,
	struct error *err)
{
	*consent = (struct consent){.account = account};
	return (keyfile_copy(consent->redirect_uri, sizeof(consent->redirect_uri), redirect_uri) ||
		       error_set(err, ERROR_CONFIG, "redirect_uri is too long")) &&
		pkce_random(consent->state, err) && pkce_random(consent->verifier, err);
}

void consent_wipe(struct consent *consent)
{
	wipe(consent, sizeof(*consent));
}

/* ---- the request ---- */

/* "key=value key=value", as the account has them; those of the protocol are ours. */
static bool add_parameters(const struct account *account, struct buffer *query, struct error *err)
{
	static const char ours[] =
		"response_type client_id redirect_uri scope state code_challenge "
		"code_challenge_method";
	const char *text = account_value(account, ACCOUNT_AUTHORIZATION_PARAMETERS);
	char key[KEYFILE_KEY_MAX + 1], value[256];

	for (text += strspn(text, " \t"); *text != '\0'; text += strspn(text, " \t")) {
		size_t word = strcspn(text, " \t");
		size_t len = strcspn(text, "= \t");

		if (len == 0 || len >= sizeof(key) || len >= word || word - len > sizeof(value))
			return error_set(err, ERROR_CONFIG,
				"authorization_parameters takes words key=value, not `%.*s`",
				(int)word, text);
		memcpy(key, text, len);
		key[len] = '\0';
		memcpy(value, text + len + 1, word - len - 1);
		value[word - len - 1] = '\0';
		if (list_contains(ours, key))
			return error_set(err, ERROR_CONFIG,
				"authorization_parameters must not have %s", key);
		http_form_add(query, key, value);
		text += word;
	}
	return true;
}

void consent_scope(const struct account *account, struct buffer *scope)
{
	buffer_puts(scope, account_value(account, ACCOUNT_SCOPE));
	if (account->values[ACCOUNT_LOGIN_SCOPE] != NULL) {
		buffer_puts(scope, scope->len > 0 ? " " : "");
		buffer_puts(scope, account->values[ACCOUNT_LOGIN_SCOPE]);
	}
}

static bool add_query(const struct consent *consent, struct buffer *query, struct error *err)
{
	const struct account *account = consent->account;
	struct buffer scope = BUFFER(TOKEN_SCOPE_MAX);
	char challenge[PKCE_SIZE];
	bool ok = pkce_challenge(consent->verifier, challenge, err);

	consent_scope(account, &scope);
	http_form_add(query, "response_type", "code");
	http_form_add(query, "client_id", account_value(account, ACCOUNT_CLIENT_ID));
	http_form_add(query, "redirect_uri", consent->redirect_uri);
	http_form_add(query, "scope", buffer_text(&scope));
	http_form_add(query, "state", consent->state);
	http_form_add(query, "code_challenge", ok ? challenge : "");
	http_form_add(query, "code_challenge_method", "S256");
	if (strchr(account->name, '@') != NULL)
		http_form_add(query, "login_hint", account->name);
	ok = ok && add_parameters(account, query, err);
	buffer_free(&scope);
	return ok;
}

static bool check_endpoint(const struct account *account, const char *endpoint, struct error *err)
{
	if (*endpoint == '\0') {
		error_set(err, ERROR_CONFIG, "account %s has no authorization_endpoint",
			account->name);
		return error_hint(err, "add `authorization_endpoint = https://...`");
	}
	if (strncasecmp(endpoint, "https://", 8) != 0 &&
		strcmp(account_value(account, ACCOUNT_HTTP_LOOPBACK), "yes") != 0)
		return error_set(
			err, ERROR_CONFIG, "authorization_endpoint %.200s is not https", endpoint);
	for (const char *c = endpoint; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || *c == '#')
			return error_set(err, ERROR_CONFIG,
				"authorization_endpoint has a byte that no such address has");
	return true;
}

bool consent_url(const struct consent *consent, struct buffer *url, struct error *err)
{
	const char *endpoint = account_value(consent->account, ACCOUNT_AUTHORIZATION_ENDPOINT);
	struct buffer query = BUFFER(CONSENT_URL_MAX);
	bool ok =
		check_endpoint(consent->account, endpoint, err) && add_query(consent, &query, err);

	buffer_puts(url, endpoint);
	buffer_puts(url, strchr(endpoint, '?') != NULL ? "&" : "?");
	buffer_puts(url, buffer_text(&query));
	if (ok && (!buffer_ok(&query) || !buffer_ok(url)))
		ok = error_set(err, ERROR_CONFIG, "the address to open would be too long");
	buffer_free(&query);
	return ok;
}

/* ---- the response ---- */

struct response {
	char code[CONSENT_CODE_MAX + 1];
	char state[128];
	char iss[1024];
	char error[64];
	char error_description[512];
};

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return digit != NULL && c > ' ' ? (int)(digit - digits) : -1;
}

/* Decodes len octets of a form; false for what is no printable text that fits. */
static bool decode(const char *text, size_t len, char *value, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		int c = text[i] == '+' ? ' ' : (unsigned char)text[i];

		if (c == '%') {
			if (i + 2 >= len || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return false;
			c = hex(text[i + 1]) << 4 | hex(text[i + 2]);
			i += 2;
		}
		if (c < ' ' || c == 0x7f || count + 1 >= size)
			return false;
		value[count++] = (char)c;
	}
	value[count] = '\0';
	return true;
}

/* One parameter; unknown ones are passed over, one that comes twice spoils the response. */
static bool read_parameter(const char *text, size_t len, struct response *response)
{
	const struct {
		const char *name;
		char *value;
		size_t size;
	} known[] = {
		{"code=", response->code, sizeof(response->code)},
		{"state=", response->state, sizeof(response->state)},
		{"iss=", response->iss, sizeof(response->iss)},
		{"error=", response->error, sizeof(response->error)},
		{"error_description=", response->error_description,
			sizeof(response->error_description)},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t name = strlen(known[i].name);

		if (len >= name && strncmp(text, known[i].name, name) == 0)
			return known[i].value[0] == '\0' &&
				decode(text + name, len - name, known[i].value, known[i].size);
	}
	return true;
}

static bool read_response(const char *query, struct response *response)
{
	for (;;) {
		size_t len = strcspn(query, "&#");

		if (!read_parameter(query, len, response))
			return false;
		if (query[len] != '&')
			return true;
		query += len + 1;
	}
}

/* What stands in for the tenant of an account is not what the server calls itself. */
static bool issuer_is_known(const struct account *account)
{
	static const char shared[] = "common organizations consumers";

	return account_value(account, ACCOUNT_ISSUER)[0] != '\0' &&
		!(account->values[ACCOUNT_TENANT] != NULL &&
			list_contains(shared, account->values[ACCOUNT_TENANT]));
}

static enum consent_verdict judge(
	struct consent *consent, const struct response *response, struct error *err)
{
	const struct account *account = consent->account;

	if (strcmp(response->state, consent->state) != 0) {
		error_set(err, ERROR_LOGIN,
			"that redirect belongs to another login (its state is %s)",
			response->state[0] != '\0' ? "not ours" : "missing");
		return CONSENT_FOREIGN;
	}
	if (response->iss[0] != '\0' && issuer_is_known(account) &&
		strcmp(response->iss, account_value(account, ACCOUNT_ISSUER)) != 0) {
		error_set(err, ERROR_SERVER, "the redirect comes from %.200s, not from %.200s",
			response->iss, account_value(account, ACCOUNT_ISSUER));
		error_hint(err, "somebody may be mixing up servers; nothing was sent");
		return CONSENT_REFUSED;
	}
	if (response->error[0] != '\0') {
		error_set(err, ERROR_LOGIN, "the authorization server says %s%s%s%s",
			response->error, response->error_description[0] != '\0' ? " (" : "",
			response->error_description,
			response->error_description[0] != '\0' ? ")" : "");
		if (strcmp(response->error, "access_denied") == 0)
			error_hint(err, "consent was not given; saslfresh login %s", account->name);
		return CONSENT_REFUSED;
	}
	if (response->code[0] == '\0') {
		error_set(err, ERROR_LOGIN, "there is no code in that address");
		error_hint(err, "it is the one where the browser ends after the login");
		return CONSENT_FOREIGN;
	}
	memcpy(consent->code, response->code, sizeof(consent->code));
	return CONSENT_GIVEN;
}

enum consent_verdict consent_judge(struct consent *consent, const char *query, struct error *err)
{
	struct response response = {0};
	enum consent_verdict verdict = CONSENT_FOREIGN;

	if (read_response(query, &response))
		verdict = judge(consent, &response, err);
	else
		error_set(err, ERROR_LOGIN, "that is no redirect of an authorization server");
	wipe(&response, sizeof(response));
	return verdict;
}

/* ---- what people paste ---- */

static bool is_code(const char *line)
{
	size_t len = strlen(line);

	for (const char *c = line; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return len > 0 && len <= CONSENT_CODE_MAX;
}

enum consent_verdict consent_judge_line(
	struct consent *consent, const char *line, struct error *err)
{
	const char *query = strchr(line, '?');

	if (query != NULL && strstr(line, "://") != NULL)
		return consent_judge(consent, query + 1, err);
	if (strstr(line, "://") == NULL && strstr(line, "state=") != NULL)
		return consent_judge(consent, *line == '?' ? line + 1 : line, err);
	if (strstr(line, "://") == NULL && is_code(line)) {
		keyfile_copy(consent->code, sizeof(consent->code), line);
		return CONSENT_GIVEN;
	}
	error_set(err, ERROR_LOGIN, "that is neither the address of the redirect nor a code");
	return CONSENT_FOREIGN;
}
