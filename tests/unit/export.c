#include "export.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draft.h"
#include "programs_support.h"

static void it_cannot_be_written(void **state)
{
	struct box *box = *state;
	const struct buffer none = BUFFER(0);
	struct export export;
	struct error err = {0};

	box_configure(box, "");
	export_begin(&export, box->account, 999);
	assert_false(export_finish(&export, &none, "rt", &err));
	assert_failed(err, ERROR_SYSTEM, "cannot write the export");
	export_free(&export);
	export_begin(&export, box->account, 999);
	assert_false(export_finish(&export, &none, "r\nt", &err));
	assert_failed(err, ERROR_SYSTEM, "too long to be exported");
	export_free(&export);
}

static void it_has_what_another_machine_needs(void **state)
{
	struct box *box = *state;
	const struct buffer secret = {.data = "s3cret", .len = 6};
	struct export export;
	struct error err = {0};
	char text[1024] = "";
	int fd = memfd_create("text", MFD_CLOEXEC);

	box_configure(box,
		"client_id = c\nscope = a b\nclient_secret_command = true\nproxy = "
		"http://p\nhosts = *.test\ngroup = mail\n");
	export_begin(&export, box->account, fd);
	assert_done(export_finish(&export, &secret, "rt", &err), err);
	export_free(&export);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text,
		"saslfresh_export = 1\naccount = " ACCOUNT_NAME
		"\nhosts = *.test\nclient_id = c\ntoken_endpoint = https://localhost:1/token\n"
		"scope = a b\nclient_secret = s3cret\nrefresh_token = rt\nend = 8\n");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(it_cannot_be_written),
		BOX_TEST(it_has_what_another_machine_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
