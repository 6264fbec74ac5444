// SPDX-License-Identifier: Apache-2.0
// Walks the varbinds of a notification for one object. The first one counts; a value of the wrong type is as good as absent.
#include "event/values.h"

#include "snmp/ber.h"

bool value_find(const struct snmp_notification *n, struct span object, struct snmp_varbind *out)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	while (snmp_notification_next(&walk, &v)) {
		if (v.oid.n >= object.n && span_equal(span_of(v.oid.p, object.n), object)) {
			*out = v;
			return true;
		}
	}
	return false;
}

bool value_number(const struct snmp_notification *n, struct span object, int64_t *out)
{
	struct snmp_varbind v;
	if (!value_find(n, object, &v))
		return false;
	bool numeric = v.type == BER_INTEGER || v.type == BER_COUNTER32 || v.type == BER_GAUGE32 ||
	               v.type == BER_TIMETICKS || v.type == BER_UINTEGER32;
	return numeric && ber_content_int64(v.value, out) == ST_OK;
}

bool value_octets(const struct snmp_notification *n, struct span object, struct span *out)
{
	struct snmp_varbind v;
	if (!value_find(n, object, &v) || v.type != BER_OCTETS || v.value.n == 0)
		return false;
	*out = v.value;
	return true;
}

uint32_t value_count(const struct snmp_notification *n)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	uint32_t count = 0;
	while (snmp_notification_next(&walk, &v))
		count++;
	return count;
}
