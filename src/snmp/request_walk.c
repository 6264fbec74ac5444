// SPDX-License-Identifier: Apache-2.0
// The walk down a table. What an agent may do and what becomes of it: OIDs that do not rise end the walk at once; a table
// that never ends is left after SNMP_WALK_VARBINDS values; one that answers with too little per message after
// SNMP_WALK_STEPS; a message that would be too big (RFC 3416 4.2.3) is asked for again in smaller parts. Rows with holes
// keep their order, because every column goes its own way.
#include "snmp/request.h"

void snmp_walk_begin(struct snmp_walk *w, const struct oid *columns, size_t n, bool once)
{
	w->columns = columns;
	w->n = (uint8_t)n;
	w->once = once;
	w->width = w->n;
	w->repetitions = SNMP_WALK_REPETITIONS;
	w->varbinds = w->steps = 0;
	w->open = (UINT32_C(1) << n) - 1;
	w->asked_n = 0;
	for (size_t i = 0; i < n; i++)
		w->at[i] = columns[i];
}

bool snmp_walk_more(const struct snmp_walk *w)
{
	return w->open != 0;
}

static bool is_open(const struct snmp_walk *w, size_t column)
{
	return w->open >> column & 1;
}

static void end_column(struct snmp_walk *w, size_t column)
{
	w->open &= ~(UINT32_C(1) << column);
}

void snmp_walk_write(struct snmp_walk *w, int32_t version, int32_t id, struct wr *out)
{
	const struct oid *oids[SNMP_WALK_COLUMNS];
	bool bulk = version != SNMP_VERSION_1 && !w->once;
	const struct snmp_request r = { bulk ? PDU_GET_BULK : PDU_GET_NEXT, id, 0, w->repetitions };
	w->asked_n = 0;
	for (uint8_t i = 0; i < w->n && w->asked_n < w->width; i++)
		if (is_open(w, i)) {
			oids[w->asked_n] = &w->at[i];
			w->asked[w->asked_n++] = i;
		}
	snmp_write_request(out, &r, oids, w->asked_n);
}

static enum st take_error(struct snmp_walk *w, const struct snmp_pdu *answer)
{
	if (answer->error_status == SNMP_TOO_BIG) {
		uint8_t *part = w->repetitions > 1 && !w->once ? &w->repetitions : &w->width;
		if (*part <= 1)
			return ST_AGENT;
		*part /= 2;
		return ST_OK;
	}
	// v1 has no other way to say that nothing follows (RFC 1157 4.1.3).
	if (answer->error_status != SNMP_NO_SUCH_NAME || answer->error_index < 1 || answer->error_index > w->asked_n)
		return ST_AGENT;
	end_column(w, w->asked[answer->error_index - 1]);
	return ST_OK;
}

static bool is_value(uint8_t type)
{
	return type != BER_NO_SUCH_OBJECT && type != BER_NO_SUCH_INSTANCE && type != BER_END_OF_MIB_VIEW;
}

// One value of a column that is open.
static enum st take_value(struct snmp_walk *w, size_t column, const struct snmp_varbind *v, snmp_walk_fn *visit,
                          void *arg)
{
	const struct oid *under = &w->columns[column];
	struct oid o;
	if (!is_value(v->type)) {
		end_column(w, column);
		return ST_OK;
	}
	if (oid_decode(v->oid, &o) != ST_OK || oid_compare(&o, &w->at[column]) <= 0)
		return ST_WALK_STUCK;
	if (!oid_starts_with(&o, under)) {
		end_column(w, column);
		return ST_OK;
	}
	if (++w->varbinds > SNMP_WALK_VARBINDS)
		return ST_WALK_ENDLESS;
	visit(arg, column, o.arc + under->n, (size_t)(o.n - under->n), v);
	w->at[column] = o;
	if (w->once)
		end_column(w, column);
	return ST_OK;
}

enum st snmp_walk_take(struct snmp_walk *w, const struct snmp_pdu *answer, snmp_walk_fn *visit, void *arg)
{
	if (++w->steps > SNMP_WALK_STEPS)
		return ST_WALK_ENDLESS;
	if (answer->error_status != SNMP_NO_ERROR)
		return take_error(w, answer);
	if (!answer->varbind_count || !w->asked_n)
		return ST_WALK_STUCK;
	struct ber list = ber_of(answer->varbinds);
	struct snmp_varbind v;
	enum st st = ST_OK;
	for (size_t i = 0; st == ST_OK && snmp_varbind_next(&list, &v); i++) {
		size_t column = w->asked[i % w->asked_n];
		if (is_open(w, column))
			st = take_value(w, column, &v, visit, arg);
	}
	return st;
}
