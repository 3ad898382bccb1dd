#include "login.h"

#include <poll.h>
#include <string.h>

#include "ask.h"
#include "browser.h"
#include "consent.h"
#include "prompt.h"
#include "redirect.h"

enum { REMARKS_MAX = 8 }; /* on redirects that were refused: more would hide what matters */

static const char default_uri[] = "http://127.0.0.1";

struct waiting {
	const struct login *login;
	struct consent consent;
	struct redirect redirect; /* port 0: nobody listens, only a paste will do */
	struct prompt prompt;
	enum consent_verdict verdict;
	struct error why; /* of the last response that did not count */
	int remarks;
};

/* ---- before ---- */

static bool open_listener(struct waiting *waiting, struct error *err)
{
	const struct account *account = waiting->login->online.account;
	const char *uri = account_value(account, ACCOUNT_REDIRECT_URI);
	char full[CONSENT_URI_SIZE];

	if (*uri == '\0')
		uri = default_uri;
	if (!redirect_is_local(uri))
		return consent_start(account, uri, &waiting->consent, err);
	return redirect_open(&waiting->redirect, uri, full, sizeof(full), err) &&
		consent_start(account, full, &waiting->consent, err);
}

static void show_address(const struct waiting *waiting, const char *url)
{
	const char *name = waiting->login->online.account->name;
	int port = waiting->redirect.port;
	char tunnel[256];

	if (port > 0 && browser_is_elsewhere(port, tunnel, sizeof(tunnel)) && *tunnel != '\0')
		prompt_say("To log in to %s, run this where your browser is, and leave it "
			   "open:\n\n  %s\n\nThen open this address there:\n\n  %s\n\n",
			name, tunnel, url);
	else if (browser_open(url))
		prompt_say("To log in to %s, your browser should now show this address; if not, "
			   "open it:\n\n  %s\n\n",
			name, url);
	else
		prompt_say(
			"To log in to %s, open this address in a browser:\n\n  %s\n\n", name, url);
	if (waiting->prompt.terminal)
		prompt_say("Waiting for the answer. Where the browser cannot reach this machine, "
			   "paste the\naddress at which it ended, or the code it shows, and press "
			   "Enter (nothing is shown).\n");
}

/* ---- waiting ---- */

static bool take(void *context, const char *query)
{
	struct waiting *waiting = context;

	waiting->verdict = consent_judge(&waiting->consent, query, &waiting->why);
	if (waiting->verdict == CONSENT_FOREIGN && waiting->remarks++ < REMARKS_MAX)
		prompt_say("saslfresh: a request was turned away: %s\n", waiting->why.cause);
	return waiting->verdict != CONSENT_FOREIGN;
}

/* A terminal may try again; what was piped in counts once. False with err if it did not. */
static bool judge_line(struct waiting *waiting, enum prompt_event event, struct error *err)
{
	if (event == PROMPT_TOO_LONG)
		error_set(&waiting->why, ERROR_LOGIN, "what was pasted is longer than %d octets",
			PROMPT_LINE_MAX);
	else
		waiting->verdict = consent_judge_line(
			&waiting->consent, buffer_text(&waiting->prompt.line), &waiting->why);
	if (waiting->verdict != CONSENT_FOREIGN)
		return true;
	if (!waiting->prompt.terminal) {
		*err = waiting->why;
		return false;
	}
	prompt_say("saslfresh: %s%s%s%s; try again\n", waiting->why.cause,
		waiting->why.hint[0] != '\0' ? " (" : "", waiting->why.hint,
		waiting->why.hint[0] != '\0' ? ")" : "");
	return true;
}

static bool read_prompt(struct waiting *waiting, struct error *err)
{
	enum prompt_event event;

	prompt_read(&waiting->prompt);
	while (waiting->verdict == CONSENT_FOREIGN) {
		event = prompt_next(&waiting->prompt);
		if (event == PROMPT_NOTHING)
			return true;
		if (event == PROMPT_END)
			return waiting->redirect.port > 0 ||
				error_set(err, ERROR_LOGIN, "no address and no code was given");
		if (!judge_line(waiting, event, err))
			return false;
	}
	return true;
}

static bool wait_once(struct waiting *waiting, int64_t left, struct error *err)
{
	const struct redirect_judge judge = {take, waiting};
	struct pollfd fds[REDIRECT_FDS + 2];
	struct pollfd *prompt = &fds[REDIRECT_FDS], *parent = &fds[REDIRECT_FDS + 1];

	for (int i = 0; i < REDIRECT_FDS; i++)
		fds[i] = (struct pollfd){.fd = -1};
	if (waiting->redirect.port > 0)
		redirect_watch(&waiting->redirect, fds);
	*prompt = (struct pollfd){.fd = waiting->prompt.fd, .events = POLLIN};
	*parent = (struct pollfd){.fd = waiting->login->parent_fd, .events = POLLIN | POLLRDHUP};
	if (poll(fds, REDIRECT_FDS + 2, left < 1000 ? (int)left : 1000) < 0)
		return true;
	if (granted_is_abandoned(waiting->login, err))
		return false;
	if (waiting->redirect.port > 0)
		redirect_serve(&waiting->redirect, fds, clock_milliseconds(), &judge);
	return waiting->verdict != CONSENT_FOREIGN || prompt->revents == 0 ||
		read_prompt(waiting, err);
}

static bool wait_for_code(struct waiting *waiting, struct error *err)
{
	int64_t deadline = clock_milliseconds() + LOGIN_SECONDS * 1000;

	while (waiting->verdict == CONSENT_FOREIGN) {
		int64_t left = deadline - clock_milliseconds();

		if (left <= 0)
			return error_set(err, ERROR_LOGIN, "no answer came within %d minutes",
				LOGIN_SECONDS / 60);
		if (!wait_once(waiting, left, err))
			return false;
	}
	if (waiting->verdict == CONSENT_GIVEN)
		return true;
	*err = waiting->why;
	return false;
}

/* ---- after ---- */

static bool ask_for_grant(void *context, const struct grant_request *request, struct reply *reply,
	struct grant_notes *notes, struct error *err)
{
	const struct consent *consent = context;
	const struct grant_code code = {consent->code, consent->redirect_uri, consent->verifier};

	return grant_code(request, &code, reply, notes, err);
}

bool login_by_code(const struct login *login, struct error *err)
{
	struct waiting waiting = {.login = login, .verdict = CONSENT_FOREIGN};
	const struct granted_request request = {ask_for_grant, &waiting.consent};
	struct buffer url = BUFFER(CONSENT_URL_MAX);
	struct supplies supplies;
	bool ok = supplies_get(login->online.account, &supplies, err);

	prompt_start(&waiting.prompt, login->input_fd);
	ok = ok && open_listener(&waiting, err) && consent_url(&waiting.consent, &url, err);
	if (ok) {
		granted_unlock(login);
		/* A browser is not to live in our sandbox. */
		show_address(&waiting, buffer_text(&url));
		online_confine(&login->online);
		ok = wait_for_code(&waiting, err);
	}
	redirect_close(&waiting.redirect);
	prompt_stop(&waiting.prompt);
	ok = ok && granted_store(login, &supplies, &request, err);
	supplies_free(&supplies);
	consent_wipe(&waiting.consent);
	buffer_free(&url);
	return ok;
}
