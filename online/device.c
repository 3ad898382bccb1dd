#include "device.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "consent.h"
#include "prompt.h"
#include "qr.h"

enum { INTERVAL = 5, SLOWER = 5, INTERVAL_MAX = 60 }; /* seconds; RFC 8628 s.3.2 and s.3.5 */

struct device {
	const struct login *login;
	struct supplies supplies;
	struct device_reply reply;
	int64_t interval;
	int64_t deadline; /* milliseconds */
	char error[64];	  /* of the last answer; "" if it named none */
	bool forbidden;
};

/* Where the flow itself is forbidden the other one may be allowed. */
static void explain(struct device *device, const char *error, struct error *err)
{
	static const char refused[] = "unauthorized_client invalid_scope unsupported_grant_type "
				      "interaction_required";

	bool unclear = strcmp(error, "invalid_request") == 0;

	if (strstr(err->cause, "AADSTS53003") == NULL && !list_contains(refused, error) && !unclear)
		return;
	device->forbidden = true;
	err->hint[0] = '\0';
	if (unclear)
		error_hint(err,
			"the client may not be allowed to use device codes; with a browser: "
			"saslfresh login %s",
			device->login->online.account->name);
	error_hint(err,
		"device codes are not allowed here for this client or by the organisation; with a "
		"browser: saslfresh login %s",
		device->login->online.account->name);
}

static bool has_endpoint(struct device *device, struct error *err)
{
	const struct account *account = device->login->online.account;

	if (account->values[ACCOUNT_DEVICE_AUTHORIZATION_ENDPOINT] != NULL)
		return true;
	device->forbidden = true;
	if (strcmp(account_value(account, ACCOUNT_ISSUER), "https://accounts.google.com") == 0)
		error_set(err, ERROR_CONFIG,
			"Google has no device flow for mail: its device codes are for other scopes "
			"alone");
	else
		error_set(err, ERROR_CONFIG, "account %s has no device_authorization_endpoint",
			account->name);
	return error_hint(err,
		"with a browser, here or on another machine, without --device: saslfresh login %s",
		account->name);
}

static bool begin(struct device *device, struct error *err)
{
	const struct online *online = &device->login->online;
	struct buffer scope = BUFFER(TOKEN_SCOPE_MAX);
	struct reply *reply = calloc(1, sizeof(*reply));
	bool ok = reply != NULL || error_set(err, ERROR_SYSTEM, "out of memory");

	ok = ok && has_endpoint(device, err) &&
		supplies_get(online->account, &device->supplies, err);
	consent_scope(online->account, &scope);
	if (ok) {
		const struct grant_request request = {.config = online->config,
			.account = online->account,
			.secret = &device->supplies.secret,
			.scope = buffer_text(&scope),
			.now = online->now};

		ok = grant_device_start(&request, &device->reply, reply, err);
		if (!ok)
			explain(device, reply->error, err);
	}
	/* Not before: where the server forbids this flow, the other one wants a browser. */
	if (!device->forbidden)
		online_confine(online);
	free(reply);
	buffer_free(&scope);
	return ok;
}

static void show_code(const struct device *device)
{
	const struct device_reply *reply = &device->reply;
	bool complete = reply->verification_uri_complete[0] != '\0';

	prompt_say("To log in to %s, open this address in any browser:\n\n  %s\n\n"
		   "and enter the code:\n\n  %s\n\n",
		device->login->online.account->name, reply->verification_uri, reply->user_code);
	if (complete)
		prompt_say("or open this address, which has the code in it:\n\n  %s\n\n",
			reply->verification_uri_complete);
	if (qr_show(complete ? reply->verification_uri_complete : reply->verification_uri))
		prompt_say("\nThe camera of a phone reads %s from this picture.\n",
			complete ? "the last one" : "the address");
	prompt_say("Waiting for the answer.\n");
}

static bool ask_once(void *context, const struct grant_request *request, struct reply *reply,
	struct grant_notes *notes, struct error *err)
{
	struct device *device = context;
	bool ok = grant_device(request, device->reply.device_code, reply, notes, err);

	memcpy(device->error, reply->error, sizeof(device->error));
	return ok;
}

static bool pause_for(const struct device *device, struct error *err)
{
	struct pollfd parent = {.fd = device->login->parent_fd, .events = POLLIN | POLLRDHUP};

	poll(&parent, 1, (int)(device->interval * 1000));
	return !granted_is_abandoned(device->login, err);
}

/* True if it is worth asking again, and at what interval. */
static bool may_ask_again(struct device *device, const struct error *err)
{
	if (strcmp(device->error, "authorization_pending") == 0)
		return true;
	if (err->kind != ERROR_TEMPORARY)
		return false;
	if (strcmp(device->error, "slow_down") == 0)
		device->interval += SLOWER;
	else
		device->interval *= 2;
	if (device->interval > INTERVAL_MAX)
		device->interval = INTERVAL_MAX;
	return true;
}

static bool has_expired(const struct device *device, struct error *err)
{
	if (strcmp(device->error, "expired_token") != 0 && clock_milliseconds() < device->deadline)
		return false;
	error_set(err, ERROR_LOGIN, "the code has expired before anybody used it");
	error_hint(err, "again: saslfresh login %s --device", device->login->online.account->name);
	return true;
}

static bool wait_for_grant(struct device *device, struct error *err)
{
	const struct granted_request request = {ask_once, device};

	for (;;) {
		if (!pause_for(device, err))
			return false;
		device->error[0] = '\0';
		if (granted_store(device->login, &device->supplies, &request, err))
			return true;
		granted_unlock(device->login);
		if (has_expired(device, err))
			return false;
		if (!may_ask_again(device, err)) {
			explain(device, device->error, err);
			return false;
		}
	}
}

static int64_t at_most(int64_t value, int64_t max)
{
	return value < max ? value : max;
}

bool login_by_device(const struct login *login, bool *forbidden, struct error *err)
{
	struct device device = {.login = login, .interval = INTERVAL};
	int64_t seconds = LOGIN_SECONDS;
	bool ok = begin(&device, err);

	if (ok) {
		granted_unlock(login);
		if (device.reply.interval > 0)
			device.interval = at_most(device.reply.interval, INTERVAL_MAX);
		if (device.reply.expires_in > 0)
			seconds = at_most(device.reply.expires_in, LOGIN_SECONDS);
		device.deadline = clock_milliseconds() + seconds * 1000;
		show_code(&device);
		ok = wait_for_grant(&device, err);
	}
	*forbidden = device.forbidden;
	supplies_free(&device.supplies);
	wipe(&device, sizeof(device));
	return ok;
}
