#include "objection.h"

#include <stdio.h>
#include <string.h>

/* The first row that fits counts. `%s` in a hint is the mailbox, at most twice. */
static const struct row {
	const char *words, *meaning, *hint;
} rows[] = {
	/* Exchange Online: a token does not get around the switches of SMTP AUTH. */
	{"SmtpClientAuthentication is disabled for the Tenant",
		"SMTP AUTH is disabled for the whole tenant",
		"an administrator: Set-TransportConfig -SmtpClientAuthenticationDisabled $false, "
		"see https://aka.ms/smtp_auth_disabled"},
	{"SmtpClientAuthentication is disabled", "SMTP AUTH is disabled for this mailbox",
		"an administrator: Set-CASMailbox %s -SmtpClientAuthenticationDisabled $false, see "
		"https://aka.ms/smtp_auth_disabled"},
	{"security defaults", "the tenant's security defaults forbid SMTP AUTH",
		"an administrator, at https://entra.microsoft.com/: Overview, Properties, Manage "
		"security defaults"},
	{"basic authentication is disabled", "the server took the token for a password",
		"an administrator: Set-CASMailbox %s -SmtpClientAuthenticationDisabled $false, see "
		"https://aka.ms/smtp_auth_disabled"},
	{"5.7.139", "the tenant's rules forbid SMTP AUTH for this mailbox",
		"an administrator: Set-CASMailbox %s -SmtpClientAuthenticationDisabled $false, see "
		"https://aka.ms/smtp_auth_disabled"},
	{"authenticated but not connected",
		"the token is good, but it is not that of this mailbox's owner, or IMAP and POP "
		"are switched off for the mailbox",
		"saslfresh login %s, as the owner of the mailbox or as one who may open it"},
	{"5.7.3 ", "the token is not one for this mailbox, or not one for mail",
		"saslfresh login %s, as the owner of the mailbox; for an application, its service "
		"principal needs Add-MailboxPermission"},
	/* Google */
	{"not enabled for IMAP", "IMAP is switched off for this mailbox",
		"https://mail.google.com/mail/u/0/#settings/fwdandpop"},
	{"IMAP access is disabled", "IMAP is switched off for this domain or mailbox",
		"an administrator, at https://admin.google.com/: Apps, Gmail, End user access"},
	{"not enabled for POP", "POP is switched off for this mailbox",
		"https://mail.google.com/mail/u/0/#settings/fwdandpop"},
	{"log in via your web browser", "the provider wants to see a person first",
		"https://accounts.google.com/DisplayUnlockCaptcha, then try again"},
};

void objection_explain(
	const struct account *account, const char *words, bool is_new, struct error *err)
{
	char cause[ERROR_CAUSE_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const char *gap = strstr(row->hint, "%s");

		if (strcasestr(words, row->words) == NULL)
			continue;
		snprintf(cause, sizeof(cause), "%s: %.600s", row->meaning, err->cause);
		memcpy(err->cause, cause, sizeof(cause));
		if (gap == NULL)
			error_hint(err, "%s", row->hint);
		else
			error_hint(err, "%.*s%.100s%s", (int)(gap - row->hint), row->hint,
				account->name, gap + 2);
		return;
	}
	error_hint(err,
		is_new && !account_is_unattended(account) ? "saslfresh login %.100s"
							  : "saslfresh refresh --force %.100s",
		account->name);
}
