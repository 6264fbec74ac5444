// SPDX-License-Identifier: Apache-2.0
// Two data planes, one for each end: a packet is opened by the one whose SPI it has.
#include "cli/esp_opener.h"

#include <stdlib.h>
#include <string.h>

#include "esp/inner.h"
#include "io/system.h"
#include "tunnel/lab_keys.h"

struct esp_opener {
	esp_opened_fn *fn;
	void *arg;
	struct crypto *crypto;
	struct aead_engine *engine;
	struct plane *plane[LAB_ENDS];
	uint32_t tunnels;
	uint8_t room[UDP_PAYLOAD_MAX];
};

static void show(const struct esp_opener *o, const struct plane_packet *p)
{
	const struct ip_view *v = p->ip;
	struct esp_opened x = { .bytes = packet_span(p->bytes), .from = v->from, .to = v->to };
	struct inner_udp u;
	if (!p->transport)
		x.kind = ESP_OPENED_PACKET;
	else if (v->protocol != IP_UDP)
		x.kind = v->protocol == IP_TCP ? ESP_OPENED_TCP : ESP_OPENED_OTHER;
	else
		x.kind = inner_udp_take(v, INNER_COVERED, &u) == ST_OK ? ESP_OPENED_UDP : ESP_OPENED_BROKEN;
	if (x.kind == ESP_OPENED_UDP)
		x.payload = u.payload;
	if (x.kind == ESP_OPENED_OTHER)
		x.from.port = x.to.port = 0;
	o->fn(o->arg, &x);
}

static size_t forward(void *arg, const struct plane_packet *p, size_t n)
{
	struct esp_opener *o = arg;
	for (size_t i = 0; i < n; i++)
		show(o, &p[i]);
	return n;
}

static size_t send_nothing(void *arg, const struct plane_out *out, size_t n)
{
	return n;
}

enum st esp_opener_new(esp_opened_fn *fn, void *arg, struct esp_opener **out)
{
	struct esp_opener *o = calloc(1, sizeof *o);
	if (!o)
		return ST_NO_MEMORY;
	o->fn = fn;
	o->arg = arg;
	const struct plane_hooks hooks = { .arg = o, .send = send_nothing, .forward = forward };
	enum st st = crypto_init(&o->crypto);
	if (st == ST_OK)
		st = aead_engine_new(aead_best(), o->crypto, &o->engine);
	const struct plane_config config = { .engine = o->engine, .random = random_system(), .watches = true };
	for (int i = 0; i < LAB_ENDS && st == ST_OK; i++) {
		st = plane_new(&config, &hooks, &o->plane[i]);
		if (st == ST_OK)
			st = plane_set_listener(o->plane[i], 0, &(struct encap_rules){ .eight = true });
	}
	if (st == ST_OK)
		*out = o;
	else
		esp_opener_free(o);
	return st;
}

void esp_opener_free(struct esp_opener *o)
{
	if (!o)
		return;
	for (int i = 0; i < LAB_ENDS; i++)
		plane_free(o->plane[i]);
	aead_engine_free(o->engine);
	crypto_free(o->crypto);
	free(o);
}

static enum st add_end(struct esp_opener *o, const struct lab_keys *keys, enum lab_end end)
{
	const struct plane_site site = { .name = "capture" };
	struct ike_pair pair;
	struct plane_way way;
	lab_keys_pair(keys, end, &pair, &way);
	enum st st = plane_site_set(o->plane[end], o->tunnels, &site);
	if (st == ST_OK)
		st = plane_pair_up(o->plane[end], 1, o->tunnels, &pair, &way);
	secret_wipe(&pair, sizeof pair);
	return st;
}

enum st esp_opener_add(struct esp_opener *o, const char *file, struct text *why)
{
	struct lab_keys keys;
	enum st st = lab_keys_read(file, &keys, why);
	for (enum lab_end end = 0; end < LAB_ENDS && st == ST_OK; end++)
		st = add_end(o, &keys, end);
	lab_keys_wipe(&keys);
	o->tunnels += st == ST_OK;
	return st;
}

bool esp_opener_take(struct esp_opener *o, const struct addr *from, const struct addr *to, struct span datagram)
{
	struct rd r = rd_of(datagram);
	uint32_t spi = rd_u32(&r);
	if (r.bad || datagram.n > sizeof o->room)
		return false;
	for (int i = 0; i < LAB_ENDS; i++) {
		if (!plane_pair_known(o->plane[i], spi))
			continue;
		memcpy(o->room, datagram.p, datagram.n);
		const struct udp_packet dg = { .bytes = span_of(o->room, datagram.n), .peer = *from, .local = *to };
		plane_input(o->plane[i], 1, 0, &dg, 1);
		return true;
	}
	return false;
}

uint64_t esp_opener_dropped(struct esp_opener *o)
{
	uint64_t n = 0;
	for (int i = 0; i < LAB_ENDS; i++)
		for (int why = 0; why < ST_COUNT; why++)
			n += plane_counters(o->plane[i])->dropped[why];
	return n;
}
