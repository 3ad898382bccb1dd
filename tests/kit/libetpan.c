/* libetpan PROTOCOL MECHANISM ACCOUNT PORT: logs in over TLS by libetpan, the library of Claws Mail's IMAP.
 * The password is empty. Exits with 0 if the server let us in; prints the server's last words. */
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char host[] = "localhost";

static int imap(const char *mechanism, const char *account, uint16_t port)
{
	mailimap *session = mailimap_new(0, NULL);
	int error = mailimap_ssl_connect(session, host, port);

	if (error == MAILIMAP_NO_ERROR_NON_AUTHENTICATED || error == MAILIMAP_NO_ERROR)
		error = mailimap_authenticate(session, mechanism, host, NULL, NULL, account, account, "", NULL);
	if (error == MAILIMAP_NO_ERROR)
		error = mailimap_noop(session);
	printf("%s\n", session->imap_response ? session->imap_response : "");
	mailimap_logout(session);
	mailimap_free(session);
	return error;
}

static int smtp(const char *mechanism, const char *account, uint16_t port)
{
	mailsmtp *session = mailsmtp_new(0, NULL);
	int error = mailsmtp_ssl_connect(session, host, port);

	if (error == MAILSMTP_NO_ERROR)
		error = mailesmtp_ehlo(session);
	if (error == MAILSMTP_NO_ERROR)
		error = mailesmtp_auth_sasl(session, mechanism, host, NULL, NULL, account, account, "", NULL);
	if (error == MAILSMTP_NO_ERROR)
		error = mailsmtp_noop(session);
	printf("%s\n", session->response ? session->response : "");
	mailsmtp_quit(session);
	mailsmtp_free(session);
	return error;
}

static int pop3(const char *mechanism, const char *account, uint16_t port)
{
	mailpop3 *session = mailpop3_new(0, NULL);
	int error = mailpop3_ssl_connect(session, host, port);

	if (error == MAILPOP3_NO_ERROR)
		error = mailpop3_auth(session, mechanism, host, NULL, NULL, account, account, "", NULL);
	if (error == MAILPOP3_NO_ERROR)
		error = mailpop3_noop(session);
	printf("%s\n", session->pop3_response ? session->pop3_response : "");
	mailpop3_quit(session);
	mailpop3_free(session);
	return error;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		int (*log_in)(const char *, const char *, uint16_t);
	} protocols[] = {{"imap", imap}, {"smtp", smtp}, {"pop3", pop3}};

	for (size_t i = 0; count == 5 && i < sizeof protocols / sizeof *protocols; i++)
		if (strcmp(arguments[1], protocols[i].name) == 0)
			return protocols[i].log_in(arguments[2], arguments[3], (uint16_t)atoi(arguments[4])) ? 1 : 0;
	fprintf(stderr, "usage: libetpan imap|smtp|pop3 MECHANISM ACCOUNT PORT\n");
	return 2;
}
