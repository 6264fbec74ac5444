// SPDX-License-Identifier: Apache-2.0
// The program that the crash tests kill: puts events through a real writer and says on stdout which of them it would
// acknowledge now. Each event carries the id that it must get. usage: store_load DIR COUNT (commit|early) SEED
//
// Every second seed makes large events, so that checkpoints and cuts happen too.
//
// commit: an event is acknowledged when the writer freed it. early: when it was handed to the writer, the control that a
// test of durability must be seen to catch. Output: the highest acknowledged id as 8 bytes, again and again; before the
// first, LOAD_BOOTS and the boots that the engine file promised to peers.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "event/event.h"
#include "load_record.h"
#include "store/engine_file.h"
#include "store/writer.h"

enum { RING = 1 << 20, PENDING = 1 << 16, KEEP_BYTES = 24 << 20 };

struct load {
	struct ring ring;
	struct writer *writer;
	uint64_t id, acknowledged, position[PENDING]; // position[id % PENDING]: what must be freed
	bool early;
	unsigned large; // one in so many events
};

static void tell(uint64_t value)
{
	if (write(STDOUT_FILENO, &value, sizeof value) != sizeof value)
		_exit(3);
}

static void acknowledge(struct load *l)
{
	uint64_t freed = ring_freed(&l->ring), before = l->acknowledged;
	while (l->acknowledged + 1 < l->id && (l->early || l->position[(l->acknowledged + 1) % PENDING] <= freed))
		l->acknowledged++;
	if (l->acknowledged != before)
		tell(l->acknowledged);
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){ 0, us * 1000 }, NULL);
}

static void put(struct load *l, uint64_t *random)
{
	size_t n = load_random(random) % l->large ? LOAD_MIN + load_random(random) % 400
	                                          : 20000 + load_random(random) % 40000;
	uint8_t *at;
	while (!(at = ring_reserve(&l->ring, n))) {
		writer_wake(l->writer, true);
		acknowledge(l);
		pause_us(50);
	}
	load_fill(at, n, l->id, load_random(random) % 2 ? EVENT_INFORM : EVENT_TRAP);
	l->position[l->id++ % PENDING] = ring_publish(&l->ring, n);
}

int main(int argc, char **argv)
{
	struct text why = { 0 };
	struct journal *j = NULL;
	if (argc != 5)
		return 2;
	uint64_t count = strtoull(argv[2], NULL, 10), random = strtoull(argv[4], NULL, 10) * 2 + 1;
	struct load *l = calloc(1, sizeof *l);
	if (!l || ring_init(&l->ring, RING) != ST_OK || journal_open(argv[1], &j, &why) != ST_OK) {
		fprintf(stderr, "store_load: %s\n", text_str(&why));
		return 1;
	}
	struct engine_file engine;
	if (engine_file_start(argv[1], span_str("engine"), (struct span){ 0 }, &engine, &why) != ST_OK) {
		fprintf(stderr, "store_load: %s\n", text_str(&why));
		return 1;
	}
	tell(LOAD_BOOTS | engine.boots);
	l->early = strcmp(argv[3], "early") == 0;
	l->large = random / 2 % 2 ? 2 : 20;
	l->id = journal_next_id(j);
	l->acknowledged = l->id - 1;
	struct writer_source source = { .ring = &l->ring };
	struct writer_options options = { .dir = argv[1], .keep_bytes = KEEP_BYTES };
	if (writer_start(j, &options, &source, 1, &l->writer) != ST_OK)
		return 1;
	for (uint64_t i = 0; i < count; i++) {
		for (uint64_t batch = load_random(&random) % 20; batch; batch--)
			put(l, &random);
		writer_wake(l->writer, load_random(&random) % 2);
		acknowledge(l);
		if (load_random(&random) % 4 == 0)
			pause_us(200);
	}
	struct timespec step = { 0, 1000000 };
	while (l->acknowledged + 1 < l->id) {
		nanosleep(&step, NULL);
		writer_wake(l->writer, true);
		acknowledge(l);
	}
	writer_stop(l->writer);
	return 0;
}
