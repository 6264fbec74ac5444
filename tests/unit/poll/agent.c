// SPDX-License-Identifier: Apache-2.0
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int order(const void *a, const void *b)
{
	const struct agent_object *x = a, *y = b;
	return oid_compare(&x->oid, &y->oid);
}

static struct agent_object *object_at(struct agent *a, const char *dotted)
{
	struct oid o;
	if (oid_parse(dotted, &o) || a->n >= AGENT_OBJECTS)
		abort();
	for (size_t i = 0; i < a->n; i++)
		if (oid_compare(&a->list[i].oid, &o) == 0)
			return &a->list[i];
	a->list[a->n++] = (struct agent_object){ .oid = o };
	qsort(a->list, a->n, sizeof *a->list, order);
	return object_at(a, dotted);
}

void agent_number(struct agent *a, const char *dotted, int64_t n)
{
	struct agent_object *o = object_at(a, dotted);
	o->type = BER_INTEGER;
	o->number = n;
}

void agent_text(struct agent *a, const char *dotted, const char *text)
{
	struct agent_object *o = object_at(a, dotted);
	o->type = BER_OCTETS;
	snprintf(o->text, sizeof o->text, "%s", text);
}

static const char *column(const char *table, int c, int index)
{
	static char text[80];
	snprintf(text, sizeof text, "1.3.6.1.2.1.43.%s.1.%d.1.%d", table, c, index);
	return text;
}

void agent_alert(struct agent *a, int index, int severity, int training, int group, int group_index, int location,
                 int code, const char *text)
{
	const int values[] = { severity, training, group, group_index, location, code };
	for (int i = 0; i < 6; i++)
		agent_number(a, column("18.1", 2 + i, index), values[i]);
	agent_text(a, column("18.1", 8, index), text);
}

void agent_no_alerts(struct agent *a)
{
	static const struct oid table = { { 1, 3, 6, 1, 2, 1, 43, 18 }, 8 };
	size_t kept = 0;
	for (size_t i = 0; i < a->n; i++)
		if (!oid_starts_with(&a->list[i].oid, &table))
			a->list[kept++] = a->list[i];
	a->n = kept;
}

void agent_printer(struct agent *a)
{
	a->n = 0;
	agent_text(a, "1.3.6.1.2.1.1.1.0", "Firmware 7\nbuilt today");
	agent_text(a, "1.3.6.1.2.1.1.5.0", "printer-1");
	agent_text(a, "1.3.6.1.2.1.1.6.0", "Hall");
	agent_text(a, "1.3.6.1.2.1.25.3.2.1.3.1", "Model One");
	agent_number(a, "1.3.6.1.2.1.25.3.5.1.1.1", 3);
	agent_text(a, "1.3.6.1.2.1.25.3.5.1.2.1", "\x24"); // lowToner, jammed
	agent_number(a, "1.3.6.1.2.1.43.5.1.1.1.1", 4);
	agent_text(a, "1.3.6.1.2.1.43.5.1.1.17.1", "SN-1");
	for (int c = 4; c <= 9; c++)
		agent_number(a, column("11.1", c, 1), c == 8 ? 200 : c == 9 ? 50 : 3);
	agent_text(a, column("11.1", 6, 1), "Black toner");
	agent_number(a, "1.3.6.1.2.1.44.1.0", 1); // what follows
}

static const struct agent_object *after(const struct agent *a, const struct oid *o)
{
	for (size_t i = 0; i < a->n; i++)
		if (oid_compare(&a->list[i].oid, o) > 0)
			return &a->list[i];
	return NULL;
}

static void put_varbind(struct wr *w, const struct oid *oid, const struct agent_object *o)
{
	const uint8_t *mark = w->at;
	if (!o)
		ber_put(w, BER_END_OF_MIB_VIEW, (struct span){ 0 });
	else if (o->type == BER_INTEGER)
		ber_put_int(w, BER_INTEGER, o->number);
	else
		ber_put(w, BER_OCTETS, span_str(o->text));
	ber_put_oid(w, oid);
	ber_head(w, BER_SEQUENCE, mark);
}

struct found {
	struct oid oid;
	const struct agent_object *object;
};

// The objects behind each OID asked for; -1, or the number of the one that v1 cannot answer.
static int find(const struct agent *a, int32_t version, const struct snmp_pdu *q, struct found *out, size_t *n)
{
	size_t asked = 0, rounds = q->tag == PDU_GET_BULK ? (size_t)q->error_index : 1;
	struct ber list = ber_of(q->varbinds);
	struct oid at[SNMP_WALK_COLUMNS];
	for (struct snmp_varbind v; asked < SNMP_WALK_COLUMNS && snmp_varbind_next(&list, &v); asked++)
		(void)oid_decode(v.oid, &at[asked]);
	*n = 0;
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < asked; i++) {
			const struct agent_object *o = after(a, &at[i]);
			if (!o && version == SNMP_VERSION_1)
				return (int)i;
			out[(*n)++] = (struct found){ o ? o->oid : at[i], o };
			if (o && !a->stuck)
				at[i] = o->oid;
		}
	return -1;
}

bool agent_answer(const struct agent *a, struct span datagram, int32_t shift, const char *community, struct wr *w)
{
	struct ber b = ber_of(datagram), body = ber_enter(&b, BER_SEQUENCE);
	int32_t version = ber_int32(&body);
	struct span asked = ber_take(&body, BER_OCTETS);
	uint8_t tag;
	struct snmp_pdu q;
	struct span pdu = ber_whole(&body, &tag);
	if (ber_end(&body) || snmp_parse_pdu(pdu, &q) || (q.tag != PDU_GET_NEXT && q.tag != PDU_GET_BULK))
		return false;
	static struct found found[SNMP_WALK_COLUMNS * SNMP_WALK_REPETITIONS];
	size_t n;
	int missing = find(a, version, &q, found, &n);
	const uint8_t *whole = w->at;
	for (size_t i = missing < 0 ? n : 0; i-- > 0;)
		put_varbind(w, &found[i].oid, found[i].object);
	ber_head(w, BER_SEQUENCE, whole);
	ber_put_int(w, BER_INTEGER, missing + 1);
	ber_put_int(w, BER_INTEGER, missing < 0 ? 0 : SNMP_NO_SUCH_NAME);
	ber_put_int(w, BER_INTEGER, q.request_id + shift);
	ber_head(w, PDU_RESPONSE, whole);
	snmp_wrap_community(w, version, community ? span_str(community) : asked);
	return !w->full;
}
