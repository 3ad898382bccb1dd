#include "relay.h"

static const char of_person[] =
	"# this account is a person's: programs of the system see those of the system alone, see "
	"saslfresh(8)\n";

void relay_postfix(const struct lines *r)
{
	lines_add(r, "# for a shell, as root; then: postfix reload\n");
	if (r->account->place.personal)
		lines_add(r, "%s", of_person);
	lines_add(r,
		"# where smtp runs in a chroot: postconf -F smtp/unix/chroot=n, or the socket of "
		"saslfresh(8)\n");
	lines_add(r, "postconf -e 'relayhost = [%s]:%d'\n", r->smtp.host, r->smtp.port);
	lines_add(r,
		"postconf -e 'smtp_tls_security_level = secure'\n"
		"postconf -e 'smtp_tls_wrappermode = %s'\n"
		"postconf -e 'smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt'\n",
		r->smtp.tls ? "yes" : "no");
	lines_add(r,
		"postconf -e 'smtp_sasl_auth_enable = yes'\n"
		"postconf -e 'smtp_sasl_type = cyrus'\n"
		"postconf -e 'smtp_sasl_mechanism_filter = xoauth2'\n"
		"postconf -e 'smtp_sasl_security_options = noanonymous'\n"
		"postconf -e 'smtp_sasl_tls_security_options = noanonymous'\n");
	lines_add(r, "postconf -e 'smtp_sasl_password_maps = inline:{ { [%s]:%d = %s: } }'\n",
		r->smtp.host, r->smtp.port, r->name);
}

/* sendmail knows a server by what its name is an alias of, so the lines name none: its
 * certificate, and `hosts`, tell who gets mail and token. Debian's is set-id. */
void relay_sendmail(const struct lines *r)
{
	if (r->account->place.personal)
		lines_add(r, "%s", of_person);
	lines_add(r,
		"# sendmail is set-id and may not renew a token itself, so let cron do it:\n"
		"# */5 * * * * root %s refresh %s\n"
		"# where %s is an alias (CNAME), `hosts` of the account must have what it stands "
		"for\n",
		r->command, r->name, r->smtp.host);
	lines_add(r, "# for /etc/mail/sendmail.mc, above the lines with MAILER\n");
	lines_add(r,
		"define(`SMART_HOST', `[%s]')dnl\n"
		"define(`RELAY_MAILER_ARGS', `TCP $h %d')dnl\n"
		"define(`confCACERT_PATH', `/etc/ssl/certs')dnl\n"
		"define(`confCACERT', `/etc/ssl/certs/ca-certificates.crt')dnl\n"
		"define(`confAUTH_MECHANISMS', `XOAUTH2')dnl\n"
		"FEATURE(`check_cert_altnames')dnl\n"
		"FEATURE(`authinfo', `hash -o /etc/mail/authinfo')dnl\n",
		r->smtp.host, r->smtp.port);
	lines_add(r, "# for /etc/mail/authinfo\n");
	lines_add(r, "AuthInfo: \"U:%s\" \"I:%s\" \"P:none\" \"M:XOAUTH2\"\n", r->name, r->name);
	lines_add(r, "# for /etc/mail/access\n");
	lines_add(r, "TLS_Srv: VERIFY+CN:%s\n", r->smtp.host);
	lines_add(r,
		"# for a shell, as root\n"
		"chmod 0600 /etc/mail/authinfo\n"
		"makemap hash /etc/mail/authinfo </etc/mail/authinfo\n"
		"make -C /etc/mail\n");
}

void relay_ssmtp(const struct lines *r)
{
	if (r->account->place.personal)
		lines_add(r, "%s", of_person);
	lines_add(r,
		"# for /etc/ssmtp/ssmtp.conf, of an sSMTP with contrib/ssmtp in it: Debian's own "
		"(2.64) knows\n# LOGIN and CRAM-MD5 alone, and would take these lines for LOGIN\n");
	lines_add(r, "mailhub=%s:%d\nUseTLS=YES\n%s", r->smtp.host, r->smtp.port,
		r->smtp.tls ? "" : "UseSTARTTLS=YES\n");
	lines_add(r, "AuthMethod=SASL\nAuthMech=XOAUTH2\nAuthUser=%s\n", r->name);
}

/* What cron, smartd and the like hand to /usr/sbin/sendmail, which Debian's msmtp-mta is. They run
 * it as users who may not renew a token, and as senders whom no provider lets send. */
void relay_msmtp(const struct lines *r)
{
	if (r->account->place.personal)
		lines_add(r, "%s", of_person);
	lines_add(r,
		"# whoever may send mail has to be in `allow` of the account; the socket is that "
		"of saslfresh(8)\n"
		"# for /etc/msmtprc, which everybody may read: it holds no secret\n");
	lines_add(r, "account default\nhost %s\nport %d\ntls on\ntls_starttls %s\nauth xoauth2\n",
		r->smtp.host, r->smtp.port, r->smtp.tls ? "off" : "on");
	lines_add(r, "user %s\npasswordeval \"%s token %s\"\n", r->smtp_user, r->command, r->name);
	lines_add(r,
		"from %s\nset_from_header on\nallow_from_override off\n"
		"aliases /etc/aliases\nsyslog LOG_MAIL\n",
		r->from);
	lines_add(r, "# for /etc/aliases: who gets the mail for root and other users\n");
	lines_add(r, "default: %s\n", r->from);
	lines_add(r, "# for a shell, as root\nsystemctl enable --now saslfresh.socket\n");
}
