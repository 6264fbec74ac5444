// SPDX-License-Identifier: Apache-2.0
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"

enum st folder_errno(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ST_DISK_FULL;
	case EACCES:
	case EPERM:
		return ST_DENIED;
	case ENOENT:
		return ST_NONE;
	default:
		return ST_IO;
	}
}

enum st folder_path(const char *dir, const char *name, char *out)
{
	int n = snprintf(out, FOLDER_PATH, "%s/%s", dir, name);
	return n > 0 && n < FOLDER_PATH ? ST_OK : ST_FULL;
}

enum st folder_sync(const char *dir)
{
	int scoped(fd_close) fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0 ? ST_OK : folder_errno();
}

static enum st folder_make(const char *dir, struct text *why)
{
	if (mkdir(dir, FOLDER_MODE) == 0) {
		char parent[FOLDER_PATH];
		snprintf(parent, sizeof parent, "%s", dir);
		return folder_sync(dirname(parent));
	}
	if (errno == EEXIST)
		return ST_OK;
	enum st st = folder_errno();
	text_printf(why, "cannot make the data directory %s: %s", dir, strerror(errno));
	return st;
}

static void name_holder(int lock, const char *dir, struct text *why)
{
	char pid[16] = { 0 };
	ssize_t n = pread(lock, pid, sizeof pid - 1, 0);
	long holder = n > 0 ? strtol(pid, NULL, 10) : 0;
	if (holder > 0)
		text_printf(why, "the data directory %s is in use by process %ld", dir, holder);
	else
		text_printf(why, "the data directory %s is in use by another process", dir);
	text_add(why, "; stop it, or give this one another directory");
}

enum st folder_take(const char *dir, int *folder, int *lock, struct text *why)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(dir, "lock", path);
	if (st != ST_OK) {
		text_add(why, "the name of the data directory is too long");
		return st;
	}
	st = folder_make(dir, why);
	if (st != ST_OK)
		return st;
	int scoped(fd_close) folder_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int scoped(fd_close) fd =
	        folder_fd < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FOLDER_FILE_MODE);
	if (fd < 0) {
		st = folder_errno();
		text_printf(why, "cannot open %s: %s", folder_fd < 0 ? dir : path, strerror(errno));
		return st;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		st = errno == EWOULDBLOCK ? ST_BUSY : folder_errno();
		if (st == ST_BUSY)
			name_holder(fd, dir, why);
		else
			text_printf(why, "cannot lock %s: %s", path, strerror(errno));
		return st;
	}
	// Who holds it is told to a person only, so a full disk does not stop the start here.
	char pid[16];
	int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == n)
		fdatasync(fd);
	*folder = fd_give(&folder_fd);
	*lock = fd_give(&fd);
	return ST_OK;
}

static enum st write_all(int fd, struct span s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return folder_errno();
		s = span_of(s.p + n, s.n - (size_t)n);
	}
	return fsync(fd) == 0 ? ST_OK : folder_errno();
}

enum st folder_replace(const char *dir, const char *name, struct span content)
{
	char path[FOLDER_PATH], fresh[FOLDER_PATH], fresh_name[NAME_MAX + 1];
	snprintf(fresh_name, sizeof fresh_name, "%s.new", name);
	enum st st = folder_path(dir, name, path);
	if (st == ST_OK)
		st = folder_path(dir, fresh_name, fresh);
	if (st != ST_OK)
		return st;
	int scoped(fd_close) fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FOLDER_FILE_MODE);
	st = fd < 0 ? folder_errno() : write_all(fd, content);
	if (st == ST_OK && rename(fresh, path) != 0)
		st = folder_errno();
	return st == ST_OK ? folder_sync(dir) : st;
}

enum st folder_read(const char *dir, const char *name, size_t max, struct text *out)
{
	char path[FOLDER_PATH];
	uint8_t bytes[8192];
	enum st st = folder_path(dir, name, path);
	if (st != ST_OK)
		return st;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return folder_errno();
	for (size_t all = 0;;) {
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n < 0)
			return folder_errno();
		if (n == 0)
			return out->bad ? ST_NO_MEMORY : ST_OK;
		all += (size_t)n;
		if (all > max)
			return ST_FULL;
		text_bytes(out, span_of(bytes, (size_t)n));
	}
}
