#include "export.h"

#include <errno.h>
#include <signal.h>

#include "ask.h"
#include "draft.h"
#include "keyfile.h"

void export_begin(struct export *export, const struct account *account, int output)
{
	*export = (struct export){.output = output, .text = BUFFER(DRAFT_TRAVEL_MAX)};
	keyfile_put_number(&export->text, DRAFT_TRAVEL_MARK, DRAFT_TRAVEL_VERSION);
	keyfile_put(&export->text, "account", account->name);
	for (int key = 0; key < ACCOUNT_KEYS; key++)
		if (draft_travels((enum account_key)key))
			keyfile_put(&export->text, account_key_name((enum account_key)key),
				account_value(account, (enum account_key)key));
}

bool export_finish(struct export *export, const struct buffer *secret, const char *refresh_token,
	struct error *err)
{
	keyfile_put(&export->text, account_key_name(ACCOUNT_CLIENT_SECRET), buffer_text(secret));
	keyfile_put(&export->text, "refresh_token", refresh_token);
	keyfile_end(&export->text);
	if (!buffer_ok(&export->text))
		return error_set(err, ERROR_SYSTEM, "the account is too long to be exported");
	/* Who was to read it may have gone, which is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	return answer_write(export->output, &export->text) ||
		error_system(err, errno, "cannot write the export");
}

void export_free(struct export *export)
{
	buffer_free(&export->text);
}
