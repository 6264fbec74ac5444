// SPDX-License-Identifier: Apache-2.0
// Messages that nobody here wrote: Net-SNMP's traps in every algorithm open, with the extension they were made with.
#include "../crypto/hex.h"
#include "netsnmp_traps.h"
#include "v3_help.h"

static void opened(void **state)
{
	for (size_t i = 0; i < sizeof netsnmp_traps / sizeof *netsnmp_traps; i++) {
		uint8_t message[512];
		struct span datagram = span_of(message, unhex(netsnmp_traps[i].hex, message));
		struct usm_user user =
		        test_user("alice", netsnmp_traps[i].auth, netsnmp_traps[i].priv, "auth password");
		user.priv_password = span_str("priv password");
		struct usm_users *users = users_of(&user, 1, NULL);
		struct v3_state *s = state_of(users, 10);
		struct v3_received r;
		if (receive_from(s, SECONDS(1), "192.0.2.1", datagram, &r) != ST_OK)
			fail_msg("%s %s", netsnmp_traps[i].auth, netsnmp_traps[i].priv);
		struct ber list = ber_of(r.pdu.varbinds);
		struct snmp_varbind v;
		while (snmp_varbind_next(&list, &v))
			;
		assert_true(span_equal(v.value, span_str("Paper jam")));
		assert_int_equal(r.message.usm.boots, 1);
		bool stretched = user.priv && usm_stretches(user.auth->digest, user.priv);
		assert_int_equal(r.reply.extension, stretched ? netsnmp_traps[i].extension : USM_BLUMENTHAL);
		// the first octet of the digest, which is no part of any length
		message[r.message.usm.auth.p - message] ^= 1;
		struct v3_state *other = state_of(users, 10);
		assert_int_equal(receive_from(other, SECONDS(1), "192.0.2.1", datagram, &r), ST_DIGEST);
		v3_state_free(s);
		v3_state_free(other);
		usm_users_free(users);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(opened) };
	return cmocka_run_group_tests_name("snmp: v3 netsnmp", tests, start_crypto, stop_crypto);
}
