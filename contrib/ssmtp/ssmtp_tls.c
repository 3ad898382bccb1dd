#include "ssmtp_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SENTENCE_MAX = 512, FILE_NAME_MAX = 1024, HANDSHAKE_PATIENCE_MS = 60 * 1000 };

struct ssmtp_tls_context {
	gnutls_certificate_credentials_t credentials;
	const char *certificate; /* the caller's */
};

struct ssmtp_tls {
	struct ssmtp_tls_context *context;
	gnutls_session_t session;
	const char *host; /* the caller's */
	bool verify;
	bool verified;
	char *cipher;
	char error[SENTENCE_MAX];
};

/* ---- the configuration ---- */

static struct {
	char ca_file[FILE_NAME_MAX];
	bool too_long;
	enum { UNSET, YES, NO } verify;
} settings;

bool ssmtp_tls_config(const char *key, const char *value)
{
	if (strcasecmp(key, "TLSVerify") == 0) {
		settings.verify = strcasecmp(value, "NO") == 0 ? NO : YES;
		return true;
	}
	if (strcasecmp(key, "TLS_CA_File") != 0)
		return false;
	settings.too_long = strlen(value) >= sizeof(settings.ca_file);
	snprintf(settings.ca_file, sizeof(settings.ca_file), "%s", value);
	return true;
}

/* ---- what is the same for all connections ---- */

struct ssmtp_tls_context *ssmtp_tls_context_new(const void *method)
{
	struct ssmtp_tls_context *context = calloc(1, sizeof(*context));

	(void)method;
	if (context != NULL && gnutls_certificate_allocate_credentials(&context->credentials) < 0) {
		free(context);
		context = NULL;
	}
	return context;
}

int ssmtp_tls_context_use_certificate(struct ssmtp_tls_context *context, const char *file)
{
	context->certificate = file;
	return 1;
}

int ssmtp_tls_context_use_key(struct ssmtp_tls_context *context, const char *file)
{
	int code = gnutls_certificate_set_x509_key_file(
		context->credentials, context->certificate, file, GNUTLS_X509_FMT_PEM);

	if (code >= 0)
		return 1;
	fprintf(stderr, "%s: %s\n", file, gnutls_strerror(code));
	errno = EINVAL;
	return 0;
}

/* ---- a connection ---- */

struct ssmtp_tls *ssmtp_tls_new(struct ssmtp_tls_context *context)
{
	struct ssmtp_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->context = context;
	if (gnutls_init(&tls->session, GNUTLS_CLIENT) >= 0 &&
		gnutls_set_default_priority(tls->session) >= 0 &&
		gnutls_credentials_set(
			tls->session, GNUTLS_CRD_CERTIFICATE, context->credentials) >= 0)
		return tls;
	if (tls->session != NULL)
		gnutls_deinit(tls->session);
	free(tls);
	return NULL;
}

void ssmtp_tls_server(struct ssmtp_tls *tls, const char *host, bool secret)
{
	tls->host = host;
	tls->verify = settings.verify == YES ||
		(settings.verify == UNSET && (secret || settings.ca_file[0] != '\0'));
}

bool ssmtp_tls_is_verified(const struct ssmtp_tls *tls)
{
	return tls->verified;
}

const char *ssmtp_tls_error(const struct ssmtp_tls *tls)
{
	return tls->error;
}

int ssmtp_tls_set_fd(struct ssmtp_tls *tls, int fd)
{
	gnutls_transport_set_int(tls->session, fd);
	return 1;
}

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool fail(struct ssmtp_tls *tls, const char *why, const char *hint)
{
	snprintf(tls->error, sizeof(tls->error), "%.128s: %.256s%.96s",
		tls->host != NULL ? tls->host : "the server", why, hint);
	return false;
}

/* Whom we trust to say who the server is. */
static bool trust(struct ssmtp_tls *tls)
{
	gnutls_certificate_credentials_t credentials = tls->context->credentials;
	int found;

	if (settings.too_long)
		return fail(tls, "the name of TLS_CA_File is too long", "");
	if (settings.ca_file[0] == '\0')
		found = gnutls_certificate_set_x509_system_trust(credentials);
	else
		found = gnutls_certificate_set_x509_trust_file(
			credentials, settings.ca_file, GNUTLS_X509_FMT_PEM);
	if (found > 0)
		return true;
	if (settings.ca_file[0] != '\0')
		return fail(tls, "there is no certificate to read in ", settings.ca_file);
	return fail(tls, "this system trusts no certificate authority",
		" (Debian: ca-certificates; or TLS_CA_File)");
}

static bool explain_certificate(struct ssmtp_tls *tls)
{
	unsigned status = gnutls_session_get_verify_cert_status(tls->session);

	if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0)
		return fail(tls,
			"its certificate is signed by an authority that is not trusted here",
			" (TLS_CA_File names one)");
	if ((status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0)
		return fail(tls, "its certificate is for another name", " (MailHub)");
	if ((status & GNUTLS_CERT_EXPIRED) != 0)
		return fail(tls, "its certificate has expired", "");
	if ((status & GNUTLS_CERT_NOT_ACTIVATED) != 0)
		return fail(tls, "its certificate is not valid yet", " (is the clock right?)");
	if ((status & GNUTLS_CERT_REVOKED) != 0)
		return fail(tls, "its certificate was revoked", "");
	return fail(tls, "its certificate cannot be trusted", "");
}

static bool shake_hands(struct ssmtp_tls *tls)
{
	int code;

	if (tls->host != NULL && !is_address(tls->host))
		gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->host, strlen(tls->host));
	if (tls->verify && !trust(tls))
		return false;
	if (tls->verify)
		gnutls_session_set_verify_cert(tls->session, tls->host, 0);
	gnutls_handshake_set_timeout(tls->session, HANDSHAKE_PATIENCE_MS);
	do
		code = gnutls_handshake(tls->session);
	while (code < 0 && !gnutls_error_is_fatal(code));
	if (code >= 0) {
		tls->verified = tls->verify;
		tls->cipher = gnutls_session_get_desc(tls->session);
		return true;
	}
	if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return explain_certificate(tls);
	return fail(tls, "no TLS: ", gnutls_strerror(code));
}

int ssmtp_tls_connect(struct ssmtp_tls *tls)
{
	if (shake_hands(tls))
		return 1;
	errno = EPROTO;
	return -1;
}

const char *ssmtp_tls_cipher(const struct ssmtp_tls *tls)
{
	return tls->cipher != NULL ? tls->cipher : "(none)";
}

const void *ssmtp_tls_peer(const struct ssmtp_tls *tls)
{
	unsigned count = 0;

	return gnutls_certificate_get_peers(tls->session, &count);
}

/* Tickets and other messages of the protocol itself come as errors that are not fatal. */
int ssmtp_tls_read(struct ssmtp_tls *tls, void *bytes, int len)
{
	ssize_t got;

	do
		got = gnutls_record_recv(tls->session, bytes, (size_t)len);
	while (got < 0 && !gnutls_error_is_fatal((int)got));
	return (int)got;
}

int ssmtp_tls_write(struct ssmtp_tls *tls, const void *bytes, int len)
{
	int sent = 0;

	while (sent < len) {
		ssize_t put = gnutls_record_send(
			tls->session, (const char *)bytes + sent, (size_t)(len - sent));

		if (put < 0 && gnutls_error_is_fatal((int)put))
			return -1;
		sent += put > 0 ? (int)put : 0;
	}
	return sent;
}
