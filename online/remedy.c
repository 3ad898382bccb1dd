#include "remedy.h"

#include <string.h>

#include "buffer.h"

enum provider { ANY, GOOGLE, MICROSOFT };

/* The first row that fits is the answer. NULL as suberror: any or none. In a sentence {login} is
 * the command that logs in again, {account} the account, {section} where it is configured,
 * {console} where its client is registered. */
static const struct remedy {
	const char *error;
	const char *suberror;
	enum provider provider;
	enum error_kind kind;
	const char *sentence;
} remedies[] = {
	/* The grant is dead, or a person must act. */
	{"invalid_grant", "invalid_rapt", ANY, ERROR_LOGIN,
		"the organisation limits how long a Google session lasts: {login}; its "
		"administrator can exempt the client (Google Cloud session control)"},
	{"invalid_grant", "client_mismatch", ANY, ERROR_LOGIN,
		"the login belongs to another client_id than {section} has: {login}"},
	{"invalid_grant", "consent_required", ANY, ERROR_LOGIN,
		"consent is missing or was taken back: {login}; where users may not consent, an "
		"administrator must approve the client first"},
	{"invalid_grant", "user_password_expired", ANY, ERROR_LOGIN,
		"the password has expired: change it at the provider, then {login}"},
	{"invalid_grant", "basic_action", ANY, ERROR_LOGIN,
		"a person must confirm the sign-in (a second factor, new terms): {login}"},
	{"invalid_grant", "additional_action", ANY, ERROR_LOGIN,
		"the organisation's policy wants more than a password (device, network): {login} "
		"where the policy is met, or ask its administrator"},
	{"invalid_grant", "message_only", ANY, ERROR_LOGIN,
		"the organisation's policy does not let this sign-in pass: ask its administrator, "
		"then {login}"},
	{"invalid_grant", "protection_policy_required", ANY, ERROR_LOGIN,
		"the organisation allows managed apps only: ask its administrator to exempt the "
		"client, then {login}"},
	{"invalid_grant", "device_authentication_failed", ANY, ERROR_LOGIN,
		"the organisation allows registered devices only: ask its administrator to exempt "
		"the client, then {login}"},
	{"invalid_grant", NULL, GOOGLE, ERROR_LOGIN,
		"access was revoked, the password was changed or 6 months went by unused: {login}"},
	{"invalid_grant", NULL, MICROSOFT, ERROR_LOGIN,
		"the password was changed, access was revoked, a policy wants a new sign-in or 90 "
		"days went by unused: {login}"},
	{"invalid_grant", NULL, ANY, ERROR_LOGIN, "{login}"},
	{"interaction_required", "additional_action", ANY, ERROR_LOGIN,
		"the organisation's policy wants more than a password (device, network): {login} "
		"where the policy is met, or ask its administrator"},
	{"interaction_required", "message_only", ANY, ERROR_LOGIN,
		"the organisation's policy does not let this sign-in pass: ask its administrator, "
		"then {login}"},
	{"interaction_required", "user_password_expired", ANY, ERROR_LOGIN,
		"the password has expired: change it at the provider, then {login}"},
	{"interaction_required", "consent_required", ANY, ERROR_LOGIN,
		"consent is missing or was taken back: {login}; where users may not consent, an "
		"administrator must approve the client first"},
	{"interaction_required", NULL, ANY, ERROR_LOGIN,
		"a person must confirm the sign-in (a second factor, new terms): {login}"},
	{"login_required", NULL, ANY, ERROR_LOGIN, "{login}"},
	{"account_selection_required", NULL, ANY, ERROR_LOGIN,
		"choose the mailbox {account} while logging in: {login}"},
	{"consent_required", NULL, ANY, ERROR_LOGIN,
		"consent is missing or was taken back: {login}; where users may not consent, an "
		"administrator must approve the client first"},
	{"access_denied", NULL, ANY, ERROR_LOGIN,
		"access was denied by the person who was asked or by a policy: {login}"},
	{"admin_policy_enforced", NULL, ANY, ERROR_LOGIN,
		"the Workspace administrator must trust the client (admin.google.com, Security, "
		"API "
		"controls, App access control), then {login}"},
	/* The client, or what we ask for. */
	{"org_internal", NULL, ANY, ERROR_CONFIG,
		"the client is for members of its organisation only: make it External at "
		"{console}, "
		"or put another client_id in {section}, then {login}"},
	{"deleted_client", NULL, ANY, ERROR_CONFIG,
		"the client was deleted: restore it or register another at {console}, put its "
		"client_id in {section}, then {login}"},
	{"invalid_client", NULL, MICROSOFT, ERROR_CONFIG,
		"check client_id, client secret and tenant of {section}: the secret is its Value, "
		"not its ID, and expires; without a secret the client must allow public client "
		"flows; {console}"},
	{"invalid_client", NULL, ANY, ERROR_CONFIG,
		"check client_id and client secret of {section}: the secret is wrong, was replaced "
		"or has expired; {console}"},
	{"unauthorized_client", NULL, ANY, ERROR_CONFIG,
		"check client_id of {section}: the client is disabled, or may not use this grant; "
		"{console}"},
	{"invalid_scope", NULL, ANY, ERROR_CONFIG,
		"check scope of {section}: a word is unknown, or more than was granted; after a "
		"change {login}"},
	{"invalid_target", NULL, ANY, ERROR_CONFIG,
		"check scope of {section}: all of it must belong to one service"},
	{"invalid_resource", NULL, ANY, ERROR_CONFIG,
		"check scope of {section}: all of it must belong to one service"},
	{"invalid_request", NULL, MICROSOFT, ERROR_CONFIG,
		"check tenant, client_id and scope of {section}: the tenant must fit the kind of "
		"account, the scope one service only"},
	{"invalid_request", NULL, ANY, ERROR_CONFIG,
		"check client_id, client secret and scope of {section}"},
	{"unsupported_grant_type", NULL, ANY, ERROR_CONFIG,
		"check token_endpoint of {section}: what answers there renews no tokens"},
	/* Nothing but time helps. */
	{"temporarily_unavailable", NULL, ANY, ERROR_TEMPORARY, ""},
	{"server_error", NULL, ANY, ERROR_TEMPORARY, ""},
	{"slow_down", NULL, ANY, ERROR_TEMPORARY, ""},
	/* RFC 8628 s.3.5, and Microsoft's words for some of it. */
	{"authorization_pending", NULL, ANY, ERROR_TEMPORARY, ""},
	{"expired_token", NULL, ANY, ERROR_LOGIN, "{login}"},
	{"authorization_declined", NULL, ANY, ERROR_LOGIN, "{login}"},
	{"bad_verification_code", NULL, ANY, ERROR_LOGIN, "{login}"},
};

static const char delegation[] =
	"the Workspace administrator must allow the service account's client ID this scope: "
	"admin.google.com, Security, API controls, Domain-wide delegation";

/* Of a service account (RFC 7523 s.2.1). {user} is the mailbox. */
static const struct remedy of_service[] = {
	{"invalid_grant", NULL, ANY, ERROR_CONFIG,
		"check that {user} is a mailbox of this Workspace, that the key in "
		"service_account_file was not deleted, and this machine's clock"},
	{"unauthorized_client", NULL, ANY, ERROR_CONFIG, delegation},
	{"access_denied", NULL, ANY, ERROR_CONFIG, delegation},
	{"invalid_client", NULL, ANY, ERROR_CONFIG,
		"the service account is disabled or deleted, or belongs elsewhere; {console}"},
};

/* Of a client that signs (RFC 7523 s.2.2). */
static const struct remedy of_signer[] = {
	{"invalid_client", NULL, ANY, ERROR_CONFIG,
		"check client_id, tenant and client_certificate of {section}: that very "
		"certificate must be registered with the client; {console}"},
};

static const char nobody[] = "check {section}: with its grant_type nobody can log in";

/* Google ends the grants of a client in Testing 7 days after the consent, and says no more than
 * that they are dead. */
static const char testing[] = "7 days after the consent: the client is in Testing; publish it at "
			      "{console} (In production), then log in again: {login}";

enum { TESTING_FROM = 13 * 43200, TESTING_TO = 8 * 86400 }; /* 6.5 and 8 days, in seconds */

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static enum provider provider_of(const struct account *account)
{
	const char *provider = account_value(account, ACCOUNT_PROVIDER);
	const char *issuer = account_value(account, ACCOUNT_ISSUER);

	if (strcmp(provider, "google") == 0 || strcmp(issuer, "https://accounts.google.com") == 0)
		return GOOGLE;
	if (strcmp(provider, "microsoft") == 0 || begins_with(provider, "microsoft-") ||
		begins_with(issuer, "https://login.microsoftonline."))
		return MICROSOFT;
	return ANY;
}

static const struct remedy *find_in(
	const struct remedy *rows, size_t count, const struct remedy_case *it)
{
	enum provider provider = provider_of(it->account);

	for (size_t i = 0; i < count; i++) {
		const struct remedy *row = &rows[i];

		if (strcmp(row->error, it->error) == 0 &&
			(row->suberror == NULL || strcmp(row->suberror, it->suberror) == 0) &&
			(row->provider == ANY || row->provider == provider))
			return row;
	}
	return NULL;
}

#define FIND_IN(rows, it) find_in(rows, sizeof(rows) / sizeof((rows)[0]), it)

static const struct remedy *find(const struct remedy_case *it)
{
	const struct remedy *row = NULL;

	if (it->account->values[ACCOUNT_SERVICE_ACCOUNT_FILE] != NULL)
		row = FIND_IN(of_service, it);
	else if (account_signs(it->account))
		row = FIND_IN(of_signer, it);
	return row != NULL ? row : FIND_IN(remedies, it);
}

/* Where nobody can log in, what asks for a login is for whoever configures the account. */
static bool is_for_nobody(const struct remedy *row, const struct account *account)
{
	return row->kind == ERROR_LOGIN && account_is_unattended(account);
}

static bool is_end_of_testing(const struct remedy_case *it)
{
	int64_t age;

	return strcmp(it->error, "invalid_grant") == 0 && it->suberror[0] == '\0' &&
		provider_of(it->account) == GOOGLE && it->consented_at > 0 &&
		!__builtin_sub_overflow(it->now, it->consented_at, &age) && age >= TESTING_FROM &&
		age <= TESTING_TO;
}

/* ---- the sentence ---- */

static void put_placeholder(
	struct buffer *text, const struct account *account, const char *name, size_t len)
{
	const char *console = account_value(account, ACCOUNT_CONSOLE);
	const char *user = account_value(account, ACCOUNT_USER);

	if (strncmp(name, "login", len) == 0) {
		buffer_puts(text, "saslfresh login ");
		buffer_puts(text, account->name);
	} else if (strncmp(name, "user", len) == 0) {
		buffer_puts(text, *user != '\0' ? user : account->name);
	} else if (strncmp(name, "account", len) == 0) {
		buffer_puts(text, account->name);
	} else if (strncmp(name, "section", len) == 0) {
		buffer_puts(text, "[account ");
		buffer_puts(text, account->name);
		buffer_puts(text, "] in ");
		buffer_puts(text, account->file);
	} else if (strncmp(name, "console", len) == 0) {
		buffer_puts(text, console[0] != '\0' ? console : "the provider's console");
	}
}

static void put_sentence(struct buffer *text, const struct account *account, const char *sentence)
{
	while (*sentence != '\0') {
		size_t len = strcspn(sentence, "{");

		buffer_add(text, sentence, len);
		sentence += len;
		if (*sentence == '\0')
			break;
		len = strcspn(sentence, "}");
		put_placeholder(text, account, sentence + 1, len - 1);
		sentence += len + 1;
	}
}

enum error_kind remedy_kind(const struct remedy_case *it)
{
	const struct remedy *row = find(it);

	if (row == NULL)
		return ERROR_SERVER;
	return is_for_nobody(row, it->account) ? ERROR_CONFIG : row->kind;
}

void remedy_hint(const struct remedy_case *it, struct error *err)
{
	const struct remedy *row = find(it);
	struct buffer text = BUFFER(4096);

	if (is_end_of_testing(it))
		put_sentence(&text, it->account, testing);
	else if (row != NULL)
		put_sentence(&text, it->account,
			is_for_nobody(row, it->account) ? nobody : row->sentence);
	if (text.len > 0)
		error_hint(err, "%s", buffer_text(&text));
	buffer_free(&text);
}
