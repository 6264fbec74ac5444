// SPDX-License-Identifier: Apache-2.0
#include "snmp/agent.h"

#include <stdlib.h>

#include "snmp/request.h"

// error-status values (RFC 3416 3) that only an agent sends.
enum { SNMP_GEN_ERR = 5, SNMP_NOT_WRITABLE = 17 };

void agent_done(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++)
		snmp_out_varbind_done(&a->objects[i]);
	free(a->objects);
	*a = (struct agent){ 0 };
}

// The first object that is not before `oid`; agent.n: none.
static size_t find(const struct agent *a, const struct oid *oid)
{
	size_t low = 0, high = a->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (oid_compare(&a->objects[middle].oid, oid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct agent *a, size_t i, const struct oid *oid)
{
	return i < a->n && oid_compare(&a->objects[i].oid, oid) == 0;
}

static enum st make_room(struct agent *a)
{
	enum { STEP = 32 };
	if (a->n < a->room)
		return ST_OK;
	if (a->n >= AGENT_OBJECTS_MAX)
		return ST_FULL;
	struct snmp_out_varbind *more = reallocarray(a->objects, a->room + STEP, sizeof *more);
	if (!more)
		return ST_NO_MEMORY;
	a->objects = more;
	a->room += STEP;
	return ST_OK;
}

enum st agent_set(struct agent *a, const struct oid *oid, char type, const char *value)
{
	struct snmp_out_varbind v = { 0 };
	size_t at = find(a, oid);
	bool is_there = is_at(a, at, oid);
	enum st st = snmp_out_varbind_parse(oid, type, value, &v);
	if (st == ST_OK && !is_there)
		st = make_room(a);
	if (st != ST_OK) {
		snmp_out_varbind_done(&v);
		return st;
	}
	if (is_there) {
		snmp_out_varbind_done(&a->objects[at]);
	} else {
		memmove(a->objects + at + 1, a->objects + at, (a->n - at) * sizeof v);
		a->n++;
	}
	a->objects[at] = v;
	return ST_OK;
}

void agent_remove(struct agent *a, const struct oid *oid)
{
	size_t at = find(a, oid);
	if (!is_at(a, at, oid))
		return;
	snmp_out_varbind_done(&a->objects[at]);
	a->n--;
	memmove(a->objects + at, a->objects + at + 1, (a->n - at) * sizeof *a->objects);
}

enum st snmp_parse_request(struct span datagram, struct snmp_message *out)
{
	struct snmp_message m = { 0 };
	enum st st = snmp_parse_version(datagram, &m.version);
	if (st != ST_OK)
		return st;
	if (m.version == SNMP_VERSION_3)
		return ST_VERSION;
	struct ber b = ber_of(datagram), body = ber_enter(&b, BER_SEQUENCE);
	(void)ber_int32(&body);
	m.community = ber_take(&body, BER_OCTETS);
	if (m.community.n > SNMP_COMMUNITY_MAX)
		ber_fail(&body, ST_COMMUNITY);
	uint8_t tag;
	struct span pdu = ber_whole(&body, &tag);
	st = ber_end(&body);
	if (st != ST_OK)
		return st;
	if (tag == PDU_GET_BULK && m.version == SNMP_VERSION_1)
		return ST_VERSION;
	if (tag != PDU_GET && tag != PDU_GET_NEXT && tag != PDU_GET_BULK && tag != PDU_SET)
		return ST_PDU_TYPE;
	st = snmp_parse_pdu(pdu, &m.pdu);
	if (st == ST_OK)
		*out = m;
	return st;
}

// One varbind of the answer: an object, or the name that was asked for and why there is none.
struct found {
	const struct snmp_out_varbind *object;
	struct oid asked;
	uint8_t why; // BER_NO_SUCH_INSTANCE, BER_END_OF_MIB_VIEW
};

struct answer {
	const struct agent *agent;
	int32_t version;
	int32_t error_status, error_index;
	struct found list[AGENT_VARBINDS_MAX];
	size_t n;
};

static void take_exact(struct answer *r, const struct oid *oid)
{
	struct found *f = &r->list[r->n++];
	size_t at = find(r->agent, oid);
	*f = (struct found){ .asked = *oid, .why = BER_NO_SUCH_INSTANCE };
	if (is_at(r->agent, at, oid))
		f->object = &r->agent->objects[at];
}

static void take_next(struct answer *r, const struct oid *oid)
{
	struct found *f = &r->list[r->n++];
	size_t at = find(r->agent, oid);
	at += is_at(r->agent, at, oid);
	*f = (struct found){ .asked = *oid, .why = BER_END_OF_MIB_VIEW };
	if (at < r->agent->n)
		f->object = &r->agent->objects[at];
}

static bool read_names(const struct snmp_pdu *request, struct oid *names, size_t *n)
{
	struct ber list = ber_of(request->varbinds);
	struct snmp_varbind v;
	*n = 0;
	while (snmp_varbind_next(&list, &v)) {
		if (*n == AGENT_NAMES_MAX || oid_decode(v.oid, &names[*n]) != ST_OK)
			return false;
		(*n)++;
	}
	return true;
}

static size_t at_least_0(int32_t n)
{
	return n > 0 ? (size_t)n : 0;
}

// RFC 3416 4.2.3: the first names once, the others row by row, each row beginning where the one before ended.
static void take_bulk(struct answer *r, const struct snmp_pdu *request, const struct oid *names, size_t n)
{
	size_t once = at_least_0(request->error_status), rows = at_least_0(request->error_index);
	once = once < n ? once : n;
	for (size_t i = 0; i < once; i++)
		take_next(r, &names[i]);
	size_t width = n - once;
	bool more = width > 0;
	for (size_t row = 0; row < rows && more && r->n + width <= AGENT_VARBINDS_MAX; row++) {
		more = false;
		for (size_t i = 0; i < width; i++) {
			const struct found *above = row ? &r->list[r->n - width] : NULL;
			const struct oid from = !above          ? names[once + i]
			                        : above->object ? above->object->oid
			                                        : above->asked;
			take_next(r, &from);
			more = more || r->list[r->n - 1].object;
		}
	}
}

static void take_all(struct answer *r, const struct snmp_pdu *request)
{
	struct oid names[AGENT_NAMES_MAX];
	size_t n;
	if (request->tag == PDU_SET) {
		r->error_status = r->version == SNMP_VERSION_1 ? SNMP_NO_SUCH_NAME : SNMP_NOT_WRITABLE;
		r->error_index = 1;
	} else if (!read_names(request, names, &n)) {
		r->error_status = SNMP_GEN_ERR;
	} else if (request->tag == PDU_GET_BULK) {
		take_bulk(r, request, names, n);
	} else {
		for (size_t i = 0; i < n; i++)
			(request->tag == PDU_GET ? take_exact : take_next)(r, &names[i]);
	}
	for (size_t i = 0; r->version == SNMP_VERSION_1 && i < r->n && !r->error_status; i++)
		if (!r->list[i].object) {
			r->error_status = SNMP_NO_SUCH_NAME;
			r->error_index = (int32_t)i + 1;
		}
}

static void write_one(struct wr *w, const struct found *f)
{
	const uint8_t *mark = w->at;
	if (f->object)
		ber_put(w, f->object->type, span_of(f->object->value, f->object->n));
	else
		ber_put(w, f->why, (struct span){ 0 });
	ber_put_oid(w, f->object ? &f->object->oid : &f->asked);
	ber_head(w, BER_SEQUENCE, mark);
}

static void write_head(struct wr *w, const struct answer *r, int32_t id, const uint8_t *mark)
{
	ber_head(w, BER_SEQUENCE, mark);
	ber_put_int(w, BER_INTEGER, r->error_index);
	ber_put_int(w, BER_INTEGER, r->error_status);
	ber_put_int(w, BER_INTEGER, id);
	ber_head(w, PDU_RESPONSE, mark);
}

static bool write_found(const struct answer *r, const struct snmp_pdu *request, struct wr *w)
{
	const uint8_t *mark = w->at;
	if (r->error_status && r->error_status != SNMP_TOO_BIG)
		wr_bytes(w, request->varbinds); // an error repeats what was asked
	for (size_t i = r->error_status ? 0 : r->n; i-- > 0;)
		write_one(w, &r->list[i]);
	write_head(w, r, request->request_id, mark);
	return !w->full;
}

enum st agent_answer(const struct agent *a, int32_t version, const struct snmp_pdu *request, struct wr *w)
{
	if (request->tag != PDU_GET && request->tag != PDU_GET_NEXT && request->tag != PDU_GET_BULK &&
	    request->tag != PDU_SET)
		return ST_PDU_TYPE;
	struct answer r = { .agent = a, .version = version };
	uint8_t room[AGENT_ANSWER_MAX];
	take_all(&r, request);
	struct wr pdu = wr_of(room, sizeof room);
	while (!write_found(&r, request, &pdu)) {
		pdu = wr_of(room, sizeof room);
		if (request->tag == PDU_GET_BULK && !r.error_status && r.n > 1) {
			r.n -= (r.n + 3) / 4;
		} else if (r.error_status != SNMP_TOO_BIG) {
			r.error_status = SNMP_TOO_BIG;
			r.error_index = 0;
		} else {
			return ST_FULL;
		}
	}
	struct wr attempt = *w;
	wr_bytes(&attempt, wr_span(&pdu));
	if (attempt.full)
		return ST_FULL;
	*w = attempt;
	return ST_OK;
}
