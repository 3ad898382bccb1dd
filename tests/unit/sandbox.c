#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs_support.h"

enum { PARTS_MAX = 256, PASSED = 0, FAILED = 1, MISSING = 2 };

static struct box *box;
static char state_directory[PATH_SIZE], outside[PATH_SIZE], ca_file[PATH_SIZE];

/* ---- what is tried: each gives 0 or an errno value ---- */

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return result(fd);
}

static const char *in_state(const char *name)
{
	static char path[PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", state_directory, name);
	return path;
}

static int read_outside(void)
{
	return open_as(outside, O_RDONLY);
}

static int read_shadow(void)
{
	return open_as("/etc/shadow", O_RDONLY);
}

static int read_of_other_process(void)
{
	return open_as("/proc/1/environ", O_RDONLY);
}

static int list_root(void)
{
	return open_as("/", O_RDONLY | O_DIRECTORY);
}

static int list_home(void)
{
	return open_as(box->dir, O_RDONLY | O_DIRECTORY);
}

static int write_outside(void)
{
	return open_as(outside, O_WRONLY);
}

static int create_outside(void)
{
	return open_as(box_path(box, "new"), O_WRONLY | O_CREAT);
}

static int remove_outside(void)
{
	return result(unlink(outside));
}

static int carry_out(void)
{
	return result(rename(in_state("kept"), box_path(box, "carried")));
}

static int make_directory(void)
{
	return result(mkdir(in_state("directory"), 0700));
}

static int make_link(void)
{
	return result(symlink("/etc/shadow", in_state("link")));
}

static int write_ca(void)
{
	return open_as(ca_file, O_WRONLY);
}

static int write_library(void)
{
	return open_as("/usr/lib/os-release", O_WRONLY);
}

static int run_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return result(pid);
}

static int make_process_anew(void)
{
	return result(syscall(435, NULL, 0));
}

static int trace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int look_into_parent(void)
{
	return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}

static int signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int new_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int mount_something(void)
{
	return result(mount("none", "/mnt", "tmpfs", 0, NULL));
}

static int load_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int use_keyring(void)
{
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int memory_file(void)
{
	return result(memfd_create("x", 0));
}

static int become_self(void)
{
	return result(setuid(getuid()));
}

static int type_into_terminal(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int open_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd >= 0)
		close(fd);
	return result(fd);
}

static int packet_socket(void)
{
	return open_socket(AF_PACKET, SOCK_RAW);
}

static int vsock_socket(void)
{
	return open_socket(AF_VSOCK, SOCK_STREAM);
}

static int alg_socket(void)
{
	return open_socket(AF_ALG, SOCK_SEQPACKET);
}

static int many_files(void)
{
	for (int i = 0; i < 70; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return errno;
	return 0;
}

static int large_file(void)
{
	int fd = open(in_state("large"), O_WRONLY | O_CREAT, 0600);

	signal(SIGXFSZ, SIG_IGN);
	return result(pwrite(fd, "x", 1, 2 * 1024 * 1024));
}

struct attempt {
	const char *name;
	int (*body)(void);
	int wanted; /* an errno value */
};

static const struct attempt file_attempts[] = {
	{"read a file elsewhere", read_outside, EACCES},
	{"read /etc/shadow", read_shadow, EACCES},
	{"read the environment of another process", read_of_other_process, EACCES},
	{"list /", list_root, EACCES},
	{"list the home directory", list_home, EACCES},
	{"write to a file elsewhere", write_outside, EACCES},
	{"make a file elsewhere", create_outside, EACCES},
	{"remove a file elsewhere", remove_outside, EACCES},
	{"carry a file out of the state directory", carry_out, EACCES},
	{"make a directory", make_directory, EACCES},
	{"make a symbolic link", make_link, EACCES},
	{"write to the CA file", write_ca, EACCES},
	{"write to a library", write_library, EACCES},
};

static const struct attempt call_attempts[] = {
	{"run a program", run_program, EPERM},
	{"make a process", make_process, EPERM},
	{"make a process with clone3", make_process_anew, ENOSYS},
	{"be traced", trace, EPERM},
	{"look into the parent", look_into_parent, EPERM},
	{"send the parent a signal", signal_parent, EPERM},
	{"make a namespace", new_namespace, EPERM},
	{"mount", mount_something, EPERM},
	{"load BPF", load_bpf, EPERM},
	{"use a keyring", use_keyring, EPERM},
	{"make a file in memory", memory_file, EPERM},
	{"change the user", become_self, EPERM},
	{"type into the terminal", type_into_terminal, EPERM},
	{"open a packet socket", packet_socket, EAFNOSUPPORT},
	{"open a socket to the hypervisor", vsock_socket, EAFNOSUPPORT},
	{"open a socket to the kernel's ciphers", alg_socket, EAFNOSUPPORT},
};

static const struct attempt limit_attempts[] = {
	{"open 70 files", many_files, EMFILE},
	{"write a large file", large_file, EFBIG},
};

/* ---- trying ---- */

struct trial {
	const struct attempt *attempt;
	const char *part; /* that has to be there */
};

static void enter(void)
{
	int null = open("/dev/null", O_WRONLY);

	/* A log on standard error lifts a limit. */
	dup2(null, STDERR_FILENO);
	close(null);
	sandbox_enter(state_directory, (const char *const[]){ca_file, NULL});
}

static bool is_missing(const char *part)
{
	char text[PARTS_MAX];
	const char *missing;

	sandbox_parts(text, sizeof(text));
	missing = strstr(text, "missing: ");
	return missing != NULL && strstr(missing, part) != NULL;
}

static int try_inside(void *context)
{
	const struct trial *trial = context;
	int got;

	enter();
	if (is_missing(trial->part))
		return MISSING;
	got = trial->attempt->body();
	return got == trial->attempt->wanted ? PASSED : 100 + got;
}

static void try_all(const struct attempt *attempts, size_t count, const char *part)
{
	for (size_t i = 0; i < count; i++) {
		struct trial trial = {&attempts[i], part};
		int got = run_child(try_inside, &trial, 20);

		if (got == MISSING)
			skip();
		if (got != PASSED)
			fail_msg("%s: errno %d (or signal), wanted %d", attempts[i].name, got - 100,
				attempts[i].wanted);
	}
}

/* Of the files of others; also where the tests are run by root. */
static void no_file_is_opened_elsewhere(void **state)
{
	(void)state;
	try_all(file_attempts, sizeof(file_attempts) / sizeof(file_attempts[0]), "files");
}

static void nothing_is_run_and_nobody_traced(void **state)
{
	(void)state;
	try_all(call_attempts, sizeof(call_attempts) / sizeof(call_attempts[0]), "system calls");
}

static void files_are_few_and_small(void **state)
{
	(void)state;
	try_all(limit_attempts, sizeof(limit_attempts) / sizeof(limit_attempts[0]), "limits");
}

/* The same attempts without the sandbox: that they fail in it is its doing. */
static int try_outside(void *context)
{
	const struct attempt *attempt = context;

	return attempt->body() == attempt->wanted ? FAILED : PASSED;
}

static void without_it_they_are_possible(void **state)
{
	static const struct attempt *const possible[] = {&file_attempts[0], &file_attempts[3],
		&file_attempts[4], &file_attempts[5], &file_attempts[6], &file_attempts[9],
		&call_attempts[1], &call_attempts[3], &call_attempts[5], &call_attempts[10],
		&call_attempts[11], &limit_attempts[1]};

	(void)state;
	for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++)
		if (run_child(try_outside, (void *)possible[i], 20) != PASSED)
			fail_msg("%s fails anyway", possible[i]->name);
}

/* ---- what must still work ---- */

static void *nothing(void *context)
{
	return context;
}

static int work(void *context)
{
	struct addrinfo *found = NULL;
	pthread_t thread;

	(void)context;
	enter();
	if (open_as(in_state("token.new"), O_RDWR | O_CREAT | O_EXCL) != 0)
		return 10;
	if (rename(in_state("token.new"), box_path(box, ".local/state/saslfresh/token")) != 0 ||
		unlink(in_state("token")) != 0)
		return 11;
	if (open_as(state_directory, O_RDONLY | O_DIRECTORY) != 0)
		return 12;
	if (truncate(in_state("kept"), 1) != 0)
		return 13;
	if (open_as(ca_file, O_RDONLY) != 0 || open_as("/etc/passwd", O_RDONLY) != 0 ||
		open_as("/dev/null", O_RDONLY) != 0)
		return 14;
	if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 15;
	if (getaddrinfo("localhost", "443", NULL, &found) != 0)
		return 16;
	freeaddrinfo(found);
	if (open_socket(AF_INET, SOCK_STREAM) != 0 || open_socket(AF_UNIX, SOCK_STREAM) != 0 ||
		open_socket(AF_NETLINK, SOCK_RAW) != 0)
		return 17;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 18;
}

static void what_a_request_needs_works(void **state)
{
	(void)state;
	assert_int_equal(run_child(work, NULL, 20), 0);
}

static int keep_a_long_log(void *context)
{
	struct rlimit limit;
	int log = open(box_path(box, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	(void)context;
	dup2(log, STDERR_FILENO);
	sandbox_enter(state_directory, (const char *const[]){NULL});
	sandbox_enter("/", (const char *const[]){"/etc/shadow", NULL});
	getrlimit(RLIMIT_FSIZE, &limit);
	return limit.rlim_cur == RLIM_INFINITY ? 0 : 1;
}

static void a_log_may_be_longer_than_a_file_of_ours(void **state)
{
	(void)state;
	assert_int_equal(run_child(keep_a_long_log, NULL, 20), 0);
}

/* ---- what is told ---- */

static int tell(void *context)
{
	char text[PARTS_MAX], little[12];

	(void)context;
	if (sandbox_parts(text, sizeof(text)) || strncmp(text, "missing: no new", 15) != 0)
		return 1;
	enter();
	if (sandbox_parts(text, sizeof(text)) != (strstr(text, "missing") == NULL))
		return 2;
	if (strncmp(text, "no new privileges, limits", 25) != 0)
		return 3;
	sandbox_parts(little, sizeof(little));
	return strcmp(little, "no new priv") == 0 ? 0 : 4;
}

static void it_tells_what_is_at_work(void **state)
{
	(void)state;
	assert_int_equal(run_child(tell, NULL, 20), 0);
}

/* A kernel, or a container, without Landlock and seccomp: so much of it as can be had. */
static bool take_away(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static int go_without(void *context)
{
	char text[PARTS_MAX];

	(void)context;
	if (!take_away())
		return MISSING;
	enter();
	if (sandbox_parts(text, sizeof(text)) ||
		strcmp(text,
			"no new privileges, limits; missing: files (Landlock), system calls "
			"(seccomp)") != 0)
		return 3;
	return read_outside() == 0 && make_process() == 0 ? 0 : 4;
}

static void what_the_kernel_lacks_is_done_without(void **state)
{
	int got = run_child(go_without, NULL, 20);

	(void)state;
	if (got == MISSING)
		skip();
	assert_int_equal(got, 0);
}

static int setup(void **state)
{
	int failed = box_setup(state);

	box = *state;
	box_configure(box, "");
	snprintf(state_directory, sizeof(state_directory), "%s", box->account->place.state);
	snprintf(outside, sizeof(outside), "%s", box_path(box, "outside"));
	snprintf(ca_file, sizeof(ca_file), "%s", box_path(box, "ca.pem"));
	file_puts(outside, 0600, "secret\n");
	file_puts(ca_file, 0600, "ca\n");
	file_puts(in_state("kept"), 0600, "kept\n");
	return failed;
}

#define SANDBOX_TEST(name) cmocka_unit_test_setup_teardown(name, setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SANDBOX_TEST(no_file_is_opened_elsewhere),
		SANDBOX_TEST(nothing_is_run_and_nobody_traced),
		SANDBOX_TEST(files_are_few_and_small),
		SANDBOX_TEST(without_it_they_are_possible),
		SANDBOX_TEST(what_a_request_needs_works),
		SANDBOX_TEST(a_log_may_be_longer_than_a_file_of_ours),
		SANDBOX_TEST(it_tells_what_is_at_work),
		SANDBOX_TEST(what_the_kernel_lacks_is_done_without),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
