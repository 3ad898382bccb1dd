#include "tidings.h"

#include <stdlib.h>
#include <string.h>

#include "programs_support.h"

struct printed {
	struct tidings tidings;
	struct findings findings;
	char *text;
	size_t size;
};

static void begin(struct printed *printed, bool json)
{
	*printed = (struct printed){.tidings = {.json = json, .account = ""}};
	printed->tidings.out = open_memstream(&printed->text, &printed->size);
	assert_non_null(printed->tidings.out);
	printed->findings = tidings_findings(&printed->tidings);
}

static int end(struct printed *printed)
{
	int status = tidings_end(&printed->tidings);

	fclose(printed->tidings.out);
	return status;
}

static void tell(struct printed *printed)
{
	struct error err = {0};

	error_set(&err, ERROR_CONFIG, "it is \"so\" \\ \x80 \xc3\xa4");
	error_hint(&err, "mend it");
	finding_warn(&printed->findings, "first", &err);
	printed->tidings.account = "me@example.test";
	finding_fail(&printed->findings, "second", &err);
	err.kind = ERROR_LOGIN;
	err.hint[0] = '\0';
	finding_fail(&printed->findings, "third", &err);
	finding_ok(&printed->findings, "fourth", "well");
}

static void lines_name_the_account_once(void **state)
{
	struct printed printed;

	(void)state;
	begin(&printed, false);
	tell(&printed);
	assert_int_equal(end(&printed), 78);
	assert_string_equal(printed.text,
		"warn  first: it is \"so\" \\ \x80 \xc3\xa4; mend: mend it\n"
		"\nme@example.test\n"
		"fail  second: it is \"so\" \\ \x80 \xc3\xa4; mend: mend it\n"
		"fail  third: it is \"so\" \\ \x80 \xc3\xa4\n"
		"ok    fourth: well\n");
	free(printed.text);
}

static void json_is_escaped(void **state)
{
	struct printed printed;

	(void)state;
	begin(&printed, true);
	tell(&printed);
	assert_int_equal(end(&printed), 78);
	assert_int_equal(strncmp(printed.text,
				 "[{\"level\": \"warn\", \"account\": \"\", \"what\": \"first\", "
				 "\"found\": \"it is \\\"so\\\" \\\\ ? \xc3\xa4\", \"mend\": "
				 "\"mend it\"},\n {",
				 90),
		0);
	assert_string_equal(printed.text + strlen(printed.text) - 4, "\"}]\n");
	free(printed.text);
}

static void nothing_is_told_well(void **state)
{
	struct printed printed;

	(void)state;
	begin(&printed, true);
	assert_int_equal(end(&printed), 0);
	assert_string_equal(printed.text, "[]\n");
	free(printed.text);
}

static void warnings_are_no_failure(void **state)
{
	struct printed printed;
	struct error err = {0};

	(void)state;
	begin(&printed, false);
	error_set(&err, ERROR_CONFIG, "x");
	finding_warn(&printed.findings, "a", &err);
	assert_int_equal(end(&printed), 0);
	assert_int_equal(printed.tidings.warnings, 1);
	free(printed.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines_name_the_account_once),
		cmocka_unit_test(json_is_escaped), cmocka_unit_test(nothing_is_told_well),
		cmocka_unit_test(warnings_are_no_failure)};

	return cmocka_run_group_tests_name("tidings", tests, NULL, NULL);
}
