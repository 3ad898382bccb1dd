#include "requirement.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct account *account, enum account_key key)
{
	return account->values[key] != NULL;
}

static bool uses(const struct account *account, const char *grant_type)
{
	return strcmp(account_value(account, ACCOUNT_GRANT_TYPE), grant_type) == 0;
}

static int count_secrets(const struct account *account)
{
	int count = 0;

	for (int key = ACCOUNT_CLIENT_SECRET; key <= ACCOUNT_CLIENT_SECRET_CREDENTIAL; key++)
		count += has(account, (enum account_key)key);
	return count;
}

static bool missing(const struct account *account, enum account_key key, struct error *err)
{
	const char *page = account_value(account, ACCOUNT_APP_PASSWORD_PAGE);
	char cause[128];

	if (key == ACCOUNT_TOKEN_ENDPOINT && *page != '\0') {
		account_unfit(account, err, "is at a provider without OAuth 2.0 for mail programs");
		return error_hint(
			err, "it takes a password made for mail programs instead: %s", page);
	}
	snprintf(cause, sizeof(cause), "has no %s", account_key_name(key));
	account_unfit(account, err, cause);
	if (key == ACCOUNT_CLIENT_ID && has(account, ACCOUNT_CONSOLE))
		return error_hint(err, "register a client at %s and add `client_id = ...`",
			account->values[ACCOUNT_CONSOLE]);
	if (key == ACCOUNT_TOKEN_ENDPOINT && !has(account, ACCOUNT_PROVIDER))
		return error_hint(err, "add `provider = ...` or `token_endpoint = https://...`");
	return error_hint(err, "add `%s = ...`", account_key_name(key));
}

/* A key that is of use with another one's value alone. */
static bool goes_with(const struct account *account, enum account_key key, enum account_key other,
	const char *value, struct error *err)
{
	char cause[128];

	if (!has(account, key) || strcmp(account_value(account, other), value) == 0)
		return true;
	snprintf(cause, sizeof(cause), "has %s, but not %s = %s", account_key_name(key),
		account_key_name(other), value);
	account_unfit(account, err, cause);
	return error_hint(err, "add `%s = %s`, or remove %s", account_key_name(other), value,
		account_key_name(key));
}

/* RFC 7523 s.2.2 */
static bool check_signature(const struct account *account, struct error *err)
{
	if (!goes_with(account, ACCOUNT_CLIENT_CERTIFICATE, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD,
		    "private_key_jwt", err) ||
		!goes_with(account, ACCOUNT_CLIENT_KEY, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD,
			"private_key_jwt", err))
		return false;
	if (!account_signs(account))
		return true;
	if (!has(account, ACCOUNT_CLIENT_CERTIFICATE))
		return missing(account, ACCOUNT_CLIENT_CERTIFICATE, err);
	if (!has(account, ACCOUNT_CLIENT_KEY))
		return missing(account, ACCOUNT_CLIENT_KEY, err);
	if (count_secrets(account) == 0)
		return true;
	account_unfit(account, err, "has a client secret, and private_key_jwt");
	return error_hint(err, "a client has one or the other: remove one");
}

static bool check_client(const struct account *account, struct error *err)
{
	const char *method = account_value(account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD);
	int secrets = count_secrets(account);

	if (!has(account, ACCOUNT_CLIENT_ID))
		return missing(account, ACCOUNT_CLIENT_ID, err);
	if (secrets > 1)
		return account_unfit(account, err, "has more than one client secret");
	if (secrets == 0 && strncmp(method, "client_secret_", 14) == 0)
		return missing(account, ACCOUNT_CLIENT_SECRET_FILE, err);
	if (has(account, ACCOUNT_SEAL_COMMAND) &&
		strcmp(account_value(account, ACCOUNT_SEAL_COMMAND), "none") != 0 &&
		!has(account, ACCOUNT_UNSEAL_COMMAND))
		return missing(account, ACCOUNT_UNSEAL_COMMAND, err);
	return check_signature(account, err);
}

/* RFC 6749 s.4.4: a client that is nobody in particular gets nothing. */
static bool check_client_credentials(const struct account *account, struct error *err)
{
	static const char shared[] = "common organizations consumers";
	const char *method = account_value(account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD);
	const char *tenant = account_value(account, ACCOUNT_TENANT);
	char cause[256];

	if (!account_signs(account) &&
		(count_secrets(account) == 0 || strcmp(method, "none") == 0)) {
		account_unfit(account, err, "has grant_type = client_credentials, but no secret");
		return error_hint(err,
			"add `client_secret_file = ...`, or client_certificate and client_key with "
			"`token_endpoint_auth_method = private_key_jwt`");
	}
	if (!list_contains(shared, tenant))
		return has(account, ACCOUNT_SCOPE) || missing(account, ACCOUNT_SCOPE, err);
	snprintf(cause, sizeof(cause),
		"has grant_type = client_credentials, which needs a tenant of its own, not %s",
		tenant);
	account_unfit(account, err, cause);
	return error_hint(err, "add `tenant = ...`, the directory (tenant) ID or a domain of it");
}

/* RFC 7523 s.2.1: what is signed says who asks. */
static bool check_jwt_bearer(const struct account *account, struct error *err)
{
	if (!has(account, ACCOUNT_SERVICE_ACCOUNT_FILE))
		return missing(account, ACCOUNT_SERVICE_ACCOUNT_FILE, err);
	if (count_secrets(account) == 0 && !has(account, ACCOUNT_CLIENT_KEY) &&
		!has(account, ACCOUNT_CLIENT_CERTIFICATE))
		return has(account, ACCOUNT_SCOPE) || missing(account, ACCOUNT_SCOPE, err);
	account_unfit(account, err, "has grant_type = jwt_bearer, and a secret of a client");
	return error_hint(err, "the key in service_account_file is enough: remove the other one");
}

bool requirement_check(const struct account *account, struct error *err)
{
	if (!has(account, ACCOUNT_TOKEN_ENDPOINT))
		return missing(account, ACCOUNT_TOKEN_ENDPOINT, err);
	if (!goes_with(
		    account, ACCOUNT_SERVICE_ACCOUNT_FILE, ACCOUNT_GRANT_TYPE, "jwt_bearer", err))
		return false;
	if (uses(account, "jwt_bearer"))
		return check_jwt_bearer(account, err);
	return check_client(account, err) &&
		(!uses(account, "client_credentials") || check_client_credentials(account, err));
}
