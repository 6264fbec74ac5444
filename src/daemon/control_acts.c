// SPDX-License-Identifier: Apache-2.0
// Requests run one after the other on the API's thread, and nobody else writes acts: the act between the journal's end before
// and after is ours, and its id is known by looking.
#include "daemon/control_acts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/words.h"
#include "daemon/act_check.h"
#include "daemon/act_request.h"
#include "daemon/collector.h"
#include "daemon/limits.h"
#include "io/system.h"
#include "store/journal.h"

enum { HTTP_OK = 200, HTTP_ACCEPTED = 202, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_UNAVAILABLE = 503 };

// The id in a path such as /api/v1/alarms/17/ack behind its folder, and what follows it. 0: none.
static int64_t id_of(const char *path, const char *folder, const char **rest)
{
	const char *at = path + strlen(folder);
	char *end;
	errno = 0;
	long long id = strtoll(at, &end, 10);
	*rest = end;
	return errno || *at < '1' || *at > '9' ? 0 : id;
}

// The id of the act that was written at `from` or later.
static enum st find_act(const char *dir, uint64_t from, uint64_t *id)
{
	struct journal_reader *r = NULL;
	struct journal_block b;
	struct text why = { 0 };
	bool found = false;
	enum st st = journal_reader_open(dir, &r, &why);
	while (st == ST_OK && !found && (st = journal_read(r, from, &b)) == ST_OK) {
		struct rd frames = rd_of(b.frames);
		struct span record;
		for (uint64_t at = b.first; !found && frame_next(&frames, &record); at++) {
			found = at >= from && event_kind_of(record) == EVENT_ACT;
			*id = at;
		}
		from = b.first + b.count;
	}
	journal_reader_close(r);
	text_done(&why);
	return found ? ST_OK : st ? st : ST_NONE;
}

static unsigned write_act(struct collector *c, const char *dir, const struct act *a, uint64_t *id, struct text *why)
{
	struct text note = { 0 };
	uint64_t from = writer_state(c->writer).next_id;
	act_write(a, &note);
	enum st st =
	        note.bad ? ST_NO_MEMORY : collector_note_durable(c, EVENT_ACT, span_of(note.p, note.n), ACT_COMMIT_MS);
	text_done(&note);
	if (st == ST_OK)
		st = find_act(dir, from, id);
	if (st == ST_OK)
		return HTTP_OK;
	if (st == ST_BUSY)
		text_add(why, "the journal cannot be written now; it is done as soon as it can");
	else
		text_printf(why, "it could not be written: %s", st_text(st));
	return HTTP_UNAVAILABLE;
}

struct answer {
	struct state *state;
	struct text *body;
};

static enum st keep_silence(void *arg, enum row_table t, const void *row)
{
	struct silence_row *to = arg;
	to->until = ((const struct silence_row *)row)->until;
	return ST_OK;
}

static void put_alarm(const struct answer *a, const struct alarm_row *row)
{
	struct silence_row silence = { 0 };
	if (row->silenced && state_read(a->state, ROW_SILENCE, STATE_BY_ID, row->silenced, keep_silence, &silence))
		a->body->bad = true;
	alarm_json(row, &silence, a->body);
}

static enum st put_device(const struct answer *a, const struct device_row *row)
{
	struct device_readings r = { 0 };
	enum st st = state_read(a->state, ROW_READING, STATE_OF_DEVICE, row->id, device_reading, &r);
	device_json(row, &r, a->body);
	device_readings_done(&r);
	return st;
}

static enum st put_row(void *arg, enum row_table t, const void *row)
{
	struct answer *a = arg;
	if (t == ROW_ALARM)
		put_alarm(a, row);
	else if (t == ROW_SILENCE)
		silence_json(row, a->body);
	else
		return put_device(a, row);
	return ST_OK;
}

static void put_answer(struct state *s, const struct act *a, uint64_t event, struct text *body)
{
	static const struct {
		const char *name;
		enum row_table table;
	} things[ACT_KINDS] = {
		[ACT_ACK] = { "alarm", ROW_ALARM },           [ACT_UNACK] = { "alarm", ROW_ALARM },
		[ACT_CLEAR] = { "alarm", ROW_ALARM },         [ACT_SILENCE] = { "silence", ROW_SILENCE },
		[ACT_UNSILENCE] = { "silence", ROW_SILENCE }, [ACT_MERGE] = { "device", ROW_DEVICE }
	};
	struct answer answer = { s, body };
	int64_t id = a->alarm ? a->alarm : a->silence ? a->silence : a->into ? a->into : (int64_t)event;
	text_printf(body, "{\"event\":%" PRIu64 ",\"%s\":", event, things[a->kind].name);
	body->bad |= state_read(s, things[a->kind].table, STATE_BY_ID, id, put_row, &answer) != ST_OK;
	text_add(body, "}");
}

static unsigned check_act(struct collector *c, struct state *s, struct act *a, struct text *why)
{
	pthread_mutex_lock(&c->lock); // the configuration stays as it is
	const struct act_check check = { s, c->config->policy, clock_wall() };
	unsigned status = act_check(&check, a, why);
	pthread_mutex_unlock(&c->lock);
	return status;
}

static unsigned do_act(struct collector *c, struct state *s, const char *dir, struct act *a, struct text *body,
                       struct text *why)
{
	uint64_t event = 0;
	unsigned status = check_act(c, s, a, why);
	if (status == HTTP_OK)
		status = write_act(c, dir, a, &event, why);
	if (status == HTTP_OK && !follower_wait(c->alarms, event, ACT_STATE_MS)) {
		text_printf(body, "{\"event\":%" PRIu64 "}", event);
		return HTTP_ACCEPTED;
	}
	if (status == HTTP_OK)
		status = act_held(s, a, event, why);
	if (status == HTTP_OK)
		put_answer(s, a, event, body);
	return status;
}

static const char *folder_of(struct collector *c)
{
	pthread_mutex_lock(&c->lock);
	const char *dir = c->config->data; // a reload keeps it
	pthread_mutex_unlock(&c->lock);
	return dir;
}

// Checks, writes, waits, answers.
static unsigned run_act(struct collector *c, int64_t uid, struct act *a, struct text *body, struct text *why)
{
	struct state *s = NULL;
	const char *dir = folder_of(c);
	unsigned status = HTTP_UNAVAILABLE;
	a->uid = uid;
	if (a->by.n == 0 && uid >= 0)
		text_printf(&a->by, "uid %" PRId64, uid);
	if (state_open_reader(dir, STATE_FILE, &s, why) == ST_OK)
		status = do_act(c, s, dir, a, body, why);
	else if (!why->n)
		text_add(why, "there is no state of alarms yet");
	state_close(s);
	return status;
}

static unsigned post(struct collector *c, const struct api_request *request, enum act_kind kind, int64_t id,
                     struct text *body)
{
	struct act a;
	struct text why = { 0 };
	unsigned status = HTTP_BAD_REQUEST;
	if (act_request(request->body, kind, &a, &why) == ST_OK) {
		if (kind == ACT_UNSILENCE)
			a.silence = id;
		else if (kind == ACT_MERGE)
			a.device = id;
		else if (kind != ACT_SILENCE)
			a.alarm = id;
		status = run_act(c, request->uid, &a, body, &why);
	}
	act_done(&a);
	if (why.n)
		api_error(body, status, text_str(&why));
	text_done(&why);
	return status;
}

static unsigned no_path(struct text *body)
{
	return api_error(body, HTTP_NOT_FOUND, "no such path");
}

unsigned control_post_alarm(void *arg, const struct api_request *request, struct text *body)
{
	static const struct {
		const char *name;
		enum act_kind kind;
	} verbs[] = { { "/ack", ACT_ACK }, { "/unack", ACT_UNACK }, { "/clear", ACT_CLEAR } };
	const char *rest;
	int64_t id = id_of(request->path, "/api/v1/alarms/", &rest);
	for (size_t i = 0; id && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, rest) == 0)
			return post(arg, request, verbs[i].kind, id, body);
	return no_path(body);
}

unsigned control_post_silences(void *arg, const struct api_request *request, struct text *body)
{
	return post(arg, request, ACT_SILENCE, 0, body);
}

unsigned control_post_silence(void *arg, const struct api_request *request, struct text *body)
{
	const char *rest;
	int64_t id = id_of(request->path, "/api/v1/silences/", &rest);
	return id && strcmp(rest, "/end") == 0 ? post(arg, request, ACT_UNSILENCE, id, body) : no_path(body);
}

unsigned control_post_device(void *arg, const struct api_request *request, struct text *body)
{
	const char *rest;
	int64_t id = id_of(request->path, "/api/v1/devices/", &rest);
	return id && strcmp(rest, "/merge") == 0 ? post(arg, request, ACT_MERGE, id, body) : no_path(body);
}
