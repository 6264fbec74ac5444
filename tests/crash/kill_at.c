// SPDX-License-Identifier: Apache-2.0
// kill -9 at every place where a program changes a file: preload this, and the process dies right before its change number
// KILL_AT (writes, fsyncs, truncations of regular files; renames and removals of names; counted over all threads).
//
//     LD_PRELOAD=libkill_at.so KILL_AT=17 program
#undef _FILE_OFFSET_BITS // with it pwrite and pwrite64 have one name, and both are defined here
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long changes;
static long kill_at;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("KILL_AT");
	kill_at = at ? atol(at) : 0;
}

static void count(void)
{
	if (atomic_fetch_add(&changes, 1) + 1 == kill_at)
		kill(getpid(), SIGKILL);
}

static void count_file(int fd)
{
	struct stat s;
	if (fd > STDERR_FILENO && fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
		count();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t n)
{
	count_file(fd);
	return REAL(write)(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	count_file(fd);
	return REAL(pwrite)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	count_file(fd);
	return REAL(pwrite64)(fd, bytes, n, at);
}

int fsync(int fd)
{
	count_file(fd);
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	count_file(fd);
	return REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t size)
{
	count_file(fd);
	return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	count_file(fd);
	return REAL(ftruncate64)(fd, size);
}

int rename(const char *from, const char *to)
{
	count();
	return REAL(rename)(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	count();
	return REAL(renameat)(from_fd, from, to_fd, to);
}

int unlink(const char *path)
{
	count();
	return REAL(unlink)(path);
}
