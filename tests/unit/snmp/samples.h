// SPDX-License-Identifier: Apache-2.0
// Pieces of messages in the notation of hex.h.
#ifndef TESTS_SNMP_SAMPLES_H
#define TESTS_SNMP_SAMPLES_H

#define PUBLIC "04{7075626c6963}"
#define VARBIND(oid, value) "30{ 06{" oid "} " value " }"

#define SYS_UPTIME "2b06010201010300"
#define TRAP_OID "2b060106030101040100"
#define TRAP_ENTERPRISE "2b060106030101040300"
#define TRAP_ADDRESS "2b06010603120103 00"
#define TRAP_COMMUNITY "2b06010603120104 00"
#define ALERT_CODE "2b060102012b12010108 0105" // 1.3.6.1.2.1.43.18.1.1.8.1.5
#define ALERT_TRAP "2b060102012b120200 01"     // 1.3.6.1.2.1.43.18.2.0.1

#define UPTIME VARBIND(SYS_UPTIME, "43{01e240}")
#define TRAP VARBIND(TRAP_OID, "06{" ALERT_TRAP "}")
#define CODE VARBIND(ALERT_CODE, "02{08}")

#define PDU2(tag, varbinds) tag "{ 02{2a} 02{00} 02{00} 30{" varbinds "} }"
#define MESSAGE(version, pdu) "30{ 02{" version "} " PUBLIC " " pdu " }"
#define V2(varbinds) MESSAGE("01", PDU2("a7", varbinds))
#define INFORM(varbinds) MESSAGE("01", PDU2("a6", varbinds))

#define HP "2b060104010b" // 1.3.6.1.4.1.11
#define PDU1(enterprise, agent, generic, specific, ticks, varbinds)                                                    \
	"a4{ 06{" enterprise "} 40{" agent "} 02{" generic "} 02{" specific "} 43{" ticks "} 30{" varbinds "} }"
#define V1(enterprise, agent, generic, specific, ticks, varbinds)                                                      \
	MESSAGE("00", PDU1(enterprise, agent, generic, specific, ticks, varbinds))

#endif
