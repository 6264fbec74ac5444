// SPDX-License-Identifier: Apache-2.0
// trapline-handshakes: brings sites up by IKEv2, and down again, as often as it goes: a load for a responder. Each site has a
// socket and an address of its own on loopback (127.1.0.1 and on), so that a responder sees many peers; they are named PREFIX1,
// PREFIX2, and share one key. Prints one JSON object: of that time; with `keep`, where sites stay up, as soon as all of them
// are, and answers on until the time is over. With `half-open` a hundred others begin first and never go on, for which a
// responder asks everyone for cookies (RFC 7296 2.6).
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"
#include "ike/ike.h"
#include "ike/message.h"
#include "ike/wire.h"
#include "io/system.h"
#include "io/udp.h"

enum { SITES_MAX = 10000, OTHERS = 100, AT_ONCE = 64, NAME = 32 };
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
	unsigned sites, others; // others: behind the sites
	int64_t begin, until;
	bool keep; // sites stay up
	struct crypto *crypto;
	struct aead_engine *engine;
	struct udp_batch *batch;
	struct site *site;
	struct pollfd *fds;
	uint64_t up, cookies;
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

static void print(const struct load *l)
{
	double took = (double)(clock_monotonic() - l->begin) / 1e9;
	size_t key = aead_key_size(l->engine, aead_at(AEAD_AES256_GCM16));
	printf("{\"up\":%llu,\"seconds\":%.2f,\"rate\":%.0f,\"cookies\":%llu,\"expanded_key\":%zu}\n",
	       (unsigned long long)l->up, took, (double)l->up / took, (unsigned long long)l->cookies, key);
	fflush(stdout);
}

// Up: counted, taken down and begun again.
static void again(struct load *l, struct site *s, int64_t now)
{
	struct ike_out out = { 0 };
	l->up++;
	if (l->keep) {
		if (l->up == l->sites)
			print(l);
		return;
	}
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

// An answer to IKE_SA_INIT that is one notification.
static bool is_cookie(struct span bytes)
{
	struct ike_message m;
	return ike_read_header(bytes, &m) == ST_OK && m.exchange == IKE_SA_INIT && ike_read_clear(&m) == ST_OK &&
	       ike_find_notify(&m, N_COOKIE) && m.clear == P(NOTIFY);
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
		struct span bytes = span_of(dg.bytes.p + MARKER, dg.bytes.n - MARKER);
		l->cookies += is_cookie(bytes);
		(void)ike_input(s->ike, now, &path, bytes, &out);
		act(l, s, &out, now);
	}
}

static bool open_all(struct load *l)
{
	const struct ike_config c = { .crypto = l->crypto, .engine = l->engine, .random = random_system() };
	for (unsigned i = 0; i < l->sites + l->others; i++) {
		struct site *s = &l->site[i];
		struct addr local = { .ip = { [10] = 0xff, 0xff, 127, 1, (uint8_t)(i >> 8), (uint8_t)i + 1U } };
		snprintf(s->name, sizeof s->name, "%s%u", l->prefix, i + 1);
		if (ike_new(&c, &s->ike) || udp_open(&local, false, &s->socket) || !add(l, s))
			return false;
		l->fds[i] = (struct pollfd){ .fd = s->socket.fd, .events = POLLIN };
	}
	return true;
}

static void begin_others(struct load *l)
{
	enum { MEANWHILE_MS = 300 };
	for (struct site *s = l->site + l->sites; s < l->site + l->sites + l->others; s++) {
		struct ike_out out = { 0 };
		int64_t now = clock_monotonic();
		ike_tick(s->ike, now, &out);
		act(l, s, &out, now);
	}
	if (l->others)
		(void)poll(NULL, 0, MEANWHILE_MS);
}

// Sites that stay begin one after another, a few at once.
static unsigned begun(const struct load *l)
{
	return l->keep && l->up + AT_ONCE < l->sites ? (unsigned)l->up + AT_ONCE : l->sites;
}

static void run(struct load *l)
{
	enum { WAIT_MS = 20 };
	for (int64_t now; (now = clock_monotonic()) < l->until;) {
		for (unsigned i = 0; i < begun(l); i++)
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

static bool read_words(struct load *l, int argc, char **argv)
{
	if (argc < 7 || argc > 8 || addr_parse(argv[1], &l->to) != ST_OK)
		return false;
	l->peer = argv[2];
	l->prefix = argv[3];
	l->psk = argv[4];
	l->sites = (unsigned)strtoul(argv[5], NULL, 10);
	l->until = (int64_t)strtoul(argv[6], NULL, 10) * second; // from the begin
	l->keep = argc > 7 && strcmp(argv[7], "keep") == 0;
	l->others = argc > 7 && strcmp(argv[7], "half-open") == 0 ? OTHERS : 0;
	return l->sites && l->sites <= SITES_MAX && (argc == 7 || l->keep || l->others);
}

int main(int argc, char **argv)
{
	static struct load l; // what it holds is held to the end
	if (!read_words(&l, argc, argv)) {
		fprintf(stderr,
		        "usage: trapline-handshakes ADDR:PORT PEER PREFIX PSK SITES SECONDS [keep|half-open]\n");
		return 2;
	}
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	l.site = calloc(SITES_MAX + OTHERS, sizeof *l.site);
	l.fds = calloc(SITES_MAX + OTHERS, sizeof *l.fds);
	if (!l.site || !l.fds || crypto_init(&l.crypto) || aead_engine_new(aead_best(), l.crypto, &l.engine) ||
	    udp_batch_new(&l.batch) || !open_all(&l)) {
		fprintf(stderr, "trapline-handshakes: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	begin_others(&l);
	l.begin = clock_monotonic();
	l.until += l.begin;
	run(&l);
	if (!l.keep || l.up < l.sites)
		print(&l);
	return 0;
}
