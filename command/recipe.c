#include "recipe.h"

#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "reader.h"
#include "relay.h"

/* ---- one function a mailer ---- */

static void print_mbsync(const struct lines *r)
{
	lines_add(
		r, "# for ~/.mbsyncrc; the directory must be there: mkdir -p ~/Mail/%s\n", r->name);
	lines_add(r, "IMAPAccount %s\nHost %s\nPort %d\nUser %s\n", r->name, r->imap.host,
		r->imap.port, r->name);
	lines_add(r, "# isync 1.5 and later call this TLSType\nSSLType %s\nAuthMechs XOAUTH2\n\n",
		r->imap.tls ? "IMAPS" : "STARTTLS");
	lines_add(r, "IMAPStore %s-far\nAccount %s\n\n", r->name, r->name);
	lines_add(r,
		"MaildirStore %s-near\nPath ~/Mail/%s/\nInbox ~/Mail/%s/INBOX\nSubFolders "
		"Verbatim\n\n",
		r->name, r->name, r->name);
	lines_add(r,
		"Channel %s\nFar :%s-far:\nNear :%s-near:\nPatterns *\nCreate Near\nSyncState *\n",
		r->name, r->name, r->name);
}

static void print_msmtp(const struct lines *r)
{
	lines_add(r, "# for ~/.msmtprc; send with msmtp -a %s\n", r->name);
	lines_add(r, "account %s\nhost %s\nport %d\ntls on\ntls_starttls %s\nauth xoauth2\n",
		r->name, r->smtp.host, r->smtp.port, r->smtp.tls ? "off" : "on");
	lines_add(r, "user %s\nfrom %s\npasswordeval \"%s token %s\"\n", r->smtp_user, r->from,
		r->command, r->name);
}

static void print_mutt_with(const struct lines *r, const char *max)
{
	if (lines_have(&r->imap))
		lines_add(r,
			"set imap_user = \"%s\"\nset folder = \"imap%s://%s:%d/\"\n"
			"set spoolfile = \"+INBOX\"\nset imap_authenticators = \"xoauth2\"\n"
			"set imap_oauth_refresh_command = \"%s token%s %s\"\n",
			r->imap_user, r->imap.tls ? "s" : "", r->imap.host, r->imap.port,
			r->command, max, r->name);
	if (lines_have(&r->smtp)) {
		lines_add(r, "set smtp_url = \"smtp%s://", r->smtp.tls ? "s" : "");
		lines_add_user(r, r->smtp_user);
		lines_add(r,
			"@%s:%d/\"\nset smtp_authenticators = \"xoauth2\"\n"
			"set smtp_oauth_refresh_command = \"%s token%s %s\"\n",
			r->smtp.host, r->smtp.port, r->command, max, r->name);
	}
	lines_add(
		r, "set ssl_starttls = yes\nset ssl_force_tls = yes\nset from = \"%s\"\n", r->from);
}

static void print_mutt(const struct lines *r)
{
	lines_add(r, "# for ~/.muttrc\n");
	print_mutt_with(r, "");
}

/* NeoMutt makes "user=USER^Aauth=Bearer TOKEN^A^A" in a buffer of 4,096 octets. */
static void print_neomutt(const struct lines *r)
{
	char max[32];

	lines_add(r, "# for ~/.neomuttrc\n");
	snprintf(max, sizeof(max), " --max %d",
		4095 - 20 -
			(int)strlen(strlen(r->imap_user) > strlen(r->smtp_user) ? r->imap_user
										: r->smtp_user));
	print_mutt_with(r, max);
}

static void add_curl(const struct lines *r, const char *user)
{
	lines_add(r,
		"printf 'oauth2-bearer = \"%%s\"\\n' \"$(%s token %s)\" |\n"
		"\tcurl -sS -K - --ssl-reqd -u '%s:' ",
		r->command, r->name, user);
}

static void print_curl(const struct lines *r)
{
	lines_add(r,
		"# for a shell; the token goes through a pipe, others can see what stands behind a "
		"program's name\n");
	if (lines_have(&r->imap)) {
		lines_add(r, "# the folders\n");
		add_curl(r, r->imap_user);
		lines_add(r, "'imap%s://%s:%d/'\n", r->imap.tls ? "s" : "", r->imap.host,
			r->imap.port);
	}
	if (lines_have(&r->smtp)) {
		lines_add(r, "# sends message.txt to RECIPIENT\n");
		add_curl(r, r->smtp_user);
		lines_add(r,
			"\\\n\t--mail-from '%s' --mail-rcpt RECIPIENT -T message.txt "
			"'smtp%s://%s:%d'\n",
			r->from, r->smtp.tls ? "s" : "", r->smtp.host, r->smtp.port);
	}
}

static void print_send_email(const struct lines *r)
{
	lines_add(r,
		"# for ~/.gitconfig: git send-email (2.33 or later) hands the mail to msmtp, which "
		"must be installed\n[sendemail]\n");
	lines_add(r, "\tfrom = %s\n", r->from);
	lines_add(r,
		"\tsendmailCmd = msmtp --host=%s --port=%d --tls=on --tls-starttls=%s "
		"--auth=xoauth2 --user=%s --from=%s --passwordeval=\\\"%s token %s\\\"\n",
		r->smtp.host, r->smtp.port, r->smtp.tls ? "off" : "on", r->smtp_user, r->from,
		r->command, r->name);
}

/* Nothing that git imap-send of Debian 12 says to libcurl makes that send a token, but git runs
 * whatever alias there is. */
static void print_imap_send(const struct lines *r)
{
	lines_add(r,
		"# git imap-send sends tokens since git 2.51; with older ones, such as Debian 12's "
		"2.39,\n# this alias puts one patch into Drafts: git put-draft 0001-x.patch\n"
		"[alias]\n\tput-draft = \"!f() { "
		"printf 'oauth2-bearer = %%s' \\\"$(%s token %s)\\\" | "
		"curl -sS -K - --ssl-reqd -u '%s:' -T \\\"$1\\\" "
		"'imap%s://%s:%d/Drafts'; }; f\"\n",
		r->command, r->name, r->imap_user, r->imap.tls ? "s" : "", r->imap.host,
		r->imap.port);
}

static void print_git(const struct lines *r)
{
	if (lines_have(&r->smtp))
		print_send_email(r);
	if (lines_have(&r->imap))
		print_imap_send(r);
}

static void add_cyrus(const struct lines *r, const char *program, const struct mail_server *server)
{
	lines_add(r, "%s -m XOAUTH2 -a %s -u %s %s -p %d %s\n", program, r->name, r->name,
		server->tls ? "-s" : "-t ''", server->port, server->host);
}

static void print_imtest(const struct lines *r)
{
	lines_add(r, "# for a shell; it shows the conversation, the token included\n");
	if (lines_have(&r->imap))
		add_cyrus(r, "imtest", &r->imap);
	if (lines_have(&r->pop))
		add_cyrus(r, "pop3test", &r->pop);
	if (lines_have(&r->smtp))
		add_cyrus(r, "smtptest", &r->smtp);
}

/* ---- the table ---- */

static const struct entry {
	struct mailer mailer;
	void (*print)(const struct lines *recipe);
} entries[] = {
	{{"postfix", .smtp = true}, relay_postfix},
	{{"sendmail", .smtp = true}, relay_sendmail},
	{{"ssmtp", .smtp = true}, relay_ssmtp},
	{{"msmtp-mta", .smtp = true}, relay_msmtp},
	{{"mbsync", .imap = true, .files = {".mbsyncrc", ".config/isyncrc"}}, print_mbsync},
	{{"msmtp", .smtp = true, .files = {".msmtprc", ".config/msmtp/config"}}, print_msmtp},
	{{"mutt", .imap = true, .smtp = true,
		 .files = {".muttrc", ".mutt/muttrc", ".config/mutt/muttrc"}},
		print_mutt},
	{{"neomutt", .imap = true, .smtp = true,
		 .files = {".neomuttrc", ".config/neomutt/neomuttrc", ".config/neomutt/muttrc",
			 ".mutt/muttrc", ".muttrc"}},
		print_neomutt},
	{{"aerc", .imap = true, .files = {".config/aerc/accounts.conf"}}, reader_aerc},
	{{"s-nail", .imap = true, .pop = true, .smtp = true}, reader_snail},
	{{"mpop", .pop = true, .files = {".mpoprc", ".config/mpop/config"}}, reader_mpop},
	{{"getmail", .imap = true, .tls_alone = true}, reader_getmail},
	{{"offlineimap", .imap = true, .tls_alone = true}, reader_offlineimap},
	{{"curl", .imap = true, .smtp = true}, print_curl},
	{{"git", .imap = true, .smtp = true}, print_git},
	{{"imtest", .imap = true, .pop = true, .smtp = true}, print_imtest},
};

enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

const struct mailer *recipe_next(size_t *i)
{
	return *i < ENTRIES ? &entries[(*i)++].mailer : NULL;
}

const struct mailer *recipe_mailer(const char *name, struct error *err)
{
	const char *names[ENTRIES + 1] = {NULL};
	const char *near;

	for (int i = 0; i < ENTRIES; i++) {
		if (strcmp(name, entries[i].mailer.name) == 0)
			return &entries[i].mailer;
		names[i] = entries[i].mailer.name;
	}
	near = nearest_word(name, names);
	error_set(err, ERROR_CONFIG, "nothing is known of the mailer %.40s", name);
	if (near != NULL)
		error_hint(err, "did you mean `%s`?", near);
	else
		error_hint(err, "saslfresh help config-for names those that are known");
	return NULL;
}

/* No character that any of the programs, or a shell, takes for something else. */
static bool is_plain(const char *text, bool path)
{
	return text[0] != '\0' && text[0] != '-' &&
		text[strspn(text,
			path ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789@._+-/"
			     : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789@._+-")] == '\0';
}

static bool check_names(const struct lines *recipe, struct error *err)
{
	const char *odd = !is_plain(recipe->name, false) ? recipe->name
		: !is_plain(recipe->imap_user, false)	 ? recipe->imap_user
		: !is_plain(recipe->pop_user, false)	 ? recipe->pop_user
		: !is_plain(recipe->smtp_user, false)	 ? recipe->smtp_user
		: !is_plain(recipe->command, true)	 ? recipe->command
							 : NULL;

	return odd == NULL ||
		error_set(err, ERROR_CONFIG,
			"%.200s has characters that each program wants to be quoted in its own way",
			odd);
}

static bool check_servers(
	const struct mailer *mailer, const struct lines *recipe, struct error *err)
{
	static const char *const kinds[][2] = {{"IMAP", "imap"}, {"POP3", "pop"}, {"SMTP", "smtp"}};
	const struct account *account = recipe->account;
	const char *const *wanted = kinds[mailer->imap ? 0 : mailer->pop ? 1 : 2];

	if (mailer->tls_alone && lines_have(&recipe->imap) && !recipe->imap.tls) {
		keyfile_fail(account->file, account->line, err,
			"the IMAP server of account %.200s wants STARTTLS, which %s does not do "
			"with a token",
			account->name, mailer->name);
		return error_hint(err, "`imap = %.100s:993 tls`, if it listens there, too",
			recipe->imap.host);
	}
	if ((mailer->imap && lines_have(&recipe->imap)) ||
		(mailer->pop && lines_have(&recipe->pop)) ||
		(mailer->smtp && lines_have(&recipe->smtp)))
		return true;
	keyfile_fail(account->file, account->line, err,
		"account %.200s does not say where its %s server is", account->name, wanted[0]);
	return error_hint(err, "add `%s = HOST:PORT`", wanted[1]);
}

bool recipe_print(const struct mailer *mailer, const struct account *account, const char *command,
	struct buffer *text, struct error *err)
{
	struct lines recipe = {.account = account,
		.name = account->name,
		.imap_user = account_user(account, "imap"),
		.pop_user = account_user(account, "pop"),
		.smtp_user = account_user(account, "smtp"),
		.from = account_user(account, NULL),
		.command = command,
		.text = text};
	const struct entry *entry = entries;

	if (strchr(recipe.from, '@') == NULL)
		recipe.from = recipe.name;
	if (!server_of(account, ACCOUNT_IMAP, &recipe.imap, err) ||
		!server_of(account, ACCOUNT_POP, &recipe.pop, err) ||
		!server_of(account, ACCOUNT_SMTP, &recipe.smtp, err) ||
		!check_names(&recipe, err) || !check_servers(mailer, &recipe, err))
		return false;
	while (&entry->mailer != mailer)
		entry++;
	entry->print(&recipe);
	return buffer_ok(text) || error_set(err, ERROR_SYSTEM, "the lines are too long");
}
