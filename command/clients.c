#include "clients.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyfile.h"
#include "settings.h"

enum { FILE_MAX = 256 * 1024, PROGRAM_MAX = 8 * 1024 * 1024, VALUE_MAX = 512 };

/* The lines of one section that matter; "" where there is none. */
struct section {
	char user[VALUE_MAX], mechanisms[VALUE_MAX], tls[VALUE_MAX], command[VALUE_MAX];
};

struct dialect {
	const char *mailer;
	const char *begins[3]; /* the words that begin a section */
	const char *user, *mechanisms, *tls[2], *command;
	void (*judge)(const struct section *section, const struct account *account,
		const struct findings *findings);
};

/* ---- lines ---- */

/* The first word of line, and what follows it without blanks and quotes around. */
static const char *split(char *line)
{
	char *rest = line + strcspn(line, " \t");
	size_t len;

	if (*rest != '\0')
		*rest++ = '\0';
	rest += strspn(rest, " \t\"");
	len = strlen(rest);
	while (len > 0 && strchr(" \t\r\"", rest[len - 1]) != NULL)
		rest[--len] = '\0';
	return rest;
}

static bool is_one(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (words[i] != NULL && strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

static void take(char value[VALUE_MAX], const char *text)
{
	snprintf(value, VALUE_MAX, "%s", text);
}

static bool uses(const struct section *section, const struct account *account)
{
	return strcmp(section->user, account->name) == 0 ||
		strcmp(section->user, account_user(account, NULL)) == 0 ||
		strcmp(section->user, account_user(account, "imap")) == 0 ||
		strcmp(section->user, account_user(account, "smtp")) == 0;
}

/* Judges each section that uses the account; gives how many those are. */
static int read_sections(const struct dialect *dialect, struct buffer *text,
	const struct account *account, const struct findings *findings)
{
	struct section section = {0};
	char *line = text->data;
	int count = 0;

	while (line != NULL) {
		char *end = strchr(line, '\n');
		const char *rest;

		if (end != NULL)
			*end++ = '\0';
		line += strspn(line, " \t");
		rest = split(line);
		if (is_one(line, dialect->begins, 3) || end == NULL) {
			if (uses(&section, account)) {
				dialect->judge(&section, account, findings);
				count++;
			}
			section = (struct section){0};
		}
		if (strcasecmp(line, dialect->user) == 0)
			take(section.user, rest);
		else if (strcasecmp(line, dialect->mechanisms) == 0)
			take(section.mechanisms, rest);
		else if (is_one(line, dialect->tls, 2))
			take(section.tls, rest);
		else if (strcasecmp(line, dialect->command) == 0)
			take(section.command, rest);
		line = end;
	}
	return count;
}

/* ---- judging ---- */

static bool names_ours(const char *mechanisms)
{
	return strcasestr(mechanisms, "xoauth2") != NULL ||
		strcasestr(mechanisms, "oauthbearer") != NULL;
}

static void complain(const char *mailer, const struct account *account,
	const struct findings *findings, bool fatal, const char *found)
{
	struct error err = {0};

	error_set(&err, ERROR_CONFIG, "%s", found);
	error_hint(&err, "saslfresh config-for %s %.100s --write", mailer, account->name);
	if (fatal)
		finding_fail(findings, mailer, &err);
	else
		finding_warn(findings, mailer, &err);
}

static void judge_mbsync(const struct section *section, const struct account *account,
	const struct findings *findings)
{
	char found[VALUE_MAX * 2];

	if (section->mechanisms[0] == '\0' || strchr(section->mechanisms, '*') != NULL) {
		complain("mbsync", account, findings, false,
			"AuthMechs names no mechanism, so that another one may be taken");
	} else if (!names_ours(section->mechanisms)) {
		snprintf(found, sizeof(found), "AuthMechs %s leaves out XOAUTH2",
			section->mechanisms);
		complain("mbsync", account, findings, true, found);
	} else if (strcasecmp(section->tls, "None") == 0) {
		complain("mbsync", account, findings, true, "without TLS no token should be sent");
	} else if (strcmp(section->user, account->name) != 0) {
		snprintf(found, sizeof(found),
			"User is %s; the plugin wants the name of the account", section->user);
		complain("mbsync", account, findings, true, found);
	} else {
		finding_ok(findings, "mbsync", "User %s, AuthMechs %s", section->user,
			section->mechanisms);
	}
}

static void judge_msmtp(const struct section *section, const struct account *account,
	const struct findings *findings)
{
	char found[VALUE_MAX * 2], wanted[VALUE_MAX];

	snprintf(wanted, sizeof(wanted), "token %.400s", account->name);
	if (!names_ours(section->mechanisms)) {
		snprintf(found, sizeof(found), "`auth %s` is neither xoauth2 nor oauthbearer",
			section->mechanisms);
		complain("msmtp", account, findings, true, found);
	} else if (strstr(section->command, wanted) == NULL) {
		complain("msmtp", account, findings, true,
			"passwordeval does not run saslfresh token for this account");
	} else if (strcasecmp(section->tls, "on") != 0) {
		complain("msmtp", account, findings, true,
			"without `tls on` no token should be sent");
	} else {
		finding_ok(findings, "msmtp", "user %s, auth %s, passwordeval runs saslfresh",
			section->user, section->mechanisms);
	}
}

static const struct dialect mbsync = {"mbsync", {"IMAPAccount", "IMAPStore", "MaildirStore"},
	"User", "AuthMechs", {"SSLType", "TLSType"}, "PassCmd", judge_mbsync};
static const struct dialect msmtp = {
	"msmtp", {"account"}, "user", "auth", {"tls"}, "passwordeval", judge_msmtp};

/* ---- the whole ---- */

static bool load(const char *path, struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char block[4096];
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, block, sizeof(block))) > 0)
		buffer_add(text, block, (size_t)got);
	if (fd >= 0)
		close(fd);
	wipe(block, sizeof(block));
	return got == 0 && buffer_ok(text);
}

static void check(const struct dialect *dialect, const struct account *account,
	const struct findings *findings)
{
	struct error err = {0};
	const struct mailer *mailer = recipe_mailer(dialect->mailer, &err);
	struct buffer text = BUFFER(FILE_MAX);
	char path[PATH_SIZE], found[PATH_SIZE + VALUE_MAX];

	if (mailer == NULL || !settings_file(mailer, path, &err)) {
		finding_fail(findings, dialect->mailer, &err);
	} else if (!load(path, &text)) {
		snprintf(found, sizeof(found), "%s cannot be read", path);
		complain(dialect->mailer, account, findings, true, found);
	} else {
		buffer_puts(&text, "\n");
		if (read_sections(dialect, &text, account, findings) == 0) {
			snprintf(found, sizeof(found), "%s says nothing of %.200s", path,
				account->name);
			complain(dialect->mailer, account, findings, true, found);
		}
	}
	buffer_free(&text);
}

/* Some packages of isync are built without it. */
static void check_sasl(const struct findings *findings)
{
	static const char library[] = "libsasl2.so";
	struct buffer text = BUFFER(PROGRAM_MAX);
	struct error err = {0};
	char path[PATH_SIZE];

	if (!settings_program("mbsync", path)) {
		error_set(&err, ERROR_SYSTEM, "there is no mbsync in PATH");
		error_hint(&err, "apt install isync");
		finding_fail(findings, "mbsync", &err);
	} else if (load(path, &text) &&
		memmem(text.data, text.len, library, strlen(library)) == NULL) {
		error_set(&err, ERROR_CONFIG, "%s is built without Cyrus SASL", path);
		error_hint(&err, "apt install isync, or build it with --with-sasl");
		finding_fail(findings, "mbsync", &err);
	}
	buffer_free(&text);
}

void clients_check_mbsync(const struct account *account, const struct findings *findings)
{
	check_sasl(findings);
	check(&mbsync, account, findings);
}

void clients_check_msmtp(const struct account *account, const struct findings *findings)
{
	check(&msmtp, account, findings);
}
