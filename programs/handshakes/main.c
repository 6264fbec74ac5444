// SPDX-License-Identifier: Apache-2.0
// trapline-handshakes: brings sites up by IKEv2, and down again, as often as it goes: a load for a responder. Each site has a
// socket and an address of its own on loopback (127.1.0.1 and on), so that a responder sees many peers; they are named PREFIX1,
// PREFIX2, and share one key. Prints one JSON object.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"
#include "ike/ike.h"
#include "ike/wire.h"
#include "io/system.h"
#include "io/udp.h"

enum { SITES_MAX = 10000, NAME = 32 };
static const int64_t second = 1000000000;

struct site {
	struct ike *ike;
	struct udp_socket socket;
	uint32_t id;
	char name[NAME];
};

struct load {
	struct addr to;
	const char *psk, *prefix, *peer;
	unsigned sites;
	int64_t until;
	bool keep; // sites stay up
	struct crypto *crypto;
	struct aead_engine *engine;
	struct udp_batch *batch;
	struct site *site;
	struct pollfd *fds;
	uint64_t up;
};

static bool add(struct load *l, struct site *s)
{
	struct ike_site c = { .name = s->name, .psk = span_str(l->psk), .initiate = true };
	static const struct prefix all = { .ip = { [10] = 0xff, 0xff }, .bits = 96 };
	c.local = (struct ike_identity){ ID_FQDN, span_str(s->name) };
	c.remote = (struct ike_identity){ ID_FQDN, span_str(l->peer) };
	c.here.at[0] = c.there.at[0] = ike_ts_of(&all);
	c.here.n = c.there.n = 1;
	c.path = (struct ike_path){ .local = s->socket.local, .remote = l->to };
	return ike_add_site(s->ike, &c, &s->id) == ST_OK;
}

static void act(struct load *l, struct site *s, struct ike_out *out, int64_t now);

// Up: counted, taken down and begun again.
static void again(struct load *l, struct site *s, int64_t now)
{
	struct ike_out out = { 0 };
	l->up++;
	if (l->keep)
		return;
	ike_remove_site(s->ike, now, s->id, &out);
	act(l, s, &out, now);
	if (now < l->until && add(l, s)) {
		ike_tick(s->ike, now, &out);
		act(l, s, &out, now);
	}
}

static void act(struct load *l, struct site *s, struct ike_out *out, int64_t now)
{
	bool up = false;
	for (size_t i = 0; i < out->n; i++) {
		const struct ike_effect *e = &out->at[i];
		const struct udp_out dg = { .bytes = e->bytes, .to = e->path.remote };
		if (e->kind == IKE_SEND)
			(void)udp_send(&s->socket, &dg, 1);
		up |= e->kind == IKE_SITE_UP;
	}
	ike_out_done(out);
	if (up)
		again(l, s, now);
}

static void hear(struct load *l, struct site *s, int64_t now)
{
	enum { MARKER = 4 };
	struct udp_packet dg;
	if (udp_receive(&s->socket, l->batch) <= 0)
		return;
	while (udp_next(l->batch, &dg)) {
		struct ike_out out = { 0 };
		bool marked = dg.bytes.n > MARKER && memcmp(dg.bytes.p, "\0\0\0\0", MARKER) == 0;
		const struct ike_path path = { s->socket.local, dg.peer, marked };
		if (!marked)
			continue;
		(void)ike_input(s->ike, now, &path, span_of(dg.bytes.p + MARKER, dg.bytes.n - MARKER), &out);
		act(l, s, &out, now);
	}
}

static bool open_all(struct load *l)
{
	const struct ike_config c = { .crypto = l->crypto, .engine = l->engine, .random = random_system() };
	for (unsigned i = 0; i < l->sites; i++) {
		struct site *s = &l->site[i];
		struct addr local = { .ip = { [10] = 0xff, 0xff, 127, 1, (uint8_t)(i >> 8), (uint8_t)i + 1U } };
		snprintf(s->name, sizeof s->name, "%s%u", l->prefix, i + 1);
		if (ike_new(&c, &s->ike) || udp_open(&local, false, &s->socket) || !add(l, s))
			return false;
		l->fds[i] = (struct pollfd){ .fd = s->socket.fd, .events = POLLIN };
	}
	return true;
}

static void run(struct load *l)
{
	enum { WAIT_MS = 20 };
	for (int64_t now; (now = clock_monotonic()) < l->until;) {
		for (unsigned i = 0; i < l->sites; i++)
			if (now >= ike_due(l->site[i].ike)) {
				struct ike_out out = { 0 };
				ike_tick(l->site[i].ike, now, &out);
				act(l, &l->site[i], &out, now);
			}
		if (poll(l->fds, l->sites, WAIT_MS) <= 0)
			continue;
		now = clock_monotonic();
		for (unsigned i = 0; i < l->sites; i++)
			if (l->fds[i].revents)
				hear(l, &l->site[i], now);
	}
}

int main(int argc, char **argv)
{
	struct load l = { 0 };
	if (argc < 7 || addr_parse(argv[1], &l.to) != ST_OK) {
		fprintf(stderr, "usage: trapline-handshakes ADDR:PORT PEER PREFIX PSK SITES SECONDS [keep]\n");
		return 2;
	}
	l.peer = argv[2];
	l.prefix = argv[3];
	l.psk = argv[4];
	l.sites = (unsigned)strtoul(argv[5], NULL, 10);
	l.keep = argc > 7;
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	int64_t begin = clock_monotonic();
	l.until = begin + (int64_t)strtoul(argv[6], NULL, 10) * second;
	l.site = calloc(SITES_MAX, sizeof *l.site);
	l.fds = calloc(SITES_MAX, sizeof *l.fds);
	if (!l.site || !l.fds || !l.sites || l.sites > SITES_MAX || crypto_init(&l.crypto) ||
	    aead_engine_new(aead_best(), l.crypto, &l.engine) || udp_batch_new(&l.batch) || !open_all(&l)) {
		fprintf(stderr, "trapline-handshakes: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	run(&l);
	double took = (double)(clock_monotonic() - begin) / 1e9;
	printf("{\"up\":%llu,\"seconds\":%.2f,\"rate\":%.0f}\n", (unsigned long long)l.up, took, (double)l.up / took);
	return 0;
}
