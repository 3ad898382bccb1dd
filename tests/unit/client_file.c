#include "client_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs_support.h"

static bool read_text(struct box *box, const char *text, struct buffer *keys, struct error *err)
{
	int fd = memfd_create("client", MFD_CLOEXEC);
	bool ok;

	*keys = BUFFER(8192);
	memset(err, 0, sizeof(*err));
	buffer_puts(keys, "before\n");
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	ok = client_file_read(box->account, fd, keys, err);
	close(fd);
	return ok;
}

static void refuses(struct box *box, const char *text, const char *words)
{
	struct buffer keys;
	struct error err;

	assert_false(read_text(box, text, &keys, &err));
	assert_failed(err, ERROR_CONFIG, words);
	assert_string_equal(buffer_text(&keys), "before\n");
	buffer_free(&keys);
}

static void gives(struct box *box, const char *text, const char *wanted)
{
	struct buffer keys;
	struct error err;

	assert_done(read_text(box, text, &keys, &err), err);
	assert_string_equal(buffer_text(&keys) + strlen("before\n"), wanted);
	buffer_free(&keys);
}

static void what_describes_no_client_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"", "the file is empty"},
		{"[]", "not a JSON object"},
		{"{\"installed\":", "not a JSON object"},
		{"{}", "describes no client"},
		{"{\"installed\":[]}", "describes no client"},
		{"{\"installed\":{}}", "no client id"},
		{"{\"installed\":{\"client_id\":1}}", "client_id in the file"},
		{"{\"installed\":{\"client_id\":\"a\\nb\"}}", "client_id in the file"},
		{"{\"installed\":{\"client_id\":\" a\"}}", "client_id"},
		{"{\"installed\":{\"client_id\":\"a\",\"client_secret\":{}}}", "client_secret in"},
		{"{\"web\":{\"client_id\":\"a\",\"client_secret\":\"b\"}}", "type Web application"},
		{"{\"type\":\"service_account\",\"client_id\":\"1\"}", "`service_account_file = ...`"},
		{"{\"appId\":1}", "appId in the file"},
		{"{\"appId\":\"a\",\"web\":{\"redirectUris\":[\"http://localhost\"]}}",
			"Mobile and desktop"},
		{"{\"appId\":\"a\",\"replyUrlsWithType\":[{\"type\":\"Web\"},1,null]}",
			"Mobile and desktop"},
	};
	char *large = repeat(" ", CLIENT_FILE_MAX + 1);

	box_configure(*state, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuses(*state, rows[i][0], rows[i][1]);
	refuses(*state, large, "larger than 65536 octets");
	free(large);
}

static void another_server_s_client_is_refused(void **state)
{
	box_configure(*state, "authorization_endpoint = https://Accounts.test/auth\n");
	refuses(*state,
		"{\"installed\":{\"client_id\":\"a\",\"auth_uri\":\"https://accounts.test.evil/\"}}",
		"client for https://accounts.test.evil/, but " ACCOUNT_NAME " logs in at");
	gives(*state,
		"{\"installed\":{\"client_id\":\"a\",\"auth_uri\":\"https://accounts.test/x?y\"}}",
		"client_id = a\n");
}

static void a_desktop_app_has_an_id_and_a_secret(void **state)
{
	box_configure(*state, "");
	gives(*state,
		"{\"installed\":{\"client_id\":\"a\",\"project_id\":\"p\",\"client_secret\":\"b\"}}",
		"client_id = a\nclient_secret = b\n");
}

#define APP "{\"appId\":\"a\",\"publicClient\":{\"redirectUris\":[\"http://localhost\"]},"

static void an_app_of_microsoft_tells_its_tenant(void **state)
{
	struct box *box = *state;
	static const char *const rows[][2] = {
		{APP "\"signInAudience\":\"AzureADandPersonalMicrosoftAccount\"}", "common"},
		{APP "\"signInAudience\":\"AzureADMultipleOrgs\"}", "organizations"},
		{APP "\"signInAudience\":\"PersonalMicrosoftAccount\"}", "consumers"},
		{APP "\"signInAudience\":\"AzureADMyOrg\",\"publisherDomain\":\"a.test\"}",
			"a.test"},
	};
	char wanted[64];

	box_configure(box, "");
	gives(box, APP "\"web\":{}}", "client_id = a\n");
	gives(box,
		"{\"appId\":\"a\",\"replyUrlsWithType\":[{\"type\":\"Web\"},{\"url\":\"http://"
		"localhost\",\"type\":\"InstalledClient\"}]}",
		"client_id = a\n");
	box->account->values[ACCOUNT_PROVIDER] = strdup("microsoft-test");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(wanted, sizeof(wanted), "client_id = a\ntenant = %s\n", rows[i][1]);
		gives(box, rows[i][0], wanted);
	}
	box->account->values[ACCOUNT_TENANT] = strdup("mine");
	gives(box, rows[0][0], "client_id = a\n");
	free(box->account->values[ACCOUNT_PROVIDER]);
	box->account->values[ACCOUNT_PROVIDER] = strdup("google");
	refuses(box, rows[0][0], "app of Microsoft, but " ACCOUNT_NAME " is at google");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(what_describes_no_client_is_refused),
		BOX_TEST(another_server_s_client_is_refused),
		BOX_TEST(a_desktop_app_has_an_id_and_a_secret),
		BOX_TEST(an_app_of_microsoft_tells_its_tenant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
