// SPDX-License-Identifier: Apache-2.0
// `trapline wrap`: sockets around the table of tunnel/wrap.h. It needs CAP_NET_RAW to open one socket, gives everything up, and
// sees no key.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run_loop.h"
#include "encap/encap.h"
#include "encap/path.h"
#include "io/loop.h"
#include "io/raw.h"
#include "io/sandbox.h"
#include "io/system.h"
#include "io/udp.h"
#include "tunnel/wrap.h"

enum { PACKET = 65535, READS = 64, TICK_NS = 1000000000 };

struct wrapper {
	const struct args *args;
	bool client, draft;
	struct wrap table;
	struct addr listen;
	struct udp_socket udp;
	struct udp_batch *batch;
	struct loop *loop;
	struct loop_timer tick;
	int raw;
	int64_t sent; // to the far end, by a client
	uint8_t room[PACKET];
};

static void to_udp(struct wrapper *w, const struct wrap_peer *p, struct span bytes)
{
	const struct udp_out out = { .bytes = bytes, .to = p->far };
	if (udp_send(&w->udp, &out, 1) == 1)
		w->table.counters.to_udp++;
	else
		w->table.counters.unsent++;
	w->sent = loop_now(w->loop);
}

static void raw_ready(void *arg, uint32_t events)
{
	struct wrapper *w = arg;
	struct addr from, to;
	struct span esp;
	for (int i = 0; i < READS && raw_receive(w->raw, w->room, sizeof w->room, &from, &to, &esp); i++) {
		const struct wrap_peer *p = wrap_from_inside(&w->table, &from, &to);
		if (p)
			to_udp(w, p, esp);
	}
}

static bool any_spi(void *arg, uint32_t spi)
{
	return true;
}

static void take(struct wrapper *w, const struct udp_packet *dg)
{
	const struct encap_rules rules = { 0 };
	const struct encap_known known = { any_spi, NULL };
	struct encap_verdict v = encap_classify(&rules, &known, dg->bytes);
	struct rd r = rd_of(v.body);
	if (v.kind == ENCAP_DROP && (v.why == ST_ENCAP_KEEPALIVE || v.why == ST_ENCAP_EMPTY)) {
		w->table.counters.keepalives++;
		return;
	}
	if (v.kind != ENCAP_ESP || dg->truncated) {
		w->table.counters.not_esp++;
		return;
	}
	const struct wrap_peer *p = wrap_from_outside(&w->table, loop_now(w->loop), &dg->peer, rd_u32(&r));
	if (!p)
		return;
	if (raw_send(w->raw, &p->local, &w->table.stack, v.body))
		w->table.counters.to_raw++;
	else
		w->table.counters.unsent++;
}

static void udp_ready(void *arg, uint32_t events)
{
	struct wrapper *w = arg;
	struct udp_packet dg;
	if (udp_receive(&w->udp, w->batch) > 0)
		while (udp_next(w->batch, &dg))
			take(w, &dg);
}

static void tick(void *arg)
{
	struct wrapper *w = arg;
	const struct wrap_peer *p = &w->table.peer[0];
	int64_t now = loop_now(w->loop);
	if (w->client && now - w->sent >= ENCAP_KEEPALIVE_SECONDS * INT64_C(1000000000)) {
		const struct udp_out out = { .bytes = encap_keepalive(w->draft ? ENCAP_DRAFT00 : ENCAP_RFC3948),
			                     .to = p->far };
		w->table.counters.keepalives_sent += udp_send(&w->udp, &out, 1) == 1;
		w->sent = now;
	}
	loop_timer_set(w->loop, &w->tick, now + TICK_NS);
}

// An address without a port.
static bool take_address(const char *text, struct addr *out)
{
	struct prefix p;
	*out = (struct addr){ 0 };
	if (prefix_parse(text, &p) != ST_OK || p.bits != 128)
		return false;
	memcpy(out->ip, p.ip, sizeof out->ip);
	return addr_is_v4(out);
}

// LOCAL, or LOCAL=FAR:PORT.
static int take_peer(struct wrapper *w, const char *text)
{
	char *copy = strdup(text), *far = copy ? strchr(copy, '=') : NULL;
	struct addr local = { 0 }, there = { 0 };
	if (far)
		*far++ = 0;
	bool good = copy && take_address(copy, &local) && (!far || addr_parse(far, &there) == ST_OK);
	free(copy);
	if (!good)
		return args_wrong(
		        w->args,
		        "--peer %s: write LOCAL=FAR:PORT such as 10.0.0.11=198.51.100.7:2797, or LOCAL alone where the "
		        "peer's SPIs are named",
		        text);
	enum st st = wrap_add(&w->table, &local, &there);
	return st ? args_failed(w->args, "--peer %s: %s", text, st_text(st)) : CLI_DONE;
}

// SPI=LOCAL.
static int take_spi(struct wrapper *w, const char *text)
{
	char *end;
	struct addr local = { 0 };
	unsigned long spi = strtoul(text, &end, 0);
	if (*end != '=' || spi < 256 || spi > UINT32_MAX || !take_address(end + 1, &local))
		return args_wrong(w->args, "--spi %s: write SPI=LOCAL such as 0xc0ffee01=10.0.0.11", text);
	enum st st = wrap_name_spi(&w->table, (uint32_t)spi, &local);
	return st ? args_wrong(w->args, "--spi %s: %s", text,
	                       st == ST_NONE     ? "no --peer has this address"
	                       : st == ST_IN_USE ? "it is named twice, or for two peers"
	                                         : st_text(st))
	          : CLI_DONE;
}

static int take_options(struct wrapper *w)
{
	const struct args *a = w->args;
	const char *role = a->operands[0], *stack = args_value(a, "stack"), *listen = args_value(a, "listen"), *text;
	size_t at = 0;
	w->client = strcmp(role, "client") == 0;
	w->draft = args_has(a, "draft");
	w->table.follow = !w->client && !args_has(a, "no-follow");
	if (!w->client && strcmp(role, "gateway") != 0)
		return args_wrong(a, "'%s' is not one of client, gateway", role);
	if (!stack || !take_address(stack, &w->table.stack))
		return args_wrong(a, "name the IPsec host: --stack ADDRESS");
	int code = CLI_DONE;
	while (code == CLI_DONE && (text = args_next(a, "peer", &at)))
		code = take_peer(w, text);
	for (at = 0; code == CLI_DONE && (text = args_next(a, "spi", &at));)
		code = take_spi(w, text);
	if (code != CLI_DONE)
		return code;
	if (w->client && (w->table.n != 1 || !w->table.peer[0].far.port))
		return args_wrong(a, "a client has one far end: --peer LOCAL=FAR:PORT");
	if (!w->table.n)
		return args_wrong(a, "name the peers: --peer LOCAL=FAR:PORT");
	for (unsigned i = 0; i < w->table.n; i++)
		if (!w->table.peer[i].far.port && !w->table.peer[i].named)
			return args_wrong(
			        a, "a --peer could never be told from others: say where it is, LOCAL=FAR:PORT, or "
			           "name its SPIs with --spi");
	(void)addr_parse(w->client && !w->draft ? "0.0.0.0:0" : "0.0.0.0:2797", &w->listen);
	return !listen || addr_parse(listen, &w->listen) == ST_OK
	               ? CLI_DONE
	               : args_wrong(a, "--listen %s: write for example 0.0.0.0:2797", listen);
}

static int open_all(struct wrapper *w)
{
	char text[ADDR_TEXT];
	enum st st = raw_open_esp(&w->raw);
	if (st)
		return args_failed(
		        w->args,
		        st == ST_DENIED
		                ? "raw ESP needs CAP_NET_RAW: run it as root, or by systemd with AmbientCapabilities="
		                  "CAP_NET_RAW"
		                : "raw ESP: %s",
		        strerror(errno));
	st = udp_open(&w->listen, false, &w->udp);
	if (!st && w->draft)
		udp_checksum(&w->udp, false);
	if (!st)
		st = udp_batch_new(&w->batch);
	if (!st)
		st = loop_new(&w->loop);
	if (st)
		return args_failed(w->args, "udp:%s: %s", addr_text(&w->listen, text),
		                   st == ST_SYSTEM ? strerror(errno) : st_text(st));
	return CLI_DONE;
}

static enum st begin(struct wrapper *w)
{
	enum st st = loop_add(w->loop, w->raw, EPOLLIN, raw_ready, w);
	if (!st)
		st = loop_add(w->loop, w->udp.fd, EPOLLIN, udp_ready, w);
	w->tick = (struct loop_timer){ .fn = tick, .arg = w };
	w->sent = INT64_MIN / 2; // a client opens the mapping at once
	loop_timer_set(w->loop, &w->tick, loop_now(w->loop));
	return st ? st : privileges_forget();
}

static void say_listening(const struct wrapper *w)
{
	char text[ADDR_TEXT];
	fprintf(stderr, "listening on udp:%s and for raw ESP from %s\n", addr_text(&w->udp.local, text),
	        args_value(w->args, "stack"));
}

static void tell(const struct wrap_counters *c)
{
	printf("{\"to_udp\":%llu,\"to_raw\":%llu,\"unknown_inside\":%llu,\"unknown_outside\":%llu,\"nowhere\":%llu,"
	       "\"moved\":%llu,"
	       "\"move_limited\":%llu,\"move_refused\":%llu,\"keepalives_sent\":%llu,\"keepalives\":%llu,\"not_esp\":%"
	       "llu,\"unsent\":%llu}\n",
	       (unsigned long long)c->to_udp, (unsigned long long)c->to_raw, (unsigned long long)c->unknown_inside,
	       (unsigned long long)c->unknown_outside, (unsigned long long)c->nowhere, (unsigned long long)c->moved,
	       (unsigned long long)c->move_limited, (unsigned long long)c->move_refused,
	       (unsigned long long)c->keepalives_sent, (unsigned long long)c->keepalives,
	       (unsigned long long)c->not_esp, (unsigned long long)c->unsent);
}

int cmd_wrap(const struct args *a)
{
	struct wrapper *w = calloc(1, sizeof *w);
	if (!w)
		return args_failed(a, "out of memory");
	w->args = a;
	w->raw = w->udp.fd = -1;
	int code = take_options(w);
	if (code == CLI_DONE)
		code = open_all(w);
	if (code == CLI_DONE && begin(w) != ST_OK)
		code = args_failed(a, "cannot begin: %s", strerror(errno));
	if (code == CLI_DONE) {
		say_listening(w); // nothing is left to be given up
		code = run_loop(a, w->loop);
	}
	if (code == CLI_DONE)
		tell(&w->table.counters);
	udp_batch_free(w->batch);
	loop_free(w->loop);
	udp_close(&w->udp);
	fd_close(&w->raw);
	free(w);
	return code;
}
