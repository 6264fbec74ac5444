// SPDX-License-Identifier: Apache-2.0
// A notification from the words of a command line. Version 1 is derived from the trap's OID by RFC 3584 section 3.2.
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/send.h"
#include "event/event.h"
#include "io/system.h"
#include "mib/mib.h"

enum { TICK_NS = 10000000, GENERIC_ENTERPRISE = 6 };

static int take_oid(const struct args *a, const char *text, struct oid *out)
{
	if (mib_parse(text, out))
		return args_wrong(a, "%s: no name that is known here, and no OID", text);
	return CLI_DONE;
}

// An OID as a value may be a name too, the builder reads numbers; NULL has no value to read.
static enum st varbind_parse(const struct oid *name, char type, const char *value, struct snmp_out_varbind *out)
{
	struct oid o;
	struct text number = { 0 };
	if (type != 'o' || mib_parse(value, &o))
		return snmp_out_varbind_parse(name, type, type == 'n' ? "" : value, out);
	oid_text(&o, &number);
	enum st st = snmp_out_varbind_parse(name, type, text_str(&number), out);
	text_done(&number);
	return st;
}

static int take_varbinds(const struct args *a, size_t from, struct send_notification *n)
{
	if ((a->operand_count - from) % 3)
		return args_wrong(a, "variables are three words each: OID|NAME TYPE VALUE");
	if ((a->operand_count - from) / 3 > SEND_VARBINDS_MAX)
		return args_wrong(a, "more than %d variables", SEND_VARBINDS_MAX);
	for (size_t i = from; i < a->operand_count; i += 3) {
		const char *type = a->operands[i + 1], *value = a->operands[i + 2];
		struct oid name;
		int code = take_oid(a, a->operands[i], &name);
		if (code)
			return code;
		if (!*type || type[1] || !strchr("iucCtaosxdbn", *type))
			return args_wrong(a, "%s: no type; write one of i u c C t a o s x d b n", type);
		if (*type == 'C' && n->version == SNMP_V1)
			return args_wrong(a, "version 1 has no Counter64");
		if (varbind_parse(&name, *type, value, &n->varbinds[n->varbind_count]))
			return args_wrong(a, "%s: no value of type %s", value, type);
		n->varbind_count++;
	}
	return CLI_DONE;
}

static void derive_v1(const struct oid *trap, struct snmp_out_v1 *out)
{
	static const struct oid standard = { { 1, 3, 6, 1, 6, 3, 1, 1, 5 }, 9 };
	uint32_t last = trap->n ? trap->arc[trap->n - 1] : 0;
	out->enterprise = *trap;
	if (trap->n == standard.n + 1 && oid_starts_with(trap, &standard) && last >= 1 && last <= GENERIC_ENTERPRISE) {
		out->enterprise.n = standard.n;
		out->generic = (int32_t)last - 1;
		return;
	}
	out->generic = GENERIC_ENTERPRISE;
	out->specific = (int32_t)last;
	if (trap->n >= 2)
		out->enterprise.n = (uint8_t)(trap->arc[trap->n - 2] == 0 ? trap->n - 2 : trap->n - 1);
}

// Options that belong to one version.
static int check_version(const struct args *a, const struct send_notification *n)
{
	static const struct {
		const char *name;
		int32_t version;
	} only[] = {
		{ "enterprise", SNMP_V1 },     { "generic", SNMP_V1 },   { "specific", SNMP_V1 },
		{ "agent", SNMP_V1 },          { "user", SNMP_V3 },      { "auth", SNMP_V3 },
		{ "level", SNMP_V3 },          { "extend", SNMP_V3 },    { "context", SNMP_V3 },
		{ "context-engine", SNMP_V3 }, { "engine-id", SNMP_V3 }, { "state", SNMP_V3 },
	};
	for (size_t i = 0; i < sizeof only / sizeof *only; i++)
		if (n->version != only[i].version && args_has(a, only[i].name))
			return args_wrong(a, "--%s is for version %s", only[i].name,
			                  event_version_name((unsigned)only[i].version));
	if (n->version == SNMP_V3 && (args_has(a, "community") || args_has(a, "community-file")))
		return args_wrong(a, "version 3 has no community; name a user with --user");
	return CLI_DONE;
}

static int take_v1(const struct args *a, struct send_notification *n)
{
	if (n->version != SNMP_V1)
		return CLI_DONE;
	const char *enterprise = args_value(a, "enterprise"), *agent = args_value(a, "agent");
	derive_v1(&n->trap, &n->v1);
	if (enterprise && take_oid(a, enterprise, &n->v1.enterprise))
		return CLI_USAGE;
	unsigned long generic = (unsigned long)n->v1.generic, specific = (unsigned long)n->v1.specific;
	if (!args_number(a, "generic", 0, GENERIC_ENTERPRISE, &generic) ||
	    !args_number(a, "specific", 0, INT32_MAX, &specific))
		return CLI_USAGE;
	n->v1.generic = (int32_t)generic;
	n->v1.specific = (int32_t)specific;
	if (agent && inet_pton(AF_INET, agent, n->v1.agent) != 1)
		return args_wrong(a, "--agent %s: version 1 has room for an IPv4 address only", agent);
	return CLI_DONE;
}

static bool version_of(const char *name, int32_t *out)
{
	static const int32_t versions[] = { SNMP_V1, SNMP_V2C, SNMP_V3 };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(event_version_name((unsigned)versions[i]), name) == 0) {
			*out = versions[i];
			return true;
		}
	return false;
}

static int take_kind(const struct args *a, struct send_notification *n)
{
	const char *kind = a->operands[0], *version = args_value(a, "version");
	n->inform = strcmp(kind, "inform") == 0;
	if (!n->inform && strcmp(kind, "trap") != 0)
		return args_wrong(a, "%s: send a trap or an inform", kind);
	n->version = args_has(a, "user") ? SNMP_V3 : SNMP_V2C;
	if (version && !version_of(version, &n->version))
		return args_wrong(a, "--version %s: write 1, 2c or 3", version);
	if (n->inform && n->version == SNMP_V1)
		return args_wrong(a, "version 1 has no informs");
	return check_version(a, n);
}

int send_notification_of(const struct args *a, struct send_notification *out)
{
	unsigned long uptime = (unsigned long)(clock_monotonic() / TICK_NS) & UINT32_MAX;
	*out = (struct send_notification){ 0 };
	int code = take_kind(a, out);
	if (code)
		return code;
	if (!args_number(a, "uptime", 0, UINT32_MAX, &uptime))
		return CLI_USAGE;
	out->uptime = (uint32_t)uptime;
	system_random(&out->request_id, sizeof out->request_id);
	out->request_id &= INT32_MAX;
	bool nameless = args_has(a, "enterprise") && (a->operand_count - 1) % 3 == 0;
	if (!nameless && a->operand_count < 2)
		return args_wrong(a, "name the trap, for example: trapline send trap coldStart");
	if (!nameless && take_oid(a, a->operands[1], &out->trap))
		return CLI_USAGE;
	code = take_v1(a, out);
	return code ? code : take_varbinds(a, nameless ? 1 : 2, out);
}

void send_notification_done(struct send_notification *n)
{
	for (size_t i = 0; i < n->varbind_count; i++)
		snmp_out_varbind_done(&n->varbinds[i]);
	n->varbind_count = 0;
}

enum st send_write_pdu(const struct send_notification *n, struct wr *w)
{
	if (n->version == SNMP_V1)
		snmp_write_trap_v1(w, &n->v1, n->uptime, n->varbinds, n->varbind_count);
	else
		snmp_write_notification_v2(w, n->inform ? PDU_INFORM : PDU_TRAP_V2, n->request_id, n->uptime, &n->trap,
		                           n->varbinds, n->varbind_count);
	return w->full ? ST_FULL : ST_OK;
}
