/* faults.c: preloaded into a program, makes one of its calls fail or ends it there. For faults.py.
 *
 * FAULT_CALL    a group of calls: alloc open read write fsync rename ftruncate close stat unlink
 *               process (what it takes to wait for a lock and to talk to a program that is run)
 * FAULT_AT      which call of the group, counted from 1; 0: none, they are only counted
 * FAULT_ACT     what it does: an errno value in decimal; `kill`: SIGKILL before the call is made;
 *               `short`: a read or write of half of what was asked
 * FAULT_FROM    whose calls count: `program`, or part of a library's file name; `others`: of no
 *               library named in FAULT_NOT (a,b) and not of the program
 * FAULT_REPORT  a file that gets a line for each event: `connect`, `written` (the program's first
 *               pwrite was made), `fault`, and at the end `count N`
 *
 * Does not allocate, for it stands in for the allocator as well. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

enum { REPORT_FD = 100 };
enum { FAIL = 1, SHORT }; /* what a call meets */

static struct {
	bool ready;
	const char *call;
	const char *from;
	const char *others;
	const char *report;
	int fd; /* of the report */
	long at;
	int number;	     /* errno; 0: kill; -1: short */
	uintptr_t low, high; /* where the program is */
	atomic_long count;
	atomic_bool written, connected;
} fault;

static void report(const char *line)
{
	if (fault.fd >= 0)
		syscall(SYS_write, fault.fd, line, strlen(line));
}

/* Out of the way, and before the program enters a sandbox in which it could not be opened. */
static void open_report(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, fault.report,
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	fault.fd = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, REPORT_FD);
	if (fd >= 0)
		syscall(SYS_close, fd);
}

static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size, (void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		if (fault.low == 0 || start < fault.low)
			fault.low = start;
		if (start + info->dlpi_phdr[i].p_memsz > fault.high)
			fault.high = start + info->dlpi_phdr[i].p_memsz;
	}
	return 1; /* the first is the program */
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

__attribute__((constructor)) static void start(void)
{
	fault.call = variable("FAULT_CALL");
	fault.from = variable("FAULT_FROM");
	fault.others = variable("FAULT_NOT");
	fault.report = variable("FAULT_REPORT");
	fault.at = strtol(variable("FAULT_AT"), NULL, 10);
	if (strcmp(variable("FAULT_ACT"), "short") == 0)
		fault.number = -1;
	else if (strcmp(variable("FAULT_ACT"), "kill") != 0)
		fault.number = (int)strtol(variable("FAULT_ACT"), NULL, 10);
	dl_iterate_phdr(find_program, NULL);
	fault.ready = fault.report[0] != '\0';
	if (fault.ready)
		open_report();
	/* Not for the commands that the program runs. */
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void stop(void)
{
	char line[32];

	if (!fault.ready)
		return;
	snprintf(line, sizeof(line), "count %ld\n", atomic_load(&fault.count));
	report(line);
}

static bool is_program(const void *caller)
{
	return (uintptr_t)caller >= fault.low && (uintptr_t)caller < fault.high;
}

static bool is_other(const char *file)
{
	char word[64];
	const char *next = fault.others;

	while (*next != '\0') {
		size_t len = strcspn(next, ",");

		if (len > 0 && len < sizeof(word)) {
			memcpy(word, next, len);
			word[len] = '\0';
			if (strstr(file, word) != NULL)
				return false;
		}
		next += len + strspn(next + len, ",");
	}
	return true;
}

static bool counts(const void *caller)
{
	Dl_info info;

	if (strcmp(fault.from, "program") == 0)
		return is_program(caller);
	if (is_program(caller) || dladdr(caller, &info) == 0 || info.dli_fname == NULL)
		return false;
	if (strcmp(fault.from, "others") == 0)
		return is_other(info.dli_fname);
	return strstr(info.dli_fname, fault.from) != NULL;
}

/* 0: make the call; FAIL: with errno set; SHORT: half of it. */
static int meet(const char *call, const void *caller)
{
	if (!fault.ready || strcmp(call, fault.call) != 0 || !counts(caller) ||
		atomic_fetch_add(&fault.count, 1) + 1 != fault.at)
		return 0;
	report("fault\n");
	if (fault.number == 0)
		syscall(SYS_tgkill, getpid(), getpid(), SIGKILL);
	if (fault.number < 0)
		return SHORT;
	errno = fault.number;
	return FAIL;
}

#define CALLER __builtin_return_address(0)
#define NEXT(name)                                                                                 \
	static __typeof__(name) *next;                                                             \
	if (next == NULL)                                                                          \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* ---- memory ---- */

void *malloc(size_t size)
{
	return meet("alloc", CALLER) != 0 ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return meet("alloc", CALLER) != 0 ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return meet("alloc", CALLER) != 0 ? NULL : __libc_realloc(old, size);
}

char *strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = meet("alloc", CALLER) != 0 ? NULL : __libc_malloc(len + 1);

	if (copy != NULL) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = meet("alloc", CALLER) != 0 ? NULL : __libc_malloc(size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* ---- files ---- */

static int open_at(int directory, const char *path, int flags, va_list arguments)
{
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;

	return openat(directory, path, flags, mode);
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list arguments;                                                                 \
		int fd;                                                                            \
                                                                                                   \
		if (meet("open", CALLER) != 0)                                                     \
			return -1;                                                                 \
		va_start(arguments, flags);                                                        \
		fd = open_at(AT_FDCWD, path, flags, arguments);                                    \
		va_end(arguments);                                                                 \
		return fd;                                                                         \
	}
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return meet("open", CALLER) != 0 ? -1 : openat(AT_FDCWD, path, flags);
}

static size_t some(int met, size_t size)
{
	return met == SHORT && size > 1 ? size / 2 : size;
}

ssize_t read(int fd, void *bytes, size_t size)
{
	int met = meet("read", CALLER);
	NEXT(read);

	return met == FAIL ? -1 : next(fd, bytes, some(met, size));
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	int met = meet("write", CALLER);
	NEXT(write);

	return met == FAIL ? -1 : next(fd, bytes, some(met, size));
}

static ssize_t write_at(const void *caller, int fd, const void *bytes, size_t size, off_t offset)
{
	int met = meet("write", caller);
	ssize_t put;
	NEXT(pwrite);

	if (met == FAIL)
		return -1;
	put = next(fd, bytes, some(met, size), offset);
	if (fault.ready && put == (ssize_t)size && !atomic_exchange(&fault.written, true))
		report("written\n");
	return put;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	return write_at(CALLER, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
	return write_at(CALLER, fd, bytes, size, offset);
}

int fsync(int fd)
{
	NEXT(fsync);

	return meet("fsync", CALLER) != 0 ? -1 : next(fd);
}

int rename(const char *from, const char *to)
{
	NEXT(rename);

	return meet("rename", CALLER) != 0 ? -1 : next(from, to);
}

int unlink(const char *path)
{
	NEXT(unlink);

	return meet("unlink", CALLER) != 0 ? -1 : next(path);
}

int ftruncate(int fd, off_t length)
{
	NEXT(ftruncate);

	return meet("ftruncate", CALLER) != 0 ? -1 : next(fd, length);
}

int ftruncate64(int fd, off_t length)
{
	NEXT(ftruncate64);

	return meet("ftruncate", CALLER) != 0 ? -1 : next(fd, length);
}

/* The descriptor is closed in any case, as Linux does. */
int close(int fd)
{
	int met = meet("close", CALLER);
	int number = errno;
	int closed;
	NEXT(close);

	closed = next(fd);
	if (met == 0)
		return closed;
	errno = number;
	return -1;
}

int fstat(int fd, struct stat *status)
{
	NEXT(fstat);

	return meet("stat", CALLER) != 0 ? -1 : next(fd, status);
}

int lstat(const char *path, struct stat *status)
{
	NEXT(lstat);

	return meet("stat", CALLER) != 0 ? -1 : next(path, status);
}

int stat(const char *path, struct stat *status)
{
	NEXT(stat);

	return meet("stat", CALLER) != 0 ? -1 : next(path, status);
}

/* ---- processes ---- */

int flock(int fd, int operation)
{
	NEXT(flock);

	return meet("process", CALLER) != 0 ? -1 : next(fd, operation);
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
	NEXT(socketpair);

	return meet("process", CALLER) != 0 ? -1 : next(domain, type, protocol, pair);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
	NEXT(send);

	return meet("process", CALLER) != 0 ? -1 : next(fd, bytes, size, flags);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	NEXT(recv);

	return meet("process", CALLER) != 0 ? -1 : next(fd, bytes, size, flags);
}

int poll(struct pollfd *descriptors, nfds_t count, int milliseconds)
{
	NEXT(poll);

	return meet("process", CALLER) != 0 ? -1 : next(descriptors, count, milliseconds);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	NEXT(waitpid);

	return meet("process", CALLER) != 0 ? -1 : next(pid, status, options);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
	NEXT(posix_spawn);

	return meet("process", CALLER) != 0
		? errno
		: next(pid, path, actions, attributes, arguments, environment);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(connect);

	if (fault.ready && address->sa_family != AF_UNIX &&
		!atomic_exchange(&fault.connected, true))
		report("connect\n");
	return next(fd, address, len);
}
