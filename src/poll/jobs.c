// SPDX-License-Identifier: Apache-2.0
// Two chained tables of a fixed size under a keyed hash. The memory has one place for a device: two devices that share it
// forget each other, which costs a round that may come too early and a note that repeats.
#include "poll/jobs.h"

#include <stdlib.h>

struct job *job_new(const struct poll_want *w)
{
	struct job *j = calloc(1, sizeof *j);
	if (j)
		j->want = poll_want_copy(w);
	if (j && j->want)
		return j;
	free(j);
	return NULL;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	ask_free(j->ask);
	free(j->want);
	free(j->again);
	free(j);
}

static uint64_t hash_of(const struct jobs *s, const void *p, size_t n)
{
	struct hash h = hash_begin(&s->key);
	hash_add(&h, span_of(p, n));
	return hash_end(&h);
}

static size_t device_slot(const struct jobs *s, int64_t device)
{
	return hash_of(s, &device, sizeof device) % POLL_WAITING;
}

static size_t address_slot(const struct jobs *s, const struct addr *a)
{
	return hash_of(s, a->ip, sizeof a->ip) % POLL_WAITING;
}

void jobs_add(struct jobs *s, struct job *j)
{
	struct job **device = &s->devices[device_slot(s, j->want->device)];
	struct job **address = &s->addresses[address_slot(s, &j->want->address)];
	j->by_device = *device;
	*device = j;
	j->by_address = *address;
	*address = j;
	s->count++;
}

void jobs_remove(struct jobs *s, struct job *j)
{
	struct job **at = &s->devices[device_slot(s, j->want->device)];
	while (*at != j)
		at = &(*at)->by_device;
	*at = j->by_device;
	at = &s->addresses[address_slot(s, &j->want->address)];
	while (*at != j)
		at = &(*at)->by_address;
	*at = j->by_address;
	s->count--;
}

struct job *jobs_device(const struct jobs *s, int64_t device)
{
	struct job *j = s->devices[device_slot(s, device)];
	while (j && j->want->device != device)
		j = j->by_device;
	return j;
}

struct job *jobs_asking(const struct jobs *s, uint32_t tunnel, const struct addr *address)
{
	struct job *j = s->addresses[address_slot(s, address)];
	while (j && !(j->state == JOB_ASKING && j->tunnel == tunnel && addr_same_ip(&j->want->address, address)))
		j = j->by_address;
	return j;
}

struct job *jobs_any(const struct jobs *s, size_t *from)
{
	while (*from < POLL_WAITING && !s->devices[*from])
		++*from;
	return *from < POLL_WAITING ? s->devices[*from] : NULL;
}

void jobs_each(struct jobs *s, void (*fn)(struct job *j))
{
	for (size_t i = 0; i < POLL_WAITING; i++)
		for (struct job *j = s->devices[i]; j; j = j->by_device)
			fn(j);
}

struct memory *jobs_memory(struct jobs *s, int64_t device)
{
	struct memory *m = &s->memory[hash_of(s, &device, sizeof device) % POLL_REMEMBERED];
	if (m->device != device)
		*m = (struct memory){ .device = device };
	return m;
}
