// SPDX-License-Identifier: Apache-2.0
#include "sealer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/system.h"
#include "tunnel/lab_keys.h"

struct sealer {
	struct crypto *crypto;
	struct aead_engine *engine;
	struct plane *plane;
	struct udp_socket socket;
	struct addr from, to;
	uint64_t sent;
};

static size_t send_out(void *arg, const struct plane_out *out, size_t n)
{
	struct sealer *s = arg;
	struct udp_out dg[PLANE_BATCH];
	for (size_t i = 0; i < n; i++)
		dg[i] = (struct udp_out){ .bytes = out[i].bytes, .to = out[i].ends.peer };
	int done = udp_send_trains(&s->socket, dg, (int)n);
	s->sent += (uint64_t)done;
	return (size_t)done;
}

static enum st open_plane(struct sealer *s, const struct lab_keys *keys, const struct addr *to)
{
	const struct plane_hooks hooks = { .arg = s, .send = send_out };
	struct ike_pair pair;
	struct plane_way way;
	enum st st = crypto_init(&s->crypto);
	if (st == ST_OK)
		st = aead_engine_new(aead_best(), s->crypto, &s->engine);
	if (st != ST_OK)
		return st;
	const struct plane_config config = { .engine = s->engine, .random = random_system() };
	st = plane_new(&config, &hooks, &s->plane);
	if (st == ST_OK)
		st = plane_site_set(s->plane, 0, &(struct plane_site){ .name = "blast" });
	lab_keys_pair(keys, LAB_SITE, &pair, &way);
	way.ends.peer = *to;
	if (st == ST_OK)
		st = plane_pair_up(s->plane, clock_monotonic(), 0, &pair, &way);
	secret_wipe(&pair, sizeof pair);
	return st;
}

enum st sealer_new(const char *file, const struct addr *to, const struct addr *inner_to, int fd, struct sealer **out,
                   const char **why)
{
	enum { DEVICE_PORT = 5000 };
	static struct text said;
	struct lab_keys keys;
	struct sealer *s = calloc(1, sizeof *s);
	*why = "out of memory";
	if (!s)
		return ST_NO_MEMORY;
	enum st st = lab_keys_read(file, &keys, &said);
	*why = said.n ? text_str(&said) : st_text(st);
	if (st == ST_OK) {
		s->to = *inner_to;
		memcpy(s->from.ip, keys.side[LAB_SITE].first.ip, sizeof s->from.ip);
		s->from.ip[15] |= 1; // the network's first host
		s->from.port = DEVICE_PORT;
		s->socket.fd = fd;
		st = open_plane(s, &keys, to);
		*why = st_text(st);
		lab_keys_wipe(&keys);
	}
	if (st == ST_OK)
		*out = s;
	else
		sealer_free(s);
	return st;
}

void sealer_free(struct sealer *s)
{
	if (!s)
		return;
	plane_free(s->plane);
	aead_engine_free(s->engine);
	crypto_free(s->crypto);
	free(s);
}

void sealer_add(struct sealer *s, struct span datagram)
{
	(void)plane_send_udp(s->plane, clock_monotonic(), 0, &s->from, &s->to, datagram);
}

uint64_t sealer_flush(struct sealer *s)
{
	uint64_t before = s->sent;
	plane_flush(s->plane, clock_monotonic());
	return s->sent - before;
}
