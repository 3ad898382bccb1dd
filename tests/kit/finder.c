/* finder.c: finder find|register ADDRESS: what online/find.h and online/registration.h make of the account of that
 * name in the caller's configuration. The keys go to standard output, a failure's sentence to standard error. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "find.h"
#include "http.h"
#include "registration.h"

int main(int argc, char **argv)
{
	struct error err = {0};
	struct config config = {0};
	struct buffer keys = BUFFER(64 * 1024);
	char line[ERROR_LINE_MAX];
	struct account *account;
	bool ok;

	if (argc != 3 || !http_start(&err) || !config_load(&config, &err))
		return 64;
	account = config_find(&config, argv[2]);
	if (account == NULL)
		return 64;
	ok = strcmp(argv[1], "find") == 0 ? find_provider(&config, account, &keys, &err)
					  : registration_register(&config, account, &keys, &err);
	fputs(buffer_text(&keys), stdout);
	if (!ok) {
		error_line(&err, line, sizeof(line));
		fprintf(stderr, "finder: %s\n", line);
	}
	buffer_free(&keys);
	config_free(&config);
	http_stop();
	return ok ? 0 : error_exit_status(err.kind);
}
