/* What is looked at on this machine: modes, the lock, and the files of mailers; programs are
 * scripts in the box. */
#include "clients.h"
#include "holder.h"
#include "modes.h"
#include "postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "programs_support.h"

enum { TOLD_MAX = 64 };

struct told {
	struct finding findings[TOLD_MAX];
	int count;
};

static struct told told;

static void note(void *context, const struct finding *finding)
{
	(void)context;
	assert_in_range(told.count, 0, TOLD_MAX - 1);
	told.findings[told.count++] = *finding;
}

static const struct findings findings = {note, NULL};

static void forget(void)
{
	told.count = 0;
}

/* Whether that was told of what, with those words in it or in what mends it. */
static void assert_told(enum finding_level level, const char *what, const char *words)
{
	for (int i = 0; i < told.count; i++) {
		const struct finding *finding = &told.findings[i];

		if (finding->level == level && strcmp(finding->what, what) == 0 &&
			(strstr(finding->found, words) != NULL ||
				strstr(finding->mend, words) != NULL)) {
			assert_true(level == FINDING_OK || finding->mend[0] != '\0');
			return;
		}
	}
	for (int i = 0; i < told.count; i++)
		print_error("%s %s: %s (%s)\n", finding_level_name(told.findings[i].level),
			told.findings[i].what, told.findings[i].found, told.findings[i].mend);
	fail_msg("no %s of %s with `%s`", finding_level_name(level), what, words);
}

/* ---- modes ---- */

static void files_that_are_as_they_should_be(void **state)
{
	struct box *box = *state;

	box_configure(box, "");
	file_puts(state_path(box, "token"), 0640, "");
	file_puts(state_path(box, "grant"), 0600, "");
	forget();
	modes_check(box->account, &findings);
	assert_int_equal(told.count, 1);
	assert_told(FINDING_OK, "files", "as they should be");
}

static void modes_and_kinds_that_are_wrong(void **state)
{
	struct box *box = *state;

	box_configure(box, "");
	file_puts(state_path(box, "token"), 0644, "");
	file_puts(state_path(box, "grant"), 0620, "");
	assert_int_equal(symlink("/dev/null", state_path(box, "lock")), 0);
	forget();
	modes_check(box->account, &findings);
	assert_told(FINDING_FAIL, "token", "chmod 0640");
	assert_told(FINDING_FAIL, "grant", "chmod 0600");
	assert_told(FINDING_FAIL, "lock", "is a symbolic link");
	assert_int_equal(chmod(box->account->place.state, 0770), 0);
	forget();
	modes_check(box->account, &findings);
	assert_told(FINDING_FAIL, "state", "its mode is 0770");
	assert_int_equal(chmod(box->account->place.state, 0700), 0);
}

static void a_directory_above_that_others_may_write_to(void **state)
{
	struct box *box = *state;

	box_configure(box, "");
	assert_int_equal(chmod(box->dir, 0772), 0);
	forget();
	modes_check(box->account, &findings);
	assert_told(FINDING_FAIL, "configuration", "chmod go-w");
	assert_int_equal(chmod(box->dir, 01777), 0);
	forget();
	modes_check(box->account, &findings);
	assert_told(FINDING_OK, "files", "as they should be");
}

/* ---- the lock ---- */

static void the_lock(void **state)
{
	struct box *box = *state;
	char pid[32];
	int fd;

	box_configure(box, "");
	forget();
	holder_check(box->account, &findings);
	assert_told(FINDING_OK, "lock", "nobody has needed one");
	file_puts(state_path(box, "lock"), 0600, "");
	forget();
	holder_check(box->account, &findings);
	assert_told(FINDING_OK, "lock", "free");
	fd = open(state_path(box, "lock"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	snprintf(pid, sizeof(pid), "process %ld (", (long)getpid());
	forget();
	holder_check(box->account, &findings);
	assert_told(FINDING_WARN, "lock", pid);
	close(fd);
}

/* ---- mailers ---- */

static void program(const struct box *box, const char *name, const char *script)
{
	char text[2048];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	file_puts(box_path(box, name), 0755, text);
	setenv("PATH", box->dir, 1);
}

static void mbsync(void **state)
{
	struct box *box = *state;
	const char *rc = box_path(box, ".mbsyncrc");

	box_configure(box, "imap = localhost:993\n");
	setenv("HOME", box->dir, 1);
	program(box, "mbsync", ": libsasl2.so");
	forget();
	clients_check_mbsync(box->account, &findings);
	assert_told(FINDING_FAIL, "mbsync", "cannot be read");
	file_puts(rc, 0600,
		"IMAPAccount a\nUser other@example.test\nAuthMechs LOGIN\n\nIMAPAccount b\n"
		"\tuser \"" ACCOUNT_NAME "\"\r\nAuthMechs \"XOAUTH2\"\nSSLType IMAPS");
	forget();
	clients_check_mbsync(box->account, &findings);
	assert_int_equal(told.count, 1);
	assert_told(FINDING_OK, "mbsync", "AuthMechs XOAUTH2");
	file_puts(rc, 0600,
		"IMAPStore b\nUser " ACCOUNT_NAME "\nTLSType None\nAuthMechs OAUTHBEARER\n");
	forget();
	clients_check_mbsync(box->account, &findings);
	assert_told(FINDING_FAIL, "mbsync", "without TLS");
	file_puts(rc, 0600, "IMAPStore b\nUser " ACCOUNT_NAME "\n");
	forget();
	clients_check_mbsync(box->account, &findings);
	assert_told(FINDING_WARN, "mbsync", "names no mechanism");
	file_puts(rc, 0600, "");
	forget();
	clients_check_mbsync(box->account, &findings);
	assert_told(FINDING_FAIL, "mbsync", "says nothing of " ACCOUNT_NAME);
}

static void msmtp(void **state)
{
	struct box *box = *state;

	box_configure(box, "");
	setenv("HOME", box->dir, 1);
	file_puts(box_path(box, ".msmtprc"), 0600,
		"account a\nuser " ACCOUNT_NAME "\ntls on\nauth on\npasswordeval x\n"
		"account b\nuser " ACCOUNT_NAME "\ntls on\nauth xoauth2\n"
		"account c\nuser " ACCOUNT_NAME "\ntls off\nauth oauthbearer\n"
		"passwordeval saslfresh token " ACCOUNT_NAME "\n");
	forget();
	clients_check_msmtp(box->account, &findings);
	assert_int_equal(told.count, 3);
	assert_told(FINDING_FAIL, "msmtp", "`auth on` is neither");
	assert_told(FINDING_FAIL, "msmtp", "passwordeval does not run");
	assert_told(FINDING_FAIL, "msmtp", "without `tls on`");
}

static void postfix(void **state)
{
	struct box *box = *state;

	box_configure(box, "");
	program(box, "postconf", "exit 1");
	forget();
	postfix_check(box->account, &findings);
	assert_told(FINDING_FAIL, "postfix", "postfix check");
	program(box, "postconf",
		"case $1 in\n-x) echo 'smtp_sasl_auth_enable = no'; echo 'smtp_sasl_type ='\n"
		"echo 'smtp_sasl_security_options = NoAnonymous,NOPLAINTEXT' ;;\n"
		"-M) echo 'smtp unix - - y - - smtp' ;;\n"
		"-P) echo 'smtp/unix/smtp_tls_security_level = encrypt' ;;\nesac");
	forget();
	postfix_check(box->account, &findings);
	assert_told(FINDING_FAIL, "master.cf", "smtp/unix/chroot=n");
	assert_told(FINDING_FAIL, "smtp_sasl_auth_enable", "`no`");
	assert_told(FINDING_FAIL, "smtp_sasl_type", "only cyrus");
	assert_told(FINDING_FAIL, "smtp_sasl_tls_security_options", "noplaintext rules out");
	assert_told(FINDING_WARN, "smtp_sasl_mechanism_filter", "another mechanism");
	assert_told(FINDING_WARN, "smtp_tls_security_level", "no certificate is verified");
	assert_told(FINDING_FAIL, "smtp_sasl_password_maps", "it is not set");
	program(box, "postconf", "[ $1 != -x ] || echo 'smtp_sasl_password_maps = proxy:mysql:/x'");
	forget();
	postfix_check(NULL, &findings);
	assert_told(FINDING_FAIL, "master.cf", "there is no service smtp/unix");
	postfix_check(box->account, &findings);
	assert_told(FINDING_WARN, "smtp_sasl_password_maps", "cannot be seen from here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {BOX_TEST(files_that_are_as_they_should_be),
		BOX_TEST(modes_and_kinds_that_are_wrong),
		BOX_TEST(a_directory_above_that_others_may_write_to), BOX_TEST(the_lock),
		BOX_TEST(mbsync), BOX_TEST(msmtp), BOX_TEST(postfix)};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
