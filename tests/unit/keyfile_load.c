/* The half of keyfile.h that opens files: what they are, who owns them, who may touch them. */
#include "keyfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support.h"

enum { MAX = 1000 };

struct loading {
	const char *path;
	enum keyfile_secrecy secrecy;
	uid_t owner;
	bool refused; /* what load_as_user expects */
	struct buffer text;
	struct stat status;
	struct error err;
};

static bool load(struct loading *loading)
{
	int descriptors = count_descriptors();
	bool ok;

	loading->text = BUFFER(MAX);
	loading->err = (struct error){0};
	memset(&loading->status, 1, sizeof(loading->status));
	ok = keyfile_load(loading->path, loading->secrecy, loading->owner, &loading->text,
		&loading->status, &loading->err);
	assert_int_equal(count_descriptors(), descriptors);
	return ok;
}

static void assert_not_loaded(struct loading *loading, enum error_kind kind, const char *cause)
{
	assert_false(load(loading));
	assert_error(&loading->err, kind, cause);
	assert_error(&loading->err, kind, loading->path);
	buffer_free(&loading->text);
}

static void assert_loaded(struct loading *loading, const char *text)
{
	assert_true(load(loading));
	assert_string_equal(buffer_text(&loading->text), text);
	assert_int_equal(loading->status.st_nlink, 1);
	buffer_free(&loading->text);
}

/* ---- what it is ---- */

static void a_directory_is_no_file(void **state)
{
	struct loading loading = {.path = *state, .secrecy = KEYFILE_PUBLIC, .owner = geteuid()};

	assert_not_loaded(&loading, ERROR_SYSTEM, "is not a regular file");
}

/* Whoever opened it with blocking would wait for a writer for ever. */
static void a_fifo_does_not_block(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = geteuid()};

	assert_int_equal(mkfifo(loading.path, 0600), 0);
	for (int secrecy = KEYFILE_PUBLIC; secrecy <= KEYFILE_PRIVATE; secrecy++) {
		loading.secrecy = secrecy;
		alarm(60);
		assert_not_loaded(&loading, ERROR_SYSTEM, "is not a regular file");
		alarm(0);
	}
}

static void a_socket_or_a_device_is_no_file(void **state)
{
	struct loading loading = {.path = "/dev/null", .owner = geteuid()};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_not_loaded(&loading, ERROR_SYSTEM, "is not a regular file");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", (char *)*state);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	loading.path = address.sun_path;
	assert_not_loaded(&loading, ERROR_SYSTEM, "cannot open");
	close(fd);
}

static void a_link_to_a_secret_is_not_followed(void **state)
{
	struct loading loading = {.path = path_of(*state, "link"), .owner = geteuid()};
	char *target = path_of(*state, "target");

	file_puts(target, "text", 0600);
	assert_int_equal(symlink(target, loading.path), 0);
	for (int secrecy = KEYFILE_SHARED; secrecy <= KEYFILE_PRIVATE; secrecy++) {
		loading.secrecy = secrecy;
		assert_not_loaded(&loading, ERROR_SYSTEM, "is a symbolic link");
	}
	loading.secrecy = KEYFILE_PUBLIC;
	assert_loaded(&loading, "text");
	assert_int_equal(unlink(target), 0);
	loading.secrecy = KEYFILE_SHARED;
	assert_not_loaded(&loading, ERROR_SYSTEM, "is a symbolic link");
}

static void a_file_that_is_not_there_is_an_empty_text(void **state)
{
	struct loading loading = {.path = path_of(*state, "none"), .owner = geteuid()};

	assert_true(load(&loading));
	assert_int_equal(loading.text.len, 0);
	assert_int_equal(loading.status.st_nlink, 0);
	loading.path = path_of(*state, "no/such/directory");
	assert_true(load(&loading));
	assert_int_equal(loading.status.st_nlink, 0);
	file_puts(path_of(*state, "file"), "", 0600);
	loading.path = path_of(*state, "file/below");
	assert_true(load(&loading));
	assert_int_equal(loading.status.st_nlink, 0);
}

static int load_unreadable(void *context)
{
	struct loading *loading = context;

	CHECK(become(USER_A));
	loading->text = BUFFER(MAX);
	CHECK(!keyfile_load(loading->path, KEYFILE_PUBLIC, USER_A, &loading->text,
		&loading->status, &loading->err));
	CHECK(loading->err.kind == ERROR_SYSTEM);
	CHECK(strstr(loading->err.cause, "cannot open ") == loading->err.cause);
	CHECK(strstr(loading->err.cause, ": Permission denied") != NULL);
	return 0;
}

static void a_file_that_may_not_be_read_is_a_failure(void **state)
{
	struct loading loading = {.path = path_of(*state, "f")};

	root_only();
	file_puts(loading.path, "text", 0600);
	assert_int_equal(in_child(load_unreadable, &loading, 60), 0);
}

/* A file that is regular, ours, and cannot be read where it begins. */
static void a_file_that_cannot_be_read_is_a_failure(void **state)
{
	struct loading loading = {
		.path = "/proc/self/mem", .secrecy = KEYFILE_SECRET, .owner = geteuid()};

	(void)state;
	assert_not_loaded(
		&loading, ERROR_SYSTEM, "cannot read /proc/self/mem: Input/output error");
}

/* ---- how large it is ---- */

static void a_file_has_a_maximum(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = geteuid()};
	char *bytes = repeated('x', 1024 * 1024);

	file_write(loading.path, bytes, MAX, 0600);
	assert_true(load(&loading));
	assert_int_equal(loading.text.len, MAX);
	buffer_free(&loading.text);
	file_write(loading.path, bytes, MAX + 1, 0600);
	assert_not_loaded(&loading, ERROR_SYSTEM, "is larger than 1000 octets");
	file_write(loading.path, bytes, 1024 * 1024, 0600);
	assert_not_loaded(&loading, ERROR_SYSTEM, "is larger than 1000 octets");
	free(bytes);
}

static void a_file_of_nothing_is_there_all_the_same(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = geteuid()};

	file_puts(loading.path, "", 0600);
	assert_loaded(&loading, "");
}

static void bytes_are_read_as_they_are(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = geteuid()};

	file_write(loading.path, "a\0\xff\r\n", 5, 0600);
	assert_true(load(&loading));
	assert_int_equal(loading.text.len, 5);
	assert_memory_equal(loading.text.data, "a\0\xff\r\n", 6);
	buffer_free(&loading.text);
}

/* ---- who may touch it ---- */

/* Every mode there is, for an owner that is root and one that is not. */
static void every_mode_is_judged(void **state)
{
	static const mode_t forbidden[][2] = {
		[KEYFILE_PUBLIC] = {0022, 0022},
		[KEYFILE_SHARED] = {0027, 0027},
		[KEYFILE_SECRET] = {0027, 0077},
		[KEYFILE_PRIVATE] = {0077, 0077},
	};

	(void)state;
	for (int secrecy = KEYFILE_PUBLIC; secrecy <= KEYFILE_PRIVATE; secrecy++) {
		for (mode_t mode = 0; mode <= 07777; mode++) {
			for (int user = 0; user < 2; user++) {
				const struct stat status = {.st_mode = S_IFREG | mode,
					.st_uid = user * USER_A};
				struct error err = {0};
				char hint[64];

				mode_t wrong = mode & forbidden[secrecy][user];
				bool ok = keyfile_permitted("/f", secrecy, USER_A, &status, &err);

				assert_int_equal(ok, wrong == 0);
				if (ok)
					continue;
				assert_error(&err, ERROR_CONFIG,
					(mode & 022) != 0 ? "/f may be written by others: its mode"
							  : "/f may be read by others: its mode");
				snprintf(hint, sizeof(hint), "is %04o (chmod %04o '/f')", mode,
					mode & ~forbidden[secrecy][user]);
				assert_error(&err, ERROR_CONFIG, hint);
			}
		}
	}
}

static void the_mode_of_the_file_counts(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = geteuid()};

	file_puts(loading.path, "text", 0666);
	assert_not_loaded(&loading, ERROR_CONFIG, "may be written by others: its mode is 0666");
	assert_error(&loading.err, ERROR_CONFIG, "(chmod 0644 '");
	assert_int_equal(chmod(loading.path, 0644), 0);
	assert_loaded(&loading, "text");
	loading.secrecy = KEYFILE_SHARED;
	assert_not_loaded(&loading, ERROR_CONFIG, "may be read by others: its mode is 0644");
	assert_error(&loading.err, ERROR_CONFIG, "(chmod 0640 '");
	assert_int_equal(chmod(loading.path, 0640), 0);
	assert_loaded(&loading, "text");
	loading.secrecy = KEYFILE_PRIVATE;
	assert_not_loaded(&loading, ERROR_CONFIG, "may be read by others: its mode is 0640");
	assert_error(&loading.err, ERROR_CONFIG, "(chmod 0600 '");
}

static void a_file_of_another_user_is_refused(void **state)
{
	struct loading loading = {.path = path_of(*state, "f"), .owner = USER_B};

	root_only();
	file_puts(loading.path, "text", 0600);
	assert_int_equal(chown(loading.path, USER_A, 0), 0);
	for (int secrecy = KEYFILE_PUBLIC; secrecy <= KEYFILE_PRIVATE; secrecy++) {
		loading.secrecy = secrecy;
		assert_not_loaded(&loading, ERROR_CONFIG, "belongs to user 61001 (chown 61002 '");
	}
	loading.owner = USER_A;
	assert_loaded(&loading, "text");
}

static int load_as_user(void *context)
{
	struct loading *loading = context;

	CHECK(become(USER_A));
	loading->text = BUFFER(MAX);
	CHECK(keyfile_load(loading->path, loading->secrecy, loading->owner, &loading->text,
		      &loading->status, &loading->err) != loading->refused);
	buffer_free(&loading->text);
	return 0;
}

static void root_s_file_and_the_caller_s_own_are_taken(void **state)
{
	struct loading loading = {
		.path = path_of(*state, "f"), .secrecy = KEYFILE_PUBLIC, .owner = USER_B};

	root_only();
	file_puts(loading.path, "text", 0644);
	assert_int_equal(in_child(load_as_user, &loading, 60), 0);
	assert_int_equal(chown(loading.path, USER_A, 0), 0);
	assert_int_equal(in_child(load_as_user, &loading, 60), 0);
	assert_int_equal(chown(loading.path, USER_B, 0), 0);
	assert_int_equal(in_child(load_as_user, &loading, 60), 0);
	assert_int_equal(chown(loading.path, USER_B + 1, 0), 0);
	loading.refused = true;
	assert_int_equal(in_child(load_as_user, &loading, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(a_directory_is_no_file),
		in_directory(a_fifo_does_not_block),
		in_directory(a_socket_or_a_device_is_no_file),
		in_directory(a_link_to_a_secret_is_not_followed),
		in_directory(a_file_that_is_not_there_is_an_empty_text),
		in_directory(a_file_that_may_not_be_read_is_a_failure),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_failure),
		in_directory(a_file_has_a_maximum),
		in_directory(a_file_of_nothing_is_there_all_the_same),
		in_directory(bytes_are_read_as_they_are),
		cmocka_unit_test(every_mode_is_judged),
		in_directory(the_mode_of_the_file_counts),
		in_directory(a_file_of_another_user_is_refused),
		in_directory(root_s_file_and_the_caller_s_own_are_taken),
	};

	return cmocka_run_group_tests_name("keyfile_load", tests, NULL, NULL);
}
