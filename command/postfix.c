#include "postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "ask.h"
#include "keyfile.h"
#include "settings.h"

enum { SECONDS = 10, OUTPUT_MAX = 512 * 1024, TABLE_MAX = 256 * 1024 };

struct postfix {
	const struct findings *findings;
	char postconf[PATH_SIZE];
	struct buffer parameters; /* NAME = VALUE lines, expanded */
	struct buffer overrides;  /* smtp/unix/NAME = VALUE lines of master.cf */
};

/* ---- what postconf says ---- */

static bool run_postconf(const struct postfix *postfix, const char *option, const char *operand,
	struct buffer *output, struct error *err)
{
	const struct buffer nothing = BUFFER(0);
	int status = -1;
	const struct ask ask = {.program = postfix->postconf,
		.verb = option,
		.account = operand,
		.keep_stderr = false,
		.seconds = SECONDS,
		.exit_status = &status};

	if (!ask_program(&ask, &nothing, output, err) && status != 0)
		return false;
	return true;
}

/* Copies the value of the line that begins with name and " = ". */
static bool find_line(const struct buffer *lines, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);
	const char *line = buffer_text(lines);

	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, name, len) != 0 || strncmp(line + len, " =", 2) != 0)
			continue;
		line += len + 2;
		line += strspn(line, " ");
		snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
		return true;
	}
	return false;
}

/* A parameter as the service smtp sees it; "" if it is not set. */
static const char *value_of(
	const struct postfix *postfix, const char *name, char *value, size_t size)
{
	char override[128];

	value[0] = '\0';
	snprintf(override, sizeof(override), "smtp/unix/%s", name);
	if (!find_line(&postfix->overrides, override, value, size))
		find_line(&postfix->parameters, name, value, size);
	return value;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (list += strspn(list, ", \t"); *list != '\0'; list += strspn(list, ", \t")) {
		size_t next = strcspn(list, ", \t");

		if (next == len && strncasecmp(list, word, len) == 0)
			return true;
		list += next;
	}
	return false;
}

/* ---- judging ---- */

static void judge(const struct postfix *postfix, bool good, enum finding_level level,
	const char *name, const char *value, const char *why, const char *better)
{
	struct error err = {0};

	if (good) {
		finding_ok(postfix->findings, name, "%s", value[0] != '\0' ? value : "not set");
		return;
	}
	error_set(&err, ERROR_CONFIG, "`%.200s`: %s", value, why);
	error_hint(&err, "postconf -e '%s = %s' && postfix reload", name, better);
	if (level == FINDING_WARN)
		finding_warn(postfix->findings, name, &err);
	else
		finding_fail(postfix->findings, name, &err);
}

static void judge_sasl(const struct postfix *postfix)
{
	char value[512];

	value_of(postfix, "smtp_sasl_auth_enable", value, sizeof(value));
	judge(postfix, strcmp(value, "yes") == 0, FINDING_FAIL, "smtp_sasl_auth_enable", value,
		"nobody logs in anywhere", "yes");
	value_of(postfix, "smtp_sasl_type", value, sizeof(value));
	judge(postfix, strcmp(value, "cyrus") == 0, FINDING_FAIL, "smtp_sasl_type", value,
		"only cyrus loads plugins of libsasl2", "cyrus");
	value_of(postfix, "smtp_sasl_mechanism_filter", value, sizeof(value));
	if (value[0] == '\0')
		judge(postfix, false, FINDING_WARN, "smtp_sasl_mechanism_filter", value,
			"another mechanism may be taken", "xoauth2");
	else
		judge(postfix, has_word(value, "xoauth2") || has_word(value, "oauthbearer"),
			FINDING_FAIL, "smtp_sasl_mechanism_filter", value,
			"neither xoauth2 nor oauthbearer is among them", "xoauth2");
	/* Behind TLS the first of these counts, and by default it is the second. */
	value_of(postfix, "smtp_sasl_tls_security_options", value, sizeof(value));
	if (value[0] == '\0' || strstr(value, "$smtp_sasl_security_options") != NULL)
		value_of(postfix, "smtp_sasl_security_options", value, sizeof(value));
	judge(postfix, !has_word(value, "noplaintext"), FINDING_FAIL,
		"smtp_sasl_tls_security_options", value,
		"noplaintext rules out every token, which can be read like a password",
		"noanonymous");
}

static void judge_tls(const struct postfix *postfix)
{
	char value[512];
	bool verified, encrypted;

	value_of(postfix, "smtp_tls_security_level", value, sizeof(value));
	verified = strcmp(value, "secure") == 0 || strcmp(value, "verify") == 0 ||
		strcmp(value, "dane-only") == 0 || strcmp(value, "fingerprint") == 0;
	encrypted = verified || strcmp(value, "encrypt") == 0 || strcmp(value, "dane") == 0;
	judge(postfix, verified, encrypted ? FINDING_WARN : FINDING_FAIL, "smtp_tls_security_level",
		value,
		encrypted ? "the token goes to whoever answers, for no certificate is verified"
			  : "the token may travel in the clear",
		"secure");
}

/* ---- the service ---- */

/* Where smtp in the queue directory finds the door; true if somebody has put it there. */
static bool has_door(const struct postfix *postfix, char path[2 * PATH_SIZE])
{
	char queue[PATH_SIZE] = "";
	struct stat status;

	find_line(&postfix->parameters, "queue_directory", queue, sizeof(queue));
	snprintf(path, 2 * PATH_SIZE, "%s%s", queue, SASLFRESH_SOCKET);
	return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void judge_chroot(const struct postfix *postfix)
{
	struct buffer output = BUFFER(OUTPUT_MAX);
	struct error err = {0};
	char chroot[8] = "", path[2 * PATH_SIZE];

	if (!run_postconf(postfix, "-M", "smtp/unix", &output, &err) ||
		sscanf(buffer_text(&output), "%*s %*s %*s %*s %7s", chroot) != 1) {
		error_set(&err, ERROR_CONFIG, "there is no service smtp/unix in master.cf");
		error_hint(&err, "postconf -M smtp/unix='smtp unix - - n - - smtp'");
		finding_fail(postfix->findings, "master.cf", &err);
	} else if (strcmp(chroot, "y") == 0 && has_door(postfix, path)) {
		finding_ok(postfix->findings, "master.cf",
			"smtp runs in a chroot, and gets its tokens at %s", path);
	} else if (strcmp(chroot, "y") == 0) {
		error_set(&err, ERROR_CONFIG,
			"smtp runs in a chroot, where nothing can renew a token, and there is no "
			"socket %s",
			path);
		error_hint(&err,
			"systemctl enable --now saslfresh.socket, or: postconf -F "
			"smtp/unix/chroot=n && postfix reload");
		finding_fail(postfix->findings, "master.cf", &err);
	} else {
		finding_ok(postfix->findings, "master.cf", "smtp runs outside of a chroot (%s)",
			chroot);
	}
	buffer_free(&output);
}

/* ---- the account ---- */

/* True if a word of text, up to a colon, is name: the user of a "HOST user:password" line. */
static bool names_user(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
		if ((at == text || strchr(" \t={", at[-1]) != NULL) && at[len] == ':')
			return true;
	return false;
}

/* The source of "TYPE:FILE"; what needs a server to be read is not. */
static bool read_table(const char *map, struct buffer *text, struct error *err)
{
	const char *path = strchr(map, ':');
	struct stat status;

	if (path == NULL || path[1] != '/')
		return error_set(
			err, ERROR_CONFIG, "what is in %.200s cannot be seen from here", map);
	return keyfile_load(path + 1, KEYFILE_PUBLIC, 0, text, &status, err) &&
		(status.st_nlink > 0 || error_set(err, ERROR_CONFIG, "there is no %s", path + 1));
}

static void judge_passwords(const struct postfix *postfix, const struct account *account)
{
	struct buffer text = BUFFER(TABLE_MAX);
	struct error err = {0};
	char map[2048];
	bool found;

	value_of(postfix, "smtp_sasl_password_maps", map, sizeof(map));
	if (map[0] == '\0')
		error_set(&err, ERROR_CONFIG, "it is not set, so nobody logs in");
	else if (strncmp(map, "inline:", 7) == 0 || read_table(map, &text, &err)) {
		found = names_user(text.len > 0 ? buffer_text(&text) : map, account->name);
		if (!found)
			error_set(&err, ERROR_CONFIG, "%.100s is not in %.200s", account->name,
				strncmp(map, "inline:", 7) == 0 ? "it" : map);
	}
	buffer_free(&text);
	if (err.kind == ERROR_NONE) {
		finding_ok(postfix->findings, "smtp_sasl_password_maps", "has %s", account->name);
		return;
	}
	error_hint(&err, "saslfresh config-for postfix %.100s", account->name);
	if (err.kind == ERROR_CONFIG && map[0] != '\0' &&
		strstr(err.cause, "cannot be seen") != NULL)
		finding_warn(postfix->findings, "smtp_sasl_password_maps", &err);
	else
		finding_fail(postfix->findings, "smtp_sasl_password_maps", &err);
}

static void judge_place(const struct postfix *postfix, const struct account *account)
{
	struct error err = {0};
	char value[2048];

	value_of(postfix, "import_environment", value, sizeof(value));
	if (has_word(value, "HOME") || strstr(value, "HOME=") != NULL) {
		error_set(&err, ERROR_CONFIG,
			"smtp gets a HOME, so that accounts are looked for there first");
		error_hint(&err, "postconf -# import_environment && postfix reload");
		finding_warn(postfix->findings, "import_environment", &err);
	}
	if (account == NULL || !account->place.personal)
		return;
	error_set(
		&err, ERROR_CONFIG, "it is a person's, and Postfix sees those of the system alone");
	error_hint(&err, "move [account %.100s] to the system's configuration, see saslfresh(8)",
		account->name);
	finding_fail(postfix->findings, "account", &err);
}

void postfix_check(const struct account *account, const struct findings *findings)
{
	struct postfix postfix = {.findings = findings,
		.parameters = BUFFER(OUTPUT_MAX),
		.overrides = BUFFER(OUTPUT_MAX)};
	struct error err = {0}, ignored;

	if (!settings_program("postconf", postfix.postconf)) {
		error_set(
			&err, ERROR_SYSTEM, "there is no postconf in PATH, nor where it should be");
		error_hint(&err, "apt install postfix");
		finding_fail(findings, "postfix", &err);
	} else if (!run_postconf(&postfix, "-x", NULL, &postfix.parameters, &err)) {
		error_hint(&err, "postfix check");
		finding_fail(findings, "postfix", &err);
	} else {
		run_postconf(&postfix, "-P", "smtp/unix", &postfix.overrides, &ignored);
		judge_chroot(&postfix);
		judge_sasl(&postfix);
		judge_tls(&postfix);
		judge_place(&postfix, account);
		if (account != NULL)
			judge_passwords(&postfix, account);
	}
	buffer_free(&postfix.parameters);
	buffer_free(&postfix.overrides);
}
