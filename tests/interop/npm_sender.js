// SPDX-License-Identifier: Apache-2.0
// Sends with npm's net-snmp: `node npm_sender.js trap|inform 1|2c HOST PORT COMMUNITY TEXT`; prints "acknowledged" for
// an inform that was answered, "sent" for a trap.
"use strict";
const snmp = require("net-snmp");

const [kind, version, host, port, community, text] = process.argv.slice(2);
const session = snmp.createSession(host, community, {
	version: version === "1" ? snmp.Version1 : snmp.Version2c,
	trapPort: Number(port),
	transport: host.includes(":") ? "udp6" : "udp4",
	timeout: 3000,
	retries: 0,
});
const varbinds = [
	{ oid: "1.3.6.1.2.1.1.5.0", type: snmp.ObjectType.OctetString, value: text },
	{ oid: "1.3.6.1.2.1.43.10.2.1.4.1.1", type: snmp.ObjectType.Counter, value: 123456 },
];
const done = (error) => {
	console.log(error ? String(error) : kind === "inform" ? "acknowledged" : "sent");
	session.close();
	process.exitCode = error ? 1 : 0;
};
if (kind === "inform")
	session.inform(snmp.TrapType.LinkDown, varbinds, { upTime: 4711 }, done);
else
	session.trap(snmp.TrapType.LinkDown, varbinds, { upTime: 4711, agentAddr: "198.51.100.9" }, done);
