// SPDX-License-Identifier: Apache-2.0
#include "alarm/sender.h"

#include <string.h>

void sender_of(const struct event *e, const struct snmp_notification *n, struct sender *out)
{
	bool relayed = n && e->flags & EVENT_FLAG_RELAYED && n->has_agent;
	const struct addr *a = relayed ? &n->agent : &e->peer;
	struct wr w = wr_of(out->ip, sizeof out->ip);
	wr_be(&w, a->scope, 4);
	wr_bytes(&w, span_of(a->ip, sizeof a->ip));
	out->site = e->site;
	out->engine = e->version == SNMP_V3 && !relayed ? e->engine : (struct span){ 0 };
}
