#include "credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "http.h"
#include "keyfile.h"
#include "reply.h"

enum {
	LIFE = 300,
	LIFE_OF_USER = 3600
}; /* seconds; Microsoft advises 5 to 10 min, Google's limit */
enum { ASSERTION_MAX = 16 * 1024, CERTIFICATE_MAX = 64 * 1024, NONCE_SIZE = 16 };

/* ---- JSON Web Tokens (RFC 7519, RFC 7515 s.3.1) ---- */

/* Values have no control bytes: they come from the configuration, or are VSCHAR. */
static void put_member(struct buffer *object, const char *name, const char *value)
{
	buffer_puts(object, object->len == 0 ? "{\"" : ",\"");
	buffer_puts(object, name);
	buffer_puts(object, "\":\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buffer_puts(object, "\\");
		buffer_add(object, value, 1);
	}
	buffer_puts(object, "\"");
}

static void put_time(struct buffer *object, const char *name, int64_t when)
{
	char text[64];

	snprintf(text, sizeof(text), ",\"%s\":%lld", name, (long long)when);
	buffer_puts(object, text);
}

static void put_octets(
	struct buffer *object, const char *name, const unsigned char *octets, size_t len)
{
	struct buffer text = BUFFER(ASSERTION_MAX);

	base64_encode(&text, octets, len);
	put_member(object, name, buffer_text(&text));
	buffer_free(&text);
}

static void put_part(struct buffer *token, struct buffer *object)
{
	buffer_puts(object, "}");
	base64_encode(token, (const unsigned char *)buffer_text(object), object->len);
	if (!buffer_ok(object))
		token->spoiled = true;
}

/* Closes header and claims, and adds what is signed with the key that what names to token. */
static bool put_token(enum crypto_algorithm algorithm, const struct buffer *key, const char *what,
	struct buffer *header, struct buffer *claims, struct buffer *token, struct error *err)
{
	struct buffer text = BUFFER(ASSERTION_MAX), signature = BUFFER(ASSERTION_MAX);
	bool ok;

	put_part(&text, header);
	buffer_puts(&text, ".");
	put_part(&text, claims);
	ok = crypto_sign(algorithm, key, what, &text, &signature, err);
	if (ok) {
		buffer_puts(&text, ".");
		base64_encode(&text, (const unsigned char *)signature.data, signature.len);
		buffer_add(token, buffer_text(&text), text.len);
		if (!buffer_ok(&text) || !buffer_ok(token))
			ok = error_set(err, ERROR_CONFIG, "what is to be signed is too long");
	}
	buffer_free(&text);
	buffer_free(&signature);
	return ok;
}

/* ---- the client ---- */

bool credential_certificate(const struct account *account, const struct buffer *key,
	struct crypto_certificate *certificate, struct error *err)
{
	const char *path = account_value(account, ACCOUNT_CLIENT_CERTIFICATE);
	struct buffer text = BUFFER(CERTIFICATE_MAX);
	struct stat status;
	bool ok = keyfile_load(path, KEYFILE_PUBLIC, geteuid(), &text, &status, err);

	if (!ok)
		err->kind = ERROR_CONFIG;
	else if (status.st_nlink == 0)
		ok = error_set(err, ERROR_CONFIG, "there is no %s", path);
	ok = ok &&
		crypto_read_certificate(&text, path, key,
			account_value(account, ACCOUNT_CLIENT_KEY), certificate, err);
	buffer_free(&text);
	return ok;
}

static bool check_end(const struct account *account, const struct crypto_certificate *certificate,
	int64_t now, struct error *err)
{
	time_t end = (time_t)certificate->to;
	char day[32] = "";
	struct tm parts;

	if (certificate->to > now)
		return true;
	if (gmtime_r(&end, &parts) != NULL)
		strftime(day, sizeof(day), " on %Y-%m-%d", &parts);
	error_set(err, ERROR_CONFIG, "the certificate in %s has expired%s",
		account_value(account, ACCOUNT_CLIENT_CERTIFICATE), day);
	return error_hint(err,
		"make a new one, register it with the client, put it there; then "
		"saslfresh refresh %s --force",
		account->name);
}

/* The header and claims are those that Microsoft documents; RFC 7523 s.3 asks for no others. */
static bool assert_client(
	const struct credential *credential, struct buffer *assertion, struct error *err)
{
	const struct account *account = credential->account;
	const char *client_id = account_value(account, ACCOUNT_CLIENT_ID);
	struct buffer header = BUFFER(ASSERTION_MAX), claims = BUFFER(ASSERTION_MAX);
	struct crypto_certificate certificate;
	unsigned char nonce[NONCE_SIZE];
	bool ok = credential_certificate(account, credential->secret, &certificate, err) &&
		check_end(account, &certificate, credential->now, err) &&
		crypto_random(nonce, sizeof(nonce), err);

	if (ok) {
		put_member(&header, "alg", "PS256");
		put_member(&header, "typ", "JWT");
		put_octets(&header, "x5t#S256", certificate.thumbprint, CRYPTO_HASH_SIZE);
		put_member(&claims, "aud", account_value(account, ACCOUNT_TOKEN_ENDPOINT));
		put_member(&claims, "iss", client_id);
		put_member(&claims, "sub", client_id);
		put_octets(&claims, "jti", nonce, sizeof(nonce));
		put_time(&claims, "nbf", credential->now);
		put_time(&claims, "iat", credential->now);
		put_time(&claims, "exp", credential->now + LIFE);
		ok = put_token(CRYPTO_PS256, credential->secret,
			account_value(account, ACCOUNT_CLIENT_KEY), &header, &claims, assertion,
			err);
	}
	buffer_free(&header);
	buffer_free(&claims);
	return ok;
}

static bool add_assertion(
	const struct credential *credential, struct buffer *form, struct error *err)
{
	struct buffer assertion = BUFFER(ASSERTION_MAX);
	bool ok = assert_client(credential, &assertion, err);

	http_form_add(form, "client_assertion_type",
		"urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	http_form_add(form, "client_assertion", buffer_text(&assertion));
	buffer_free(&assertion);
	return ok;
}

static bool method_is(const struct account *account, const char *method)
{
	return strcmp(account_value(account, ACCOUNT_TOKEN_ENDPOINT_AUTH_METHOD), method) == 0;
}

bool credential_authenticate(const struct credential *credential, struct buffer *form,
	struct buffer *user, struct buffer *password, struct error *err)
{
	const struct account *account = credential->account;
	const char *client_id = account_value(account, ACCOUNT_CLIENT_ID);

	if (credential->secret->len > 0 && method_is(account, "client_secret_basic")) {
		http_form_encode(user, client_id);
		http_form_encode(password, buffer_text(credential->secret));
		return true;
	}
	http_form_add(form, "client_id", client_id);
	if (account_signs(account))
		return add_assertion(credential, form, err);
	/* What a service account signs speaks for itself, and its file is for nobody else. */
	if (account->values[ACCOUNT_SERVICE_ACCOUNT_FILE] == NULL)
		http_form_add(form, "client_secret", buffer_text(credential->secret));
	return true;
}

/* ---- the service account ---- */

static bool assert_user(const struct credential *credential, const struct service_account *service,
	struct buffer *assertion, struct error *err)
{
	const struct account *account = credential->account;
	const char *user = account_value(account, ACCOUNT_USER);
	const char *endpoint = account_value(account, ACCOUNT_TOKEN_ENDPOINT);
	struct buffer header = BUFFER(ASSERTION_MAX), claims = BUFFER(ASSERTION_MAX);
	struct buffer key = BUFFER(sizeof(service->private_key));
	bool ok;

	buffer_puts(&key, service->private_key);
	put_member(&header, "alg", "RS256");
	put_member(&header, "typ", "JWT");
	if (service->private_key_id[0] != '\0')
		put_member(&header, "kid", service->private_key_id);
	put_member(&claims, "iss", service->client_email);
	put_member(&claims, "scope", account_value(account, ACCOUNT_SCOPE));
	put_member(&claims, "aud", service->token_uri[0] != '\0' ? service->token_uri : endpoint);
	put_member(&claims, "sub", *user != '\0' ? user : account->name);
	put_time(&claims, "iat", credential->now);
	put_time(&claims, "exp", credential->now + LIFE_OF_USER);
	ok = put_token(CRYPTO_RS256, &key, account_value(account, ACCOUNT_SERVICE_ACCOUNT_FILE),
		&header, &claims, assertion, err);
	buffer_free(&key);
	buffer_free(&header);
	buffer_free(&claims);
	return ok;
}

bool credential_assert_user(
	const struct credential *credential, struct buffer *assertion, struct error *err)
{
	const char *path = account_value(credential->account, ACCOUNT_SERVICE_ACCOUNT_FILE);
	struct service_account *service = calloc(1, sizeof(*service));
	char cause[ERROR_CAUSE_MAX];
	bool ok;

	if (service == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	ok = reply_parse_service_account(
		buffer_text(credential->secret), credential->secret->len, service, err);
	if (!ok) {
		memcpy(cause, err->cause, sizeof(cause));
		error_set(err, ERROR_CONFIG, "%s %s", path, cause);
		error_hint(err,
			"it is the JSON key of a service account, as the Google Cloud console "
			"makes it: IAM & Admin, Service accounts, Keys");
	}
	ok = ok && assert_user(credential, service, assertion, err);
	wipe(service, sizeof(*service));
	free(service);
	return ok;
}
