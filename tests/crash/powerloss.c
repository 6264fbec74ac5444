// SPDX-License-Identifier: Apache-2.0
// Power loss, for tests: preload this library into a program, and the folder that it leaves behind is what a disk would
// hold after the power failed.
//
//     LD_PRELOAD=libpowerloss.so POWERLOSS_DIR=/data POWERLOSS_AT=17 POWERLOSS_SEED=5 program
//
// For each file below POWERLOSS_DIR it keeps what is durable: the content at the last fsync (a copy in a memfd) and which
// pages were written since. Names are durable after an fsync of their folder; what was made, renamed or removed since is an
// ordered log. When fsync number POWERLOSS_AT is called (any file or folder below, counted over all threads), the fsync does
// not return: the folder is changed into one of the states that a disk may have, and the process kills itself.
//
//   names    the log up to a place chosen at random, because a file system's journal keeps the order of such changes
//   content  of each file with unsynced pages, at random: all as it was, all new, or a choice for each page of 4096 bytes,
//            some of which are torn at a sector of 512; the size fits what was kept, and holes read as zeros
//
// fsync does nothing real otherwise, so runs are quick. With POWERLOSS_NOSYNC=1 an fsync makes nothing durable and
// says that it did: the control run, which a test of durability must be seen to lose.
// With POWERLOSS_FAIL=N:ERRNO fsync number N fails so, and what it should have written is clean but not durable, as in
// Linux: only writing it again makes a later fsync write it. Other descriptors of that file are told by their next fsync.
// With POWERLOSS_DURABLE=FOLDER as well, the process is killed right after that failed fsync and its files stay as they are,
// page cache and all; what is durable is put into FOLDER, and a later run with the same FOLDER takes it from there.
//
// Files whose names end in -shm are left alone: they are shared memory. Not seen are mmap, writev, direct system calls
// and hard links; Trapline and SQLite (mmap_size 0) use none of them for data.
#undef _FILE_OFFSET_BITS // with it the headers give open and open64 one name, and both are defined here
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, SECTOR = 512, FILES = 256, NAMES = 1024, LOG = 4096, DESCRIPTORS = 4096, SPARES = 64 };

struct file {
	bool live; // reachable by (dev, ino) now
	dev_t dev;
	ino_t ino;
	int shadow; // durable content
	off_t shadow_size, size;
	uint8_t *dirty; // a byte for each page that was written since the last fsync
	size_t pages;
	bool touched; // anything unsynced, the size included
	mode_t mode;
	uid_t uid;
	gid_t gid;
	int fd;          // our own descriptor, to read the newest content
	unsigned errors; // fsyncs that failed; each descriptor is told of each once, as Linux does
};

struct name {
	char *path; // below the folder
	struct file *file;
};

enum op_kind { OP_MAKE, OP_REMOVE, OP_RENAME };

struct op {
	enum op_kind kind;
	char *path, *to;
	struct file *file;
};

// A library that stands between a program and the system has nowhere else to keep its state.
static struct {
	pthread_mutex_t mutex;
	char dir[PATH_MAX], durable[PATH_MAX]; // durable: "" or POWERLOSS_DURABLE
	size_t dir_n;
	bool on, nosync;
	long at, syncs, fail_at;
	int fail_errno;
	uint64_t random;
	struct file files[FILES];
	size_t file_count, name_count, op_count;
	int spare[SPARES]; // shadows made beforehand: a program that locked itself in may make none
	size_t spares;
	struct name names[NAMES];   // durable
	struct op log[LOG];         // since then
	unsigned told[DESCRIPTORS]; // of a file's errors
} g = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static struct {
	int (*open)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	int (*ftruncate)(int, off_t);
	int (*fsync)(int);
	int (*unlink)(const char *);
	int (*rename)(const char *, const char *);
	int (*renameat2)(int, const char *, int, const char *, unsigned);
} real;

static void die(const char *what)
{
	fprintf(stderr, "powerloss: %s: %s\n", what, strerror(errno));
	abort();
}

static uint64_t random_below(uint64_t n)
{
	g.random ^= g.random << 13;
	g.random ^= g.random >> 7;
	g.random ^= g.random << 17;
	return g.random % n;
}

// The path below the folder, or NULL when it is none of ours.
static const char *ours(const char *path)
{
	size_t n = strlen(path);
	if (strncmp(path, g.dir, g.dir_n) != 0 || path[g.dir_n] != '/')
		return NULL;
	return n > 4 && strcmp(path + n - 4, "-shm") == 0 ? NULL : path + g.dir_n + 1;
}

// An absolute path without links in its folder part, so that prefixes can be compared.
static bool canonical(const char *path, char out[static PATH_MAX])
{
	char copy[PATH_MAX], folder[PATH_MAX];
	if (snprintf(copy, sizeof copy, "%s", path) >= PATH_MAX)
		return false;
	char *slash = strrchr(copy, '/');
	const char *last = slash ? slash + 1 : copy;
	if (slash)
		*slash = 0;
	if (!realpath(slash ? (slash == copy ? "/" : copy) : ".", folder))
		return false;
	return snprintf(out, PATH_MAX, "%s/%s", folder, last) < PATH_MAX;
}

static struct file *file_of(const struct stat *s)
{
	for (size_t i = 0; i < g.file_count; i++)
		if (g.files[i].live && g.files[i].ino == s->st_ino && g.files[i].dev == s->st_dev)
			return &g.files[i];
	return NULL;
}

static struct file *file_of_fd(int fd)
{
	struct stat s;
	return g.on && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) ? file_of(&s) : NULL;
}

static struct file *file_add(const char *path, const struct stat *s)
{
	if (g.file_count == FILES)
		die("too many files");
	struct file *f = &g.files[g.file_count++];
	*f = (struct file){ .live = true,
		            .dev = s->st_dev,
		            .ino = s->st_ino,
		            .mode = s->st_mode & 07777,
		            .uid = s->st_uid,
		            .gid = s->st_gid };
	f->shadow = g.spares ? g.spare[--g.spares] : memfd_create("powerloss", MFD_CLOEXEC);
	f->fd = real.open(path, O_RDONLY | O_CLOEXEC);
	if (f->shadow < 0 || f->fd < 0)
		die(path);
	return f;
}

static void copy_range(int from, int to, off_t at, size_t n)
{
	uint8_t buffer[PAGE];
	while (n) {
		ssize_t got = pread(from, buffer, n < PAGE ? n : PAGE, at);
		if (got <= 0)
			return;
		if (real.pwrite(to, buffer, (size_t)got, at) != got)
			die("copying");
		at += got;
		n -= (size_t)got;
	}
}

static void file_touch(struct file *f, off_t at, size_t n)
{
	struct stat s;
	size_t last = (size_t)(at + (off_t)n + PAGE - 1) / PAGE;
	if (last > f->pages) {
		f->dirty = realloc(f->dirty, last);
		if (!f->dirty)
			die("memory");
		memset(f->dirty + f->pages, 0, last - f->pages);
		f->pages = last;
	}
	for (size_t i = (size_t)at / PAGE; i < last; i++)
		f->dirty[i] = 1;
	if (fstat(f->fd, &s) == 0)
		f->size = s.st_size;
	f->touched = true;
}

static void file_clean(struct file *f)
{
	for (size_t i = 0; i < f->pages; i++)
		f->dirty[i] = 0;
}

static void file_make_durable(struct file *f)
{
	struct stat s;
	if (fstat(f->fd, &s) != 0)
		die("fstat");
	if (real.ftruncate(f->shadow, s.st_size) != 0)
		die("ftruncate");
	for (size_t i = 0; i < f->pages; i++)
		if (f->dirty[i])
			copy_range(f->fd, f->shadow, (off_t)i * PAGE, PAGE);
	file_clean(f);
	f->shadow_size = f->size = s.st_size;
	f->touched = false;
}

static void log_add(struct op op)
{
	if (g.op_count == LOG)
		die("too many changes of names");
	g.log[g.op_count++] = op;
}

static struct name *name_find(const char *path)
{
	for (size_t i = 0; i < g.name_count; i++)
		if (strcmp(g.names[i].path, path) == 0)
			return &g.names[i];
	return NULL;
}

static void name_set(const char *path, struct file *f)
{
	struct name *n = name_find(path);
	if (!n && g.name_count == NAMES)
		die("too many names");
	if (!n) {
		n = &g.names[g.name_count++];
		n->path = strdup(path);
	}
	n->file = f;
}

static struct file *name_remove(const char *path)
{
	struct name *n = name_find(path);
	if (!n)
		return NULL;
	struct file *f = n->file;
	free(n->path);
	*n = g.names[--g.name_count];
	return f;
}

static void op_apply(const struct op *op)
{
	struct file *f;
	switch (op->kind) {
	case OP_MAKE:
		name_set(op->path, op->file);
		break;
	case OP_REMOVE:
		name_remove(op->path);
		break;
	case OP_RENAME:
		f = name_remove(op->path);
		if (f)
			name_set(op->to, f);
		break;
	}
}

static bool in_folder(const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	return strlen(folder) == n && strncmp(path, folder, n) == 0;
}

// An fsync of a folder: the changes of its names are durable.
static void folder_make_durable(const char *folder)
{
	size_t kept = 0;
	for (size_t i = 0; i < g.op_count; i++) {
		if (in_folder(g.log[i].path, folder))
			op_apply(&g.log[i]);
		else
			g.log[kept++] = g.log[i];
	}
	g.op_count = kept;
}

// The content of a file after the power failed, put into its shadow.
static void file_lose(struct file *f)
{
	enum { OLD, NEW, MIXED };
	unsigned way = (unsigned)random_below(4);
	if (!f->touched || way == OLD)
		return;
	off_t size = f->shadow_size;
	for (size_t i = 0; i < f->pages; i++) {
		off_t at = (off_t)i * PAGE, end = at + PAGE < f->size ? at + PAGE : f->size;
		if (!f->dirty[i] || at >= f->size || (way != NEW && random_below(2)))
			continue;
		bool torn = way != NEW && random_below(4) == 0;
		for (off_t s = at; s < end; s += SECTOR)
			if (!torn || random_below(2))
				copy_range(f->fd, f->shadow, s, (size_t)(s + SECTOR < end ? SECTOR : end - s));
		if (end > size)
			size = end;
	}
	// The new size may have been written without the data that belongs to it.
	if (way == NEW || random_below(2))
		size = f->size;
	if (real.ftruncate(f->shadow, size) != 0)
		die("ftruncate");
	f->shadow_size = size;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	return kind == FTW_F && S_ISREG(s->st_mode) && ours(path) ? real.unlink(path) : 0;
}

static void name_write(const char *dir, const struct name *n)
{
	char path[2 * PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", dir, n->path);
	int fd = real.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fchown(fd, n->file->uid, n->file->gid) != 0 || fchmod(fd, n->file->mode) != 0)
		die(path);
	copy_range(n->file->shadow, fd, 0, (size_t)n->file->shadow_size);
	if (real.ftruncate(fd, n->file->shadow_size) != 0)
		die(path);
	close(fd);
}

static void end(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void lose_power(void)
{
	size_t kept = (size_t)random_below(g.op_count + 1);
	for (size_t i = 0; i < kept; i++)
		op_apply(&g.log[i]);
	for (size_t i = 0; i < g.file_count; i++)
		file_lose(&g.files[i]);
	if (nftw(g.dir, remove_one, 16, FTW_PHYS) != 0)
		die("removing");
	for (size_t i = 0; i < g.name_count; i++)
		name_write(g.dir, &g.names[i]);
	end();
}

// The process dies, the machine lives.
static void die_with_cache(void)
{
	for (size_t i = 0; i < g.name_count; i++)
		name_write(g.durable, &g.names[i]);
	end();
}

static int found_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	const char *below = ours(path);
	if (kind != FTW_F || !S_ISREG(s->st_mode) || !below)
		return 0;
	struct file *f = file_add(path, s);
	f->size = s->st_size;
	char kept[2 * PATH_MAX];
	struct stat durable;
	snprintf(kept, sizeof kept, "%s/%s", g.durable, below);
	int fd = g.durable[0] ? real.open(kept, O_RDONLY | O_CLOEXEC) : f->fd;
	if (fd < 0) {
		f->touched = true;
		log_add((struct op){ .kind = OP_MAKE, .path = strdup(below), .file = f });
		return 0;
	}
	if (fstat(fd, &durable) != 0)
		die(kept);
	f->shadow_size = durable.st_size;
	f->touched = fd != f->fd;
	copy_range(fd, f->shadow, 0, (size_t)durable.st_size);
	name_set(below, f);
	if (fd != f->fd)
		close(fd);
	return 0;
}

#define REAL(field, symbol) (*(void **)&real.field = dlsym(RTLD_NEXT, symbol))

// Constructors of other libraries may call us before ours has run.
static void resolve(void)
{
	if (real.renameat2)
		return;
	REAL(open, "open64");
	REAL(openat, "openat64");
	REAL(write, "write");
	REAL(pwrite, "pwrite64");
	REAL(ftruncate, "ftruncate64");
	REAL(fsync, "fsync");
	REAL(unlink, "unlink");
	REAL(rename, "rename");
	REAL(renameat2, "renameat2");
}

__attribute__((constructor)) static void begin(void)
{
	const char *dir = getenv("POWERLOSS_DIR"), *at = getenv("POWERLOSS_AT"), *seed = getenv("POWERLOSS_SEED");
	const char *fail = getenv("POWERLOSS_FAIL"), *nosync = getenv("POWERLOSS_NOSYNC");
	const char *durable = getenv("POWERLOSS_DURABLE");
	resolve();
	if (!dir || !realpath(dir, g.dir))
		return;
	g.dir_n = strlen(g.dir);
	g.at = at ? atol(at) : 0;
	g.random = (seed ? strtoull(seed, NULL, 10) : 1) * 0x9e3779b97f4a7c15u + 1;
	g.nosync = nosync && strcmp(nosync, "1") == 0;
	if (durable && !realpath(durable, g.durable))
		die(durable);
	if (fail && sscanf(fail, "%ld:%d", &g.fail_at, &g.fail_errno) != 2)
		die("POWERLOSS_FAIL");
	if (nftw(g.dir, found_one, 16, FTW_PHYS) != 0)
		die(g.dir);
	for (; g.spares < SPARES; g.spares++) {
		g.spare[g.spares] = memfd_create("powerloss", MFD_CLOEXEC);
		if (g.spare[g.spares] < 0)
			die("memfd_create");
	}
	g.on = true;
}

// After an open that worked: a name that we do not know was made by it, and what is shorter was cut.
static void opened(int fd, const char *given)
{
	char path[PATH_MAX];
	struct stat s;
	int saved = errno;
	if (g.on && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && canonical(given, path) && ours(path)) {
		pthread_mutex_lock(&g.mutex);
		struct file *f = file_of(&s);
		if (!f) {
			f = file_add(path, &s);
			f->touched = true;
			log_add((struct op){ .kind = OP_MAKE, .path = strdup(ours(path)), .file = f });
		} else if (s.st_size != f->size) {
			file_touch(f, 0, 0);
		}
		if (fd < DESCRIPTORS)
			g.told[fd] = f->errors;
		pthread_mutex_unlock(&g.mutex);
	}
	errno = saved;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(symbol)                                                                                                   \
	int symbol(const char *path, int flags, ...);                                                                  \
	int symbol(const char *path, int flags, ...)                                                                   \
	{                                                                                                              \
		va_list args;                                                                                          \
		va_start(args, flags);                                                                                 \
		mode_t mode = mode_of(flags, args);                                                                    \
		va_end(args);                                                                                          \
		resolve();                                                                                             \
		int fd = real.open(path, flags, mode);                                                                 \
		if (fd >= 0)                                                                                           \
			opened(fd, path);                                                                              \
		return fd;                                                                                             \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(symbol)                                                                                                 \
	int symbol(int at, const char *path, int flags, ...);                                                          \
	int symbol(int at, const char *path, int flags, ...)                                                           \
	{                                                                                                              \
		va_list args;                                                                                          \
		va_start(args, flags);                                                                                 \
		mode_t mode = mode_of(flags, args);                                                                    \
		va_end(args);                                                                                          \
		resolve();                                                                                             \
		int fd = real.openat(at, path, flags, mode);                                                           \
		char link[64], whole[PATH_MAX] = { 0 };                                                                \
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);                                                   \
		if (fd >= 0 && g.on && readlink(link, whole, sizeof whole - 1) > 0)                                    \
			opened(fd, whole);                                                                             \
		return fd;                                                                                             \
	}
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *bytes, size_t n)
{
	resolve();
	struct file *f = g.on ? file_of_fd(fd) : NULL;
	if (!f)
		return real.write(fd, bytes, n);
	pthread_mutex_lock(&g.mutex);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t done = real.write(fd, bytes, n);
	int saved = errno;
	if (done > 0)
		file_touch(f, fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_CUR) - done : at, (size_t)done);
	pthread_mutex_unlock(&g.mutex);
	errno = saved;
	return done;
}

#define PWRITE(symbol, offset)                                                                                         \
	ssize_t symbol(int fd, const void *bytes, size_t n, offset at);                                                \
	ssize_t symbol(int fd, const void *bytes, size_t n, offset at)                                                 \
	{                                                                                                              \
		struct file *f = g.on ? file_of_fd(fd) : NULL;                                                         \
		if (!f)                                                                                                \
			return real.pwrite(fd, bytes, n, at);                                                          \
		pthread_mutex_lock(&g.mutex);                                                                          \
		ssize_t done = real.pwrite(fd, bytes, n, at);                                                          \
		int saved = errno;                                                                                     \
		if (done > 0)                                                                                          \
			file_touch(f, at, (size_t)done);                                                               \
		pthread_mutex_unlock(&g.mutex);                                                                        \
		errno = saved;                                                                                         \
		return done;                                                                                           \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(symbol, offset)                                                                                      \
	int symbol(int fd, offset size);                                                                               \
	int symbol(int fd, offset size)                                                                                \
	{                                                                                                              \
		struct file *f = g.on ? file_of_fd(fd) : NULL;                                                         \
		if (!f)                                                                                                \
			return real.ftruncate(fd, size);                                                               \
		pthread_mutex_lock(&g.mutex);                                                                          \
		off_t before = f->size;                                                                                \
		int rc = real.ftruncate(fd, size);                                                                     \
		if (rc == 0)                                                                                           \
			file_touch(f, size < before ? size : before,                                                   \
			           (size_t)(size < before ? before - size : size - before));                           \
		pthread_mutex_unlock(&g.mutex);                                                                        \
		return rc;                                                                                             \
	}
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

// The path of an open folder below ours ("" for the folder itself), or NULL.
static const char *folder_of_fd(int fd, char out[static PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, PATH_MAX - 1);
	if (n <= 0)
		return NULL;
	out[n] = 0;
	if (strcmp(out, g.dir) == 0)
		return "";
	return ours(out);
}

static int sync_fd(int fd)
{
	char path[PATH_MAX];
	struct stat s;
	if (!g.on || fstat(fd, &s) != 0)
		return real.fsync(fd);
	struct file *f = S_ISREG(s.st_mode) ? file_of(&s) : NULL;
	const char *folder = S_ISDIR(s.st_mode) ? folder_of_fd(fd, path) : NULL;
	if (!f && !folder)
		return real.fsync(fd);
	int rc = 0;
	pthread_mutex_lock(&g.mutex);
	g.syncs++;
	if (g.syncs == g.at)
		lose_power();
	if (g.syncs == g.fail_at) {
		rc = -1;
		if (f) {
			file_clean(f);
			g.told[fd % DESCRIPTORS] = ++f->errors;
		}
		if (g.durable[0])
			die_with_cache();
	} else if (!g.nosync) {
		if (f && g.told[fd % DESCRIPTORS] != f->errors)
			rc = -1;
		if (f)
			g.told[fd % DESCRIPTORS] = f->errors;
		if (f)
			file_make_durable(f);
		else
			folder_make_durable(folder);
	}
	pthread_mutex_unlock(&g.mutex);
	if (rc != 0)
		errno = g.fail_errno;
	return rc;
}

int fsync(int fd)
{
	return sync_fd(fd);
}

int fdatasync(int fd)
{
	return sync_fd(fd);
}

static void forget_inode(const char *path)
{
	struct stat s;
	struct file *f = lstat(path, &s) == 0 ? file_of(&s) : NULL;
	if (f && s.st_nlink == 1)
		f->live = false;
}

int unlink(const char *given)
{
	char path[PATH_MAX];
	const char *below = g.on && canonical(given, path) ? ours(path) : NULL;
	if (!below)
		return real.unlink(given);
	pthread_mutex_lock(&g.mutex);
	forget_inode(path);
	int rc = real.unlink(given);
	int saved = errno;
	if (rc == 0)
		log_add((struct op){ .kind = OP_REMOVE, .path = strdup(below) });
	pthread_mutex_unlock(&g.mutex);
	errno = saved;
	return rc;
}

static int rename_with(const char *from, const char *to, unsigned flags)
{
	char old_path[PATH_MAX], new_path[PATH_MAX];
	const char *old = g.on && canonical(from, old_path) ? ours(old_path) : NULL;
	const char *new = g.on &&canonical(to, new_path) ? ours(new_path) : NULL;
	if (!old || !new)
		return real.renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
	pthread_mutex_lock(&g.mutex);
	struct stat s;
	struct file *target = lstat(new_path, &s) == 0 ? file_of(&s) : NULL;
	int rc = real.renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
	int saved = errno;
	if (rc == 0) {
		if (target)
			target->live = false;
		log_add((struct op){ .kind = OP_RENAME, .path = strdup(old), .to = strdup(new) });
	}
	pthread_mutex_unlock(&g.mutex);
	errno = saved;
	return rc;
}

int rename(const char *from, const char *to)
{
	return rename_with(from, to, 0);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	if (from_at != AT_FDCWD || to_at != AT_FDCWD)
		return real.renameat2(from_at, from, to_at, to, flags);
	return rename_with(from, to, flags);
}
