// SPDX-License-Identifier: Apache-2.0
// Preloaded into a collector: its wall clock is an hour ahead, as one that somebody sets right later. With the name of a file
// in CLOCK_AHEAD it is ahead by the seconds that the file holds, a 64-bit number, and whoever writes it moves the clock.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int64_t hour = 3600;
static const int64_t *ahead = &hour;

// Before main: afterwards the collector may open no files.
__attribute__((constructor)) static void find_file(void)
{
	const char *name = getenv("CLOCK_AHEAD");
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *there = fd >= 0 ? mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (there != MAP_FAILED)
		ahead = there;
	else if (name)
		abort();
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, clock, t);
	if (result == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += __atomic_load_n(ahead, __ATOMIC_RELAXED);
	return result;
}
