/* ssmtp_exchange.h: one AUTH command and its exchange, from sasl_client_new to sasl_dispose. */
#ifndef SSMTP_EXCHANGE_H
#define SSMTP_EXCHANGE_H

#include "ssmtp_sasl.h"

struct ssmtp_outcome {
	enum ssmtp_sasl_result result;
	bool unavailable; /* libsasl2 cannot do any of the mechanisms here; nothing was sent */
	bool unknown; /* because it has no such mechanism, not because the connection is in clear */
	bool again;   /* a fresh token may be taken where this one was not */
	char mechanism[32]; /* the one used, "" if none */
	char text[SSMTP_TEXT_MAX];
};

/* MECHANISMS: names with blanks between; libsasl2 chooses if there are several. CLEARTEXT: a secret
 * may travel without TLS. sasl_client_init has been called. */
void ssmtp_exchange(const struct ssmtp_sasl *sasl, const char *mechanisms, bool cleartext,
	struct ssmtp_outcome *outcome);

#endif
