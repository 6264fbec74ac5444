// SPDX-License-Identifier: Apache-2.0
// Any octets as a request to an agent with a few objects: what is answered is one whole Response of bounded size.
#include "fuzz.h"
#include "snmp/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = { "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.43.18.1.1.2.1.7" };
	struct agent a = { 0 };
	struct oid o;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fuzz_require(oid_parse(names[i], &o) == ST_OK && agent_set(&a, &o, 's', "a text") == ST_OK);
	uint8_t room[2048], *copy = malloc(n ? n : 1);
	if (n)
		memcpy(copy, data, n);
	struct snmp_message m;
	if (snmp_parse_request(span_of(copy, n), &m) == ST_OK) {
		struct wr w = wr_of(room, sizeof room);
		struct snmp_pdu answer;
		fuzz_require(agent_answer(&a, m.version, &m.pdu, &w) == ST_OK && wr_span(&w).n <= AGENT_ANSWER_MAX);
		fuzz_require(snmp_parse_pdu(wr_span(&w), &answer) == ST_OK && answer.tag == PDU_RESPONSE);
		fuzz_require(answer.request_id == m.pdu.request_id && answer.varbind_count <= SNMP_VARBINDS_MAX);
	}
	free(copy);
	agent_done(&a);
	return 0;
}
