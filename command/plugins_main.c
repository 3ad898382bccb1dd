/* plugins_main.c: saslfresh-plugins, which loads what libsasl2 loads and says what that is. A
 * program of its own, because strangers' plugins come into it: the command, which waits for its
 * answer, links libc alone. It holds no secret, and its environment is that of ask.h.
 *
 * Standard input: a record with sasl_path, where the caller has SASL_PATH. Standard output:
 *     version = of libsasl2
 *     loaded = FILE                each object that came with the plugins, in that order
 *     offer = MECHANISM FILE       in the order in which libsasl2 prefers them
 *     broken = why a file in their directories cannot be loaded
 */
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <link.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "keyfile.h"

enum { DIRECTORIES_MAX = 32 };

static struct buffer answer = BUFFER(KEYFILE_RECORD_MAX);

/* ---- the caller's SASL_PATH ---- */

static bool read_path(void *context, const struct keyfile_entry *entry, struct error *err)
{
	(void)context, (void)err;
	if (strcmp(entry->key, "sasl_path") == 0)
		setenv("SASL_PATH", entry->value, 1);
	return true;
}

static bool read_request(void)
{
	const struct keyfile_visitor visitor = {read_path, NULL};
	struct buffer text = BUFFER(KEYFILE_VALUE_MAX);
	struct error err = {0};
	char block[1024];
	ssize_t got;
	bool ok;

	while ((got = read(STDIN_FILENO, block, sizeof(block))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			buffer_add(&text, block, (size_t)got);
	ok = buffer_ok(&text) && keyfile_parse(&text, KEYFILE_RECORD, "request", &visitor, &err);
	buffer_free(&text);
	return ok;
}

/* ---- what is there ---- */

static void put(const char *key, const char *value)
{
	char clean[2048];

	snprintf(clean, sizeof(clean), "%s", value);
	error_clean(clean);
	keyfile_put(&answer, key, clean);
}

static void note_version(void)
{
	char version[32];
	int number = 0;

	sasl_version(NULL, &number);
	snprintf(version, sizeof(version), "%d.%d.%d", number >> 24 & 0xff, number >> 16 & 0xff,
		number & 0xffff);
	put("version", version);
}

/* Objects that were there before the plugins are counted, those after them told. */
struct objects {
	size_t before, seen;
};

static int note_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct objects *objects = context;

	(void)size;
	if (objects->seen++ >= objects->before && info->dlpi_name != NULL)
		put("loaded", info->dlpi_name);
	return 0;
}

static int count_object(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)info, (void)size;
	((struct objects *)context)->before++;
	return 0;
}

/* What libsasl2 brings itself (EXTERNAL) is no plugin. The structure may be on the heap, its
 * functions are in the file. */
static bool find_file(const client_sasl_mechanism_t *mechanism, const char **file)
{
	void *function;
	Dl_info where;

	if (mechanism->plug == NULL || mechanism->plug->mech_name == NULL)
		return false;
	memcpy(&function, &mechanism->plug->mech_new, sizeof(function));
	if (dladdr(function, &where) == 0 || where.dli_fname == NULL)
		return false;
	*file = where.dli_fname;
	return strstr(where.dli_fname, "/libsasl2.so") == NULL;
}

static void note_offer(
	client_sasl_mechanism_t *mechanism, sasl_info_callback_stage_t stage, void *context)
{
	char offer[2048];
	const char *file;

	(void)context;
	if (stage != SASL_INFO_LIST_MECH || !find_file(mechanism, &file))
		return;
	snprintf(offer, sizeof(offer), "%s %s", mechanism->plug->mech_name, file);
	put("offer", offer);
}

/* libsasl2 passes such files over, and tells syslog alone. */
static void try_again(const char *file)
{
	void *object = dlopen(file, RTLD_NOW | RTLD_NOLOAD);

	if (object == NULL && (object = dlopen(file, RTLD_NOW | RTLD_LOCAL)) == NULL)
		put("broken", dlerror());
	if (object != NULL)
		dlclose(object);
}

/* Directories are told apart by their names. */
static void look_into(const char *path, size_t len)
{
	static char known[DIRECTORIES_MAX][1024];
	static size_t count;
	char pattern[1024 + 8];
	glob_t files = {0};

	for (size_t i = 0; i < count; i++)
		if (strlen(known[i]) == len && strncmp(known[i], path, len) == 0)
			return;
	if (len == 0 || len >= sizeof(known[0]) || count == DIRECTORIES_MAX)
		return;
	memcpy(known[count], path, len);
	snprintf(pattern, sizeof(pattern), "%s/*.so", known[count++]);
	if (glob(pattern, 0, NULL, &files) == 0)
		for (size_t i = 0; i < files.gl_pathc; i++)
			try_again(files.gl_pathv[i]);
	globfree(&files);
}

static void note_directory(
	client_sasl_mechanism_t *mechanism, sasl_info_callback_stage_t stage, void *context)
{
	const char *file;

	(void)context;
	if (stage == SASL_INFO_LIST_MECH && find_file(mechanism, &file) &&
		strchr(file, '/') != NULL)
		look_into(file, (size_t)(strrchr(file, '/') - file));
}

static void note_broken(void)
{
	const char *path = getenv("SASL_PATH");

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");

		look_into(path, len);
		path += len + (path[len] == ':');
	}
	sasl_client_plugin_info(NULL, note_directory, NULL);
}

int main(int argc, char **argv)
{
	struct objects objects = {0};
	int result;

	if (argc != 2 || strcmp(argv[1], "list") != 0 || !read_request()) {
		fputs("saslfresh-plugins: this program is run by saslfresh, not by hand\n", stderr);
		return 64;
	}
	note_version();
	dl_iterate_phdr(count_object, &objects);
	result = sasl_client_init(NULL);
	if (result != SASL_OK)
		put("broken", sasl_errstring(result, NULL, NULL));
	dl_iterate_phdr(note_object, &objects);
	sasl_client_plugin_info(NULL, note_offer, NULL);
	note_broken();
	keyfile_end(&answer);
	return buffer_ok(&answer) && answer_write(STDOUT_FILENO, &answer) ? 0 : 71;
}
