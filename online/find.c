#include "find.h"

#include <stdio.h>
#include <string.h>

#include "bearer.h"
#include "discover.h"
#include "dns.h"
#include "prompt.h"
#include "provider.h"

struct search {
	const struct config *config;
	const struct account *account;
	char domain[DNS_NAME_SIZE];
	char **names; /* of all presets */
	struct buffer *keys;
};

/* What a search has come to: whether somebody knew. False ends it with err set. */
enum known { UNKNOWN, KNOWN, FAILED };

/* ---- presets ---- */

static void add_provider(const struct search *search, const char *name)
{
	buffer_puts(search->keys, account_key_name(ACCOUNT_PROVIDER));
	buffer_puts(search->keys, " = ");
	buffer_puts(search->keys, name);
	buffer_puts(search->keys, "\n");
}

/* A preset without a token endpoint is there to say that the provider has no OAuth 2.0. */
static bool offers_tokens(const struct account *account, const struct account *preset,
	const char *name, struct error *err)
{
	const char *title = account_value(preset, ACCOUNT_TITLE);
	const char *page = account_value(preset, ACCOUNT_APP_PASSWORD_PAGE);

	if (preset->values[ACCOUNT_TOKEN_ENDPOINT] == NULL &&
		account->values[ACCOUNT_TOKEN_ENDPOINT] == NULL) {
		error_set(err, ERROR_CONFIG, "%.100s has no OAuth 2.0 for mail programs",
			*title != '\0' ? title : name);
		if (*page != '\0')
			error_hint(err, "it takes a password made for mail programs instead: %s",
				page);
		return false;
	}
	if (*page != '\0' && account->values[ACCOUNT_CLIENT_ID] == NULL)
		prompt_say("%s gives OAuth 2.0 to clients that it has a contract with. Without "
			   "such a client_id,\nuse an app password in the mail program instead: "
			   "%s\n",
			*title != '\0' ? title : name, page);
	return true;
}

/* The first preset whose key names host; why says how the host was come by. */
static enum known ask_presets(const struct search *search, enum account_key key, const char *host,
	const char *why, struct error *err)
{
	enum known known = UNKNOWN;

	for (size_t i = 0; known == UNKNOWN && search->names[i] != NULL; i++) {
		const char *name = search->names[i];
		struct account preset;

		if (!provider_read(name, &preset, err))
			return FAILED;
		if (preset.values[key] != NULL && bearer_host_allowed(preset.values[key], host)) {
			prompt_say("%s%s: the provider is %s (%s).\n", why, host, name,
				account_value(&preset, ACCOUNT_TITLE));
			known = offers_tokens(search->account, &preset, name, err) ? KNOWN : FAILED;
			if (known == KNOWN)
				add_provider(search, name);
		}
		account_free(&preset);
	}
	return known;
}

static bool check_provider(const struct account *account, struct error *err)
{
	const char *name = account->values[ACCOUNT_PROVIDER];
	struct account preset;
	bool ok;

	if (!provider_read(name, &preset, err))
		return false;
	ok = offers_tokens(account, &preset, name, err);
	account_free(&preset);
	return ok;
}

/* ---- the domain ---- */

static enum known ask_exchangers(
	const struct search *search, const struct dns_mx *mx, struct error *err)
{
	enum known known = UNKNOWN;
	char why[DNS_NAME_SIZE + 32];

	snprintf(why, sizeof(why), "%s gets its mail at ", search->domain);
	for (size_t i = 0; known == UNKNOWN && i < mx->count; i++)
		known = ask_presets(search, ACCOUNT_MX, mx->exchanges[i].host, why, err);
	return known;
}

/* The end of a search: what was tried last is told as the cause. deaf: the DNS may be out of order.
 */
static bool give_up(const struct search *search, bool deaf, struct error *err)
{
	struct error last = *err;

	error_set(err, deaf || last.kind == ERROR_TEMPORARY ? ERROR_TEMPORARY : ERROR_CONFIG,
		"no preset knows %s or its mail exchangers, nor can it be learned from there "
		"who logs its users in (%.200s%s%.400s)",
		search->domain, last.what, *last.what != '\0' ? ": " : "", last.cause);
	if (last.hint[0] != '\0')
		return error_hint(err, "%s", last.hint);
	return error_hint(err,
		"name it: --provider NAME (`saslfresh providers` lists them), or --issuer URL");
}

static bool ask_domain(const struct search *search, struct error *err)
{
	struct dns_mx mx = {0};
	struct error silent;
	bool deaf = false;
	enum known known = ask_presets(search, ACCOUNT_DOMAINS, search->domain, "", err);

	if (known == UNKNOWN) {
		deaf = !dns_read_mx(search->domain, &mx, &silent);
		if (deaf)
			prompt_say("saslfresh: %s\n", silent.cause);
		known = ask_exchangers(search, &mx, err);
	}
	if (known != UNKNOWN)
		return known == KNOWN;
	return discover_domain(
		       search->config, search->account, search->domain, &mx, search->keys, err) ||
		give_up(search, deaf, err);
}

static bool search_address(const struct config *config, const struct account *account,
	struct buffer *found, struct error *err)
{
	struct search search = {.config = config, .account = account, .keys = found};
	bool ok;

	if (!dns_domain(account->name, search.domain)) {
		error_set(err, ERROR_CONFIG, "%.200s is no mail address with a domain to ask",
			account->name);
		return error_hint(err, "name the provider: --provider NAME, or --issuer URL");
	}
	search.names = provider_names(err);
	ok = search.names != NULL && ask_domain(&search, err);
	provider_names_free(search.names);
	return ok;
}

static bool say_issuer(const struct account *account)
{
	prompt_say("%s publishes its endpoints.\n", account->values[ACCOUNT_ISSUER]);
	return true;
}

bool find_provider(const struct config *config, const struct account *account, struct buffer *keys,
	struct error *err)
{
	struct buffer found = BUFFER(keys->max);
	bool ok = true;

	if (account->values[ACCOUNT_PROVIDER] != NULL)
		ok = check_provider(account, err);
	else if (account->values[ACCOUNT_TOKEN_ENDPOINT] != NULL)
		ok = true;
	else if (account->values[ACCOUNT_ISSUER] != NULL)
		ok = discover_issuer(
			     config, account, account->values[ACCOUNT_ISSUER], &found, err) &&
			say_issuer(account);
	else
		ok = search_address(config, account, &found, err);
	if (ok && buffer_ok(&found))
		buffer_puts(keys, buffer_text(&found));
	if (ok && (!buffer_ok(&found) || !buffer_ok(keys)))
		ok = error_set(err, ERROR_SERVER, "what was found is too long");
	buffer_free(&found);
	return ok ||
		error_what(err, "cannot find the authorization server of %.200s", account->name);
}
