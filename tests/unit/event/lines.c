// SPDX-License-Identifier: Apache-2.0
// Prints events as JSON, one a line with the case's name and a tab in front, for check_lines.py to read back with a JSON
// reader that is not ours.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/describe.h"
#include "make.h"

#define ANY "1.3.6.1.4.1.9999.1"
#define TRAP "1.3.6.1.4.1.9999.0.1"
#define LINK_DOWN "1.3.6.1.6.3.1.1.5.3"
#define LINK_UP "1.3.6.1.6.3.1.1.5.4"
#define IF_INDEX "1.3.6.1.2.1.2.2.1.1."

static void print(const char *name, const struct event *e)
{
	struct event_words w = { 0 };
	struct text t = { 0 };
	enum st st = event_describe(e, &w);
	if (st != ST_OK)
		exit(1);
	event_json(e, &w, &t);
	printf("%s\t%s\n", name, text_str(&t));
	event_words_done(&w);
	text_done(&t);
}

static void print_messages(void)
{
	static struct made m;
	make_v2(&m, EVENT_TRAP, LINK_DOWN, (const struct value[]){ { IF_INDEX "3", 'i', "3" }, { 0 } });
	m.event.id = 4711;
	m.event.site = span_str("rotterdam");
	m.event.flags = EVENT_FLAG_LENIENT | EVENT_FLAG_RELAYED | 1u << 31;
	m.event.waiting = 12;
	print("v2c", &m.event);
	make_v2(&m, EVENT_INFORM, "1.3.6.1.6.3.1.1.5.1", NULL);
	m.event.version = SNMP_V3;
	m.event.level = LEVEL_AUTHPRIV;
	m.event.transport = TRANSPORT_ESP;
	m.event.credential = span_str("alice");
	m.event.engine = span_of("\x80\x00\x1f\x88\xAB", 5);
	addr_parse("[2001:db8::7]:162", &m.event.peer);
	print("v3", &m.event);
	make_v1(&m, "1.3.6.1.4.1.9999", "10.0.0.9", 6, 17, NULL);
	print("v1", &m.event);
	make_v1(&m, "1.3.6.1.4.1.9999", "0.0.0.0", 6, 17, NULL);
	print("v1 without an agent", &m.event);
	make_v2(&m, EVENT_TRAP, LINK_DOWN,
	        (const struct value[]){ { "1.3.6.1.6.3.18.1.3.0", 'a', "10.9.8.7" }, { 0 } });
	print("snmpTrapAddress", &m.event);
}

static void print_values(void)
{
	static const struct value values[] = {
		{ ANY, 'i', "-2147483648" },
		{ ANY, 'u', "4294967295" },
		{ ANY, 'c', "4294967295" },
		{ ANY, 'C', "18446744073709551615" },
		{ ANY, 't', "4294967295" },
		{ ANY, 'a', "10.0.0.5" },
		{ ANY, 'o', "1.3.6.1.4.1.1552.1" },
		{ ANY, 's', "a\"b\\c" },
		{ ANY, 's', "" },
		{ ANY, 'x', "00 ff" },
		{ ANY, 'n', "" },
		{ "1.3.6.1.2.1.43.18.1.1.7.1.1", 'i', "8" },
		{ "1.3.6.1.2.1.25.3.5.1.2.1", 'x', "44" },
		{ "1.3.6.1.6.3.18.1.4.0", 's', "topsecret" },
		{ "1.3.6.1.6.3.18.1.4.0", 'i', "42" },
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		static struct made m;
		const struct value one[] = { values[i], { 0 } };
		make_v2(&m, EVENT_TRAP, TRAP, one);
		print("value", &m.event);
	}
}

static void print_hostile_bytes(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		static struct made m;
		char hex[32];
		snprintf(hex, sizeof(hex), "41%02x%02x42e28080", byte, 255 - byte);
		make_v2(&m, EVENT_TRAP, LINK_DOWN,
		        (const struct value[]){ { "1.3.6.1.2.1.2.2.1.2.3", 'x', hex }, { ANY, 'x', hex }, { 0 } });
		uint8_t raw[] = { 'x', (uint8_t)byte, '"' };
		m.event.site = span_of(raw, sizeof(raw));
		m.event.credential = m.event.site;
		print("hostile", &m.event);
	}
}

static void print_storms(void)
{
	static struct made first, last;
	make_v2(&first, EVENT_TRAP, LINK_DOWN, (const struct value[]){ { IF_INDEX "3", 'i', "3" }, { 0 } });
	make_v2(&last, EVENT_TRAP, LINK_UP, (const struct value[]){ { IF_INDEX "4", 'i', "4" }, { 0 } });
	first.event.kind = EVENT_STORM;
	first.event.count = 412;
	first.event.pdu_last = last.event.pdu;
	print("storm", &first.event);
	first.event.pdu_last.n = 3;
	print("storm without a last", &first.event);
}

static void print_notes(void)
{
	static const char *const json[] = {
		"{\"version\":\"0.1.0\",\"a\":[1,-2.5e+3,true,null,{\"b\":\"\\u00e9\\n\"}]}",
		"{}",
		"[ ]",
		"{ \"site\" : \"Oc\xc3\xa9\" }",
	};
	static const char *const not_json[] = {
		"{\"a\":1",   "{\"a\":1}}", "{\"a\" 1}",   "{\"a\":1,}", "{a:1}",
		"[01]",       "[1.]",       "[+1]",        "[\"\\x\"]",  "[\"\\u12g4\"]",
		"[\"a\nb\"]", "[\"\xff\"]", "{\"a\":\n1}", "[tru]",      "[[[[[[[[[1]]]]]]]]]",
		"hello",      "[1 2]",      "\"",          "[\"\\",      "{\"a\":1,\"b\"}",
	};
	for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++)
		print("note", &(struct event){ .id = 1, .kind = EVENT_STARTED, .note = span_str(json[i]) });
	for (size_t i = 0; i < sizeof(not_json) / sizeof(not_json[0]); i++)
		print("text note", &(struct event){ .id = 1, .kind = EVENT_RELOADED, .note = span_str(not_json[i]) });
	print("no note", &(struct event){ .kind = EVENT_STOPPED });
}

int main(void)
{
	print_messages();
	print_values();
	print_hostile_bytes();
	print_storms();
	print_notes();
	return 0;
}
