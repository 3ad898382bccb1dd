#include "check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cache.h"
#include "claims.h"
#include "reach.h"
#include "record.h"
#include "sandbox.h"
#include "seal.h"
#include "session.h"

static const struct service {
	enum account_key key;
	enum mail_protocol protocol;
} services[] = {{ACCOUNT_IMAP, MAIL_IMAP}, {ACCOUNT_POP, MAIL_POP}, {ACCOUNT_SMTP, MAIL_SMTP}};

enum { SERVICES = sizeof(services) / sizeof(services[0]) };

/* ---- the mail servers ---- */

static void tell_session(const struct session_wish *wish, const struct session *session,
	const char *key, const struct findings *findings)
{
	char more[64] = "";

	if (wish->protocol == MAIL_IMAP)
		snprintf(more, sizeof(more), ", folders: %lld", (long long)session->count);
	else if (wish->protocol == MAIL_POP)
		snprintf(more, sizeof(more), ", messages: %lld", (long long)session->count);
	finding_ok(findings, key, "%s logged in at %s:%d by %s%s%s",
		account_user(wish->account, session_service(wish->protocol)), wish->server->host,
		wish->server->port, session->mechanism,
		session->other ? " (OAUTHBEARER is offered too)" : "", more);
}

static void try_service(const struct online *online, const struct token *token,
	const struct service *service, const struct findings *findings)
{
	const struct account *account = online->account;
	struct mail_server server;
	const struct session_wish wish = {service->protocol, account, token, &server, online->now};
	struct session session;
	struct error err = {0};
	const char *key = account_key_name(service->key);

	if (server_of(account, service->key, &server, &err) && session_try(&wish, &session, &err)) {
		tell_session(&wish, &session, key, findings);
		return;
	}
	error_hint(&err, "is `%s = %.200s` of [account %.60s] right, and the network up?", key,
		account_value(account, service->key), account->name);
	finding_fail(findings, key, &err);
}

static void try_services(
	const struct online *online, const struct token *token, const struct findings *findings)
{
	const struct account *account = online->account;
	struct error err = {0};
	int known = 0;

	for (int i = 0; i < SERVICES; i++)
		known += account->values[services[i].key] != NULL;
	if (known == 0) {
		error_set(&err, ERROR_CONFIG, "no mail server is known, so nothing was tried");
		error_hint(&err,
			"add `imap = HOST:PORT` and `smtp = HOST:PORT` to [account %.100s]",
			account->name);
		finding_warn(findings, "mail", &err);
	} else if (token_age(token, online->now) == TOKEN_DEAD) {
		error_set(&err, ERROR_LOGIN,
			"there is no access token that lives, so no server was asked");
		error_hint(&err, "saslfresh token %.100s tells why", account->name);
		finding_warn(findings, "mail", &err);
	} else {
		for (int i = 0; i < SERVICES; i++)
			if (account->values[services[i].key] != NULL)
				try_service(online, token, &services[i], findings);
	}
}

static bool read_token(
	const struct account *account, struct token *token, const struct findings *findings)
{
	struct error err = {0};

	if (cache_read(account->place.state, account->place.personal, account_grantor(account),
		    token, &err))
		return true;
	error_hint(&err, "saslfresh refresh --force %.100s", account->name);
	finding_fail(findings, "token", &err);
	return false;
}

void check_mail(const struct online *online, const struct findings *findings)
{
	struct error err = {0};
	struct token *token = token_new(&err);

	online_confine(online);
	if (token == NULL)
		finding_fail(findings, "mail", &err);
	else if (read_token(online->account, token, findings))
		try_services(online, token, findings);
	token_free(token);
}

/* ---- the grant ---- */

static void print_day(int64_t when, char text[32])
{
	time_t seconds = (time_t)when;
	struct tm parts;

	if (when <= 0 || localtime_r(&seconds, &parts) == NULL ||
		strftime(text, 32, "%Y-%m-%d", &parts) == 0)
		snprintf(text, 32, "at an unknown time");
}

static void judge_grant(
	const struct account *account, const struct grant *grant, const struct findings *findings)
{
	const char *client = account_value(account, ACCOUNT_CLIENT_ID);
	struct error err = {0};
	char consented[32], refreshed[32];

	print_day(grant->consented_at, consented);
	print_day(grant->refreshed_at, refreshed);
	if (grant->client_id[0] == '\0' || strcmp(grant->client_id, client) == 0) {
		finding_ok(findings, "grant", "given %s, last used %s", consented, refreshed);
		return;
	}
	error_set(&err, ERROR_CONFIG,
		"it was given to another client_id than [account %.100s] names now", account->name);
	error_hint(&err, "saslfresh login %.100s", account->name);
	finding_fail(findings, "grant", &err);
}

/* Opens it too where it is sealed, for a renewal would have to. */
static bool read_grant(const struct account *account, struct grant *grant, struct error *err)
{
	enum record_found found = RECORD_UNREADABLE;
	struct sealed sealed = {0};
	struct seal seal;
	char path[PATH_SIZE];
	uid_t owner;
	bool absent;
	bool ok = state_check(account->place.state, account->place.personal, &owner, &absent, err);

	seal_init(&seal);
	if (ok && !place_file(account->place.state, account_grantor(account), "grant", path))
		ok = error_set(err, ERROR_CONFIG, "the name of the account is too long");
	ok = ok && record_read(path, owner, grant, &sealed, &found, err) &&
		(sealed.body.len == 0 || seal_open(&seal, account, &sealed, grant, err));
	record_free(&sealed);
	seal_free(&seal);
	return ok &&
		(grant->refresh_token[0] != '\0' ||
			error_set(err, ERROR_LOGIN, "there is none: nobody has logged in"));
}

static void check_grant(const struct account *account, const struct findings *findings)
{
	struct error err = {0};
	struct grant *grant;

	if (account_is_unattended(account)) {
		finding_ok(findings, "grant", "none is needed: nobody logs in to this account");
		return;
	}
	grant = grant_new(&err);
	if (grant != NULL && read_grant(account, grant, &err)) {
		judge_grant(account, grant, findings);
	} else {
		error_hint(&err, "saslfresh login %.100s", account->name);
		finding_fail(findings, "grant", &err);
	}
	grant_free(grant);
}

static void check_sandbox(const struct findings *findings)
{
	struct error err = {0};
	char parts[256];

	if (sandbox_parts(parts, sizeof(parts))) {
		finding_ok(findings, "sandbox", "%s", parts);
		return;
	}
	error_set(&err, ERROR_SYSTEM, "what talks to servers has less around it: %s", parts);
	error_hint(&err, "a newer kernel has all parts");
	finding_warn(findings, "sandbox", &err);
}

void check_account(const struct online *online, const struct findings *findings)
{
	const struct account *account = online->account;
	struct error err = {0};
	struct token *token = token_new(&err);

	check_grant(account, findings);
	online_confine(online);
	check_sandbox(findings);
	reach_check(online, findings);
	if (token == NULL) {
		finding_fail(findings, "token", &err);
	} else if (read_token(account, token, findings)) {
		claims_check(account, token, findings);
		try_services(online, token, findings);
	}
	token_free(token);
}
