// SPDX-License-Identifier: Apache-2.0
// Finds the printer alert in a notification: the prtAlert columns of the standard trap (RFC 3805 printerV2Alert, and
// its v1 form, which RFC 3584 maps to the same number), in whatever notification they stand, or the six values that HP's
// print servers pack into one octet string. A value of the wrong type is as good as absent; the first of a kind counts.
#include "printer/printer.h"

#include "mib/mib.h"
#include "snmp/ber.h"
#include "snmp/oid.h"

enum column {
	COLUMN_INDEX = 1,
	COLUMN_SEVERITY = 2,
	COLUMN_TRAINING = 3,
	COLUMN_GROUP = 4,
	COLUMN_GROUP_INDEX = 5,
	COLUMN_LOCATION = 6,
	COLUMN_CODE = 7,
	COLUMN_DESCRIPTION = 8,
};

enum { PACKED_BYTES = 24, INSTANCE_ARCS = 2 };

// prtAlertEntry, 1.3.6.1.2.1.43.18.1.1, as BER content; the column is the next octet.
static const uint8_t alert_entry[] = { 0x2b, 6, 1, 2, 1, 43, 18, 1, 1 };

// Reads the instance behind the column, .hrDeviceIndex.prtAlertIndex, one base-128 number each; false when it is not so.
static bool read_instance(struct rd r, int32_t *device, int32_t *index)
{
	uint32_t arcs[INSTANCE_ARCS] = { 0 };
	for (size_t i = 0; i < INSTANCE_ARCS; i++) {
		uint8_t octet;
		do {
			octet = rd_u8(&r);
			if (arcs[i] > INT32_MAX >> 7)
				return false;
			arcs[i] = arcs[i] << 7 | (octet & 0x7f);
		} while (octet & 0x80);
	}
	if (rd_end(&r) != ST_OK)
		return false;
	*device = (int32_t)arcs[0];
	*index = (int32_t)arcs[1];
	return true;
}

static bool read_number(const struct snmp_varbind *v, int32_t *out)
{
	int64_t number;
	bool numeric = v->type == BER_INTEGER || v->type == BER_GAUGE32 || v->type == BER_COUNTER32;
	if (!numeric || ber_content_int64(v->value, &number) != ST_OK || number < INT32_MIN || number > INT32_MAX)
		return false;
	*out = (int32_t)number;
	return true;
}

static void take_number(struct printer_alert *a, enum printer_have have, int32_t *field, const struct snmp_varbind *v)
{
	if (!(a->have & have) && read_number(v, field))
		a->have |= (uint16_t)have;
}

static void take_column(struct printer_alert *a, unsigned column, const struct snmp_varbind *v)
{
	switch (column) {
	case COLUMN_INDEX:
		take_number(a, HAVE_INDEX, &a->index, v);
		break;
	case COLUMN_SEVERITY:
		take_number(a, HAVE_SEVERITY, &a->severity, v);
		break;
	case COLUMN_TRAINING:
		take_number(a, HAVE_TRAINING, &a->training, v);
		break;
	case COLUMN_GROUP:
		take_number(a, HAVE_GROUP, &a->group, v);
		break;
	case COLUMN_GROUP_INDEX:
		take_number(a, HAVE_GROUP_INDEX, &a->group_index, v);
		break;
	case COLUMN_LOCATION:
		take_number(a, HAVE_LOCATION, &a->location, v);
		break;
	case COLUMN_CODE:
		take_number(a, HAVE_CODE, &a->code, v);
		break;
	case COLUMN_DESCRIPTION:
		if (v->type == BER_OCTETS && !(a->have & HAVE_DESCRIPTION)) {
			a->description = v->value;
			a->have |= HAVE_DESCRIPTION;
		}
		break;
	default:
		break;
	}
}

// The six values as 24 octets, big endian, in the trap's order. Random text does not pass: severity, group and code must
// be numbers that exist.
static bool unpack(struct span s, struct printer_alert *out)
{
	if (s.n != PACKED_BYTES)
		return false;
	struct rd r = rd_of(s);
	struct printer_alert a = { .have = HAVE_INDEX | HAVE_SEVERITY | HAVE_GROUP | HAVE_GROUP_INDEX | HAVE_LOCATION |
		                           HAVE_CODE };
	a.index = (int32_t)rd_u32(&r);
	a.severity = (int32_t)rd_u32(&r);
	a.group = (int32_t)rd_u32(&r);
	a.group_index = (int32_t)rd_u32(&r);
	a.location = (int32_t)rd_u32(&r);
	a.code = (int32_t)rd_u32(&r);
	if (a.index < 0 || a.group_index < -1 || a.location < -2 || !mib_label("PrtAlertSeverityLevelTC", a.severity) ||
	    !mib_label("PrtAlertGroupTC", a.group) || !mib_label("PrtAlertCodeTC", a.code))
		return false;
	*out = a;
	return true;
}

// The column of a prtAlert varbind, 0 for any other; the instance completes what the values may leave out.
static unsigned column_of(struct span oid, int32_t *device, int32_t *index)
{
	struct rd r = rd_of(oid);
	struct span entry = rd_take(&r, sizeof(alert_entry));
	if (!span_equal(entry, span_of(alert_entry, sizeof(alert_entry))))
		return 0;
	unsigned column = rd_u8(&r);
	if (!read_instance(r, device, index))
		*device = *index = 0;
	return column;
}

bool printer_alert_of(const struct snmp_notification *n, struct printer_alert *out)
{
	struct printer_alert a = { 0 }, packed;
	int32_t instance_index = 0;
	bool has_packed = false;
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	while (snmp_notification_next(&walk, &v)) {
		int32_t device, index;
		unsigned column = column_of(v.oid, &device, &index);
		if (column) {
			take_column(&a, column, &v);
			a.device = a.device ? a.device : device;
			instance_index = instance_index ? instance_index : index;
		} else if (v.type == BER_OCTETS && !has_packed) {
			has_packed = unpack(v.value, &packed);
		}
	}
	if (!(a.have & (HAVE_CODE | HAVE_GROUP))) {
		if (!has_packed)
			return false;
		*out = packed;
		return true;
	}
	if (!(a.have & HAVE_INDEX) && instance_index) {
		a.index = instance_index;
		a.have |= HAVE_INDEX;
	}
	*out = a;
	return true;
}
