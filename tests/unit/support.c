#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int directory_setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	char *path = malloc(PATH_MAX);

	if (path == NULL)
		return -1;
	snprintf(path, PATH_MAX, "%s/saslfresh-unit.XXXXXX", parent != NULL ? parent : "/tmp");
	if (mkdtemp(path) == NULL || chmod(path, 0711) != 0)
		return -1;
	*state = path;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

int directory_teardown(void **state)
{
	int code = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return code;
}

char *path_of(const char *directory, const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	assert_in_range(snprintf(path, PATH_MAX, "%s/%s", directory, name), 1, PATH_MAX - 1);
	return path;
}

void file_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

void file_puts(const char *path, const char *text, mode_t mode)
{
	file_write(path, text, strlen(text), mode);
}

const char *file_text(const char *path)
{
	static char text[256 * 1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

void directory_make(const char *path, mode_t mode)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
}

char *repeated(char byte, size_t count)
{
	char *text = malloc(count + 1);

	assert_non_null(text);
	memset(text, byte, count);
	text[count] = '\0';
	return text;
}

int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

int in_child(int (*act)(void *context), void *context, unsigned seconds)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(seconds);
		_exit(act(context));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int report(const char *file, int line, const char *what)
{
	dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", file, line, what);
	return 1;
}

bool become(uid_t uid)
{
	return setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
		setresuid(uid, uid, uid) == 0;
}

bool on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

void check_error(const struct error *err, enum error_kind kind, const char *text, const char *file,
	int line)
{
	char sentence[ERROR_LINE_MAX];

	error_line(err, sentence, sizeof(sentence));
	if (err->kind == kind && strstr(sentence, text) != NULL)
		return;
	print_error("expected %s with `%s`, got %s: %s\n", error_kind_name(kind), text,
		error_kind_name(err->kind), sentence);
	_fail(file, line);
}
