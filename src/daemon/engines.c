// SPDX-License-Identifier: Apache-2.0
// DIR/engines: what the workers learned of SNMPv3 engines (clocks, lenience, digests seen), each worker's export behind its
// length. Losing it loses no event, so a damaged one is said and left out; the next save replaces it.
#include <string.h>

#include "daemon/collector.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "io/system.h"
#include "store/folder.h"

struct save {
	struct text all;
};

static void export_one(struct worker *w, void *arg)
{
	struct save *s = arg;
	struct text one = { 0 };
	engines_age(worker_intake(w)->v3->engines, clock_monotonic());
	v3_export(worker_intake(w)->v3, clock_monotonic(), clock_wall(), &one);
	uint32_t n = (uint32_t)one.n;
	s->all.bad |= one.bad;
	text_bytes(&s->all, span_of(&n, sizeof n));
	text_bytes(&s->all, span_of(one.p, one.n));
	text_done(&one);
}

void collector_save_engines(struct collector *c)
{
	struct save s = { 0 };
	pthread_mutex_lock(&c->lock); // an operator's word is saved at once, beside the regular saving
	for (unsigned i = 0; i < c->worker_count; i++)
		worker_call(c->workers[i], export_one, &s);
	enum st st = s.all.bad ? ST_NO_MEMORY : folder_replace(c->config->data, "engines", span_of(s.all.p, s.all.n));
	if (st)
		log_line(LOG_IS_WARNING, "the clocks of SNMPv3 engines cannot be saved in %s/engines: %s",
		         c->config->data, st_text(st));
	pthread_mutex_unlock(&c->lock);
	text_done(&s.all);
}

struct owner {
	unsigned index, count;
	bool passed; // the first worker serves sockets of the service manager: it may hear anybody
};

static bool is_mine(void *arg, const struct addr *peer)
{
	const struct owner *o = arg;
	return udp_steer(peer, o->count) == o->index || (o->passed && o->index == 0);
}

static enum st import_all(struct collector *c, struct span file)
{
	struct rd r = rd_of(file);
	struct span one;
	enum st st = ST_OK;
	while (!st && frame_next(&r, &one))
		for (unsigned i = 0; i < c->worker_count && !st; i++) {
			struct owner o = { i, c->worker_count, listeners_passed(&c->listeners) };
			st = v3_import(worker_intake(c->workers[i])->v3, clock_monotonic(), clock_wall(), one, is_mine,
			               &o);
		}
	return st ? st : rd_end(&r);
}

int collector_load_engines(struct collector *c)
{
	struct text file = { 0 };
	enum st st = folder_read(c->config->data, "engines", ENGINES_FILE_MAX, &file);
	if (!st)
		st = import_all(c, span_of(file.p, file.n));
	text_done(&file);
	if (st && st != ST_NONE)
		log_line(LOG_IS_WARNING,
		         "%s/engines cannot be read (%s): the clocks of SNMPv3 engines are learned again, and a trap "
		         "recorded "
		         "before may be accepted once",
		         c->config->data, st_text(st));
	return 0;
}
