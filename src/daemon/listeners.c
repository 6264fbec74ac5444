// SPDX-License-Identifier: Apache-2.0
#include "daemon/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/scoped.h"
#include "io/system.h"

static struct listener *find(struct listeners *ls, bool tcp, const struct addr *a)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		struct listener *l = &ls->list[i];
		if (l->name[0] && l->tcp == tcp && addr_same_ip(&l->addr, a) && l->addr.port == a->port)
			return l;
	}
	return NULL;
}

// A slot keeps its name after it was closed, so that its counters stay its own.
static struct listener *add(struct listeners *ls, bool tcp, const struct addr *a)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		struct listener *l = &ls->list[i];
		if (l->name[0])
			continue;
		char text[ADDR_TEXT];
		*l = (struct listener){ .tcp = tcp, .addr = *a };
		snprintf(l->name, sizeof l->name, "%s:%s", tcp ? "tcp" : "udp", addr_text(a, text));
		for (unsigned k = 0; k < INTAKE_WORKERS; k++)
			l->udp[k].fd = l->tcp_fd[k] = -1;
		return l;
	}
	return NULL;
}

static void explain(struct listener *l, enum st st)
{
	struct text holder = { 0 };
	if (st == ST_IN_USE) {
		port_holder(l->tcp, l->addr.port, &holder);
		snprintf(l->why, sizeof l->why, "port %u is held by %s", l->addr.port, text_str(&holder));
	} else if (st == ST_DENIED) {
		snprintf(l->why, sizeof l->why,
		         "port %u needs a privilege: start as root, with CAP_NET_BIND_SERVICE, or with trapline.socket",
		         l->addr.port);
	} else {
		snprintf(l->why, sizeof l->why, "%s: %s", st_text(st), strerror(errno));
	}
	text_done(&holder);
}

// Of a tunnel the SPI says which worker it is for, and its losses are no counted traps, so the kernel may merge them.
static enum st open_udp(struct listener *l, unsigned workers)
{
	enum st st = udp_open_group(&l->addr, workers, l->udp);
	if (!st && l->tunnel && workers > 1)
		st = udp_steer_by_spi(&l->udp[0], workers, udp_spi_bits(workers));
	for (unsigned i = 0; i < workers && l->tunnel && !st; i++)
		(void)udp_trains(&l->udp[i]);
	l->rcvbuf = st ? 0 : l->udp[0].rcvbuf;
	return st;
}

static bool open_one(struct listener *l, unsigned workers)
{
	struct addr bound;
	enum st st = l->tcp ? tcp_listen_group(&l->addr, workers, l->tcp_fd, &bound) : open_udp(l, workers);
	l->open = st == ST_OK;
	l->why[0] = 0;
	if (st)
		explain(l, st);
	return l->open;
}

static void adopt(struct listeners *ls, const struct passed_socket *p)
{
	struct listener *l = find(ls, p->tcp, &p->local);
	if (!l)
		l = add(ls, p->tcp, &p->local);
	if (!l)
		return;
	l->used = l->passed = l->open = true;
	if (p->tcp) {
		l->tcp_fd[0] = p->fd;
	} else {
		l->open = udp_adopt(p->fd, &l->udp[0]) == ST_OK;
		l->rcvbuf = l->udp[0].rcvbuf;
	}
}

static void adopt_passed(struct listeners *ls)
{
	struct passed_socket passed[INTAKE_LISTENERS];
	int n = service_sockets(passed, INTAKE_LISTENERS);
	for (int i = 0; i < n; i++)
		adopt(ls, &passed[i]);
}

bool listeners_passed(const struct listeners *ls)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (ls->list[i].passed)
			return true;
	return false;
}

bool listeners_fit(struct listeners *ls, const struct config *c)
{
	size_t room = 0, fresh = 0;
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		room += !ls->list[i].name[0];
	for (size_t i = 0; i < c->listen_count; i++)
		fresh += !find(ls, c->listen[i].tcp, &c->listen[i].addr);
	for (size_t i = 0; i < c->tunnel_listen_count; i++)
		fresh += !find(ls, false, &c->tunnel_listen[i].addr);
	return fresh <= room;
}

// false: it is wanted and cannot be had.
static bool want(struct listeners *ls, const struct config_listen *w, bool tunnel, unsigned workers)
{
	struct listener *l = find(ls, w->tcp, &w->addr);
	if (!l)
		l = add(ls, w->tcp, &w->addr);
	if (!l)
		return false;
	l->used = true;
	l->tunnel = tunnel;
	return l->open || open_one(l, workers);
}

unsigned listeners_apply(struct listeners *ls, const struct config *c, unsigned workers, bool first)
{
	unsigned failed = 0;
	if (first)
		adopt_passed(ls);
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		ls->list[i].used = ls->list[i].passed;
	for (size_t i = 0; i < c->listen_count; i++)
		failed += !want(ls, &c->listen[i], false, workers);
	for (size_t i = 0; i < c->tunnel_listen_count; i++)
		failed += !want(ls, &c->tunnel_listen[i], true, workers);
	return failed;
}

struct change {
	struct listener *listener;
	unsigned index, worker;
	enum st st;
};

static void change_on_worker(struct worker *w, void *arg)
{
	struct change *c = arg;
	struct listener *l = c->listener;
	if (!l->used)
		worker_remove(w, c->index);
	else if (l->tcp && l->tcp_fd[c->worker] >= 0)
		c->st = worker_add_tcp(w, c->index, &l->addr, fd_give(&l->tcp_fd[c->worker]));
	else if (!l->tcp && l->udp[c->worker].fd >= 0) {
		c->st = l->tunnel ? worker_add_tunnel(w, c->index, &l->addr, &l->udp[c->worker])
		                  : worker_add_udp(w, c->index, &l->addr, &l->udp[c->worker]);
		l->udp[c->worker].fd = -1;
	}
}

enum st listeners_serve(struct listeners *ls, struct worker *const *workers, unsigned n)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		struct listener *l = &ls->list[i];
		for (unsigned k = 0; l->open && k < n; k++) {
			struct change c = { .listener = l, .index = i, .worker = k };
			worker_call(workers[k], change_on_worker, &c);
			if (c.st)
				return c.st;
		}
		if (!l->used)
			l->open = false;
	}
	return ST_OK;
}
