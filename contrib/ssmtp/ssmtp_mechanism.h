/* ssmtp_mechanism.h: a client's conversation of libsasl2, with what sSMTP knows as the answers to
 * its questions. */
#ifndef SSMTP_MECHANISM_H
#define SSMTP_MECHANISM_H

#include <sasl/sasl.h>

#include "ssmtp_sasl.h"

struct ssmtp_mechanism {
	const struct ssmtp_sasl *sasl;
	sasl_conn_t *conn;
	sasl_secret_t *secret; /* NULL without AuthPass */
	size_t secret_size;
	sasl_callback_t callbacks[5];
};

/* The struct must stay where it is until ssmtp_mechanism_close, which may be called in any case.
 * CLEARTEXT: a secret may travel without TLS. False if libsasl2 cannot begin or memory is out. */
bool ssmtp_mechanism_open(
	struct ssmtp_mechanism *mechanism, const struct ssmtp_sasl *sasl, bool cleartext);

void ssmtp_mechanism_close(struct ssmtp_mechanism *mechanism);

/* The conversation's last sentence; "" if there is none. Belongs to the conversation. */
const char *ssmtp_mechanism_reason(const struct ssmtp_mechanism *mechanism);

/* What a mechanism misses that asked PROMPTS. */
const char *ssmtp_mechanism_missing(const sasl_interact_t *prompts);

/* Whether the login uses a security layer, which sSMTP could not speak through. */
bool ssmtp_mechanism_has_layer(const struct ssmtp_mechanism *mechanism);

/* Whether libsasl2 has one of NAMES, and whether one of them has the SASL_SEC_ flag. */
bool ssmtp_mechanism_exists(const char *names);
bool ssmtp_mechanism_has_flag(const char *names, unsigned flag);

#endif
