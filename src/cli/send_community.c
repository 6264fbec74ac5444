// SPDX-License-Identifier: Apache-2.0
// What `trapline send` says with a community, RFC 1157 and RFC 1901.
#include <string.h>

#include "cli/cli.h"
#include "cli/place.h"
#include "cli/secret.h"
#include "cli/send.h"
#include "snmp/message.h"

static int community_from_config(const struct args *a, struct text *out)
{
	struct config *c = NULL;
	int code = place_config(a, &c);
	if (code)
		return code;
	if (c->policy->community_count == 0)
		code = args_failed(
		        a,
		        "no community in the configuration or in %s/local.yaml; give one with --community or "
		        "--community-file",
		        c->data);
	else
		text_bytes(out, span_of(c->policy->communities[0].community, c->policy->communities[0].n));
	config_free(c);
	return code;
}

int send_community_of(const struct args *a, const struct send_notification *n, struct send_community *out)
{
	*out = (struct send_community){ .notification = n };
	int code = secret_option(a, "community", SNMP_COMMUNITY_MAX, &out->community);
	return code == CLI_DONE && !out->community.n ? community_from_config(a, &out->community) : code;
}

void send_community_done(struct send_community *c)
{
	secret_text_done(&c->community);
}

static struct span community_of(const struct send_community *c)
{
	return span_of(c->community.p, c->community.n);
}

static enum st write_message(void *arg, int64_t now, struct wr *w)
{
	const struct send_community *c = arg;
	enum st st = send_write_pdu(c->notification, w);
	snmp_wrap_community(w, c->notification->version, community_of(c));
	return w->full ? ST_FULL : st;
}

// The answer to our inform and to nothing else.
static enum send_heard hear(void *arg, int64_t now, struct span message, struct send_result *out)
{
	const struct send_community *c = arg;
	struct ber outer = ber_of(message);
	struct ber m = ber_enter(&outer, BER_SEQUENCE);
	uint8_t tag;
	struct snmp_pdu pdu;
	int32_t version = ber_int32(&m);
	struct span community = ber_take(&m, BER_OCTETS);
	struct span whole = ber_whole(&m, &tag);
	if (ber_end(&m) || ber_end(&outer) || version != c->notification->version ||
	    !span_equal(community, community_of(c)) || snmp_parse_pdu(whole, &pdu) || pdu.tag != PDU_RESPONSE ||
	    pdu.request_id != c->notification->request_id)
		return SEND_NOTHING;
	out->answered = true;
	out->error_status = pdu.error_status;
	return SEND_ENDED;
}

struct send_talk send_community_talk(struct send_community *c)
{
	return (struct send_talk){ c->notification->inform, write_message, hear, c };
}
