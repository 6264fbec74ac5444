// SPDX-License-Identifier: Apache-2.0
// Values in words. What a device sent as text is hostile until it went through mib_text: no control characters, one
// line, valid UTF-8. A community inside a varbind (RFC 3584 snmpTrapCommunity) is never shown.
#include "mib/mib.h"

#include "snmp/ber.h"

#define HIDDEN "(hidden)"

const char *mib_type_name(uint8_t ber_type)
{
	switch (ber_type) {
	case BER_INTEGER:
		return "integer";
	case BER_OCTETS:
		return "octets";
	case BER_NULL:
		return "null";
	case BER_OID:
		return "oid";
	case BER_IPADDRESS:
		return "ipaddress";
	case BER_COUNTER32:
		return "counter32";
	case BER_GAUGE32:
	case BER_UINTEGER32:
		return "gauge32";
	case BER_TIMETICKS:
		return "timeticks";
	case BER_OPAQUE:
		return "opaque";
	case BER_COUNTER64:
		return "counter64";
	case BER_NO_SUCH_OBJECT:
		return "noSuchObject";
	case BER_NO_SUCH_INSTANCE:
		return "noSuchInstance";
	case BER_END_OF_MIB_VIEW:
		return "endOfMibView";
	default:
		return "unknown";
	}
}

bool mib_secret(const struct oid *name)
{
	size_t matched;
	const struct mib_object *o = mib_lookup(name, &matched);
	return o && o->kind == MIB_SECRET;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(struct span s)
{
	while (s.n && (s.p[s.n - 1] == 0 || is_blank(s.p[s.n - 1])))
		s.n--;
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

void mib_text(struct span raw, struct text *out)
{
	struct span s = trimmed(raw);
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_blank(s.p[i]) || s.p[i] == ' ')
			continue;
		text_clean(out, span_of(s.p + from, i - from));
		text_add(out, " ");
		while (i + 1 < s.n && is_blank(s.p[i + 1]))
			i++;
		from = i + 1;
	}
	if (from < s.n)
		text_clean(out, span_of(s.p + from, s.n - from));
}

void mib_text_cut(struct span raw, size_t max, struct text *out)
{
	struct span s = raw;
	if (s.n > max) {
		s.n = max;
		while (s.n && (raw.p[s.n] & 0xc0) == 0x80)
			s.n--;
	}
	mib_text(s, out);
	if (s.n < raw.n)
		text_add(out, "...");
}

// Whether cleaning leaves these octets, which have no blanks but spaces, as they are.
static bool is_clean(struct span s)
{
	struct text cleaned = { 0 };
	text_clean(&cleaned, s);
	bool same = cleaned.n == s.n && (s.n == 0 || memcmp(cleaned.p, s.p, s.n) == 0);
	text_done(&cleaned);
	return same;
}

bool mib_is_text(struct span raw)
{
	struct span s = trimmed(raw);
	bool plain = true;
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		plain = plain && s.p[i] >= 0x20 && s.p[i] < 0x7f;
		if (!is_blank(s.p[i]) || s.p[i] == ' ')
			continue;
		if (!plain && !is_clean(span_of(s.p + from, i - from)))
			return false;
		plain = true;
		from = i + 1;
	}
	return (plain || is_clean(span_of(s.p + from, s.n - from))) && (s.n > 0 || raw.n == 0);
}

static void render_ticks(uint32_t ticks, struct text *out)
{
	uint32_t seconds = ticks / 100, rest = ticks % 100;
	if (seconds >= 86400)
		text_printf(out, "%ud ", seconds / 86400);
	if (seconds >= 3600)
		text_printf(out, "%uh ", seconds / 3600 % 24);
	if (seconds >= 60)
		text_printf(out, "%um ", seconds / 60 % 60);
	if (rest == 0)
		text_printf(out, "%us", seconds % 60);
	else if (rest % 10 == 0)
		text_printf(out, "%u.%us", seconds % 60, rest / 10);
	else
		text_printf(out, "%u.%02us", seconds % 60, rest);
}

static void render_colons(struct span s, struct text *out)
{
	for (size_t i = 0; i < s.n; i++)
		text_printf(out, i ? ":%02x" : "%02x", s.p[i]);
}

// RFC 2579 DateAndTime: 8 octets, or 11 with the offset from UTC.
static void render_datetime(struct span s, struct text *out)
{
	struct rd r = rd_of(s);
	unsigned year = rd_u16(&r), month = rd_u8(&r), day = rd_u8(&r), hour = rd_u8(&r), minute = rd_u8(&r);
	unsigned second = rd_u8(&r), tenth = rd_u8(&r);
	if (s.n != 8 && s.n != 11) {
		text_hex(out, s);
		return;
	}
	text_printf(out, "%04u-%02u-%02u %02u:%02u:%02u.%u", year, month, day, hour, minute, second, tenth);
	if (s.n == 11) {
		char sign = rd_u8(&r) == '-' ? '-' : '+';
		unsigned hours = rd_u8(&r), minutes = rd_u8(&r);
		text_printf(out, " %c%02u:%02u", sign, hours, minutes);
	}
}

// Bit 0 is the most significant bit of the first octet (RFC 2578 7.1.4; also hrPrinterDetectedErrorState, RFC 2790).
static void render_bits(const char *convention, struct span s, struct text *out)
{
	bool more = false;
	for (size_t bit = 0; bit < 8 * s.n; bit++) {
		if (!(s.p[bit / 8] & 0x80 >> bit % 8))
			continue;
		const char *label = mib_label(convention, (int64_t)bit);
		if (label)
			text_printf(out, "%s%s", more ? ", " : "", label);
		else
			text_printf(out, "%sbit %zu", more ? ", " : "", bit);
		more = true;
	}
	if (!more)
		text_add(out, "none");
}

// PrtSubUnitStatusTC (RFC 3805): the low three bits are the availability, each bit above is a flag of its own.
static void render_flags(int64_t number, struct text *out)
{
	const char *label = number < 0 || number > 126 ? NULL : mib_label("PrtSubUnitStatusTC", number & 7);
	if (!label) {
		text_printf(out, "%lld", (long long)number);
		return;
	}
	text_add(out, label);
	for (int64_t flag = 8; flag <= 64; flag *= 2)
		if (number & flag)
			text_printf(out, ", %s", mib_label("PrtSubUnitStatusTC.flag", flag));
	text_printf(out, " (%lld)", (long long)number);
}

static void render_integer(const struct mib_object *o, struct span value, struct text *out)
{
	int64_t number;
	if (ber_content_int64(value, &number) != ST_OK) {
		text_hex(out, value);
		return;
	}
	const char *label = o && o->kind == MIB_ENUM ? mib_label(o->convention, number) : NULL;
	if (o && o->kind == MIB_FLAGS)
		render_flags(number, out);
	else if (label)
		text_printf(out, "%s (%lld)", label, (long long)number);
	else
		text_printf(out, "%lld", (long long)number);
}

static void render_unsigned(uint8_t type, struct span value, struct text *out)
{
	uint64_t number;
	if (ber_content_uint64(value, &number) != ST_OK)
		text_hex(out, value);
	else if (type == BER_TIMETICKS && number <= UINT32_MAX)
		render_ticks((uint32_t)number, out);
	else
		text_printf(out, "%llu", (unsigned long long)number);
}

static void render_octets(const struct mib_object *o, struct span value, struct text *out)
{
	enum mib_syntax kind = o ? o->kind : MIB_OTHER;
	if (kind == MIB_BITS)
		render_bits(o->convention, value, out);
	else if (kind == MIB_PHYS)
		render_colons(value, out);
	else if (kind == MIB_DATETIME)
		render_datetime(value, out);
	else if (kind == MIB_TEXT || mib_is_text(value))
		mib_text(value, out);
	else
		text_hex(out, value);
}

static void render_oid(struct span value, struct text *out)
{
	struct oid o;
	if (oid_decode(value, &o) == ST_OK)
		mib_name(&o, out);
	else
		text_hex(out, value);
}

void mib_render(const struct oid *name, const struct snmp_varbind *v, struct text *out)
{
	size_t matched;
	const struct mib_object *o = mib_lookup(name, &matched);
	mib_render_as(o, v, out);
}

void mib_render_as(const struct mib_object *o, const struct snmp_varbind *v, struct text *out)
{
	if (o && o->kind == MIB_SECRET) {
		text_add(out, HIDDEN);
		return;
	}
	switch (v->type) {
	case BER_INTEGER:
		render_integer(o, v->value, out);
		break;
	case BER_OCTETS:
		render_octets(o, v->value, out);
		break;
	case BER_OID:
		render_oid(v->value, out);
		break;
	case BER_IPADDRESS:
		if (v->value.n == 4)
			text_printf(out, "%u.%u.%u.%u", v->value.p[0], v->value.p[1], v->value.p[2], v->value.p[3]);
		else
			text_hex(out, v->value);
		break;
	case BER_COUNTER32:
	case BER_GAUGE32:
	case BER_UINTEGER32:
	case BER_TIMETICKS:
	case BER_COUNTER64:
		render_unsigned(v->type, v->value, out);
		break;
	case BER_NULL:
		break;
	case BER_NO_SUCH_OBJECT:
		text_add(out, "no such object");
		break;
	case BER_NO_SUCH_INSTANCE:
		text_add(out, "no such instance");
		break;
	case BER_END_OF_MIB_VIEW:
		text_add(out, "end of the view");
		break;
	default:
		text_hex(out, v->value);
		break;
	}
}
