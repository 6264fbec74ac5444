// SPDX-License-Identifier: Apache-2.0
// Which system calls the locked-in process may make, in the manner of systemd's @system-service but shorter: what
// glibc and its threads, SQLite (WAL), OpenSSL, libmicrohttpd and our own floors use. Everything else is EPERM, so
// also what a kernel of tomorrow adds. Missing on purpose: execve, fork (clone without CLONE_THREAD), ptrace, mount,
// unshare, bpf, io_uring, keyctl, perf_event_open, userfaultfd, module and clock setting, all ids and capabilities.
#include "io/calls.h"

#include <asm/ioctls.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

const int calls_allowed[] = {
	// files, inside what Landlock leaves
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(close), SCMP_SYS(close_range),
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2), SCMP_SYS(lseek), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fsync),
	SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(truncate), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fadvise64), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
	SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
	SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(utimensat), SCMP_SYS(umask),
	SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(sendfile),
	SCMP_SYS(copy_file_range),
	// memory
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
	SCMP_SYS(msync), SCMP_SYS(mincore), SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(membarrier),
	// sockets; which families is in calls_if
	SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
	// waiting and time
	SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(eventfd), SCMP_SYS(eventfd2), SCMP_SYS(signalfd), SCMP_SYS(signalfd4),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(pause), SCMP_SYS(restart_syscall),
	// threads, signals of our own, and what a process asks about itself
	SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(gettid),
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(capget), SCMP_SYS(uname),
	SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(getrlimit), SCMP_SYS(getcpu),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_get_priority_min), SCMP_SYS(sched_get_priority_max),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack), SCMP_SYS(getrandom), CALLS_END
};

#define ALL UINT64_MAX
#define NEW_NAMESPACES                                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

const struct call_if calls_if[] = {
	{ SCMP_SYS(socket), 0, ALL, AF_INET },
	{ SCMP_SYS(socket), 0, ALL, AF_INET6 },
	{ SCMP_SYS(socket), 0, ALL, AF_UNIX },
	{ SCMP_SYS(socket), 0, ALL, AF_NETLINK },
	{ SCMP_SYS(socketpair), 0, ALL, AF_UNIX },
	{ SCMP_SYS(clone), 0, CLONE_THREAD | NEW_NAMESPACES, CLONE_THREAD },
	{ SCMP_SYS(prlimit64), 2, ALL, 0 },   // reading, not setting
	{ SCMP_SYS(setpriority), 1, ALL, 0 }, // of the calling thread: followers give way
	// Enough to ask and to be non-blocking; above all no TIOCSTI, which types into the terminal that started us.
	{ SCMP_SYS(ioctl), 1, ALL, FIONBIO },
	{ SCMP_SYS(ioctl), 1, ALL, FIONREAD },
	{ SCMP_SYS(ioctl), 1, ALL, FIOCLEX },
	{ SCMP_SYS(ioctl), 1, ALL, TIOCOUTQ },
	{ SCMP_SYS(ioctl), 1, ALL, TCGETS },
	{ SCMP_SYS(ioctl), 1, ALL, TIOCGWINSZ },
	{ SCMP_SYS(ioctl), 1, ALL, SIOCGIFNAME },
	{ SCMP_SYS(ioctl), 1, ALL, SIOCGIFINDEX },
	{ SCMP_SYS(prctl), 0, ALL, PR_SET_NAME },
	{ SCMP_SYS(prctl), 0, ALL, PR_GET_NAME },
	{ SCMP_SYS(prctl), 0, ALL, PR_GET_DUMPABLE },
	{ SCMP_SYS(prctl), 0, ALL, PR_GET_SECCOMP },
	{ SCMP_SYS(prctl), 0, ALL, PR_GET_NO_NEW_PRIVS },
	{ SCMP_SYS(prctl), 0, ALL, PR_CAPBSET_READ },
	{ SCMP_SYS(prctl), 0, ALL, PR_SET_VMA }, // malloc names its arenas
	{ CALLS_END, 0, 0, 0 },
};

const int calls_on_self[] = { SCMP_SYS(tgkill), SCMP_SYS(kill), CALLS_END };
