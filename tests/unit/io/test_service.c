// SPDX-License-Identifier: Apache-2.0
// The service manager's side played by the test: notifications, the watchdog, passed sockets; the clocks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/system.h"

static int manager(const char *name, size_t n)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	memcpy(un.sun_path, name, n);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
	return fd;
}

static void check_heard(int fd, const char *text)
{
	char got[64] = { 0 };
	assert_int_equal(recv(fd, got, sizeof got - 1, 0), (ssize_t)strlen(text));
	assert_string_equal(got, text);
}

static void test_notify_path(void **state)
{
	char folder[] = "/tmp/trapline-notify-XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/s", folder);
	int fd = manager(path, strlen(path) + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	service_open();
	unlink(path); // lock-in: the path cannot be reached any more
	service_notify("READY=1");
	check_heard(fd, "READY=1");
	close(fd);
	service_notify("WATCHDOG=1"); // a manager that went away
	rmdir(folder);
}

static void test_notify_abstract(void **state)
{
	char name[64] = { 0 };
	int n = snprintf(name + 1, sizeof name - 1, "trapline-test-%d", (int)getpid());
	int scoped(fd_close) fd = manager(name, (size_t)n + 1);
	name[0] = '@';
	setenv("NOTIFY_SOCKET", name, 1);
	service_open();
	service_notify("STATUS=hears");
	check_heard(fd, "STATUS=hears");
}

static void test_notify_nobody(void **state)
{
	static const char *const bad[] = { "", "@", "/", "relative", "/nonexistent/socket", "@nobody-listens-here" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		service_open();
		service_notify("READY=1");
	}
	char longer[200];
	memset(longer, 'x', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = 0;
	setenv("NOTIFY_SOCKET", longer, 1);
	service_open();
	service_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
	service_open();
	service_notify("READY=1");
}

static void test_watchdog(void **state)
{
	char me[16];
	snprintf(me, sizeof me, "%d", (int)getpid());
	const struct {
		const char *usec, *pid;
		int64_t wanted;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "30000000", NULL, INT64_C(15000000000) },
		{ "30000000", me, INT64_C(15000000000) },
		{ "30000000", "1", 0 },
		{ "0", me, 0 },
		{ "-5", me, 0 },
		{ "5s", me, 0 },
		{ "99999999999999999999999", me, 0 },
		{ "9999999999999999999", me, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].usec)
			setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", rows[i].pid, 1);
		assert_int_equal(service_watchdog_interval(), rows[i].wanted);
	}
}

static int bound(int type, bool listening)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0 || (listening && listen(fd, 1) < 0))
		_exit(90);
	return fd;
}

static void require(bool what, int code)
{
	if (!what)
		_exit(code);
}

// In a child whose descriptors 3.. are what a service manager would pass; its exit code is the line that failed.
static void child_takes_over(const char *pid, int max, int wanted)
{
	int fds[] = { bound(SOCK_DGRAM, false), bound(SOCK_STREAM, false), bound(SOCK_STREAM, true),
		      socket(AF_UNIX, SOCK_DGRAM, 0), bound(SOCK_DGRAM, false) };
	for (int i = 0; i < 5; i++)
		require(dup2(fcntl(fds[i], F_DUPFD, 50), 20 + i) == 20 + i, 91);
	for (int i = 0; i < 5; i++)
		dup2(20 + i, 3 + i);
	char me[16];
	snprintf(me, sizeof me, "%d", (int)getpid());
	setenv("LISTEN_PID", pid ? pid : me, 1);
	setenv("LISTEN_FDS", "5", 1);
	setenv("LISTEN_FDNAMES", "udp-162:not-listening:tcp-2697:unix", 1);
	struct passed_socket got[8];
	require(service_sockets(got, max) == wanted, 1);
	require(!getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES"), 2);
	require(service_sockets(got + 7, 1) == 0, 3); // only once
	if (wanted > 0)
		require(got[0].fd == 3 && !got[0].tcp && got[0].local.port && !strcmp(got[0].name, "udp-162"), 4);
	if (wanted > 1) {
		require(got[1].fd == 5 && got[1].tcp && !strcmp(got[1].name, "tcp-2697"), 5);
		require(fcntl(5, F_GETFD) == FD_CLOEXEC && (fcntl(5, F_GETFL) & O_NONBLOCK), 6);
		require(fcntl(4, F_GETFD) < 0 && fcntl(6, F_GETFD) < 0, 7); // of no use: closed
	}
	if (wanted > 2)
		require(got[2].fd == 7 && !strcmp(got[2].name, ""), 8);
	_exit(0);
}

static void check_taken_over(const char *pid, int max, int wanted)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_takes_over(pid, max, wanted);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_sockets(void **state)
{
	check_taken_over(NULL, 7, 3);
	check_taken_over(NULL, 1, 1);
	check_taken_over(NULL, 0, 0);
	check_taken_over("1", 7, 0); // meant for somebody else
	check_taken_over("", 7, 0);
	check_taken_over("x", 7, 0);
}

static void test_clock_and_random(void **state)
{
	int64_t a = clock_monotonic(), b = clock_monotonic();
	assert_true(b >= a);
	assert_true(clock_wall() > INT64_C(1700000000000000000));
	uint8_t r[64] = { 0 }, s[64] = { 0 }, zero[32] = { 0 };
	system_random(r, 32);
	system_random(s, 64);
	assert_memory_not_equal(r, s, 32);
	assert_memory_not_equal(r, zero, 32);
	assert_memory_equal(r + 32, zero, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify_path),   cmocka_unit_test(test_notify_abstract),
		cmocka_unit_test(test_notify_nobody), cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_sockets),       cmocka_unit_test(test_clock_and_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
