// SPDX-License-Identifier: Apache-2.0
// Few devices, sub-units, codes and indexes, so that they meet each other often.
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "make.h"

enum { POOL = 3000, RECORD_ROOM = 2048, SENDERS = 14 };

struct pool {
	struct {
		uint8_t bytes[RECORD_ROOM];
		size_t n;
	} records[POOL];
	struct made made;
	struct text note;
};

uint64_t draw_next(struct random *r) // splitmix64
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t draw_below(struct random *r, uint64_t n)
{
	return draw_next(r) % n;
}

static int pick(struct random *r, const int *from, size_t n)
{
	return from[draw_below(r, n)];
}
#define PICK(r, ...) pick(r, (const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void printer_trap(struct made *m, struct random *r)
{
	char text[6][16], oid[6][48];
	static const int columns[] = { 1, 2, 4, 5, 6, 7 };
	int device = PICK(r, 1, 1, 1, 2, 0), index = (int)draw_below(r, 12);
	bool generic = draw_below(r, 6) == 0, removed = draw_below(r, 5) == 0;
	int values[] = { index,
		         removed   ? 4
		         : generic ? 3
		                   : PICK(r, 3, 3, 3, 4, 5),
		         removed   ? 18
		         : generic ? 1
		                   : PICK(r, 5, 6, 8, 10, 30),
		         removed ? (int)draw_below(r, 12) : PICK(r, 1, 1, 2),
		         PICK(r, -2, -2, 4),
		         removed   ? 1801
		         : generic ? 1
		                   : PICK(r, 3, 4, 8, 8, 12, 13, 501, 502, 808, 30208, 30203, 30204) };
	struct value rows[7] = { 0 };
	for (int i = 0; i < 6; i++) {
		snprintf(oid[i], sizeof oid[i], "1.3.6.1.2.1.43.18.1.1.%d.%d.%d", columns[i], device, index);
		snprintf(text[i], sizeof text[i], "%d", values[i]);
		rows[i] = (struct value){ oid[i], 'i', text[i] };
	}
	make_v2(m, EVENT_TRAP, "1.3.6.1.2.1.43.18.2.0.1", rows);
}

static void link_trap(struct made *m, struct random *r)
{
	char text[8];
	snprintf(text, sizeof text, "%d", PICK(r, 1, 2, 3));
	const struct value rows[] = { { "1.3.6.1.2.1.2.2.1.1.1", 'i', text }, { 0 } };
	make_v2(m, EVENT_TRAP, draw_below(r, 2) ? "1.3.6.1.6.3.1.1.5.3" : "1.3.6.1.6.3.1.1.5.4", rows);
}

static void ups_trap(struct made *m, struct random *r)
{
	char alarm[40];
	snprintf(alarm, sizeof alarm, "1.3.6.1.2.1.33.1.6.3.%d", PICK(r, 2, 3, 16));
	const struct value entry[] = { { "1.3.6.1.2.1.33.1.6.2.1.1.4", 'i', "4" },
		                       { "1.3.6.1.2.1.33.1.6.2.1.2.4", 'o', alarm },
		                       { 0 } };
	const struct value battery[] = { { "1.3.6.1.2.1.33.1.2.3.0", 'i', draw_below(r, 2) ? "30" : "2" },
		                         { "1.3.6.1.2.1.33.1.9.7.0", 'i', "5" },
		                         { 0 } };
	int which = PICK(r, 1, 3, 4);
	char trap[32];
	snprintf(trap, sizeof trap, "1.3.6.1.2.1.33.2.%d", which);
	make_v2(m, EVENT_TRAP, trap, which == 1 ? battery : entry);
}

static void text_trap(struct made *m, struct random *r)
{
	static const char *const words[] = { "error: head open", "error: ribbon out", "cleared: head open", "hello" };
	const struct value rows[] = { { "1.3.6.1.4.1.10642.1.1.0", 's', words[draw_below(r, 4)] },
		                      { "1.3.6.1.2.1.43.5.1.1.17.1", 's', draw_below(r, 2) ? "SN1" : "SN2" },
		                      { 0 } };
	make_v2(m, EVENT_INFORM, "1.3.6.1.4.1.10642.2.0.1", rows);
}

static void plain_trap(struct made *m, struct random *r)
{
	char trap[32];
	snprintf(trap, sizeof trap, "1.3.6.1.6.3.1.1.5.%d", PICK(r, 1, 2, 5, 5, 5));
	make_v2(m, EVENT_TRAP, trap, NULL);
}

static void sensor_trap(struct made *m, struct random *r)
{
	char text[8];
	snprintf(text, sizeof text, "%d", PICK(r, 1, 2, 3));
	const struct value rows[] = { { "1.3.6.1.2.1.99.1.1.1.5.7", 'i', text }, { 0 } };
	make_v2(m, EVENT_TRAP, "1.3.6.1.4.1.99999.0.1", rows);
}

static void set_sender(struct event *e, struct random *r)
{
	static const char *const sites[] = { "", "rotterdam", "rotterdam", "oslo" };
	static const char *const engines[] = { "\x80\x01\x02\x03\x01", "\x80\x01\x02\x03\x02", "\x80\x01\x02\x03\x03" };
	uint64_t sender = draw_below(r, SENDERS);
	e->peer.ip[15] = (uint8_t)(1 + sender % 6);
	e->site = span_str(sites[sender % 4]);
	if (sender % 3 == 0) {
		e->version = SNMP_V3;
		e->engine = span_str(engines[draw_below(r, 3)]);
	}
}

struct pool *pool_new(struct random *r)
{
	static void (*const kinds[])(struct made * m, struct random * r) = { printer_trap, printer_trap, printer_trap,
		                                                             link_trap,    ups_trap,     text_trap,
		                                                             plain_trap,   sensor_trap };
	struct pool *p = calloc(1, sizeof *p);
	assert_non_null(p);
	for (size_t i = 0; i < POOL; i++) {
		kinds[draw_below(r, sizeof kinds / sizeof *kinds)](&p->made, r);
		set_sender(&p->made.event, r);
		if (draw_below(r, 50) == 0) {
			p->made.event.kind = EVENT_STORM;
			p->made.event.count = 9;
			p->made.event.pdu_last = p->made.event.pdu;
		}
		p->records[i].n = event_encode(&p->made.event, p->records[i].bytes, RECORD_ROOM);
		assert_true(p->records[i].n > 0);
	}
	return p;
}

void pool_free(struct pool *p)
{
	text_done(&p->note);
	free(p);
}

static const char rules_text[] =
        "{\"hash\":\"%s\",\"file\":\"rules.yaml\",\"rules\":["
        "{\"name\":\"over\",\"trap\":\"1.3.6.1.4.1.10642\",\"text\":\"cleared\",\"do\":\"clear\",\"key\":\"error\"},"
        "{\"name\":\"error\",\"enterprise\":\"1.3.6.1.4.1.10642\",\"text\":\"error\",\"do\":\"raise\",\"key\":"
        "\"error\","
        "\"severity\":\"%s\",\"words\":\"It says {text}\",\"who\":\"anyone\",\"expires\":%d},"
        "{\"name\":\"hello\",\"text\":\"hello\",\"do\":\"ignore\"}]}";

static void draw_act(struct pool *p, struct random *r, uint64_t last, int64_t now)
{
	const long long second = now / 1000000000;
	uint64_t near = last > 60 ? last - draw_below(r, 60) : 1;
	switch (draw_below(r, 8)) {
	case 0:
	case 1:
		text_printf(&p->note, "{\"act\":\"ack\",\"alarm\":%llu,\"by\":\"alice\",\"note\":\"on my way\"}",
		            (unsigned long long)near);
		break;
	case 2:
		text_printf(&p->note, "{\"act\":\"unack\",\"alarm\":%llu,\"by\":\"bob\"}", (unsigned long long)near);
		break;
	case 3:
		text_printf(&p->note, "{\"act\":\"clear\",\"alarm\":%llu,\"by\":\"bob\"}", (unsigned long long)near);
		break;
	case 4:
		text_printf(&p->note, "{\"act\":\"silence\",\"site\":\"rotterdam\",\"until\":%lld,\"by\":\"bob\"}",
		            second + 30 + (long long)draw_below(r, 4000));
		break;
	case 5:
		text_printf(&p->note,
		            "{\"act\":\"silence\",\"code\":8,\"key\":\"printer/1\",\"from\":%lld,\"until\":%lld}",
		            second + 60, second + 900);
		break;
	case 6:
		text_printf(&p->note, "{\"act\":\"unsilence\",\"silence\":%llu}", (unsigned long long)near);
		break;
	default:
		text_printf(&p->note, "{\"act\":\"merge\",\"device\":%llu,\"into\":%llu}",
		            (unsigned long long)(1 + draw_below(r, 40)), (unsigned long long)(1 + draw_below(r, 40)));
		break;
	}
}

static void draw_poll(struct pool *p, struct random *r, uint64_t last)
{
	unsigned long long device = 1 + draw_below(r, 30), near = last > 60 ? last - draw_below(r, 60) : 1;
	switch (draw_below(r, 5)) {
	case 3:
		text_printf(&p->note,
		            "{\"device\":%llu,\"asked\":\"ok\",\"status\":\"%s\",\"supplies\":[{\"percent\":%d}]}",
		            device, draw_below(r, 2) ? "idle" : "printing", PICK(r, 10, 20, 30));
		break;
	case 0:
		text_printf(&p->note, "{\"device\":%llu,\"asked\":\"ok\",\"serial\":\"SN%d\",\"model\":\"M\"}", device,
		            PICK(r, 1, 2, 3));
		break;
	case 1:
		text_printf(&p->note, "{\"device\":%llu,\"gone\":%llu}", device, near);
		break;
	case 2:
		text_printf(&p->note, "{\"device\":%llu,\"asked\":\"no answer\"}", device);
		break;
	default:
		text_printf(
		        &p->note,
		        "{\"device\":%llu,\"alert\":{\"device\":1,\"index\":%d,\"severity\":%d,\"training\":4,"
		        "\"group\":8,\"group_index\":1,\"location\":-2,\"code\":%d,\"description\":\"Papierstau\"}}",
		        device, PICK(r, 1, 2, 3, 4), PICK(r, 3, 4), PICK(r, 8, 12, 808));
		break;
	}
}

void pool_draw(struct pool *p, struct random *r, uint64_t last, int64_t now, struct event *out)
{
	uint64_t kind = draw_below(r, 100);
	text_clear(&p->note);
	*out = (struct event){ .received = now };
	if (kind < 3) {
		out->kind = EVENT_ACT;
		draw_act(p, r, last, now);
	} else if (kind < 6) {
		out->kind = EVENT_POLL;
		draw_poll(p, r, last);
	} else if (kind < 7 && draw_below(r, 20) == 0) {
		bool other = draw_below(r, 2);
		out->kind = EVENT_RULES;
		text_printf(&p->note, rules_text, other ? "aa" : "bb", other ? "major" : "critical", other ? 600 : 0);
	} else if (kind < 8 && draw_below(r, 100) == 0) {
		out->kind = draw_below(r, 2) ? EVENT_GAP : EVENT_STARTED;
		text_add(&p->note, "{}");
	} else {
		size_t i = draw_below(r, POOL);
		assert_int_equal(event_decode(span_of(p->records[i].bytes, p->records[i].n), out), ST_OK);
		out->received = now;
		return;
	}
	out->note = span_of(p->note.p, p->note.n);
}
