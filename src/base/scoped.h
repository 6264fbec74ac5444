// SPDX-License-Identifier: Apache-2.0
// The one clean-up idiom: `int scoped(fd_close) fd = open(...)`.
#ifndef BASE_SCOPED_H
#define BASE_SCOPED_H

#include <errno.h>
#include <unistd.h>

#define scoped(fn) __attribute__((cleanup(fn)))

// Keeps errno, which says why a function gave up.
static inline void fd_close(int *fd)
{
	int error = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = error;
}

// Ownership leaves visibly.
static inline int fd_give(int *fd)
{
	int given = *fd;
	*fd = -1;
	return given;
}

#endif
