/* host.c: a mailer around the modules of contrib/ssmtp that does as sSMTP does: the same
 * configuration file, the same order of things on the wire, one mail from standard input, one
 * sentence on stderr and status 1 when it fails.
 *
 *     host [-v] [-d] [-C FILE] [-au USER] [-ap PASSWORD] [-am METHOD] RECIPIENT...
 *
 * HOST_CONFIG is where it looks without -C. */
#define _GNU_SOURCE
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "ssmtp_sasl.h"
#include "ssmtp_tls.h"

static char *mailhub = "localhost", *port = "25", *hostname = "client.test";
static char *user, *password, *method, *config_file;
static bool use_tls, use_starttls, verbose, debug;
static struct ssmtp_tls *tls;

static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "host: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

/* Where sSMTP has syslog. */
static void log_event(int priority, char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "log %d: ", priority);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
}

/* ---- the configuration ---- */

static void set(char *key, const char *value)
{
	if (strcasecmp(key, "MailHub") == 0) {
		mailhub = strdup(value);
		if (strchr(mailhub, ':') != NULL) {
			port = strchr(mailhub, ':');
			*port++ = '\0';
		}
	} else if (strcasecmp(key, "HostName") == 0) {
		hostname = strdup(value);
	} else if (strcasecmp(key, "UseTLS") == 0) {
		use_tls = strcasecmp(value, "YES") == 0;
	} else if (strcasecmp(key, "UseSTARTTLS") == 0) {
		use_tls = use_starttls = strcasecmp(value, "YES") == 0;
	} else if (strcasecmp(key, "AuthUser") == 0 && user == NULL) {
		user = strdup(value);
	} else if (strcasecmp(key, "AuthPass") == 0 && password == NULL) {
		password = strdup(value);
	} else if (strcasecmp(key, "AuthMethod") == 0 && method == NULL) {
		method = strdup(value);
	} else if (strcasecmp(key, "Debug") == 0) {
		debug = strcasecmp(value, "YES") == 0;
	} else if (!ssmtp_sasl_config(key, value) && !ssmtp_tls_config(key, value)) {
		log_event(LOG_INFO, "Unable to set %s", key);
	}
}

static void read_config(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[2048], *value;

	if (file == NULL)
		die("%s cannot be read", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		value = strchr(line, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		set(line, value);
	}
	fclose(file);
}

/* ---- the connection ---- */

static ssize_t get(int fd, void *byte)
{
	return tls != NULL ? SSL_read(tls, byte, 1) : read(fd, byte, 1);
}

static ssize_t put(int fd, const void *bytes, size_t len)
{
	const char *most = getenv("HOST_WRITE_MAX");

	if (most != NULL && len > (size_t)atoi(most))
		len = (size_t)atoi(most);
	return tls != NULL ? SSL_write(tls, bytes, (int)len) : write(fd, bytes, len);
}

static struct ssmtp_link link_on(int fd)
{
	return (struct ssmtp_link){.fd = fd,
		.get = get,
		.put = put,
		.log = log_event,
		.alarm = alarm,
		.verbose = verbose,
		.debug = debug};
}

/* Sends a line, unless it is NULL, and wants a reply that begins with DIGIT. */
static void command(int fd, const char *line, int digit)
{
	struct ssmtp_link link = link_on(fd);
	struct ssmtp_reply reply = {0};
	char text[SSMTP_TEXT_MAX];

	if (line != NULL && !ssmtp_link_send(&link, line, strlen(line), line))
		die("%s: the connection was lost", line);
	if (!ssmtp_link_read(&link, &reply))
		die("%s: %s", line != NULL ? line : "greeting", reply.problem);
	ssmtp_reply_line(&reply, text);
	if (reply.code / 100 != digit)
		die("%s: %s", line != NULL ? line : "greeting", text);
	ssmtp_reply_free(&reply);
}

static void start_tls(int fd)
{
	struct ssmtp_tls *session;
	char line[300];

	if (use_starttls) {
		command(fd, NULL, 2);
		snprintf(line, sizeof(line), "EHLO %s", hostname);
		command(fd, line, 2);
		command(fd, "STARTTLS", 2);
	}
	session = SSL_new(SSL_CTX_new(SSLv23_client_method()));
	if (session == NULL)
		die("SSL not working");
	ssmtp_tls_server(session, mailhub, ssmtp_sasl_wanted(method));
	SSL_set_fd(session, fd);
	if (SSL_connect(session) < 0)
		die("%s", ssmtp_tls_error(session));
	log_event(LOG_INFO, "SSL connection using %s", SSL_get_cipher(session));
	tls = session;
}

static int open_connection(void)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *at;
	int fd = -1;

	if (getaddrinfo(mailhub, port, &hints, &found) != 0)
		die("Unable to locate %s", mailhub);
	for (at = found; at != NULL && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_STREAM, 0);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	if (fd < 0)
		die("Cannot open %s:%s", mailhub, port);
	if (use_tls)
		start_tls(fd);
	if (!use_starttls)
		command(fd, NULL, 2);
	return fd;
}

/* ---- the mail ---- */

static void deliver(int fd, char *const *recipients)
{
	struct ssmtp_link link = link_on(fd);
	char line[4096];

	snprintf(line, sizeof(line), "MAIL FROM:<%s>", user != NULL ? user : "nobody@client.test");
	command(fd, line, 2);
	for (; *recipients != NULL; recipients++) {
		snprintf(line, sizeof(line), "RCPT TO:<%s>", *recipients);
		command(fd, line, 2);
	}
	command(fd, "DATA", 3);
	while (fgets(line + 1, sizeof(line) - 1, stdin) != NULL) {
		const char *text = line[1] == '.' ? line : line + 1;

		line[0] = '.';
		line[strcspn(line, "\n")] = '\0';
		if (!ssmtp_link_send(&link, text, strlen(text), text))
			die("the connection was lost");
	}
	command(fd, ".", 2);
	command(fd, "QUIT", 2);
	close(fd);
}

/* Returns the recipients. */
static char **parse_options(char **at)
{
	for (; *at != NULL && **at == '-'; at++) {
		char **wants = strcmp(*at, "-C") == 0 ? &config_file
			: strcmp(*at, "-au") == 0     ? &user
			: strcmp(*at, "-ap") == 0     ? &password
			: strcmp(*at, "-am") == 0     ? &method
						      : NULL;

		if (wants != NULL && at[1] != NULL)
			*wants = *++at;
		verbose = verbose || strcmp(*at, "-v") == 0 || strcmp(*at, "-d") == 0;
		debug = debug || strcmp(*at, "-d") == 0;
	}
	return at;
}

int main(int argc, char **argv)
{
	struct ssmtp_sasl sasl;
	char **recipients, text[SSMTP_TEXT_MAX];
	bool untrusted;
	int fd;

	(void)argc;
	recipients = parse_options(argv + 1);
	untrusted = config_file != NULL || user != NULL;
	read_config(config_file != NULL ? config_file : HOST_CONFIG);
	fd = open_connection();
	sasl = (struct ssmtp_sasl){.link = link_on(fd),
		.host = mailhub,
		.helo = hostname,
		.user = user,
		.password = password,
		.method = method,
		.tls = tls != NULL,
		.untrusted = untrusted};
	if (ssmtp_sasl_auth(&sasl, text) != SSMTP_SASL_OK)
		die("%s", text);
	if (getauxval(AT_SECURE) != 0)
		log_event(LOG_INFO, "privileged, egid %d gid %d HOME %s", (int)getegid(),
			(int)getgid(), getenv("HOME") != NULL ? "set" : "unset");
	deliver(fd, recipients);
	return 0;
}
