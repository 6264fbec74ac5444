// SPDX-License-Identifier: Apache-2.0
#include "store/sql.h"

#include <errno.h>
#include <string.h>

#include "store/folder.h"

// The system says why a file could not be written; one that is missing is no news about what SQLite opened.
static enum st status_of_errno(int error)
{
	errno = error;
	enum st st = folder_errno();
	return st == ST_NONE ? ST_IO : st;
}

// SQLite forgets the errno of a COMMIT that failed; sql_run leaves it in errno.
static int error_of(sqlite3 *db, int rc)
{
	int kept = db && ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) ? sqlite3_system_errno(db) : 0;
	return kept ? kept : errno;
}

enum st sql_status(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ST_OK;
	case SQLITE_FULL:
		return ST_DISK_FULL;
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_CORRUPTFS ? ST_DAMAGED : status_of_errno(error_of(db, rc));
	case SQLITE_CANTOPEN:
		return status_of_errno(error_of(db, rc));
	case SQLITE_CORRUPT:
		return ST_DAMAGED;
	case SQLITE_NOTADB:
		return ST_NOT_OURS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ST_DENIED;
	case SQLITE_READONLY:
		return rc == SQLITE_READONLY_DIRECTORY ? ST_DENIED : ST_IO;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ST_BUSY;
	case SQLITE_NOMEM:
		return ST_NO_MEMORY;
	default:
		return ST_IO;
	}
}

static const char *step_name(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_SHORT_READ:
		return "reading";
	case SQLITE_IOERR_WRITE:
		return "writing";
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
		return "fsync";
	case SQLITE_IOERR_TRUNCATE:
		return "truncating";
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMLOCK:
	case SQLITE_IOERR_SHMMAP:
		return "the -shm file";
	default:
		return NULL;
	}
}

void sql_sentence(sqlite3 *db, int rc, struct text *out)
{
	const char *step = step_name(rc);
	int error =
	        db && ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) ? sqlite3_system_errno(db) : 0;
	text_add(out, sqlite3_errstr(rc));
	if (step)
		text_printf(out, ", %s", step);
	if (error)
		text_printf(out, ": %s", strerror(error));
}

int sql_open(const char *path, int flags, sqlite3 **db)
{
	*db = NULL;
	int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(*db, SQL_BUSY_MS);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return SQLITE_OK;
}

// The URI of a path: '%', '?' and '#' have a meaning in one.
static void uri_of(const char *path, struct text *out)
{
	text_add(out, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			text_printf(out, "%%%02x", *path);
		else
			text_bytes(out, span_of(path, 1));
	}
	text_add(out, "?immutable=1");
}

int sql_open_immutable(const char *path, sqlite3 **db)
{
	struct text uri = { 0 };
	uri_of(path, &uri);
	int rc = uri.bad ? SQLITE_NOMEM : sql_open(text_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, db);
	text_done(&uri);
	return rc;
}

void sql_close(sqlite3 **db)
{
	sqlite3_close(*db);
	*db = NULL;
}

int sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **out)
{
	return sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

void sql_finish(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
	*s = NULL;
}

int sql_run(sqlite3_stmt *s)
{
	errno = 0;
	int rc = sqlite3_step(s), error = errno;
	sqlite3_reset(s);
	errno = error;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int sql_int(sqlite3_stmt *s, int64_t *out)
{
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return rc;
}

int sql_number(sqlite3 *db, const char *text, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sql_prepare(db, text, &s);
	if (rc == SQLITE_OK)
		rc = sql_int(s, out);
	sql_finish(&s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sql_identify(sqlite3 *db, struct sql_identity *out)
{
	int rc = sql_number(db, "PRAGMA application_id", &out->application);
	if (rc == SQLITE_OK)
		rc = sql_number(db, "PRAGMA user_version", &out->version);
	return rc == SQLITE_OK ? sql_number(db, "SELECT count(*) FROM sqlite_master", &out->tables) : rc;
}
