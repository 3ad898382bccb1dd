#include "sandbox.h"

#include <stdio.h>

enum part { PRIVILEGES, LIMITS, FILES, CALLS, PARTS };

static const char *const names[PARTS] = {
	"no new privileges", "limits", "files (Landlock)", "system calls (seccomp)"};

static bool entered, active[PARTS];

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- limits ---- */

enum { FILES_OPEN = 64, FILE_OCTETS = 1024 * 1024 };

static bool set_limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return false;
	if (limit.rlim_max < value)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit(resource, &limit) == 0;
}

/* Not RLIMIT_NPROC: it counts what else the user runs, and looking up a name takes a thread. Not
 * RLIMIT_AS: the stack of that thread may be of any size. A log that standard error ends in may be
 * longer than any file of ours. */
static bool limit_all(void)
{
	struct stat status;
	bool has_log = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);

	return set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, FILES_OPEN) &&
		(has_log || set_limit(RLIMIT_FSIZE, FILE_OCTETS));
}

/* ---- Landlock ---- */

/* As in <linux/landlock.h>, which is older than the kernel at times; by version of the interface.
 */
enum landlock_access {
	ACCESS_WRITE_FILE = 1 << 1,
	ACCESS_READ_FILE = 1 << 2,
	ACCESS_READ_DIR = 1 << 3,
	ACCESS_REMOVE_FILE = 1 << 5,
	ACCESS_MAKE_REG = 1 << 8,
	ACCESS_ALL_1 = (1 << 13) - 1,
	ACCESS_REFER = 1 << 13,
	ACCESS_TRUNCATE = 1 << 14,
	ACCESS_IOCTL_DEV = 1 << 15,
};

enum { NET_BIND_TCP = 1, SCOPE_ABSTRACT_AND_SIGNAL = 3, RULE_PATH = 1, GET_VERSION = 1 };

/* The system calls have the same numbers everywhere. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What a lookup of a name, a certificate or a group reads. Most exist on some systems alone. */
static const char *const readable[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
	"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/hostname",
	"/etc/machine-id", "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/ld.so.cache",
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd",
	"/var/lib/sss/mc", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem",
	"/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust",
	"/etc/crypto-policies", "/etc/ca-certificates", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/usr/share/pki", "/usr/share/p11-kit", "/etc/pkcs11",
	"/usr/share/crypto-policies", "/etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates",
	"/nix/store", "/gnu/store", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/lib",
	"/usr/lib64", "/lib", "/lib64", "/dev/urandom", "/dev/random", "/dev/null"};

static void allow(int ruleset, const char *path, uint64_t access)
{
	struct path_rule rule = {.parent = open(path, O_PATH | O_CLOEXEC)};
	struct stat status;

	if (rule.parent < 0)
		return;
	if (fstat(rule.parent, &status) == 0) {
		rule.allowed = S_ISDIR(status.st_mode) ? access : access & ~ACCESS_READ_DIR;
		syscall(ADD_RULE, ruleset, RULE_PATH, &rule, 0);
	}
	close(rule.parent);
}

static void allow_named(int ruleset, const char *path)
{
	if (path != NULL && *path == '/')
		allow(ruleset, path, ACCESS_READ_FILE | ACCESS_READ_DIR);
}

static void allow_all(int ruleset, const char *state, const char *const *files, uint64_t handled)
{
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		allow_named(ruleset, readable[i]);
	allow_named(ruleset, getenv("SSL_CERT_FILE"));
	allow_named(ruleset, getenv("SSL_CERT_DIR"));
	for (; *files != NULL; files++)
		allow_named(ruleset, *files);
	allow(ruleset, state,
		(ACCESS_READ_FILE | ACCESS_READ_DIR | ACCESS_WRITE_FILE | ACCESS_REMOVE_FILE |
			ACCESS_MAKE_REG | ACCESS_TRUNCATE) &
			handled);
}

static bool restrict_files(const char *state, const char *const *files)
{
	long version = syscall(CREATE_RULESET, NULL, 0, GET_VERSION);
	struct ruleset attributes = {.files = ACCESS_ALL_1};
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	int ruleset;
	bool ok;

	if (version < 1)
		return false;
	attributes.files |= (version >= 2 ? ACCESS_REFER : 0) |
		(version >= 3 ? ACCESS_TRUNCATE : 0) | (version >= 5 ? ACCESS_IOCTL_DEV : 0);
	if (version >= 4)
		attributes.net = NET_BIND_TCP;
	if (version >= 6)
		attributes.scoped = SCOPE_ABSTRACT_AND_SIGNAL;
	ruleset = (int)syscall(CREATE_RULESET, &attributes, size, 0);
	if (ruleset < 0)
		return false;
	allow_all(ruleset, state, files, attributes.files);
	ok = syscall(RESTRICT_SELF, ruleset, 0) == 0;
	close(ruleset);
	return ok;
}

/* ---- seccomp ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#endif

#ifdef ARCHITECTURE

/* Never needed: programs, other processes, the machine, ways around the other parts. */
static const int forbidden[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_kcmp, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_unshare,
	SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, SYS_swapon, SYS_swapoff,
	SYS_reboot, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf,
	SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_personality, SYS_acct, SYS_quotactl, SYS_syslog, SYS_sethostname, SYS_setdomainname,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_mknodat,
	SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_setuid, SYS_setgid, SYS_setreuid,
	SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid,
	SYS_capset, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_io_setup, SYS_memfd_create,
#ifdef SYS_fork
	SYS_fork, SYS_vfork, SYS_mknod,
#endif
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
	/* The same numbers everywhere, and younger than some headers. */
	424 /* pidfd_send_signal */, 425, 426, 427 /* io_uring */, 428, 429, 430, 431, 432,
	433 /* mounting */, 438 /* pidfd_getfd */, 440 /* process_madvise */,
	442 /* mount_setattr */, 447 /* memfd_secret */, 448 /* process_mrelease */,
	467 /* open_tree_attr */};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

enum { CLONE3 = 435, X32_BIT = 0x40000000, FILTER_MAX = 256 };

struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
};

static void add(struct program *program, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	if (program->len < FILTER_MAX)
		program->code[program->len++] =
			(struct sock_filter){(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void load(struct program *program, size_t offset)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void give(struct program *program, uint32_t verdict)
{
	add(program, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Gives verdict if what is loaded is value. */
static void give_if(struct program *program, uint32_t value, uint32_t verdict)
{
	add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	give(program, verdict);
}

static void compile(struct program *program)
{
	const uint32_t no = SECCOMP_RET_ERRNO | EPERM;
	const size_t count = sizeof(families) / sizeof(families[0]);

	load(program, offsetof(struct seccomp_data, arch));
	add(program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	give(program, no);
	load(program, offsetof(struct seccomp_data, nr));
	add(program, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
	give(program, no);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		give_if(program, (uint32_t)forbidden[i], no);
	/* Its flags cannot be seen from here; the C library then takes clone. */
	give_if(program, CLONE3, SECCOMP_RET_ERRNO | ENOSYS);
	add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
	load(program, offsetof(struct seccomp_data, args[0]));
	add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	give(program, SECCOMP_RET_ALLOW);
	give(program, no);
	/* What is typed into the person's terminal is run by the person's shell. */
	add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 6);
	load(program, offsetof(struct seccomp_data, args[1]));
	give_if(program, TIOCSTI, no);
	give_if(program, TIOCLINUX, no);
	give(program, SECCOMP_RET_ALLOW);
	add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, (unsigned)(2 + 2 * count));
	load(program, offsetof(struct seccomp_data, args[0]));
	for (size_t i = 0; i < count; i++)
		give_if(program, (uint32_t)families[i], SECCOMP_RET_ALLOW);
	give(program, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	give(program, SECCOMP_RET_ALLOW);
}

static bool restrict_calls(void)
{
	struct program program = {.len = 0};
	struct sock_fprog filter = {.filter = program.code};

	compile(&program);
	filter.len = program.len;
	return program.len < FILTER_MAX && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

#else

static bool restrict_calls(void)
{
	return false;
}

#endif

void sandbox_enter(const char *state, const char *const *files)
{
	if (entered)
		return;
	entered = true;
	active[PRIVILEGES] = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	active[LIMITS] = limit_all();
	active[FILES] = restrict_files(state, files);
	active[CALLS] = restrict_calls();
}

#else

void sandbox_enter(const char *state, const char *const *files)
{
	(void)state, (void)files;
	entered = true;
}

#endif

bool sandbox_parts(char *text, size_t size)
{
	bool all = true;
	size_t len = 0;

	text[0] = '\0';
	for (int wanted = 1; wanted >= 0; wanted--) {
		const char *before = wanted ? "" : "missing: ";

		for (int part = 0; part < PARTS; part++) {
			if (active[part] != (wanted != 0) || len >= size)
				continue;
			len += (size_t)snprintf(text + len, size - len, "%s%s%s",
				len == 0		  ? ""
					: *before != '\0' ? "; "
							  : ", ",
				before, names[part]);
			before = "";
			all = all && wanted;
		}
	}
	return all;
}
