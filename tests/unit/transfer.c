#include "transfer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draft.h"
#include "programs_support.h"

static struct transfer transfer;
static struct error err;

static bool reads(const char *text, size_t len)
{
	int fd = memfd_create("text", MFD_CLOEXEC);
	bool ok;

	assert_int_equal(write(fd, text, len), len);
	lseek(fd, 0, SEEK_SET);
	memset(&err, 0, sizeof(err));
	ok = transfer_read(fd, &transfer, &err);
	close(fd);
	return ok;
}

static void refuses(const char *text, const char *words)
{
	int descriptors = open_descriptors();

	assert_false(reads(text, strlen(text)));
	assert_failed(err, ERROR_CONFIG, words);
	transfer_free(&transfer);
	assert_int_equal(open_descriptors(), descriptors);
}

#define HEAD "saslfresh_export = 1\naccount = a\n"

static void what_is_no_export_is_refused(void **state)
{
	char *large = repeat("saslfresh_export = 1\n", DRAFT_TRAVEL_MAX + 1);

	(void)state;
	refuses("", "the export is empty");
	refuses("{\"refresh_token\":\"x\"}", "no export of a login");
	refuses("account = a\nrefresh_token = r\nend = 2\n", "no export of a login");
	refuses("saslfresh_export = 2\naccount = a\nrefresh_token = r\nend = 3\n",
		"is of version 2, and this program knows 1");
	refuses("saslfresh_exporter = 1\nend = 1\n", "no export of a login");
	refuses(HEAD "end = 2\n", "has no refresh token");
	refuses("saslfresh_export = 1\nrefresh_token = r\nend = 2\n", "has no account");
	refuses(large, "larger than 65536 octets");
	free(large);
}

static void a_torn_one_is_refused(void **state)
{
	static const char whole[] = HEAD "client_id = c\nrefresh_token = rt\nend = 4\n";

	(void)state;
	for (size_t len = 1; len < sizeof(whole) - 1; len++) {
		assert_false(reads(whole, len));
		assert_int_equal(err.kind, ERROR_CONFIG);
		assert_mentions(err, "whole and unchanged");
		transfer_free(&transfer);
	}
	refuses(HEAD "client_id = c\nrefresh_token = rt\nend = 3\n", "");
	refuses(HEAD "client_id = c\nrefresh_token = rt\nend = 4\nmore = 1\n", "behind the end");
}

static void keys_that_do_something_here_are_refused(void **state)
{
	static const char *const keys[] = {"client_secret_command", "client_secret_file",
		"client_secret_credential", "proxy", "group", "console", "rank", "nosuch"};
	char text[256], words[64];

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), HEAD "%s = x\nrefresh_token = rt\nend = 4\n", keys[i]);
		snprintf(words, sizeof(words), "cannot have the key `%s`", keys[i]);
		refuses(text, words);
	}
	refuses(HEAD "account = b\nrefresh_token = rt\nend = 4\n", "twice");
	refuses(HEAD "refresh_token = rt\nrefresh_token = rt\nend = 4\n", "twice");
	refuses(HEAD "scope = a\nscope = a\nrefresh_token = rt\nend = 5\n", "twice");
	refuses(HEAD "refresh_token = r\x01\nend = 3\n", "control byte");
}

static void a_whole_one_is_taken_apart(void **state)
{
	static const char whole[] = HEAD "client_id = c\nclient_secret =  s \nrefresh_token = rt\n"
					 "end = 5\n";
	char token[16] = "";

	(void)state;
	assert_done(reads(whole, sizeof(whole) - 1), err);
	assert_string_equal(transfer.account, "a");
	assert_string_equal(transfer.values[ACCOUNT_CLIENT_ID], "c");
	assert_string_equal(transfer.values[ACCOUNT_CLIENT_SECRET], " s ");
	assert_int_equal(read(transfer.refresh_token, token, sizeof(token)), 2);
	assert_string_equal(token, "rt");
	assert_true((fcntl(transfer.refresh_token, F_GETFD) & FD_CLOEXEC) != 0);
	transfer_free(&transfer);
	assert_int_equal(transfer.refresh_token, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_export_is_refused),
		cmocka_unit_test(a_torn_one_is_refused),
		cmocka_unit_test(keys_that_do_something_here_are_refused),
		cmocka_unit_test(a_whole_one_is_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
