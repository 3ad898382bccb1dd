#include "claims.h"

#include <string.h>
#include <strings.h>

#include "base64.h"
#include "reply.h"

enum { EXP_MARGIN = 300 };

/* HEADER.PAYLOAD.SIGNATURE (RFC 7519 s.3) */
static bool read_payload(const char *jwt, struct reply_claims *claims)
{
	struct buffer payload = BUFFER(TOKEN_MAX);
	struct error unread;
	const char *begin = strchr(jwt, '.');
	size_t len = begin != NULL ? strcspn(begin + 1, ".") : 0;
	bool ok = begin != NULL && begin[1 + len] == '.' &&
		base64_decode(&payload, begin + 1, len) && payload.len > 0 &&
		reply_parse_claims(payload.data, payload.len, claims, &unread);

	buffer_free(&payload);
	return ok;
}

/* Microsoft's id of Graph, and its name. */
static bool is_for_graph(const char *aud)
{
	return strstr(aud, "graph.microsoft.com") != NULL ||
		strstr(aud, "00000003-0000-0000-c000-000000000000") != NULL;
}

/* Microsoft's alone, for others name their scopes as they like. */
static bool is_for_outlook(const char *aud)
{
	return strstr(aud, "outlook.office") != NULL ||
		strstr(aud, "00000002-0000-0ff1-ce00-000000000000") != NULL;
}

static void check_audience(const struct account *account, const struct reply_claims *claims,
	const struct findings *findings)
{
	struct error err = {0};

	if (!is_for_graph(claims->aud))
		return;
	error_set(&err, ERROR_CONFIG, "it is for Graph, and mail servers take none of those");
	error_hint(&err, "set `scope` of [account %.100s] to those of outlook.office.com",
		account->name);
	finding_fail(findings, "token, audience", &err);
}

static void check_scope(const struct account *account, const struct reply_claims *claims,
	const struct findings *findings)
{
	static const struct {
		enum account_key key;
		const char *scope, *application;
	} wanted[] = {{ACCOUNT_IMAP, "IMAP.AccessAsUser.All", "IMAP.AccessAsApp"},
		{ACCOUNT_POP, "POP.AccessAsUser.All", "POP.AccessAsApp"},
		{ACCOUNT_SMTP, "SMTP.Send", "SMTP.SendAsApp"}};

	for (size_t i = 0; is_for_outlook(claims->aud) && i < 3; i++) {
		struct error err = {0};

		if (account->values[wanted[i].key] == NULL ||
			list_contains(claims->scope, wanted[i].scope) ||
			list_contains(claims->scope, wanted[i].application))
			continue;
		error_set(&err, ERROR_CONFIG, "%s is not among what it allows", wanted[i].scope);
		error_hint(&err,
			"add it to `scope` and to the permissions of the client, then: saslfresh "
			"login %.100s",
			account->name);
		finding_warn(findings, "token, scope", &err);
	}
}

static void check_user(const struct account *account, const struct reply_claims *claims,
	const struct findings *findings)
{
	struct error err = {0};

	if (strchr(claims->user, '@') == NULL || account->values[ACCOUNT_USER] != NULL ||
		account_is_shared(account) || strcasecmp(claims->user, account->name) == 0)
		return;
	error_set(&err, ERROR_CONFIG, "it is that of %s", claims->user);
	error_hint(&err, "saslfresh login %.100s, or `user = ...` if that mailbox is shared",
		account->name);
	finding_warn(findings, "token, user", &err);
}

static void check_end(const struct account *account, const struct token *token,
	const struct reply_claims *claims, const struct findings *findings)
{
	struct error err = {0};
	long long early = (long long)(token->expires_at - claims->exp);

	if (claims->exp == 0 || early < EXP_MARGIN)
		return;
	error_set(&err, ERROR_SERVER, "it ends %lld s before the server said that it would", early);
	error_hint(&err, "saslfresh refresh --force %.100s", account->name);
	finding_warn(findings, "token, end", &err);
}

void claims_check(
	const struct account *account, const struct token *token, const struct findings *findings)
{
	struct reply_claims claims;

	if (!read_payload(token->access_token, &claims))
		return;
	finding_ok(findings, "token, claims", "for %s; of %s%s%s; allows %s",
		claims.aud[0] != '\0' ? claims.aud : "whom it does not say",
		claims.user[0] != '\0' ? claims.user : "nobody in particular",
		claims.tenant[0] != '\0' ? "; tenant " : "", claims.tenant,
		claims.scope[0] != '\0' ? claims.scope : "what it does not say");
	check_audience(account, &claims, findings);
	check_scope(account, &claims, findings);
	check_user(account, &claims, findings);
	check_end(account, token, &claims, findings);
}
