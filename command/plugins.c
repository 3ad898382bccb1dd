#include "plugins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "keyfile.h"

enum { SECONDS = 10, OFFERS_MAX = 128 };

static const char ours[] = "libsaslfresh.so";

struct offer {
	char mechanism[64];
	char file[PATH_SIZE];
};

struct plugins {
	char version[32];
	char loaded[PATH_SIZE]; /* our plugin; "": it is not */
	char directories[4096]; /* from which something was loaded */
	struct offer offers[OFFERS_MAX];
	size_t count;
	const struct findings *findings;
};

/* ---- reading ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void add_directory(struct plugins *plugins, const char *file)
{
	size_t len = (size_t)(base_name(file) - file), used = strlen(plugins->directories);
	char directory[PATH_SIZE];

	if (len < 2 || len >= sizeof(directory))
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)len - 1, file);
	if (!list_contains(plugins->directories, directory))
		snprintf(plugins->directories + used, sizeof(plugins->directories) - used, "%s%s",
			used > 0 ? " " : "", directory);
}

static void read_offer(struct plugins *plugins, const char *value)
{
	struct offer *offer = &plugins->offers[plugins->count];
	size_t len = strcspn(value, " ");

	if (plugins->count == OFFERS_MAX || len >= sizeof(offer->mechanism) || value[len] == '\0' ||
		!keyfile_copy(offer->file, sizeof(offer->file), value + len + 1))
		return;
	snprintf(offer->mechanism, sizeof(offer->mechanism), "%.*s", (int)len, value);
	add_directory(plugins, offer->file);
	plugins->count++;
}

static void tell_broken(const struct plugins *plugins, const char *value)
{
	struct error err = {0};

	error_set(&err, ERROR_SYSTEM, "a plugin cannot be loaded: %s", value);
	error_hint(&err, "reinstall the package of that plugin, or move the file away");
	finding_warn(plugins->findings, "plugins", &err);
}

static bool read_line(void *context, const struct keyfile_entry *entry, struct error *err)
{
	struct plugins *plugins = context;

	(void)err;
	if (strcmp(entry->key, "version") == 0) {
		keyfile_copy(plugins->version, sizeof(plugins->version), entry->value);
	} else if (strcmp(entry->key, "offer") == 0) {
		read_offer(plugins, entry->value);
	} else if (strcmp(entry->key, "broken") == 0) {
		tell_broken(plugins, entry->value);
	} else if (strcmp(entry->key, "loaded") == 0 &&
		strcmp(base_name(entry->value), ours) == 0) {
		keyfile_copy(plugins->loaded, sizeof(plugins->loaded), entry->value);
		add_directory(plugins, entry->value);
	}
	return true;
}

/* What stands in SASL_PATH is searched whether anything is there or not. */
static void add_path(struct plugins *plugins, const char *path)
{
	char file[PATH_SIZE];

	for (; *path != '\0'; path += *path != '\0') {
		size_t len = strcspn(path, ":");

		if (len > 0 && len + 2 < sizeof(file)) {
			snprintf(file, sizeof(file), "%.*s/", (int)len, path);
			add_directory(plugins, file);
		}
		path += len;
	}
}

static bool ask_libsasl(struct plugins *plugins, const char *path, struct error *err)
{
	const struct ask ask = {.program = SASLFRESH_PLUGINS,
		.verb = "list",
		.keep_stderr = true,
		.seconds = SECONDS};
	const struct keyfile_visitor visitor = {read_line, plugins};
	struct buffer request = BUFFER(KEYFILE_VALUE_MAX), answer = BUFFER(KEYFILE_RECORD_MAX);
	bool ok;

	keyfile_put(&request, "sasl_path", path);
	keyfile_end(&request);
	ok = ask_program(&ask, &request, &answer, err) &&
		keyfile_parse(&answer, KEYFILE_RECORD, "answer", &visitor, err);
	buffer_free(&request);
	buffer_free(&answer);
	return ok;
}

/* ---- judging ---- */

static bool is_ours(const struct offer *offer)
{
	return strcmp(base_name(offer->file), ours) == 0;
}

static void judge_loaded(
	const struct plugins *plugins, const char *path, const struct findings *findings)
{
	const char *first = plugins->directories;
	struct error err = {0};

	if (plugins->loaded[0] != '\0') {
		finding_ok(findings, "plugin", "%s is loaded%s", plugins->loaded,
			*path != '\0' ? ", by this SASL_PATH; a daemon has its own" : "");
		return;
	}
	error_set(&err, ERROR_CONFIG, "%s is in none of these directories", ours);
	if (*path != '\0')
		error_hint(&err, "export SASL_PATH='%s:%s'", SASLFRESH_PLUGINDIR, path);
	else if (*first != '\0')
		error_hint(&err, "ln -s '%s/%s' '%.*s/'", SASLFRESH_PLUGINDIR, ours,
			(int)strcspn(first, " "), first);
	else
		error_hint(&err, "apt install libsasl2-modules, or look where libsasl2 was built");
	finding_fail(findings, "plugin", &err);
}

/* The first in the list is the one that libsasl2 takes. */
static void judge_mechanism(const struct plugins *plugins, const struct config *config,
	const char *mechanism, const struct findings *findings)
{
	struct error err = {0};
	bool found = false;

	for (size_t i = 0; i < plugins->count && !found; i++) {
		const struct offer *offer = &plugins->offers[i];

		if (strcmp(offer->mechanism, mechanism) != 0)
			continue;
		found = is_ours(offer);
		if (found)
			break;
		error_set(&err, ERROR_CONFIG, "%s offers it too and is taken first", offer->file);
		error_hint(&err, "mv '%s' '%s.off'", offer->file, offer->file);
		finding_fail(findings, mechanism, &err);
	}
	if (found && err.kind == ERROR_NONE) {
		finding_ok(
			findings, mechanism, "our plugin offers it, and is the one that is taken");
	} else if (!found && plugins->loaded[0] != '\0') {
		error_set(&err, ERROR_CONFIG, "our plugin is loaded and does not offer it here%s",
			config->programs != NULL     ? ": `programs` names other programs"
				: config->count == 0 ? ": there is no account"
						     : "");
		error_hint(&err, "saslfresh list shows the accounts of this user");
		finding_warn(findings, mechanism, &err);
	}
}

void plugins_check(const struct config *config, const struct findings *findings)
{
	const char *path = getenv("SASL_PATH");
	struct plugins *plugins = calloc(1, sizeof(*plugins));
	struct error err = {0};

	if (path == NULL)
		path = "";
	if (plugins == NULL) {
		error_set(&err, ERROR_SYSTEM, "out of memory");
		finding_fail(findings, "plugins", &err);
		return;
	}
	plugins->findings = findings;
	add_path(plugins, path);
	if (!ask_libsasl(plugins, path, &err)) {
		error_hint(&err, "is saslfresh installed whole?");
		finding_fail(findings, "plugins", &err);
	} else {
		finding_ok(findings, "plugins", "libsasl2 %s searches %s", plugins->version,
			plugins->directories[0] != '\0' ? plugins->directories
							: "where there is no plugin");
		judge_loaded(plugins, path, findings);
		judge_mechanism(plugins, config, "XOAUTH2", findings);
		judge_mechanism(plugins, config, "OAUTHBEARER", findings);
	}
	free(plugins);
}
