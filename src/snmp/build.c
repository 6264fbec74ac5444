// SPDX-License-Identifier: Apache-2.0
// Messages to send, for `trapline send`, the re-sender and the tests. Everything written is DER (X.690 10); values come
// from text in the notation of snmptrap(1), so that its users need not learn another one.
#include "snmp/build.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "snmp/limits.h"

struct value {
	uint8_t *p; // value_room octets
	size_t n;
};

// A whole decimal number: "-12", "+5" is not one. ST_SYNTAX, ST_BER_INTEGER when outside.
static enum st parse_int(const char *text, int64_t *out)
{
	char *end;
	if (!isdigit((unsigned char)text[*text == '-']))
		return ST_SYNTAX;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (*end)
		return ST_SYNTAX;
	if (errno || v < INT32_MIN || v > INT32_MAX)
		return ST_BER_INTEGER;
	*out = v;
	return ST_OK;
}

static enum st parse_uint(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	if (!isdigit((unsigned char)text[*text == '-']))
		return ST_SYNTAX;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (*end)
		return ST_SYNTAX;
	if (errno || *text == '-' || v > max)
		return ST_BER_INTEGER;
	*out = v;
	return ST_OK;
}

// The content octets of the one element in `w`.
static void keep_content(struct value *v, const struct wr *w)
{
	struct ber b = ber_of(wr_span(w));
	uint8_t tag;
	struct span content = ber_any(&b, &tag);
	memcpy(v->p, content.p, content.n);
	v->n = content.n;
}

static enum st value_int(const char *text, struct value *v)
{
	int64_t i;
	uint8_t room[16];
	struct wr w = wr_of(room, sizeof room);
	enum st st = parse_int(text, &i);
	if (st != ST_OK)
		return st;
	ber_put_int(&w, BER_INTEGER, i);
	keep_content(v, &w);
	return ST_OK;
}

static enum st value_uint(const char *text, uint64_t max, struct value *v)
{
	uint64_t u;
	uint8_t room[16];
	struct wr w = wr_of(room, sizeof room);
	enum st st = parse_uint(text, max, &u);
	if (st != ST_OK)
		return st;
	ber_put_uint(&w, BER_COUNTER64, u);
	keep_content(v, &w);
	return ST_OK;
}

static enum st value_uint32(const char *text, struct value *v)
{
	return value_uint(text, UINT32_MAX, v);
}

static enum st value_uint64(const char *text, struct value *v)
{
	return value_uint(text, UINT64_MAX, v);
}

static enum st value_address(const char *text, struct value *v)
{
	v->n = 4;
	return inet_pton(AF_INET, text, v->p) == 1 ? ST_OK : ST_SYNTAX;
}

static enum st value_oid(const char *text, struct value *v)
{
	struct oid o;
	enum st st = oid_parse(text, &o);
	if (st != ST_OK)
		return st;
	uint8_t room[SNMP_OID_ARCS * 5];
	struct wr w = wr_of(room, sizeof room);
	ber_put_oid_content(&w, &o);
	v->n = wr_span(&w).n;
	memcpy(v->p, wr_span(&w).p, v->n);
	return ST_OK;
}

static enum st value_string(const char *text, struct value *v)
{
	v->n = strlen(text);
	memcpy(v->p, text, v->n);
	return ST_OK;
}

static enum st value_hex(const char *text, struct value *v)
{
	for (const char *at = text; *at; at++) {
		if (*at == ' ')
			continue;
		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
			return ST_SYNTAX;
		const char pair[] = { at[0], at[1], 0 };
		v->p[v->n++] = (uint8_t)strtoul(pair, NULL, 16);
		at++;
	}
	return ST_OK;
}

// The next number of a list whose separators are `between`. false: no more, with *st saying whether that is the end.
static bool next_number(const char **at, const char *between, uint64_t max, uint64_t *out, enum st *st)
{
	char digits[8];
	size_t n = strspn(*at, "0123456789");
	*st = **at ? ST_SYNTAX : ST_OK;
	if (n == 0 || n >= sizeof digits)
		return false;
	memcpy(digits, *at, n);
	digits[n] = 0;
	*out = strtoull(digits, NULL, 10);
	*at += n;
	if (**at && strchr(between, **at) && isdigit((unsigned char)(*at)[1]))
		++*at;
	else if (**at)
		return false;
	*st = *out > max ? ST_BER_INTEGER : ST_OK;
	return *out <= max;
}

static enum st value_decimal(const char *text, struct value *v)
{
	enum st st;
	uint64_t octet;
	while (next_number(&text, ". ", UINT8_MAX, &octet, &st))
		v->p[v->n++] = (uint8_t)octet;
	return st;
}

// BITS (RFC 2578 7.1.4): bit 0 is the top bit of the first octet; as many octets as the highest bit needs.
static enum st value_bits(const char *text, struct value *v)
{
	enum st st;
	uint64_t bit;
	while (next_number(&text, " ,", SNMP_OUT_BIT_MAX, &bit, &st)) {
		for (; v->n <= bit / 8; v->n++)
			v->p[v->n] = 0;
		v->p[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	return st;
}

static enum st value_null(const char *text, struct value *v)
{
	return *text ? ST_SYNTAX : ST_OK;
}

static const struct {
	char letter;
	uint8_t type;
	enum st (*parse)(const char *text, struct value *v);
} letters[] = {
	{ 'i', BER_INTEGER, value_int },      { 'u', BER_GAUGE32, value_uint32 },
	{ 'c', BER_COUNTER32, value_uint32 }, { 'C', BER_COUNTER64, value_uint64 },
	{ 't', BER_TIMETICKS, value_uint32 }, { 'a', BER_IPADDRESS, value_address },
	{ 'o', BER_OID, value_oid },          { 's', BER_OCTETS, value_string },
	{ 'x', BER_OCTETS, value_hex },       { 'd', BER_OCTETS, value_decimal },
	{ 'n', BER_NULL, value_null },        { 'b', BER_OCTETS, value_bits },
};

// No value has more octets than this: characters for text, five an arc for OIDs, the highest bit for BITS.
static size_t value_room(const char *text)
{
	return strlen(text) + (size_t)SNMP_OID_ARCS * 5 + SNMP_OUT_BIT_MAX / 8 + 1;
}

enum st snmp_out_varbind_parse(const struct oid *oid, char type, const char *value, struct snmp_out_varbind *out)
{
	size_t row = 0;
	while (row < sizeof letters / sizeof *letters && letters[row].letter != type)
		row++;
	if (row == sizeof letters / sizeof *letters)
		return ST_SYNTAX;
	struct value v = { malloc(value_room(value)), 0 };
	if (!v.p)
		return ST_NO_MEMORY;
	enum st st = letters[row].parse(value, &v);
	if (st != ST_OK) {
		free(v.p);
		return st;
	}
	*out = (struct snmp_out_varbind){ .oid = *oid, .type = letters[row].type, .value = v.p, .n = v.n };
	return ST_OK;
}

void snmp_out_varbind_done(struct snmp_out_varbind *v)
{
	free(v->value);
	v->value = NULL;
	v->n = 0;
}

static void put_varbinds(struct wr *w, const struct snmp_out_varbind *v, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		const uint8_t *mark = w->at;
		ber_put(w, v[i].type, span_of(v[i].value, v[i].n));
		ber_put_oid(w, &v[i].oid);
		ber_head(w, BER_SEQUENCE, mark);
	}
}

void snmp_write_trap_v1(struct wr *w, const struct snmp_out_v1 *t, uint32_t uptime, const struct snmp_out_varbind *v,
                        size_t n)
{
	const uint8_t *mark = w->at;
	put_varbinds(w, v, n);
	ber_head(w, BER_SEQUENCE, mark);
	ber_put_uint(w, BER_TIMETICKS, uptime);
	ber_put_int(w, BER_INTEGER, t->specific);
	ber_put_int(w, BER_INTEGER, t->generic);
	ber_put(w, BER_IPADDRESS, span_of(t->agent, sizeof t->agent));
	ber_put_oid(w, &t->enterprise);
	ber_head(w, PDU_TRAP_V1, mark);
}

// The first two varbinds of RFC 3416 4.2.6, the second first since the writer goes downwards.
static void put_head_varbinds(struct wr *w, uint32_t uptime, const struct oid *trap_oid)
{
	static const struct oid sys_uptime = { { 1, 3, 6, 1, 2, 1, 1, 3, 0 }, 9 };
	static const struct oid snmp_trap_oid = { { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 }, 11 };
	const uint8_t *mark = w->at;
	ber_put_oid(w, trap_oid);
	ber_put_oid(w, &snmp_trap_oid);
	ber_head(w, BER_SEQUENCE, mark);
	mark = w->at;
	ber_put_uint(w, BER_TIMETICKS, uptime);
	ber_put_oid(w, &sys_uptime);
	ber_head(w, BER_SEQUENCE, mark);
}

void snmp_write_notification_v2(struct wr *w, uint8_t pdu_tag, int32_t request_id, uint32_t uptime,
                                const struct oid *trap_oid, const struct snmp_out_varbind *v, size_t n)
{
	const uint8_t *mark = w->at;
	put_varbinds(w, v, n);
	put_head_varbinds(w, uptime, trap_oid);
	ber_head(w, BER_SEQUENCE, mark);
	ber_put_int(w, BER_INTEGER, 0);
	ber_put_int(w, BER_INTEGER, SNMP_NO_ERROR);
	ber_put_int(w, BER_INTEGER, request_id);
	ber_head(w, pdu_tag, mark);
}

void snmp_wrap_community(struct wr *w, int32_t version, struct span community)
{
	ber_put(w, BER_OCTETS, community);
	ber_put_int(w, BER_INTEGER, version);
	ber_head(w, BER_SEQUENCE, w->end);
}
