// SPDX-License-Identifier: Apache-2.0
// The record of an event: what the journal, the waiting room and the ring between them carry. Written by the intake,
// read by every follower and by the commands. It knows nothing of SNMP: the PDU is bytes here.
//
// A record, all numbers big endian:
//
//	u8 record version (1)   u8 kind   u8 transport   u8 SNMP version   u8 level
//	u32 flags   i64 received   16 octets of peer address   u16 peer port
//	then fields: u8 tag, length (u16 for tags below 0x80, u32 from there on), content
//
// Fields stand in rising order of their tag, each at most once and never empty, so one event has one record. A reader
// skips tags that it does not know: a newer Trapline adds fields without a new record version. It refuses everything
// else that this file could not have written.
#include "event/event.h"

enum { RECORD_VERSION = 1, FIXED = 5 + 4 + 8 + 16 + 2, LONG_TAG = 0x80 };

enum tag {
	TAG_SCOPE = 1,
	TAG_COUNT = 2,
	TAG_WAITING = 3,
	TAG_SITE = 4,
	TAG_CREDENTIAL = 5,
	TAG_ENGINE = 6,
	TAG_CONTEXT = 7,
	TAG_PDU = 0x80,
	TAG_PDU_LAST = 0x81,
	TAG_NOTE = 0x82,
};

static inline bool is_long(unsigned tag)
{
	return tag >= LONG_TAG;
}

static inline size_t field_size(unsigned tag, size_t n)
{
	return n == 0 ? 0 : 1 + (is_long(tag) ? 4 : 2) + n;
}

static bool lengths_fit(const struct event *e)
{
	return e->site.n <= UINT16_MAX && e->credential.n <= UINT16_MAX && e->engine.n <= UINT16_MAX &&
	       e->context.n <= UINT16_MAX && e->pdu.n <= UINT32_MAX && e->pdu_last.n <= UINT32_MAX &&
	       e->note.n <= UINT32_MAX;
}

static size_t record_size(const struct event *e)
{
	return FIXED + field_size(TAG_SCOPE, e->peer.scope ? 4 : 0) + field_size(TAG_COUNT, e->count ? 4 : 0) +
	       field_size(TAG_WAITING, e->waiting ? 8 : 0) + field_size(TAG_SITE, e->site.n) +
	       field_size(TAG_CREDENTIAL, e->credential.n) + field_size(TAG_ENGINE, e->engine.n) +
	       field_size(TAG_CONTEXT, e->context.n) + field_size(TAG_PDU, e->pdu.n) +
	       field_size(TAG_PDU_LAST, e->pdu_last.n) + field_size(TAG_NOTE, e->note.n);
}

static inline void put_head(struct wr *w, unsigned tag, size_t n)
{
	if (is_long(tag))
		wr_be(w, n, 4);
	else
		wr_be(w, n, 2);
	wr_u8(w, (uint8_t)tag);
}

static inline void put_span(struct wr *w, unsigned tag, struct span s)
{
	if (s.n == 0)
		return;
	wr_bytes(w, s);
	put_head(w, tag, s.n);
}

static inline void put_number(struct wr *w, unsigned tag, uint64_t v, size_t bytes)
{
	if (v == 0)
		return;
	wr_be(w, v, bytes);
	put_head(w, tag, bytes);
}

// The writer fills downwards, so the exact size comes first and the fields come last to first.
size_t event_encode(const struct event *e, uint8_t *out, size_t room)
{
	if (!lengths_fit(e))
		return 0;
	size_t n = record_size(e);
	if (n > room)
		return 0;
	struct wr w = wr_of(out, n);
	put_span(&w, TAG_NOTE, e->note);
	put_span(&w, TAG_PDU_LAST, e->pdu_last);
	put_span(&w, TAG_PDU, e->pdu);
	put_span(&w, TAG_CONTEXT, e->context);
	put_span(&w, TAG_ENGINE, e->engine);
	put_span(&w, TAG_CREDENTIAL, e->credential);
	put_span(&w, TAG_SITE, e->site);
	put_number(&w, TAG_WAITING, e->waiting, 8);
	put_number(&w, TAG_COUNT, e->count, 4);
	put_number(&w, TAG_SCOPE, e->peer.scope, 4);
	wr_be(&w, e->peer.port, 2);
	wr_bytes(&w, span_of(e->peer.ip, sizeof(e->peer.ip)));
	wr_be(&w, (uint64_t)e->received, 8);
	wr_be(&w, e->flags, 4);
	wr_u8(&w, e->level);
	wr_u8(&w, e->version);
	wr_u8(&w, e->transport);
	wr_u8(&w, e->kind);
	wr_u8(&w, RECORD_VERSION);
	return wr_span(&w).n;
}

static bool known_kind(unsigned kind)
{
	return kind > 0 && kind < EVENT_KIND_COUNT;
}

static bool known_version(unsigned version)
{
	return version == SNMP_V1 || version == SNMP_V2C || version == SNMP_V3;
}

// A number field has exactly its width and is never zero (it would have been left out).
static bool get_number(struct span content, size_t bytes, uint64_t *out)
{
	struct rd r = rd_of(content);
	uint64_t v = rd_be(&r, bytes);
	if (rd_end(&r) != ST_OK || v == 0)
		return false;
	*out = v;
	return true;
}

static bool get_field(struct event *e, unsigned tag, struct span content)
{
	uint64_t v = 0;
	bool good = true;
	switch (tag) {
	case TAG_SCOPE:
		good = get_number(content, 4, &v);
		e->peer.scope = (uint32_t)v;
		break;
	case TAG_COUNT:
		good = get_number(content, 4, &v);
		e->count = (uint32_t)v;
		break;
	case TAG_WAITING:
		good = get_number(content, 8, &v);
		e->waiting = v;
		break;
	case TAG_SITE:
		e->site = content;
		break;
	case TAG_CREDENTIAL:
		e->credential = content;
		break;
	case TAG_ENGINE:
		e->engine = content;
		break;
	case TAG_CONTEXT:
		e->context = content;
		break;
	case TAG_PDU:
		e->pdu = content;
		break;
	case TAG_PDU_LAST:
		e->pdu_last = content;
		break;
	case TAG_NOTE:
		e->note = content;
		break;
	default:
		break;
	}
	return good;
}

static enum st get_fields(struct rd *r, struct event *e)
{
	unsigned before = 0;
	while (rd_left(r) > 0) {
		unsigned tag = rd_u8(r);
		size_t n = is_long(tag) ? rd_u32(r) : rd_u16(r);
		struct span content = rd_take(r, n);
		if (r->bad || tag <= before || content.n == 0 || !get_field(e, tag, content))
			return ST_DAMAGED;
		before = tag;
	}
	return ST_OK;
}

enum st event_decode(struct span record, struct event *out)
{
	if (record.n < FIXED)
		return ST_DAMAGED;
	struct rd r = rd_of(record);
	struct event e = { 0 };
	uint8_t record_version = rd_u8(&r);
	e.kind = rd_u8(&r);
	e.transport = rd_u8(&r);
	e.version = rd_u8(&r);
	e.level = rd_u8(&r);
	if (record_version != RECORD_VERSION || !known_kind(e.kind) || e.transport >= TRANSPORT_COUNT ||
	    !known_version(e.version) || e.level >= LEVEL_COUNT)
		return ST_DAMAGED;
	e.flags = rd_u32(&r);
	e.received = (int64_t)rd_u64(&r);
	struct span ip = rd_take(&r, sizeof(e.peer.ip));
	memcpy(e.peer.ip, ip.p, ip.n);
	e.peer.port = rd_u16(&r);
	if (get_fields(&r, &e) != ST_OK)
		return ST_DAMAGED;
	*out = e;
	return ST_OK;
}

uint8_t event_kind_of(struct span record)
{
	struct rd r = rd_of(record);
	uint8_t record_version = rd_u8(&r), kind = rd_u8(&r);
	return !r.bad && record_version == RECORD_VERSION && known_kind(kind) ? kind : 0;
}

const char *event_kind_name(unsigned kind)
{
	static const char *const names[EVENT_KIND_COUNT] = {
		[EVENT_TRAP] = "trap",       [EVENT_INFORM] = "inform",   [EVENT_STORM] = "storm",
		[EVENT_STARTED] = "started", [EVENT_STOPPED] = "stopped", [EVENT_RELOADED] = "reloaded",
		[EVENT_GAP] = "gap",         [EVENT_TICK] = "tick",       [EVENT_ACT] = "act",
		[EVENT_POLL] = "poll",       [EVENT_RULES] = "rules",     [EVENT_SITE] = "site",
	};
	return known_kind(kind) ? names[kind] : "unknown";
}

const char *event_transport_name(unsigned transport)
{
	static const char *const names[TRANSPORT_COUNT] = { "none", "udp", "tcp", "esp" };
	return transport < TRANSPORT_COUNT ? names[transport] : "unknown";
}

const char *event_level_name(unsigned level)
{
	static const char *const names[LEVEL_COUNT] = { "none", "noAuthNoPriv", "authNoPriv", "authPriv" };
	return level < LEVEL_COUNT ? names[level] : "unknown";
}

const char *event_version_name(unsigned version)
{
	switch (version) {
	case SNMP_V1:
		return "1";
	case SNMP_V2C:
		return "2c";
	case SNMP_V3:
		return "3";
	default:
		return "unknown";
	}
}

const char *event_flag_name(unsigned bit)
{
	static const char *const names[] = { "lenient", "allowed-late", "relayed", "shared-engine" };
	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

// The version decides whether the address or the engine names the sender, so it is hashed first. The port is left out:
// it changes when a sender reconnects or its NAT forgets it, and a repeated inform must still be known.
uint64_t event_duplicate_key(const struct event *e, const struct hash_key *key)
{
	struct hash h = hash_begin(key);
	hash_add(&h, span_of(&e->version, 1));
	hash_add_field(&h, e->site);
	if (e->version == SNMP_V3) {
		hash_add_field(&h, e->engine);
	} else {
		hash_add(&h, span_of(e->peer.ip, sizeof(e->peer.ip)));
		hash_add(&h, span_of(&e->peer.scope, sizeof(e->peer.scope)));
	}
	hash_add_field(&h, e->credential);
	hash_add_field(&h, e->pdu);
	return hash_end(&h);
}
