#include "reader.h"

#include <stdio.h>

static void print_head(const struct lines *r, const char *file)
{
	lines_add(r,
		"# for %s; the directories must be there:\n"
		"# mkdir -p ~/Maildir/cur ~/Maildir/new ~/Maildir/tmp\n",
		file);
}

void reader_mpop(const struct lines *r)
{
	print_head(r, "~/.mpoprc");
	lines_add(r, "account %s\nhost %s\nport %d\ntls on\ntls_starttls %s\nauth xoauth2\n",
		r->name, r->pop.host, r->pop.port, r->pop.tls ? "off" : "on");
	lines_add(r, "user %s\npasswordeval \"%s token %s\"\ndelivery maildir ~/Maildir\nkeep on\n",
		r->pop_user, r->command, r->name);
}

void reader_getmail(const struct lines *r)
{
	print_head(r, "~/.config/getmail/getmailrc");
	lines_add(r, "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = %s\nport = %d\n",
		r->imap.host, r->imap.port);
	lines_add(r,
		"username = %s\nuse_xoauth2 = true\n"
		"password_command = (\"%s\", \"token\", \"%s\")\n",
		r->imap_user, r->command, r->name);
	lines_add(r,
		"ca_certs = /etc/ssl/certs/ca-certificates.crt\n\n"
		"[destination]\ntype = Maildir\npath = ~/Maildir/\n");
}

void reader_offlineimap(const struct lines *r)
{
	lines_add(r,
		"# for ~/.offlineimaprc\n[general]\naccounts = %s\n"
		"pythonfile = ~/.offlineimap.py\n\n",
		r->name);
	lines_add(r,
		"[Account %s]\nlocalrepository = %s-local\nremoterepository = %s-remote\n\n"
		"[Repository %s-local]\ntype = Maildir\nlocalfolders = ~/Maildir\n\n",
		r->name, r->name, r->name, r->name);
	lines_add(r,
		"[Repository %s-remote]\ntype = IMAP\nremotehost = %s\nremoteport = %d\n"
		"remoteuser = %s\nssl = yes\nsslcacertfile = /etc/ssl/certs/ca-certificates.crt\n",
		r->name, r->imap.host, r->imap.port, r->imap_user);
	lines_add(r,
		"auth_mechanisms = XOAUTH2\noauth2_access_token_eval = access_token(\"%s\")\n"
		"# for ~/.offlineimap.py\nimport subprocess\n\ndef access_token(account):\n"
		"    return subprocess.run([\"%s\", \"token\", account], check=True,\n"
		"                          stdout=subprocess.PIPE, text=True).stdout.strip()\n",
		r->name, r->command);
}

/* ---- what has the name of a user in a URL ---- */

static void add_url(const struct lines *r, const char *scheme, const char *user,
	const struct mail_server *server)
{
	lines_add(r, "%s://", scheme);
	lines_add_user(r, user);
	lines_add(r, "@%s:%d", server->host, server->port);
}

/* "imap" or "imaps", and so on, with what stands behind. */
static const char *scheme_of(
	const char *protocol, const char *behind, const struct mail_server *server, char scheme[32])
{
	snprintf(scheme, 32, "%s%s%s", protocol, server->tls ? "s" : "", behind);
	return scheme;
}

static void add_machine(const struct lines *r, const struct mail_server *server, const char *user)
{
	if (lines_have(server))
		lines_add(r, " %s %s \"$token\"", server->host, user);
}

/* The program calls XOAUTH2 oauthbearer. */
void reader_snail(const struct lines *r)
{
	const struct {
		const char *protocol;
		const struct mail_server *server;
	} services[] = {{"smtp", &r->smtp}, {"imap", &r->imap}, {"pop3", &r->pop}};
	char scheme[32];

	lines_add(r, "# for ~/.mailrc\nset v15-compat\nset from=%s\n", r->from);
	if (lines_have(&r->smtp)) {
		lines_add(r, "set mta=");
		add_url(r, scheme_of("smtp", "", &r->smtp, scheme), r->smtp_user, &r->smtp);
		lines_add(r, "\n");
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (!lines_have(services[i].server))
			continue;
		lines_add(r, "set %s-auth=oauthbearer", services[i].protocol);
		if (!services[i].server->tls)
			lines_add(r, " %s-use-starttls", services[i].protocol);
		lines_add(r, "\n");
	}
	lines_add(r,
		"set netrc-lookup\nset netrc-pipe='token=$(%s token %s) && "
		"printf \"machine %%s login %%s password %%s\\n\"",
		r->command, r->name);
	add_machine(r, &r->smtp, r->smtp_user);
	add_machine(r, &r->imap, r->imap_user);
	add_machine(r, &r->pop, r->pop_user);
	lines_add(r, "'\n");
	if (lines_have(&r->imap)) {
		lines_add(r, "# for a shell, to read\ns-nail -f ");
		add_url(r, scheme_of("imap", "", &r->imap, scheme), r->imap_user, &r->imap);
		lines_add(r, "/INBOX\n");
	}
}

void reader_aerc(const struct lines *r)
{
	char scheme[32];

	lines_add(r, "# for ~/.config/aerc/accounts.conf, mode 0600\n[%s]\n", r->name);
	lines_add(r, "source = ");
	add_url(r, scheme_of("imap", "+xoauth2", &r->imap, scheme), r->imap_user, &r->imap);
	lines_add(r, "\nsource-cred-cmd = %s token %s\n", r->command, r->name);
	if (lines_have(&r->smtp)) {
		lines_add(r, "outgoing = ");
		add_url(r, scheme_of("smtp", "+xoauth2", &r->smtp, scheme), r->smtp_user, &r->smtp);
		lines_add(r, "\noutgoing-cred-cmd = %s token %s\n%s", r->command, r->name,
			r->smtp.tls ? "" : "smtp-starttls = yes\n");
	}
	lines_add(r, "default = INBOX\nfrom = <%s>\n", r->from);
}
