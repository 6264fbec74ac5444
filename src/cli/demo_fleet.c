// SPDX-License-Identifier: Apache-2.0
// The simulated devices: each has a socket of its own, answers requests from its objects (snmp/agent.h), and sends its traps
// from there.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/demo.h"
#include "io/system.h"
#include "mib/mib.h"
#include "snmp/agent.h"

enum { DATAGRAM = 65507, TRAP_VARBINDS = 8, NAME = 96 };
enum { HUNDREDTH = 10000000, RUNNING = 360000 }; // nanoseconds; they have been on for an hour
#define ALERT "1.3.6.1.2.1.43.18.1.1"

struct actor {
	const struct demo_device *device;
	struct agent agent;
	int64_t booted;
	uint32_t uptime; // when the demo met it, in hundredths of a second
};

struct demo_fleet {
	const char *community;
	struct actor actors[DEMO_DEVICES];
	struct pollfd sockets[DEMO_DEVICES];
	int32_t request_id;
	enum st st;
	uint8_t in[DATAGRAM], out[DATAGRAM];
};

static struct sockaddr_in address_of(unsigned host, uint16_t port)
{
	char text[ADDR_TEXT];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	snprintf(text, sizeof text, DEMO_NETWORK "%u", host);
	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

static void set(struct demo_fleet *f, struct actor *a, const char *name, char type, const char *value)
{
	struct oid oid;
	enum st st = mib_parse(name, &oid);
	if (st == ST_OK)
		st = agent_set(&a->agent, &oid, type, value);
	if (st != ST_OK)
		f->st = st;
}

static void set_number(struct demo_fleet *f, struct actor *a, const char *name, int value)
{
	char digits[16];
	snprintf(digits, sizeof digits, "%d", value);
	set(f, a, name, 'i', digits);
}

static void dress(struct demo_fleet *f, struct actor *a)
{
	const struct demo_device *d = a->device;
	set(f, a, "1.3.6.1.2.1.1.1.0", 's', d->model);
	set(f, a, "1.3.6.1.2.1.1.2.0", 'o', d->object);
	set(f, a, "1.3.6.1.2.1.1.5.0", 's', d->name);
	set(f, a, "1.3.6.1.2.1.1.6.0", 's', d->location);
	if (!d->serial)
		return;
	set(f, a, "1.3.6.1.2.1.25.3.2.1.3.1", 's', d->model);
	set_number(f, a, "1.3.6.1.2.1.25.3.5.1.1.1", 3); // idle
	set(f, a, "1.3.6.1.2.1.25.3.5.1.2.1", 'x', "00");
	set(f, a, "1.3.6.1.2.1.43.5.1.1.1.1", 'c', "1");
	set(f, a, "1.3.6.1.2.1.43.5.1.1.17.1", 's', d->serial);
	if (!d->supply)
		return;
	set_number(f, a, "1.3.6.1.2.1.43.11.1.1.4.1.1", 3); // consumed
	set_number(f, a, "1.3.6.1.2.1.43.11.1.1.5.1.1", 3); // toner
	set(f, a, "1.3.6.1.2.1.43.11.1.1.6.1.1", 's', d->supply);
	set_number(f, a, "1.3.6.1.2.1.43.11.1.1.7.1.1", 19); // percent
	set_number(f, a, "1.3.6.1.2.1.43.11.1.1.8.1.1", 100);
	set_number(f, a, "1.3.6.1.2.1.43.11.1.1.9.1.1", 40);
}

static enum st open_one(unsigned i, int *out)
{
	const struct sockaddr_in a = address_of(i + 1, DEMO_AGENT_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ST_SYSTEM;
	if (bind(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
		enum st st = errno == EADDRINUSE ? ST_IN_USE : ST_SYSTEM;
		close(fd);
		return st;
	}
	*out = fd;
	return ST_OK;
}

enum st demo_fleet_new(const char *community, struct demo_fleet **out)
{
	struct demo_fleet *f = calloc(1, sizeof *f);
	if (!f)
		return ST_NO_MEMORY;
	f->community = community;
	for (unsigned i = 0; i < DEMO_DEVICES; i++)
		f->sockets[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	for (unsigned i = 0; i < DEMO_DEVICES && f->st == ST_OK; i++) {
		f->actors[i] =
		        (struct actor){ .device = demo_device_at(i), .booted = clock_monotonic(), .uptime = RUNNING };
		f->st = open_one(i, &f->sockets[i].fd);
		dress(f, &f->actors[i]);
	}
	enum st st = f->st;
	if (st == ST_OK)
		*out = f;
	else
		demo_fleet_free(f);
	return st;
}

void demo_fleet_free(struct demo_fleet *f)
{
	for (unsigned i = 0; f && i < DEMO_DEVICES; i++) {
		if (f->sockets[i].fd >= 0)
			close(f->sockets[i].fd);
		agent_done(&f->actors[i].agent);
	}
	free(f);
}

struct trap {
	const char *oid;
	struct snmp_out_varbind v[TRAP_VARBINDS];
	size_t n;
};

static void add(struct demo_fleet *f, struct trap *t, const char *name, char type, const char *value)
{
	struct oid oid;
	enum st st = mib_parse(name, &oid);
	if (st == ST_OK)
		st = snmp_out_varbind_parse(&oid, type, value, &t->v[t->n]);
	if (st == ST_OK)
		t->n++;
	else
		f->st = st;
}

static void add_number(struct demo_fleet *f, struct trap *t, const char *name, int value)
{
	char digits[16];
	snprintf(digits, sizeof digits, "%d", value);
	add(f, t, name, 'i', digits);
}

static void send_trap(struct demo_fleet *f, unsigned device, struct trap *t)
{
	struct oid oid;
	const struct actor *a = &f->actors[device];
	uint32_t uptime = (uint32_t)((clock_monotonic() - a->booted) / HUNDREDTH) + a->uptime;
	struct wr w = wr_of(f->out, sizeof f->out);
	const struct sockaddr_in to = address_of(DEMO_COLLECTOR, DEMO_TRAP_PORT);
	if (mib_parse(t->oid, &oid) == ST_OK) {
		snmp_write_notification_v2(&w, PDU_TRAP_V2, ++f->request_id, uptime, &oid, t->v, t->n);
		snmp_wrap_community(&w, SNMP_VERSION_2C, span_str(f->community));
		struct span bytes = wr_span(&w);
		if (sendto(f->sockets[device].fd, bytes.p, bytes.n, 0, (const struct sockaddr *)&to, sizeof to) < 0)
			f->st = ST_IO;
	}
	for (size_t i = 0; i < t->n; i++)
		snmp_out_varbind_done(&t->v[i]);
}

static const char *alert_name(char out[static NAME], int column, int index)
{
	snprintf(out, NAME, ALERT ".%d.1.%d", column, index);
	return out;
}

static void alert_row(struct demo_fleet *f, struct actor *a, const struct demo_step *s)
{
	char name[NAME];
	const int numbers[] = { s->severity, s->training, s->group, s->group_index, -2, s->code };
	for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
		set_number(f, a, alert_name(name, i + 2, s->index), numbers[i]);
	set(f, a, alert_name(name, 8, s->index), 's', s->text);
}

static void alert_gone(struct actor *a, int index)
{
	char name[NAME];
	struct oid oid;
	for (int column = 2; column <= 8; column++)
		if (mib_parse(alert_name(name, column, index), &oid) == ST_OK)
			agent_remove(&a->agent, &oid);
}

static void alert_trap(struct demo_fleet *f, unsigned device, int index, int severity, int group, int group_index,
                       int code)
{
	char name[NAME];
	struct trap t = { .oid = "1.3.6.1.2.1.43.18.2.0.1" };
	add_number(f, &t, alert_name(name, 1, index), index);
	add_number(f, &t, alert_name(name, 2, index), severity);
	add_number(f, &t, alert_name(name, 4, index), group);
	add_number(f, &t, alert_name(name, 5, index), group_index);
	add_number(f, &t, alert_name(name, 6, index), -2);
	add_number(f, &t, alert_name(name, 7, index), code);
	send_trap(f, device, &t);
}

static void link_trap(struct demo_fleet *f, const struct demo_step *s)
{
	struct trap t = { .oid = s->what == DEMO_LINK_UP ? "1.3.6.1.6.3.1.1.5.4" : "1.3.6.1.6.3.1.1.5.3" };
	char name[NAME];
	snprintf(name, sizeof name, "1.3.6.1.2.1.2.2.1.1.%d", s->index);
	add_number(f, &t, name, s->index);
	send_trap(f, s->device, &t);
}

static void ups_trap(struct demo_fleet *f, const struct demo_step *s)
{
	struct trap t = { .oid = s->what == DEMO_UPS_ADDED ? "1.3.6.1.2.1.33.2.3" : "1.3.6.1.2.1.33.2.4" };
	char condition[NAME];
	snprintf(condition, sizeof condition, "1.3.6.1.2.1.33.1.6.3.%d", s->index);
	add_number(f, &t, "1.3.6.1.2.1.33.1.6.2.1.1.1", 1);
	add(f, &t, "1.3.6.1.2.1.33.1.6.2.1.2.1", 'o', condition);
	send_trap(f, s->device, &t);
}

static void restart(struct demo_fleet *f, const struct demo_step *s)
{
	struct actor *a = &f->actors[s->device];
	struct trap t = { .oid = "1.3.6.1.6.3.1.1.5.1" };
	agent_done(&a->agent);
	a->agent = (struct agent){ 0 };
	dress(f, a);
	a->booted = clock_monotonic();
	a->uptime = 0;
	send_trap(f, s->device, &t);
}

enum st demo_fleet_play(struct demo_fleet *f, const struct demo_step *s)
{
	enum { REMOVAL = 1801, GROUP_ALERT = 18, BINARY = 4, ONCE = 5, CLEAR_INDEX = 1000 };
	struct actor *a = &f->actors[s->device];
	struct trap text = { .oid = "1.3.6.1.4.1.10642.20.0.1" };
	f->st = ST_OK;
	switch (s->what) {
	case DEMO_ALERT:
		alert_row(f, a, s);
		alert_trap(f, s->device, s->index, s->severity, s->group, s->group_index, s->code);
		break;
	case DEMO_FOUND:
		alert_row(f, a, s);
		break;
	case DEMO_CLEAR:
		alert_gone(a, s->index);
		alert_trap(f, s->device, CLEAR_INDEX + s->index, BINARY, GROUP_ALERT, s->index, REMOVAL);
		break;
	case DEMO_LOST:
		alert_gone(a, s->index);
		break;
	case DEMO_CLOSE:
		alert_gone(a, s->index);
		alert_trap(f, s->device, CLEAR_INDEX + s->index, ONCE, s->group, s->group_index, s->code);
		break;
	case DEMO_LINK_DOWN:
	case DEMO_LINK_UP:
		link_trap(f, s);
		break;
	case DEMO_UPS_ADDED:
	case DEMO_UPS_REMOVED:
		ups_trap(f, s);
		break;
	case DEMO_TEXT:
		add(f, &text, "1.3.6.1.4.1.10642.20.3.7", 's', s->text);
		send_trap(f, s->device, &text);
		break;
	case DEMO_RESTART:
		restart(f, s);
		break;
	}
	return f->st;
}

// One request; who does not know the community gets no answer, as from any agent.
static void answer(struct demo_fleet *f, unsigned i)
{
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(f->sockets[i].fd, f->in, sizeof f->in, 0, (struct sockaddr *)&from, &size);
	struct snmp_message m;
	struct wr w = wr_of(f->out, sizeof f->out);
	if (n < 0 || snmp_parse_request(span_of(f->in, (size_t)n), &m) != ST_OK ||
	    !span_equal(m.community, span_str(f->community)) ||
	    agent_answer(&f->actors[i].agent, m.version, &m.pdu, &w) != ST_OK)
		return;
	snmp_wrap_community(&w, m.version, m.community);
	struct span bytes = wr_span(&w);
	(void)sendto(f->sockets[i].fd, bytes.p, bytes.n, 0, (const struct sockaddr *)&from, size);
}

void demo_fleet_answer(struct demo_fleet *f, int ms)
{
	int64_t until = clock_monotonic() + (int64_t)ms * 1000000;
	for (int64_t left = ms; left >= 0; left = (until - clock_monotonic()) / 1000000) {
		int ready = poll(f->sockets, DEMO_DEVICES, (int)left);
		if (ready < 0) // a signal: the caller looks
			return;
		for (unsigned i = 0; i < DEMO_DEVICES && ready > 0; i++)
			if (f->sockets[i].revents & POLLIN)
				answer(f, i);
		if (clock_monotonic() >= until)
			return;
	}
}
