// SPDX-License-Identifier: Apache-2.0
// What is looked at before SQLite may touch journal.db, because SQLite would take a file of no bytes for a new
// database and write into it; and how a new journal is made.
//
// A new journal is made whole under the name journal.db.new, fsynced and then renamed, so journal.db is never seen
// unfinished: a journal.db of no bytes, or of zeros, was ours and lost its content. What was left half made under the
// other name by a crash holds nothing and is made again.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "store/folder.h"
#include "store/journal_own.h"

enum { SQLITE_HEAD = 100 }; // bytes of the database header (sqlite.org/fileformat2.html, 1.3)

static bool all_zero(struct span s)
{
	uint8_t any = 0;
	for (size_t i = 0; i < s.n; i++)
		any |= s.p[i];
	return any == 0;
}

static enum st head_check(struct span head, const char *path, struct text *why)
{
	struct rd r = rd_of(head);
	struct span magic = rd_take(&r, 16);
	uint16_t page = rd_u16(&r);
	rd_skip(&r, 60 - 18);
	uint32_t version = rd_u32(&r);
	rd_skip(&r, 4);
	uint32_t application = rd_u32(&r);
	if (all_zero(head)) {
		text_printf(why, "%s is damaged: it begins with zeros", path);
		return ST_DAMAGED;
	}
	if (!span_equal(magic, span_of("SQLite format 3", 16))) {
		text_printf(why, "%s is not a journal of Trapline: it is not an SQLite file", path);
		return ST_NOT_OURS;
	}
	if (application != JOURNAL_APPLICATION_ID) {
		text_printf(why, "%s is not a journal of Trapline: it is an SQLite file of application 0x%08x", path,
		            application);
		return ST_NOT_OURS;
	}
	if (version != JOURNAL_VERSION) {
		text_printf(why, "%s has version %u, and this Trapline knows version %u", path, version,
		            JOURNAL_VERSION);
		return version > JOURNAL_VERSION ? ST_NEWER : ST_DAMAGED;
	}
	if (page != JOURNAL_PAGE) {
		text_printf(why, "%s is damaged: it says that its pages have %u bytes", path, page);
		return ST_DAMAGED;
	}
	return ST_OK;
}

void journal_remedy(enum st st, struct text *why)
{
	switch (st) {
	case ST_DAMAGED:
		text_add(why, "; nothing was changed. `trapline verify` says what is left; bring the file back from a "
		              "copy, or move"
		              " it away to start anew");
		break;
	case ST_NOT_OURS:
		text_add(why, "; nothing was changed. Move it away, or name another data directory");
		break;
	case ST_NEWER:
		text_add(why, "; nothing was changed. Run the Trapline that wrote it, or a newer one");
		break;
	default:
		break;
	}
}

// journal.db is not there. A WAL without it means that it was taken away from beside its WAL.
static enum st missing(const char *dir, const char *path, struct text *why)
{
	char wal[FOLDER_PATH];
	struct stat s;
	enum st st = folder_path(dir, JOURNAL_WAL, wal);
	if (st != ST_OK)
		return st;
	if (stat(wal, &s) != 0 || s.st_size == 0)
		return ST_NONE;
	text_printf(why, "%s is missing but %s is there and belongs to it", path, wal);
	return ST_DAMAGED;
}

// Through SQLite, which runs nothing for it: a process that closes a file of its own loses its locks on it (POSIX), and so those
// of the connections that it has by then. Returns the bytes read, or -1 with errno.
static ssize_t read_head(const char *path, uint8_t head[SQLITE_HEAD], const struct stat *s)
{
	sqlite3 *db = NULL;
	sqlite3_file *file = NULL;
	int rc = sql_open(path, SQLITE_OPEN_READONLY, &db);
	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xRead(file, head, SQLITE_HEAD, 0);
	int error = db ? sqlite3_system_errno(db) : ENOMEM;
	sql_close(&db);
	errno = error ? error : EIO;
	if (rc == SQLITE_IOERR_SHORT_READ)
		return s->st_size < SQLITE_HEAD ? s->st_size : 0;
	return rc == SQLITE_OK ? SQLITE_HEAD : -1;
}

enum st journal_file_check(const char *dir, struct text *why)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(dir, JOURNAL_FILE, path);
	if (st != ST_OK)
		return st;
	struct stat s;
	if (lstat(path, &s) != 0) {
		if (errno == ENOENT)
			return missing(dir, path, why);
		st = folder_errno();
		text_printf(why, "cannot open %s: %s", path, strerror(errno));
		return st;
	}
	if (!S_ISREG(s.st_mode)) {
		text_printf(why, "%s is not a regular file", path);
		return ST_NOT_OURS;
	}
	uint8_t head[SQLITE_HEAD];
	ssize_t n = read_head(path, head, &s);
	if (n < 0) {
		st = folder_errno();
		text_printf(why, "cannot read %s: %s", path, strerror(errno));
		return st;
	}
	if (n < SQLITE_HEAD) {
		text_printf(why, "%s is damaged: only %zd bytes of it are left", path, n);
		return ST_DAMAGED;
	}
	return head_check(span_of(head, sizeof head), path, why);
}

static int journal_fill(const char *path, sqlite3 **db)
{
	char text[1024];
	sqlite3_snprintf(
	        sizeof text, text,
	        "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN;"
	        "PRAGMA application_id = %d; PRAGMA user_version = %d;"
	        "CREATE TABLE block (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, informs INTEGER NOT NULL,"
	        " time INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;" JOURNAL_INFORM_INDEX
	        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID; COMMIT",
	        JOURNAL_PAGE, JOURNAL_APPLICATION_ID, JOURNAL_VERSION);
	int rc = sql_open(path, SQLITE_OPEN_READWRITE, db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, text, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(*db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc;
}

// The rest of an attempt that a crash cut short. It never held an event.
static void remove_rest(const char *fresh)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char path[FOLDER_PATH + 16];
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		snprintf(path, sizeof path, "%s%s", fresh, tails[i]);
		unlink(path);
	}
}

enum st journal_file_make(const char *dir, struct text *why)
{
	char fresh[FOLDER_PATH], path[FOLDER_PATH];
	enum st st = folder_path(dir, JOURNAL_FRESH, fresh);
	if (st == ST_OK)
		st = folder_path(dir, JOURNAL_FILE, path);
	if (st != ST_OK)
		return st;
	remove_rest(fresh);
	int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FOLDER_FILE_MODE);
	if (fd < 0) {
		st = folder_errno();
		text_printf(why, "cannot make %s: %s", path, strerror(errno));
		return st;
	}
	close(fd);
	sqlite3 *db = NULL;
	int rc = journal_fill(fresh, &db);
	st = sql_status(db, rc);
	if (st != ST_OK) {
		text_printf(why, "cannot make %s: ", path);
		sql_sentence(db, rc, why);
	}
	sql_close(&db);
	if (st == ST_OK &&
	    (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) != 0 || folder_sync(dir) != ST_OK)) {
		st = folder_errno();
		text_printf(why, "cannot name %s: %s", path, strerror(errno));
	}
	if (st != ST_OK)
		remove_rest(fresh);
	return st;
}
