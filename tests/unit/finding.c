#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "programs_support.h"

enum { TOLD_MAX = 4 };

struct told {
	struct finding findings[TOLD_MAX];
	int count;
};

static void note(void *context, const struct finding *finding)
{
	struct told *told = context;

	assert_in_range(told->count, 0, TOLD_MAX - 1);
	told->findings[told->count++] = *finding;
}

static void a_torn_record_is_refused(void **state)
{
	static const char *const torn[] = {"status = ok\nlevel = ok\n", "",
		"status = ok\nend = 2\n", "status = temporary\ncause = later\n"};
	struct told told = {0};
	const struct findings findings = {note, &told};

	(void)state;
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		struct buffer text = BUFFER(1024);
		struct error err = {0};

		buffer_puts(&text, torn[i]);
		assert_false(answer_parse_told(&text, &findings, &err));
		assert_int_equal(err.kind, ERROR_SYSTEM);
		buffer_free(&text);
	}
}

static void a_failure_of_the_other_side_is_one(void **state)
{
	struct told told = {0};
	const struct findings findings = {note, &told};
	struct buffer text = BUFFER(1024);
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_TEMPORARY, "later");
	answer_print_failure(&err, &text);
	memset(&err, 0, sizeof(err));
	assert_false(answer_parse_told(&text, &findings, &err));
	assert_failed(err, ERROR_TEMPORARY, "later");
	assert_int_equal(told.count, 0);
	buffer_free(&text);
}

static void what_could_be_a_token_is_hidden(void **state)
{
	char *token = repeat("aB3-_", FINDING_HIDDEN_MIN),
	     *name = repeat("n", FINDING_HIDDEN_MIN - 1);
	struct told told = {0};
	const struct findings findings = {note, &told};
	struct error err = {0};

	(void)state;
	error_set(&err, ERROR_REFUSED, "it said <%s.%s>", token, name);
	error_hint(&err, "say %s\n", token);
	finding_fail(&findings, "a\tb", &err);
	assert_null(strstr(told.findings[0].found, token));
	assert_non_null(strstr(told.findings[0].found, "it said <****"));
	assert_non_null(strstr(told.findings[0].found, name));
	assert_null(strstr(told.findings[0].mend, token));
	assert_null(strchr(told.findings[0].mend, '\n'));
	assert_string_equal(told.findings[0].what, "a?b");
	finding_ok(&findings, "token", "%s", token);
	assert_null(strstr(told.findings[1].found, token));
	free(token);
	free(name);
}

static void what_is_told_arrives_on_the_other_side(void **state)
{
	struct told first = {0}, second = {0};
	const struct findings sender = {note, &first}, receiver = {note, &second};
	struct buffer told = BUFFER(4096), text = BUFFER(8192);
	struct error err = {0};

	(void)state;
	finding_ok(&sender, "clock", "as that of %s", "localhost");
	error_set(&err, ERROR_LOGIN, "cause = x");
	error_what(&err, "what");
	finding_fail(&sender, "grant", &err);
	error_hint(&err, "mend it");
	finding_warn(&sender, "end", &err);
	for (int i = 0; i < first.count; i++)
		finding_print(&first.findings[i], &told);
	answer_print_told(&told, &text);
	assert_done(answer_parse_told(&text, &receiver, &err), err);
	assert_int_equal(second.count, 3);
	assert_memory_equal(second.findings, first.findings, sizeof(first.findings));
	assert_int_equal(second.findings[1].kind, ERROR_LOGIN);
	assert_string_equal(second.findings[1].found, "what: cause = x");
	assert_int_equal(second.findings[2].kind, ERROR_NONE);
	assert_string_equal(second.findings[2].mend, "mend it");
	buffer_free(&told);
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_torn_record_is_refused),
		cmocka_unit_test(a_failure_of_the_other_side_is_one),
		cmocka_unit_test(what_could_be_a_token_is_hidden),
		cmocka_unit_test(what_is_told_arrives_on_the_other_side)};

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
