// SPDX-License-Identifier: Apache-2.0
// Making a plane, what it is told of this end, and its clockwork.
#include <stdlib.h>

#include "tunnel/plane_own.h"

enum { COPY_ROOM = ESP_HEADROOM + IP_TOTAL_MAX + ESP_TAILROOM };

enum st plane_new(const struct plane_config *config, const struct plane_hooks *hooks, struct plane **out)
{
	struct plane *p = calloc(1, sizeof *p);
	if (!p)
		return ST_NO_MEMORY;
	p->config = *config;
	p->hooks = *hooks;
	p->effects = (struct esp_effects){ p->effect, 0, ESP_EFFECTS };
	p->queue.memory = malloc(PLANE_QUEUE);
	p->copy = malloc(COPY_ROOM);
	enum st st = p->queue.memory && p->copy ? ST_OK : ST_NO_MEMORY;
	if (st == ST_OK)
		st = reassembly_new(&p->reassembly);
	if (st == ST_OK)
		st = esp_new(config->engine, config->random, &config->place, &p->esp);
	if (st != ST_OK) {
		plane_free(p);
		return st;
	}
	*out = p;
	return ST_OK;
}

void plane_free(struct plane *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->site_room; i++)
		plane_site_remove(p, i);
	free(p->sites);
	esp_free(p->esp);
	reassembly_free(p->reassembly);
	if (p->queue.memory)
		secret_wipe(p->queue.memory, PLANE_QUEUE);
	free(p->queue.memory);
	free(p->copy);
	secret_wipe(p, sizeof *p);
	free(p);
}

enum st plane_set_inner(struct plane *p, const struct addr *inner, size_t n)
{
	if (n > PLANE_INNER)
		return ST_FULL;
	for (size_t i = 0; i < n; i++)
		p->inner[i] = inner[i];
	p->inner_count = (unsigned)n;
	return ST_OK;
}

enum st plane_set_ports(struct plane *p, const uint16_t *ports, size_t n)
{
	if (n > PLANE_PORTS)
		return ST_FULL;
	for (size_t i = 0; i < n; i++)
		p->ports[i] = ports[i];
	p->port_count = (unsigned)n;
	return ST_OK;
}

enum st plane_set_listener(struct plane *p, uint16_t listener, const struct encap_rules *rules)
{
	if (listener >= PLANE_LISTENERS)
		return ST_FULL;
	p->rules[listener] = *rules;
	return ST_OK;
}

void plane_tell(struct plane *p, enum plane_tell_kind kind, const struct plane_pair *q, const struct encap_ends *ends,
                uint16_t listener)
{
	struct plane_tell t = { .kind = kind, .listener = listener, .ends = *ends };
	if (!p->hooks.tell)
		return;
	t.site = q->site->number;
	t.spi = q->esp->spi;
	p->hooks.tell(p->hooks.arg, &t);
}

void plane_tell_effects(struct plane *p)
{
	for (size_t i = 0; i < p->effects.n; i++) {
		const struct esp_effect *e = &p->effect[i];
		struct plane_pair *q = (struct plane_pair *)(uintptr_t)e->owner;
		plane_tell(p, e->kind == ESP_REKEY ? PLANE_TELL_REKEY : PLANE_TELL_EXPIRED, q, &q->path.ends,
		           q->listener);
		if (e->kind == ESP_EXPIRED)
			plane_choose(q->site);
	}
	p->effects.n = 0;
}

static void keepalive(struct plane *p, int64_t now, struct site *s)
{
	struct plane_pair *q = s->current;
	if (!q || !q->path.natted || encap_tick(&q->path, now).act != ENCAP_SEND_KEEPALIVE)
		return;
	struct plane_out o = { encap_keepalive(q->path.style), q->path.ends, q->listener, 0, false };
	p->counters.keepalives++;
	if (p->hooks.send(p->hooks.arg, &o, 1) != 1)
		p->counters.unsent++;
}

void plane_tick(struct plane *p, int64_t now)
{
	plane_flush(p, now);
	p->ticked = now;
	esp_tick(p->esp, now, &p->effects);
	plane_tell_effects(p);
	p->counters.fragments_expired += reassembly_tick(p->reassembly, now);
	for (uint32_t i = 0; i < p->site_room; i++)
		if (p->sites[i])
			keepalive(p, now, p->sites[i]);
}

int64_t plane_due(const struct plane *p)
{
	return esp_pairs(p->esp) ? p->ticked + PLANE_TICK_SECONDS * PLANE_SECOND : INT64_MAX;
}

const struct plane_counters *plane_counters(struct plane *p)
{
	p->counters.fragments_evicted = reassembly_evicted(p->reassembly);
	return &p->counters;
}

size_t plane_pairs(const struct plane *p)
{
	return esp_pairs(p->esp);
}
