#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keyfile.h"

static const char *const level_names[] = {"ok", "warn", "fail"};

const char *finding_level_name(enum finding_level level)
{
	return level_names[level];
}

/* Names of people, hosts, files, and the GUIDs of tenants and clients are shorter. */
static void hide_tokens(char *text)
{
	static const char of_token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_+=~";

	for (size_t len; *text != '\0'; text += len > 0 ? len : 1) {
		len = strspn(text, of_token);
		if (len >= FINDING_HIDDEN_MIN)
			memset(text, '*', len);
	}
}

static void tell(const struct findings *findings, struct finding *finding, const char *what)
{
	snprintf(finding->what, sizeof(finding->what), "%s", what);
	error_clean(finding->what);
	error_clean(finding->found);
	error_clean(finding->mend);
	hide_tokens(finding->found);
	hide_tokens(finding->mend);
	findings->tell(findings->context, finding);
}

void finding_ok(const struct findings *findings, const char *what, const char *format, ...)
{
	struct finding finding = {.level = FINDING_OK};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding.found, sizeof(finding.found), format, arguments);
	va_end(arguments);
	tell(findings, &finding, what);
}

static void tell_error(const struct findings *findings, struct finding *finding, const char *what,
	const struct error *err)
{
	snprintf(finding->found, sizeof(finding->found), "%s%s%s", err->what,
		err->what[0] != '\0' ? ": " : "", err->cause);
	snprintf(finding->mend, sizeof(finding->mend), "%s", err->hint);
	tell(findings, finding, what);
}

void finding_warn(const struct findings *findings, const char *what, const struct error *err)
{
	struct finding finding = {.level = FINDING_WARN};

	tell_error(findings, &finding, what, err);
}

void finding_fail(const struct findings *findings, const char *what, const struct error *err)
{
	struct finding finding = {.level = FINDING_FAIL, .kind = err->kind};

	tell_error(findings, &finding, what, err);
}

/* ---- as a record: level, kind, what, mend, and found, which ends a finding ---- */

void finding_print(const struct finding *finding, struct buffer *record)
{
	keyfile_put(record, "level", finding_level_name(finding->level));
	if (finding->kind != ERROR_NONE)
		keyfile_put(record, "kind", error_kind_name(finding->kind));
	keyfile_put(record, "what", finding->what);
	keyfile_put(record, "mend", finding->mend);
	keyfile_put(record, "found", finding->found);
}

struct reading {
	const struct findings *findings;
	struct finding finding;
};

static enum finding_level level_of(const char *name)
{
	for (int i = 0; i < FINDING_FAIL; i++)
		if (strcmp(name, level_names[i]) == 0)
			return (enum finding_level)i;
	return FINDING_FAIL;
}

static bool read_line(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct reading *reading = context;
	struct finding *finding = &reading->finding;

	(void)err;
	if (strcmp(entry->key, "level") == 0) {
		*finding = (struct finding){.level = level_of(entry->value)};
	} else if (strcmp(entry->key, "kind") == 0) {
		finding->kind = error_kind_of(entry->value);
	} else if (strcmp(entry->key, "what") == 0) {
		snprintf(finding->what, sizeof(finding->what), "%s", entry->value);
	} else if (strcmp(entry->key, "mend") == 0) {
		snprintf(finding->mend, sizeof(finding->mend), "%s", entry->value);
	} else if (strcmp(entry->key, "found") == 0) {
		snprintf(finding->found, sizeof(finding->found), "%s", entry->value);
		reading->findings->tell(reading->findings->context, finding);
	}
	return true;
}

bool finding_parse(struct buffer *text, const struct findings *findings, struct error *err)
{
	struct reading reading = {.findings = findings};
	const struct keyfile_visitor visitor = {read_line, &reading};

	return keyfile_parse(text, KEYFILE_RECORD, "answer", &visitor, err);
}
