// SPDX-License-Identifier: Apache-2.0
// Locked in: in forked children what is forbidden is tried, and what must go on is done: files, sockets, the loop,
// threads, SQLite, OpenSSL. A child's exit code is 0 or says nothing; the failed line is printed to stderr.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/calls.h"
#include "io/loop.h"
#include "io/sandbox.h"
#include "io/system.h"
#include "io/udp.h"

static char root[] = "/tmp/trapline-sandbox-XXXXXX";
static char data[64], config[64], config_file[96], outside[64];

static void need(bool what, const char *text, int line)
{
	if (what)
		return;
	fprintf(stderr, "test_sandbox.c:%d: not so: %s (errno %d)\n", line, text, errno);
	_exit(1);
}
#define NEED(what) need(what, #what, __LINE__)
#define REFUSED(call, error) NEED((call) < 0 && errno == (error))

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	NEED(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int set_up(void **state)
{
	assert_non_null(mkdtemp(root));
	chmod(root, 0755);
	snprintf(data, sizeof data, "%s/data", root);
	snprintf(config, sizeof config, "%s/config", root);
	snprintf(config_file, sizeof config_file, "%s/trapline.yaml", config);
	snprintf(outside, sizeof outside, "%s/outside", root);
	assert_int_equal(mkdir(data, 0700), 0);
	chmod(data, 0777);
	assert_int_equal(mkdir(config, 0755), 0);
	write_file(config_file, "x");
	write_file(outside, "secret");
	return 0;
}

static int tear_down(void **state)
{
	char command[96];
	snprintf(command, sizeof command, "rm -r %s", root);
	return system(command);
}

static struct sandbox_state enter(void)
{
	const char *const writable[] = { data, NULL };
	const char *const readable[] = { config, "/nonexistent/folder", "/proc", NULL };
	struct sandbox s = { .writable = writable, .readable = readable };
	struct sandbox_state state;
	NEED(sandbox_enter(&s, &state) == ST_OK);
	NEED(state.seccomp);
	return state;
}

static int child_status(void (*body)(void))
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		body();
		exit(0); // with the leak check of a sanitizer build
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void check_child(void (*body)(void))
{
	int status = child_status(body);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool is_extra(int call)
{
	for (const int *c = calls_extra; *c != CALLS_END; c++)
		if (*c == call)
			return true;
	return false;
}

static void body_files_refused(void)
{
	char path[128];
	int inside = open(config_file, O_RDONLY);
	struct sandbox_state state = enter();
	if (state.landlock_abi == 0)
		return;
	REFUSED(open(outside, O_RDONLY), EACCES);
	REFUSED(open("/etc/passwd", O_RDONLY), EACCES);
	REFUSED(open("/", O_RDONLY | O_DIRECTORY), EACCES);
	REFUSED(open(config_file, O_WRONLY), EACCES);
	REFUSED(unlink(config_file), EACCES);
	REFUSED(rename(config_file, outside), EACCES);
	snprintf(path, sizeof path, "%s/new", config);
	REFUSED(open(path, O_CREAT | O_WRONLY, 0600), EACCES);
	REFUSED(mkdir(path, 0700), EACCES);
	snprintf(path, sizeof path, "%s/../outside", data);
	REFUSED(open(path, O_RDONLY), EACCES);
	snprintf(path, sizeof path, "%s/link", data);
	REFUSED(symlink(outside, path), EPERM);
	REFUSED(mkfifo(path, 0600), EPERM);
	char byte;
	NEED(read(inside, &byte, 1) == 1); // opened before: still readable
}

static void body_files_work(void)
{
	char a[128], b[128], c[160], text[256];
	enter();
	snprintf(a, sizeof a, "%s/a", data);
	snprintf(b, sizeof b, "%s/folder", data);
	snprintf(c, sizeof c, "%s/b", b);
	NEED(mkdir(b, 0700) == 0);
	int fd = open(a, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	NEED(fd >= 0 && flock(fd, LOCK_EX) == 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0);
	NEED(ftruncate(fd, 4096) == 0 && fchmod(fd, 0640) == 0);
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(map != MAP_FAILED && munmap(map, 4096) == 0 && close(fd) == 0);
	NEED(rename(a, c) == 0); // into another folder
	NEED(open(c, O_WRONLY | O_TRUNC) >= 0);
	NEED(unlink(c) == 0 && rmdir(b) == 0);
	NEED((fd = open(data, O_RDONLY | O_DIRECTORY)) >= 0 && fsync(fd) == 0);
	NEED((fd = open(config_file, O_RDONLY)) >= 0 && read(fd, text, 1) == 1);
	DIR *d = opendir(config);
	NEED(d && readdir(d) && closedir(d) == 0);
	NEED((fd = open("/proc/self/status", O_RDONLY)) >= 0 && read(fd, text, sizeof text) > 0);
	NEED((fd = open("/proc/net/udp", O_RDONLY)) >= 0 && read(fd, text, sizeof text) > 0);
}

static void test_files(void **state)
{
	check_child(body_files_refused);
	check_child(body_files_work);
}

static void body_calls_refused(void)
{
	char *const none[] = { NULL };
	char letter = 'x';
	enter();
	REFUSED(execve("/bin/true", none, none), EPERM);
	REFUSED(syscall(SYS_execveat, AT_FDCWD, "/bin/true", none, none, 0), EPERM);
	REFUSED(syscall(SYS_vfork), EPERM);
	REFUSED(syscall(SYS_clone3, NULL, 0), ENOSYS);
	REFUSED(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL), EPERM);
	REFUSED(syscall(SYS_umount2, "/mnt", 0), EPERM);
	REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM);
	REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0), EPERM);
	REFUSED(syscall(SYS_add_key, "user", "x", "x", 1, -3), EPERM);
	REFUSED(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
	REFUSED(syscall(SYS_setns, 0, 0), EPERM);
	REFUSED(syscall(SYS_chroot, "/"), EPERM);
	REFUSED(syscall(SYS_pivot_root, "/", "/"), EPERM);
	REFUSED(syscall(SYS_io_uring_setup, 1, NULL), EPERM);
	REFUSED(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM);
	REFUSED(syscall(SYS_userfaultfd, 0), EPERM);
	REFUSED(syscall(SYS_finit_module, 0, "", 0), EPERM);
	REFUSED(syscall(SYS_reboot, 0, 0, 0, NULL), EPERM);
	REFUSED(syscall(SYS_setuid, 65534), EPERM);
	REFUSED(syscall(SYS_capset, NULL, NULL), EPERM);
	REFUSED(syscall(SYS_sethostname, "x", 1), EPERM);
	REFUSED(syscall(SYS_clock_settime, 0, NULL), EPERM);
	REFUSED(syscall(SYS_memfd_create, "x", 0), EPERM);
	REFUSED(syscall(SYS_open_by_handle_at, 0, NULL, 0), EPERM);
	REFUSED(syscall(SYS_pidfd_open, getppid(), 0), EPERM);
	REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0), EPERM);
	REFUSED(ioctl(0, TIOCSTI, &letter), EPERM);
	if (!is_extra(SYS_clone))
		REFUSED(fork(), EPERM);
	if (!is_extra(SYS_ptrace))
		REFUSED(syscall(SYS_ptrace, 0, 0, NULL, NULL), EPERM);
	REFUSED(kill(getppid(), 0), EPERM);
	REFUSED(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0), EPERM);
	REFUSED(syscall(SYS_prlimit64, 0, 0, &letter, NULL), EPERM);
	if (!is_extra(SYS_prctl))
		REFUSED(prctl(PR_SET_DUMPABLE, 1), EPERM);
	for (int family = 0; family < 46; family++) {
		if (family == AF_INET || family == AF_INET6 || family == AF_UNIX || family == AF_NETLINK)
			continue;
		REFUSED(socket(family, SOCK_DGRAM, 0), EPERM);
		REFUSED(socketpair(family, SOCK_DGRAM, 0, (int[2]){ 0 }), EPERM);
	}
	NEED(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void test_calls(void **state)
{
	check_child(body_calls_refused);
}

static void body_abort(void)
{
	enter();
	abort();
}

static void test_abort(void **state)
{
	int status = child_status(body_abort);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); // a sanitizer may make a report of it
}

struct job {
	struct loop *loop;
	struct loop_timer timer;
	struct udp_socket socket;
	struct udp_batch *batch;
	int got;
};

static void job_ready(void *arg, uint32_t events)
{
	struct job *j = arg;
	struct udp_packet p;
	while (udp_receive(&j->socket, j->batch) > 0)
		while (udp_next(j->batch, &p)) {
			struct udp_out o = { .bytes = p.bytes, .to = p.peer, .from = p.local };
			j->got += udp_send(&j->socket, &o, 1);
		}
}

static void job_stop(void *arg)
{
	loop_stop(((struct job *)arg)->loop);
}

static void *job_run(void *arg)
{
	struct job *j = arg;
	pthread_setname_np(pthread_self(), "worker");
	NEED(loop_run(j->loop) == ST_OK);
	REFUSED(socket(AF_PACKET, SOCK_DGRAM, 0), EPERM); // a thread is locked in too
	return NULL;
}

static void body_sockets_work(void)
{
	enter();
	struct addr a;
	struct job j = { .timer = { .fn = job_stop, .arg = &j } };
	NEED(addr_parse("127.0.0.1:0", &a) == ST_OK);
	NEED(udp_open(&a, true, &j.socket) == ST_OK && udp_steer_attach(&j.socket, 1) == ST_OK);
	NEED(udp_drops(&j.socket) == 0);
	NEED(loop_new(&j.loop) == ST_OK && udp_batch_new(&j.batch) == ST_OK);
	NEED(loop_add(j.loop, j.socket.fd, EPOLLIN, job_ready, &j) == ST_OK);
	loop_timer_set(j.loop, &j.timer, loop_now(j.loop) + 30000000);
	pthread_t thread;
	NEED(pthread_create(&thread, NULL, job_run, &j) == 0);
	struct udp_out o = { .bytes = span_str("x"), .to = j.socket.local };
	struct udp_socket peer;
	NEED(udp_open(&a, false, &peer) == ST_OK && udp_send(&peer, &o, 1) == 1);
	NEED(pthread_join(thread, NULL) == 0 && j.got == 1);
	udp_batch_free(j.batch);
	loop_free(j.loop);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	NEED(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 5) == 0);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	snprintf(un.sun_path, sizeof un.sun_path, "%s/control", data);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof un) == 0 && listen(fd, 5) == 0);
	NEED(chmod(un.sun_path, 0600) == 0 && unlink(un.sun_path) == 0);
	NEED(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }) == 0);
}

static void body_waiting_works(void)
{
	enter();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	struct signalfd_siginfo info;
	NEED(raise(SIGUSR1) == 0 && read(fd, &info, sizeof info) == sizeof info);
	NEED(kill(getpid(), SIGUSR1) == 0 && read(fd, &info, sizeof info) == sizeof info);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	uint64_t count;
	NEED(timerfd_settime(fd, 0, &soon, NULL) == 0 && read(fd, &count, sizeof count) == sizeof count);
	NEED(usleep(100) == 0 && clock_wall() > 0);
	uint8_t random[16];
	system_random(random, sizeof random);
	NEED(isatty(0) >= 0 && sysconf(_SC_NPROCESSORS_ONLN) > 0);
	void *big = malloc(64 << 20); // mmap, and a trim
	NEED(big != NULL);
	memset(big, 1, 1 << 20);
	free(big);
}

static void test_sockets_and_waiting(void **state)
{
	check_child(body_sockets_work);
	check_child(body_waiting_works);
}

static void *count_rows(void *arg)
{
	const char *path = arg;
	sqlite3 *db;
	int rows = -1;
	sqlite3_stmt *s;
	NEED(sqlite3_open(path, &db) == SQLITE_OK);
	NEED(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &s, NULL) == SQLITE_OK);
	NEED(sqlite3_step(s) == SQLITE_ROW);
	rows = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	NEED(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK);
	NEED(sqlite3_close(db) == SQLITE_OK && rows == 1000);
	return NULL;
}

static void body_sqlite_works(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/journal.db", data);
	enter();
	sqlite3 *db;
	NEED(sqlite3_open(path, &db) == SQLITE_OK);
	NEED(sqlite3_exec(db,
	                  "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a INTEGER PRIMARY KEY, b);",
	                  NULL, NULL, NULL) == SQLITE_OK);
	NEED(sqlite3_exec(db,
	                  "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
	                  "INSERT INTO t(b) SELECT randomblob(500) FROM n; COMMIT;",
	                  NULL, NULL, NULL) == SQLITE_OK);
	pthread_t thread;
	NEED(pthread_create(&thread, NULL, count_rows, path) == 0 && pthread_join(thread, NULL) == 0);
	NEED(sqlite3_close(db) == SQLITE_OK);
}

static void body_openssl_works(void)
{
	uint8_t bytes[32], digest[EVP_MAX_MD_SIZE];
	unsigned n;
	NEED(RAND_bytes(bytes, sizeof bytes) == 1); // loads its configuration, as a start does
	enter();
	NEED(RAND_bytes(bytes, sizeof bytes) == 1);
	NEED(EVP_Digest(bytes, sizeof bytes, digest, &n, EVP_sha256(), NULL) == 1 && n == 32);
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	NEED(key != NULL);
	EVP_PKEY_free(key);
}

static void test_libraries(void **state)
{
	check_child(body_sqlite_works);
	check_child(body_openssl_works);
}

static void body_bad_paths(void)
{
	const char *const writable[] = { "/nonexistent/folder", NULL };
	struct sandbox s = { .writable = writable };
	struct sandbox_state state;
	NEED(sandbox_enter(&s, &state) == (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0 ? ST_SYSTEM : ST_OK));
}

static void test_bad_paths(void **state)
{
	check_child(body_bad_paths);
}

static void body_drop(void)
{
	NEED(privileges_drop("no-such-user-here") == ST_NONE);
	NEED(privileges_drop("root") == ST_DENIED);
	NEED(privileges_drop("nobody") == ST_OK);
	NEED(getuid() == 65534 && geteuid() == 65534 && getgid() == 65534);
	gid_t groups[8];
	NEED(getgroups(8, groups) == 1 && groups[0] == 65534);
	REFUSED(setuid(0), EPERM);
	REFUSED(chroot("/"), EPERM);
	NEED(privileges_drop("nobody") == ST_DENIED);
	body_files_work();
	struct addr a;
	struct udp_socket s;
	NEED(addr_parse("127.0.0.1:0", &a) == ST_OK && udp_open(&a, false, &s) == ST_OK);
	REFUSED(setuid(0), EPERM);
}

static void test_privileges(void **state)
{
	if (geteuid() != 0) {
		assert_int_equal(privileges_drop("nobody"), ST_DENIED);
		print_message("skipped: only root can become somebody else\n");
		skip();
	}
	check_child(body_drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),      cmocka_unit_test(test_calls),
		cmocka_unit_test(test_abort),      cmocka_unit_test(test_sockets_and_waiting),
		cmocka_unit_test(test_libraries),  cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_privileges),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
