/* ssmtp_tls.h: TLS for sSMTP by GnuTLS itself, behind the few OpenSSL names that sSMTP calls; it is
 * included in place of <openssl/...>. What is new: the server is told which name it is asked for,
 * its certificate is verified, and any number of session tickets may come.
 *
 * Order of calls: ssmtp_tls_config for every line of the configuration; SSL_CTX_new; SSL_new;
 * ssmtp_tls_server; SSL_set_fd; SSL_connect; SSL_read and SSL_write. Nothing is freed: the process
 * ends after one mail. */
#ifndef SSMTP_TLS_H
#define SSMTP_TLS_H

#include <stdbool.h>

struct ssmtp_tls;
struct ssmtp_tls_context;

/* Takes TLS_CA_File=FILE and TLSVerify=YES|NO; false if KEY is none of ours. */
bool ssmtp_tls_config(const char *key, const char *value);

/* HOST, a name or an address, is who the server has to be. SECRET: a token or password will be sent
 * by ssmtp_sasl, so the certificate is verified unless TLSVerify=NO; without SECRET only with
 * TLSVerify=YES or TLS_CA_File. HOST must outlive the connection. */
void ssmtp_tls_server(struct ssmtp_tls *tls, const char *host, bool secret);

/* Whether the server has proved to be HOST. */
bool ssmtp_tls_is_verified(const struct ssmtp_tls *tls);

/* Why ssmtp_tls_connect failed, one sentence. */
const char *ssmtp_tls_error(const struct ssmtp_tls *tls);

/* As their namesakes in OpenSSL, as far as sSMTP looks: NULL, 0 or negative for a failure. */
struct ssmtp_tls_context *ssmtp_tls_context_new(const void *method);
int ssmtp_tls_context_use_certificate(struct ssmtp_tls_context *context, const char *file);
int ssmtp_tls_context_use_key(struct ssmtp_tls_context *context, const char *file);
struct ssmtp_tls *ssmtp_tls_new(struct ssmtp_tls_context *context);
int ssmtp_tls_connect(struct ssmtp_tls *tls);
const char *ssmtp_tls_cipher(const struct ssmtp_tls *tls);
const void *ssmtp_tls_peer(const struct ssmtp_tls *tls);
int ssmtp_tls_read(struct ssmtp_tls *tls, void *bytes, int len);
int ssmtp_tls_write(struct ssmtp_tls *tls, const void *bytes, int len);
int ssmtp_tls_set_fd(struct ssmtp_tls *tls, int fd);

#define SSL struct ssmtp_tls
#define SSL_CTX struct ssmtp_tls_context
#define SSL_METHOD const void
#define X509 const void
#define SSL_FILETYPE_PEM 1
#define SSL_load_error_strings() ((void)0)
#define SSLeay_add_ssl_algorithms() ((void)0)
#define SSLv23_client_method() ((const void *)0)
#define SSL_CTX_new(method) ssmtp_tls_context_new(method)
#define SSL_CTX_use_certificate_chain_file(context, file)                                          \
	ssmtp_tls_context_use_certificate(context, file)
#define SSL_CTX_use_certificate_file(context, file, type)                                          \
	ssmtp_tls_context_use_certificate(context, file)
#define SSL_CTX_use_PrivateKey_file(context, file, type) ssmtp_tls_context_use_key(context, file)
#define SSL_CTX_check_private_key(context) 1 /* GnuTLS has compared them when it read both */
#define SSL_new(context) ssmtp_tls_new(context)
#define SSL_set_fd(tls, fd) ssmtp_tls_set_fd(tls, fd)
#define SSL_connect(tls) ssmtp_tls_connect(tls)
#define SSL_get_cipher(tls) ssmtp_tls_cipher(tls)
#define SSL_get_peer_certificate(tls) ssmtp_tls_peer(tls)
#define X509_free(certificate) ((void)(certificate))
#define SSL_read(tls, bytes, len) ssmtp_tls_read(tls, bytes, len)
#define SSL_write(tls, bytes, len) ssmtp_tls_write(tls, bytes, len)

#endif
