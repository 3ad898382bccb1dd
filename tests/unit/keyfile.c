#include "keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* ---- what was visited, a line each: kind|section|key|value|line ---- */

struct visited {
	char text[8192];
	int stop_at; /* the visit that fails; 0: none */
	int count;
};

static bool note(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct visited *visited = context;
	size_t len = strlen(visited->text);

	if (++visited->count == visited->stop_at)
		return error_set(err, ERROR_LOGIN, "the visitor's own failure");
	snprintf(visited->text + len, sizeof(visited->text) - len, "%s|%s|%s|%.40s|%u\n",
		entry->kind, entry->section, entry->key != NULL ? entry->key : "(section)",
		entry->value != NULL ? entry->value : "", entry->line);
	return true;
}

static bool parse_bytes(const void *bytes, size_t len, enum keyfile_form form,
	struct visited *visited, struct error *err)
{
	struct buffer text = BUFFER(KEYFILE_CONFIG_MAX);
	const struct keyfile_visitor visitor = {note, visited};
	bool ok;

	buffer_add(&text, bytes, len);
	assert_true(buffer_ok(&text));
	ok = keyfile_parse(&text, form, "FILE", &visitor, err);
	buffer_free(&text);
	return ok;
}

static bool parse(
	const char *text, enum keyfile_form form, struct visited *visited, struct error *err)
{
	return parse_bytes(text, strlen(text), form, visited, err);
}

static void assert_fails(const char *text, enum keyfile_form form, const char *sentence)
{
	struct visited visited = {0};
	struct error err = {0};

	assert_false(parse(text, form, &visited, &err));
	assert_int_equal(err.kind, form == KEYFILE_CONFIG ? ERROR_CONFIG : ERROR_SYSTEM);
	assert_sentence(&err, sentence);
}

static void assert_visits(const char *text, enum keyfile_form form, const char *expected)
{
	struct visited visited = {0};
	struct error err = {0};

	assert_true(parse(text, form, &visited, &err));
	assert_string_equal(visited.text, expected);
}

/* ---- errors ---- */

static void a_configuration_error_names_file_and_line(void **state)
{
	static const struct {
		const char *text, *sentence;
	} errors[] = {
		{"word", "FILE:1: expected `key = value`"},
		{"\n\n# c\nword\n", "FILE:4: expected `key = value`"},
		{"= value\n", "FILE:1: expected `key = value`"},
		{" \t = value\n", "FILE:1: expected `key = value`"},
		{"a = 1\nkey =\n", "FILE:2: the key has no value"},
		{"a = 1\r\nkey = \t \r\n", "FILE:2: the key has no value"},
		{"[account", "FILE:1: a section is written [account NAME]"},
		{"[account a] b\n", "FILE:1: a section is written [account NAME]"},
		{"[account a] # b\n", "FILE:1: a section is written [account NAME]"},
		{"[", "FILE:1: a section is written [account NAME]"},
		{"a = 1\n\rb = 2\n", "FILE:2: a control byte"},
		{"a = 1\r\r\n", "FILE:1: a control byte"},
		{"# \033[2J\n", "FILE:1: a control byte"},
		{"[account \1]\n", "FILE:1: a control byte"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_fails(errors[i].text, KEYFILE_CONFIG, errors[i].sentence);
}

static void a_record_error_names_file_and_line(void **state)
{
	static const struct {
		const char *text, *sentence;
	} errors[] = {
		{"a = 1\n\nend = 2\n", "FILE:2: expected `key = value`"},
		{"# c\nend = 1\n", "FILE:1: expected `key = value`"},
		{"[account a]\nend = 1\n", "FILE:1: expected `key = value`"},
		{"a = 1\r\nend = 1\n", "FILE:1: a control byte"},
		{"a = 1\nend = 1\r\n", "FILE:2: a control byte"},
		{"a = 1\nend = 1\nb = 2\n", "FILE:3: there is more behind the end"},
		{"a = 1\nend = 1\n\n", "FILE:3: there is more behind the end"},
		{"a = 1\nend = 1\nend = 2\n", "FILE:3: there is more behind the end"},
		{"a = 1\nend = 1\nx", "FILE:3: the record is cut off"},
		{"a = 1\nend = 0\n", "FILE:2: the record is cut off"},
		{"a = 1\nend = 2\n", "FILE:2: the record is cut off"},
		{"a = 1\nend = 1x\n", "FILE:2: the record is cut off"},
		{"a = 1\nend = -1\n", "FILE:2: the record is cut off"},
		{"a = 1\nend = 4294967297\n", "FILE:2: the record is cut off"},
		{"", "FILE:0: the record is cut off"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_fails(errors[i].text, KEYFILE_RECORD, errors[i].sentence);
}

static void every_control_byte_is_refused_wherever_it_stands(void **state)
{
	static const char *const places[] = {"k?y = value\n", "key = v?lue\n", "# c?mment\n",
		"[account n?me]\n", "key = value?\n#"};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int byte = 0; byte <= 0x7f; byte++) {
			struct visited visited = {0};
			struct error err = {0};
			char text[64];
			bool last = strchr(places[i], '?')[1] == '\n';
			bool harmless = byte == '\t' || (byte == '\r' && last);

			if ((byte >= 0x20 && byte != 0x7f) || byte == '\n')
				continue;
			snprintf(text, sizeof(text), "\n%s", places[i]);
			*strchr(text, '?') = (char)byte;
			assert_int_equal(parse_bytes(text, strlen(places[i]) + 1, KEYFILE_CONFIG,
						 &visited, &err),
				harmless);
			if (!harmless)
				assert_sentence(&err, "FILE:2: a control byte");
		}
	}
}

static void a_nul_ends_no_line(void **state)
{
	static const char config[] = "a = 1\0b = 2\n";
	static const char record[] = "a = 1\nend = 1\0\n";
	struct visited visited = {0};
	struct error err = {0};

	(void)state;
	assert_false(parse_bytes(config, sizeof(config) - 1, KEYFILE_CONFIG, &visited, &err));
	assert_sentence(&err, "FILE:1: a control byte");
	assert_false(parse_bytes(record, sizeof(record) - 1, KEYFILE_RECORD, &visited, &err));
	assert_sentence(&err, "FILE:2: a control byte");
}

static void a_torn_record_is_never_whole(void **state)
{
	static const char record[] = "version = 1\naccess_token = abc=\nend = 1\nexpires_at = 12\n"
				     "end = 4\n";

	(void)state;
	for (size_t len = 0; len < sizeof(record) - 1; len++) {
		struct visited visited = {0};
		struct error err = {0};

		assert_false(parse_bytes(record, len, KEYFILE_RECORD, &visited, &err));
		assert_int_equal(err.kind, ERROR_SYSTEM);
		assert_non_null(strstr(err.cause, "the record is cut off"));
	}
	assert_visits(record, KEYFILE_RECORD,
		"||version|1|1\n||access_token|abc=|2\n||end|1|3\n||expires_at|12|4\n");
}

static void the_visitor_s_failure_ends_the_parse(void **state)
{
	struct visited visited = {.stop_at = 2};
	struct error err = {0};

	(void)state;
	assert_false(parse("a = 1\nb = 2\nc = 3\n", KEYFILE_CONFIG, &visited, &err));
	assert_int_equal(visited.count, 2);
	assert_error(&err, ERROR_LOGIN, "the visitor's own failure");
	visited = (struct visited){.stop_at = 1};
	assert_false(parse("[account a]\nb = 2\n", KEYFILE_CONFIG, &visited, &err));
	assert_int_equal(visited.count, 1);
}

/* ---- limits ---- */

static bool parse_sizes(size_t key_len, size_t value_len, enum keyfile_form form, struct error *err)
{
	struct visited visited = {0};
	char *key = repeated('k', key_len);
	char *value = repeated('v', value_len);
	char *text = malloc(key_len + value_len + 32);
	bool ok;

	sprintf(text, "%s = %s\n%s", key, value, form == KEYFILE_RECORD ? "end = 1\n" : "");
	ok = parse(text, form, &visited, err);
	free(text);
	free(value);
	free(key);
	return ok;
}

static void keys_and_values_have_a_maximum(void **state)
{
	struct error err = {0};

	(void)state;
	for (int form = KEYFILE_CONFIG; form <= KEYFILE_RECORD; form++) {
		assert_true(parse_sizes(KEYFILE_KEY_MAX, KEYFILE_VALUE_MAX, form, &err));
		assert_false(parse_sizes(KEYFILE_KEY_MAX + 1, 1, form, &err));
		assert_sentence(&err, "FILE:1: expected `key = value`");
		assert_false(parse_sizes(1, KEYFILE_VALUE_MAX + 1, form, &err));
		assert_sentence(&err, "FILE:1: the value is too long");
	}
}

/* ---- what is read ---- */

static void a_configuration_is_read_as_people_write_it(void **state)
{
	(void)state;
	assert_visits("# rank = first\n"
		      "\n"
		      "rank=polite\n"
		      "\tprograms \t=  smtp, mbsync \t\r\n"
		      "  # comment\n"
		      " [ account  J\xc3\xbcrgen Doe ] \n"
		      "scope = a=b # c [d]\n"
		      "[account a]b]\n"
		      "[account]\n"
		      "[]\n"
		      "last = line without a newline",
		KEYFILE_CONFIG,
		"||rank|polite|3\n"
		"||programs|smtp, mbsync|4\n"
		"account|J\xc3\xbcrgen Doe|(section)||6\n"
		"account|J\xc3\xbcrgen Doe|scope|a=b # c [d]|7\n"
		"account|a]b|(section)||8\n"
		"account||(section)||9\n"
		"||(section)||10\n"
		"||last|line without a newline|11\n");
}

static void an_empty_configuration_says_nothing(void **state)
{
	(void)state;
	assert_visits("", KEYFILE_CONFIG, "");
	assert_visits("\n", KEYFILE_CONFIG, "");
	assert_visits("\r\n \t\r\n#", KEYFILE_CONFIG, "");
}

static void a_value_of_a_record_is_all_behind_the_equals_sign(void **state)
{
	(void)state;
	assert_visits("a =   b \t\nc = # d\ne = \nf=g\nh = [i] = j\nend = 5\n", KEYFILE_RECORD,
		"||a|  b \t|1\n||c|# d|2\n||e||3\n||f|g|4\n||h|[i] = j|5\n");
	assert_visits("end = 0\n", KEYFILE_RECORD, "");
}

static void a_day_is_one_that_there_is(void **state)
{
	static const char *const bad[] = {"", "2027", "2027-1-1", "2027-01-1", "2027-13-01",
		"2027-00-10", "2027-01-32", "2027-04-31", "2027-02-29", "2100-02-29", "1969-12-31",
		"2027/01/01", "2027-01-01 ", "+027-01-01", "2027-+1-01", "-027-01-01",
		"20270-01-1"};
	static const struct {
		const char *text;
		int64_t seconds;
	} days[] = {{"1970-01-01", 0}, {"2000-02-29", 951782400}, {"2027-03-01", 1803859200},
		{"2100-03-01", 4107542400}, {"2026-12-31", 1798675200},
		{"9999-12-31", 253402214400}};
	int64_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (keyfile_date(bad[i], &seconds))
			fail_msg("`%s` is taken for a day", bad[i]);
	assert_int_equal(seconds, 7);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_true(keyfile_date(days[i].text, &seconds));
		assert_int_equal(seconds, days[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_error_names_file_and_line),
		cmocka_unit_test(a_record_error_names_file_and_line),
		cmocka_unit_test(every_control_byte_is_refused_wherever_it_stands),
		cmocka_unit_test(a_nul_ends_no_line),
		cmocka_unit_test(a_torn_record_is_never_whole),
		cmocka_unit_test(the_visitor_s_failure_ends_the_parse),
		cmocka_unit_test(keys_and_values_have_a_maximum),
		cmocka_unit_test(a_configuration_is_read_as_people_write_it),
		cmocka_unit_test(an_empty_configuration_says_nothing),
		cmocka_unit_test(a_value_of_a_record_is_all_behind_the_equals_sign),
		cmocka_unit_test(a_day_is_one_that_there_is),
	};

	return cmocka_run_group_tests_name("keyfile", tests, NULL, NULL);
}
