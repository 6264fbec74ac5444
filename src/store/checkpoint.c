// SPDX-License-Identifier: Apache-2.0
#include "store/checkpoint.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/bell.h"
#include "store/folder.h"
#include "store/journal_own.h"

struct checkpoint {
	sqlite3 *db;
	pthread_t thread;
	pthread_mutex_t mutex; // of all below
	pthread_cond_t changed;
	bool hold, writing, stop;
	uint64_t wal, limit; // bytes of WAL, and at how many the writer waits
	struct checkpoint_state state;
};

uint64_t checkpoint_enter(struct checkpoint *c)
{
	pthread_mutex_lock(&c->mutex);
	while (c->hold || c->wal >= c->limit)
		pthread_cond_wait(&c->changed, &c->mutex);
	c->writing = true;
	uint64_t wal = c->wal;
	pthread_mutex_unlock(&c->mutex);
	return wal;
}

void checkpoint_leave(struct checkpoint *c, uint64_t wal)
{
	pthread_mutex_lock(&c->mutex);
	bool due = c->hold || wal >= CHECKPOINT_START;
	c->writing = false;
	c->wal = wal;
	pthread_mutex_unlock(&c->mutex);
	if (due)
		pthread_cond_broadcast(&c->changed);
}

static void wal_sizes(struct checkpoint *c, uint64_t *wal, uint64_t *limit)
{
	pthread_mutex_lock(&c->mutex);
	*wal = c->wal;
	*limit = c->limit;
	pthread_mutex_unlock(&c->mutex);
}

// Copies beside the writer until little is left, or until the WAL is so large that the writer must wait for the rest.
static enum st copy(struct checkpoint *c)
{
	for (;;) {
		int frames = 0, copied = 0;
		uint64_t wal, limit;
		int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
		if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
			return sql_status(c->db, rc);
		wal_sizes(c, &wal, &limit);
		bool little = wal < journal_wal_size((unsigned)copied) + CHECKPOINT_LEFT;
		if (little || copied < frames || wal >= limit - CHECKPOINT_STEP)
			return ST_OK;
	}
}

static void gate_close(struct checkpoint *c)
{
	pthread_mutex_lock(&c->mutex);
	c->hold = true;
	while (c->writing)
		pthread_cond_wait(&c->changed, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
}

static void gate_open(struct checkpoint *c, enum st st, int64_t held)
{
	pthread_mutex_lock(&c->mutex);
	c->hold = false;
	c->state.st = st;
	if (held > c->state.hold_ns_max)
		c->state.hold_ns_max = held;
	if (st == ST_OK) {
		c->state.rounds++;
		c->wal = 0;
		c->limit = JOURNAL_WAL_MAX;
	} else if (c->limit < c->wal + CHECKPOINT_STEP) {
		c->limit = c->wal + CHECKPOINT_STEP;
	}
	pthread_mutex_unlock(&c->mutex);
	pthread_cond_broadcast(&c->changed);
}

static enum st round_once(struct checkpoint *c)
{
	enum st st = copy(c);
	int64_t start = bell_now();
	if (st == ST_OK) {
		gate_close(c);
		int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
		st = sql_status(c->db, rc);
	}
	gate_open(c, st, bell_now() - start);
	return st;
}

static void pause_until(struct checkpoint *c, int64_t ms)
{
	int64_t end = bell_now() + ms * 1000000;
	struct timespec t = { end / 1000000000, end % 1000000000 };
	pthread_mutex_lock(&c->mutex);
	while (!c->stop && pthread_cond_timedwait(&c->changed, &c->mutex, &t) == 0)
		;
	pthread_mutex_unlock(&c->mutex);
}

static void *checkpoint_run(void *arg)
{
	struct checkpoint *c = arg;
	pthread_setname_np(pthread_self(), "checkpoint");
	for (;;) {
		pthread_mutex_lock(&c->mutex);
		while (!c->stop && c->wal < CHECKPOINT_START)
			pthread_cond_wait(&c->changed, &c->mutex);
		bool stop = c->stop;
		pthread_mutex_unlock(&c->mutex);
		if (stop)
			return NULL;
		if (round_once(c) != ST_OK)
			pause_until(c, CHECKPOINT_RETRY_MS);
	}
}

static enum st checkpoint_connect(struct checkpoint *c, const char *dir)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(dir, JOURNAL_FILE, path);
	if (st != ST_OK)
		return st;
	int rc = sql_open(path, SQLITE_OPEN_READWRITE, &c->db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; SELECT 1 FROM meta",
		                  NULL, NULL, NULL);
	sqlite3_busy_timeout(c->db, CHECKPOINT_BUSY_MS);
	return sql_status(c->db, rc);
}

enum st checkpoint_start(const char *dir, struct checkpoint **out)
{
	struct checkpoint *c = calloc(1, sizeof *c);
	if (!c)
		return ST_NO_MEMORY;
	enum st st = checkpoint_connect(c, dir);
	c->limit = JOURNAL_WAL_MAX;
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &clock);
	pthread_condattr_destroy(&clock);
	pthread_mutex_init(&c->mutex, NULL);
	if (st == ST_OK && pthread_create(&c->thread, NULL, checkpoint_run, c) != 0)
		st = ST_SYSTEM;
	if (st != ST_OK) {
		sql_close(&c->db);
		free(c);
		return st;
	}
	*out = c;
	return ST_OK;
}

void checkpoint_stop(struct checkpoint *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->mutex);
	c->stop = true;
	pthread_mutex_unlock(&c->mutex);
	pthread_cond_broadcast(&c->changed);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->mutex);
	sql_close(&c->db);
	free(c);
}

struct checkpoint_state checkpoint_state(struct checkpoint *c)
{
	pthread_mutex_lock(&c->mutex);
	struct checkpoint_state state = c->state;
	pthread_mutex_unlock(&c->mutex);
	return state;
}
