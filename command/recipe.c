#include "recipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "server.h"

struct recipe {
	const struct account *account;
	const char *name; /* of the account: what mailers with the plugin log in as */
	const char *user; /* what mailers that run `saslfresh token` log in as */
	const char *from;
	const char *command;
	struct mail_server imap, smtp;
	struct buffer *text;
};

__attribute__((format(printf, 2, 3))) static void add(
	const struct recipe *recipe, const char *format, ...)
{
	char line[2048];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof(line))
		recipe->text->spoiled = true;
	else
		buffer_puts(recipe->text, line);
}

static bool has(const struct mail_server *server)
{
	return server->host[0] != '\0';
}

/* ---- one function a mailer ---- */

static void print_mbsync(const struct recipe *r)
{
	add(r, "# for ~/.mbsyncrc; the directory must be there: mkdir -p ~/Mail/%s\n", r->name);
	add(r, "IMAPAccount %s\nHost %s\nPort %d\nUser %s\n", r->name, r->imap.host, r->imap.port,
		r->name);
	add(r, "# isync 1.5 and later call this TLSType\nSSLType %s\nAuthMechs XOAUTH2\n\n",
		r->imap.tls ? "IMAPS" : "STARTTLS");
	add(r, "IMAPStore %s-far\nAccount %s\n\n", r->name, r->name);
	add(r,
		"MaildirStore %s-near\nPath ~/Mail/%s/\nInbox ~/Mail/%s/INBOX\nSubFolders "
		"Verbatim\n\n",
		r->name, r->name, r->name);
	add(r, "Channel %s\nFar :%s-far:\nNear :%s-near:\nPatterns *\nCreate Near\nSyncState *\n",
		r->name, r->name, r->name);
}

static void print_msmtp(const struct recipe *r)
{
	add(r, "# for ~/.msmtprc; send with msmtp -a %s\n", r->name);
	add(r, "account %s\nhost %s\nport %d\ntls on\ntls_starttls %s\nauth xoauth2\n", r->name,
		r->smtp.host, r->smtp.port, r->smtp.tls ? "off" : "on");
	add(r, "user %s\nfrom %s\npasswordeval \"%s token %s\"\n", r->user, r->from, r->command,
		r->name);
}

/* A user name in a URL. */
static void add_url_user(const struct recipe *r)
{
	for (const char *c = r->user; *c != '\0'; c++)
		add(r, *c == '@' || *c == '+' ? "%%%02X" : "%c", (unsigned char)*c);
}

static void print_mutt_with(const struct recipe *r, const char *max)
{
	if (has(&r->imap))
		add(r,
			"set imap_user = \"%s\"\nset folder = \"imap%s://%s:%d/\"\n"
			"set spoolfile = \"+INBOX\"\nset imap_authenticators = \"xoauth2\"\n"
			"set imap_oauth_refresh_command = \"%s token%s %s\"\n",
			r->user, r->imap.tls ? "s" : "", r->imap.host, r->imap.port, r->command,
			max, r->name);
	if (has(&r->smtp)) {
		add(r, "set smtp_url = \"smtp%s://", r->smtp.tls ? "s" : "");
		add_url_user(r);
		add(r,
			"@%s:%d/\"\nset smtp_authenticators = \"xoauth2\"\n"
			"set smtp_oauth_refresh_command = \"%s token%s %s\"\n",
			r->smtp.host, r->smtp.port, r->command, max, r->name);
	}
	add(r, "set ssl_starttls = yes\nset ssl_force_tls = yes\nset from = \"%s\"\n", r->from);
}

static void print_mutt(const struct recipe *r)
{
	add(r, "# for ~/.muttrc\n");
	print_mutt_with(r, "");
}

/* NeoMutt makes "user=USER^Aauth=Bearer TOKEN^A^A" in a buffer of 4,096 octets. */
static void print_neomutt(const struct recipe *r)
{
	char max[32];

	add(r, "# for ~/.neomuttrc\n");
	snprintf(max, sizeof(max), " --max %d", 4095 - 20 - (int)strlen(r->user));
	print_mutt_with(r, max);
}

static void add_curl(const struct recipe *r)
{
	add(r,
		"printf 'oauth2-bearer = \"%%s\"\\n' \"$(%s token %s)\" |\n"
		"\tcurl -sS -K - --ssl-reqd -u '%s:' ",
		r->command, r->name, r->user);
}

static void print_curl(const struct recipe *r)
{
	add(r,
		"# for a shell; the token goes through a pipe, others can see what stands behind a "
		"program's name\n");
	if (has(&r->imap)) {
		add(r, "# the folders\n");
		add_curl(r);
		add(r, "'imap%s://%s:%d/'\n", r->imap.tls ? "s" : "", r->imap.host, r->imap.port);
	}
	if (has(&r->smtp)) {
		add(r, "# sends message.txt to RECIPIENT\n");
		add_curl(r);
		add(r,
			"\\\n\t--mail-from '%s' --mail-rcpt RECIPIENT -T message.txt "
			"'smtp%s://%s:%d'\n",
			r->from, r->smtp.tls ? "s" : "", r->smtp.host, r->smtp.port);
	}
}

static void print_git(const struct recipe *r)
{
	add(r,
		"# for ~/.gitconfig: git send-email (2.33 or later) hands the mail to msmtp, which "
		"must be installed\n[sendemail]\n");
	add(r, "\tfrom = %s\n", r->from);
	add(r,
		"\tsendmailCmd = msmtp --host=%s --port=%d --tls=on --tls-starttls=%s "
		"--auth=xoauth2 --user=%s --from=%s --passwordeval=\\\"%s token %s\\\"\n",
		r->smtp.host, r->smtp.port, r->smtp.tls ? "off" : "on", r->user, r->from,
		r->command, r->name);
}

static void add_cyrus(const struct recipe *r, const char *program, const struct mail_server *server)
{
	add(r, "%s -m XOAUTH2 -a %s -u %s %s -p %d %s\n", program, r->name, r->name,
		server->tls ? "-s" : "-t ''", server->port, server->host);
}

static void print_imtest(const struct recipe *r)
{
	add(r, "# for a shell; it shows the conversation, the token included\n");
	if (has(&r->imap))
		add_cyrus(r, "imtest", &r->imap);
	if (has(&r->smtp))
		add_cyrus(r, "smtptest", &r->smtp);
}

static void print_postfix(const struct recipe *r)
{
	add(r, "# for a shell, as root; then: postfix reload\n");
	if (r->account->place.personal)
		add(r,
			"# this account is a person's: Postfix sees those of the system alone, "
			"see saslfresh(8)\n");
	add(r,
		"# where smtp runs in a chroot: postconf -F smtp/unix/chroot=n, or the socket of "
		"saslfresh(8)\n");
	add(r, "postconf -e 'relayhost = [%s]:%d'\n", r->smtp.host, r->smtp.port);
	add(r,
		"postconf -e 'smtp_tls_security_level = secure'\n"
		"postconf -e 'smtp_tls_wrappermode = %s'\n"
		"postconf -e 'smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt'\n",
		r->smtp.tls ? "yes" : "no");
	add(r,
		"postconf -e 'smtp_sasl_auth_enable = yes'\n"
		"postconf -e 'smtp_sasl_type = cyrus'\n"
		"postconf -e 'smtp_sasl_mechanism_filter = xoauth2'\n"
		"postconf -e 'smtp_sasl_security_options = noanonymous'\n"
		"postconf -e 'smtp_sasl_tls_security_options = noanonymous'\n");
	add(r, "postconf -e 'smtp_sasl_password_maps = inline:{ { [%s]:%d = %s: } }'\n",
		r->smtp.host, r->smtp.port, r->name);
}

/* ---- the table ---- */

static const struct entry {
	struct mailer mailer;
	void (*print)(const struct recipe *recipe);
} entries[] = {
	{{"postfix", false, true, {NULL}}, print_postfix},
	{{"mbsync", true, false, {".mbsyncrc", ".config/isyncrc", NULL}}, print_mbsync},
	{{"msmtp", false, true, {".msmtprc", ".config/msmtp/config", NULL}}, print_msmtp},
	{{"mutt", true, true, {".muttrc", ".mutt/muttrc", ".config/mutt/muttrc", NULL}},
		print_mutt},
	{{"neomutt", true, true,
		 {".neomuttrc", ".config/neomutt/neomuttrc", ".config/neomutt/muttrc",
			 ".mutt/muttrc", ".muttrc", NULL}},
		print_neomutt},
	{{"curl", true, true, {NULL}}, print_curl},
	{{"git", false, true, {NULL}}, print_git},
	{{"imtest", true, true, {NULL}}, print_imtest},
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

static bool check(const struct mailer *mailer, const struct recipe *recipe, struct error *err)
{
	const struct account *account = recipe->account;
	const char *odd = !is_plain(recipe->name, false) ? recipe->name
		: !is_plain(recipe->user, false)	 ? recipe->user
		: !is_plain(recipe->command, true)	 ? recipe->command
							 : NULL;

	if (odd != NULL)
		return error_set(err, ERROR_CONFIG,
			"%.200s has characters that each program wants to be quoted in its own way",
			odd);
	if ((mailer->imap && has(&recipe->imap)) || (mailer->smtp && has(&recipe->smtp)))
		return true;
	keyfile_fail(account->file, account->line, err,
		"account %.200s does not say where its %s server is", account->name,
		mailer->imap ? "IMAP" : "SMTP");
	return error_hint(err, "add `%s = HOST:PORT`", mailer->imap ? "imap" : "smtp");
}

bool recipe_print(const struct mailer *mailer, const struct account *account, const char *command,
	struct buffer *text, struct error *err)
{
	const char *user = account_value(account, ACCOUNT_USER);
	struct recipe recipe = {.account = account,
		.name = account->name,
		.user = user[0] != '\0' ? user : account->name,
		.command = command,
		.text = text};
	const struct entry *entry = entries;

	recipe.from = strchr(recipe.user, '@') != NULL ? recipe.user : recipe.name;
	if (!server_of(account, ACCOUNT_IMAP, &recipe.imap, err) ||
		!server_of(account, ACCOUNT_SMTP, &recipe.smtp, err) ||
		!check(mailer, &recipe, err))
		return false;
	while (&entry->mailer != mailer)
		entry++;
	entry->print(&recipe);
	return buffer_ok(text) || error_set(err, ERROR_SYSTEM, "the lines are too long");
}
