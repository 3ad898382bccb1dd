#include "grant.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "credential.h"
#include "http.h"
#include "remedy.h"

enum { FORM_MAX = 128 * 1024 };

/* ---- the request ---- */

static int64_t or_default(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static bool post(const struct grant_request *request, const char *url, const struct buffer *form,
	const struct buffer *user, const struct buffer *password, struct http_reply *reply,
	struct error *err)
{
	const struct account *account = request->account;
	const struct http_request http = {
		.url = url,
		.form = buffer_text(form),
		.user = user->len > 0 ? buffer_text(user) : NULL,
		.password = buffer_text(password),
		.ca_file = account_value(account, ACCOUNT_CA_FILE),
		.proxy = account_value(account, ACCOUNT_PROXY),
		.http_loopback = strcmp(account_value(account, ACCOUNT_HTTP_LOOPBACK), "yes") == 0,
		.connect_timeout =
			or_default(request->config->connect_timeout, CONFIG_CONNECT_TIMEOUT),
		.timeout = or_default(request->config->timeout, CONFIG_TIMEOUT),
	};

	return http_post(&http, reply, err);
}

/* ---- what the answer means ---- */

static bool judge_error(const struct grant_request *request, const struct http_reply *http,
	const struct reply *reply, struct error *err)
{
	const struct remedy_case it = {request->account, reply->error, reply->suberror,
		request->consented_at, request->now};

	error_set(err, remedy_kind(&it), "%s says %s%s%s%s%s%s", http->host, reply->error,
		reply->suberror[0] != '\0' ? "/" : "", reply->suberror,
		reply->error_description[0] != '\0' ? " (" : "", reply->error_description,
		reply->error_description[0] != '\0' ? ")" : "");
	remedy_hint(&it, err);
	return false;
}

static bool is_transient(long status)
{
	return status == 408 || status == 429 || status >= 500;
}

static bool judge_status(const struct http_reply *http, struct error *err)
{
	if (http->status == 429)
		return error_set(
			err, ERROR_TEMPORARY, "%s asks for a pause (HTTP 429)", http->host);
	return error_set(err, ERROR_TEMPORARY, "%s is out of order for now (HTTP %ld)", http->host,
		http->status);
}

static bool is_success(const struct http_reply *http)
{
	return http->status >= 200 && http->status < 300;
}

static bool is_redirect(const struct http_reply *http)
{
	return http->status >= 300 && http->status < 400;
}

static bool is_web_page(const struct http_reply *http)
{
	const char *body = buffer_text(&http->body);

	return strncasecmp(http->content_type, "text/html", 9) == 0 ||
		body[strspn(body, " \t\r\n")] == '<';
}

/* An answer that is no JSON: named as what it is. */
static bool judge_nonsense(const struct http_reply *http, struct error *err)
{
	if (is_redirect(http))
		return error_set(err, ERROR_SERVER,
			"%s redirects (HTTP %ld%s%s), which a token "
			"endpoint must not",
			http->host, http->status, http->location[0] != '\0' ? " to " : "",
			http->location);
	if (http->body.len == 0)
		return error_set(err, ERROR_SERVER, "%s answered HTTP %ld with an empty body",
			http->host, http->status);
	if (!buffer_ok(&http->body) && !is_web_page(http))
		return error_set(err, ERROR_SERVER, "%s answered HTTP %ld with more than %d octets",
			http->host, http->status, HTTP_BODY_MAX);
	if (is_web_page(http))
		return error_set(err, ERROR_SERVER,
			"%s answered HTTP %ld with a web page (HTML), not with JSON", http->host,
			http->status);
	return error_set(err, ERROR_SERVER,
		"%s answered HTTP %ld, but the body is not a JSON object", http->host,
		http->status);
}

/* JSON that says neither yes nor no. */
static bool judge_silence(const struct http_reply *http, struct error *err)
{
	return error_set(err, ERROR_SERVER, "%s answered HTTP %ld without %s", http->host,
		http->status, is_success(http) ? "an access token" : "naming an error");
}

static bool judge(const struct grant_request *request, const struct http_reply *http,
	struct reply *reply, struct error *err)
{
	bool whole = buffer_ok(&http->body) && http->body.len > 0;
	bool parsed = whole && reply_parse(http->body.data, http->body.len, reply, err);

	if (is_transient(http->status))
		return judge_status(http, err);
	if (parsed && reply->error[0] != '\0')
		return judge_error(request, http, reply, err);
	if (parsed && is_success(http) && reply->access_token[0] != '\0')
		return true;
	if (parsed && !is_redirect(http))
		return judge_silence(http, err);
	/* An object with a member that cannot be used: reply_parse has said which. */
	if (whole && is_success(http) && reply->expires_in > 0)
		return false;
	return judge_nonsense(http, err);
}

/* A server may repeat what it was sent in what we are going to show. */
static void withhold(const char *secret, size_t len, struct reply *reply, struct error *err)
{
	error_redact(err->cause, secret, len);
	error_redact(reply->error, secret, len);
	error_redact(reply->scope, secret, len);
}

/* Sends form with the client's credentials added. */
static bool exchange(const struct grant_request *request, const char *url, struct buffer *form,
	struct http_reply *http, struct grant_notes *notes, struct error *err)
{
	struct buffer user = BUFFER(FORM_MAX), password = BUFFER(FORM_MAX);
	const struct credential credential = {request->account, request->secret, request->now};

	bool ok = false;

	*notes = (struct grant_notes){.retry_after = -1};
	if (!credential_authenticate(&credential, form, &user, &password, err)) {
		ok = false;
	} else if (!buffer_ok(form) || !buffer_ok(&user) || !buffer_ok(&password)) {
		error_set(err, ERROR_SYSTEM, "the request is too large");
	} else if (post(request, url, form, &user, &password, http, err)) {
		*notes = (struct grant_notes){true, http->date, http->retry_after};
		ok = true;
	} else {
		notes->answered = err->kind != ERROR_CONFIG && err->kind != ERROR_SYSTEM;
	}
	buffer_free(&user);
	buffer_free(&password);
	return ok;
}

/* Asks the token endpoint; used is the credential of form that must never be shown. */
static bool ask_for_token(const struct grant_request *request, struct buffer *form,
	const char *used, struct reply *reply, struct grant_notes *notes, struct error *err)
{
	const char *url = account_value(request->account, ACCOUNT_TOKEN_ENDPOINT);
	struct http_reply http = {0};
	bool ok = false;

	memset(reply, 0, sizeof(*reply));
	if (exchange(request, url, form, &http, notes, err)) {
		ok = judge(request, &http, reply, err);
		withhold(used, strlen(used), reply, err);
		withhold(buffer_text(request->secret), request->secret->len, reply, err);
		error_redact(err->cause, reply->access_token, strlen(reply->access_token));
		error_redact(err->cause, reply->refresh_token, strlen(reply->refresh_token));
	}
	buffer_free(form);
	buffer_free(&http.body);
	return ok;
}

bool grant_refresh(const struct grant_request *request, const char *refresh_token,
	struct reply *reply, struct grant_notes *notes, struct error *err)
{
	const char *scope = account_value(request->account, ACCOUNT_SCOPE);
	struct buffer form = BUFFER(FORM_MAX);

	http_form_add(&form, "grant_type", "refresh_token");
	http_form_add(&form, "refresh_token", refresh_token);
	http_form_add(&form, "scope", scope[0] != '\0' ? scope : request->scope);
	return ask_for_token(request, &form, refresh_token, reply, notes, err);
}

bool grant_unattended(const struct grant_request *request, struct reply *reply,
	struct grant_notes *notes, struct error *err)
{
	const struct credential credential = {request->account, request->secret, request->now};
	struct buffer form = BUFFER(FORM_MAX), assertion = BUFFER(FORM_MAX);
	bool ok = true;

	memset(reply, 0, sizeof(*reply));
	*notes = (struct grant_notes){.retry_after = -1};
	if (request->account->values[ACCOUNT_SERVICE_ACCOUNT_FILE] != NULL) {
		ok = credential_assert_user(&credential, &assertion, err);
		http_form_add(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
		http_form_add(&form, "assertion", buffer_text(&assertion));
	} else {
		http_form_add(&form, "grant_type", "client_credentials");
		http_form_add(&form, "scope", request->scope);
	}
	ok = ok && ask_for_token(request, &form, buffer_text(&assertion), reply, notes, err);
	buffer_free(&form);
	buffer_free(&assertion);
	return ok;
}

bool grant_code(const struct grant_request *request, const struct grant_code *code,
	struct reply *reply, struct grant_notes *notes, struct error *err)
{
	struct buffer form = BUFFER(FORM_MAX);
	bool ok;

	http_form_add(&form, "grant_type", "authorization_code");
	http_form_add(&form, "code", code->code);
	http_form_add(&form, "redirect_uri", code->redirect_uri);
	http_form_add(&form, "code_verifier", code->verifier);
	ok = ask_for_token(request, &form, code->code, reply, notes, err);
	withhold(code->verifier, strlen(code->verifier), reply, err);
	return ok;
}

bool grant_device(const struct grant_request *request, const char *device_code, struct reply *reply,
	struct grant_notes *notes, struct error *err)
{
	struct buffer form = BUFFER(FORM_MAX);

	http_form_add(&form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
	http_form_add(&form, "device_code", device_code);
	return ask_for_token(request, &form, device_code, reply, notes, err);
}

bool grant_device_start(const struct grant_request *request, struct device_reply *device,
	struct reply *reply, struct error *err)
{
	const char *url = account_value(request->account, ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT);
	struct buffer form = BUFFER(FORM_MAX);
	struct http_reply http = {0};
	struct grant_notes notes;
	bool ok = false;

	memset(reply, 0, sizeof(*reply));
	http_form_add(&form, "scope", request->scope);
	if (exchange(request, url, &form, &http, &notes, err)) {
		/* An error looks like one of a token endpoint. */
		if (is_success(&http) && buffer_ok(&http.body) && http.body.len > 0)
			ok = reply_parse_device(http.body.data, http.body.len, device, err);
		else
			judge(request, &http, reply, err);
		withhold(buffer_text(request->secret), request->secret->len, reply, err);
	}
	buffer_free(&form);
	buffer_free(&http.body);
	return ok;
}

/* ---- revocation ---- */

static bool judge_revocation(const struct grant_request *request, const struct http_reply *http,
	struct reply *reply, struct error *err)
{
	bool whole = buffer_ok(&http->body) && http->body.len > 0;

	if (is_success(http) && !is_web_page(http))
		return true;
	if (is_transient(http->status))
		return judge_status(http, err);
	if (!whole || !reply_parse(http->body.data, http->body.len, reply, err))
		return judge_nonsense(http, err);
	/* Google's way to say that it is dead already; RFC 7009 s.2.2 wants a 200. */
	if (strcmp(reply->error, "invalid_token") == 0)
		return true;
	if (reply->error[0] == '\0')
		return judge_silence(http, err);
	return judge_error(request, http, reply, err);
}

bool grant_revoke(const struct grant_request *request, const char *refresh_token, struct error *err)
{
	const char *url = account_value(request->account, ACCOUNT_REVOCATION_ENDPOINT);
	struct buffer form = BUFFER(FORM_MAX);
	struct reply *reply = calloc(1, sizeof(*reply));
	struct http_reply http = {0};
	struct grant_notes notes;
	bool ok = false;

	http_form_add(&form, "token", refresh_token);
	http_form_add(&form, "token_type_hint", "refresh_token");
	if (reply == NULL) {
		error_set(err, ERROR_SYSTEM, "out of memory");
	} else if (exchange(request, url, &form, &http, &notes, err)) {
		ok = judge_revocation(request, &http, reply, err);
		withhold(refresh_token, strlen(refresh_token), reply, err);
		withhold(buffer_text(request->secret), request->secret->len, reply, err);
	}
	if (reply != NULL)
		wipe(reply, sizeof(*reply));
	free(reply);
	buffer_free(&form);
	buffer_free(&http.body);
	return ok;
}
