// SPDX-License-Identifier: Apache-2.0
// Sends with npm's net-snmp as an SNMPv3 user: `node npm_v3_sender.js trap|inform HOST PORT USER DIGEST CIPHER AUTH PRIV
// ENGINE TEXT`; DIGEST and CIPHER as in snmp.AuthProtocols and snmp.PrivProtocols, CIPHER none for authNoPriv.
"use strict";
const snmp = require("net-snmp");

const [kind, host, port, name, digest, cipher, auth, priv, engine, text] = process.argv.slice(2);
const user = { name, authProtocol: snmp.AuthProtocols[digest], authKey: auth };
if (cipher === "none") {
	user.level = snmp.SecurityLevel.authNoPriv;
} else {
	user.level = snmp.SecurityLevel.authPriv;
	user.privProtocol = snmp.PrivProtocols[cipher];
	user.privKey = priv;
}
const session = snmp.createV3Session(host, user, {
	version: snmp.Version3,
	engineID: engine,
	trapPort: Number(port),
	transport: host.includes(":") ? "udp6" : "udp4",
	timeout: 3000,
	retries: 0,
});
const varbinds = [{ oid: "1.3.6.1.2.1.1.5.0", type: snmp.ObjectType.OctetString, value: text }];
const done = (error) => {
	console.log(error ? String(error) : kind === "inform" ? "acknowledged" : "sent");
	session.close();
	process.exitCode = error ? 1 : 0;
};
if (kind === "inform")
	session.inform(snmp.TrapType.ColdStart, varbinds, { upTime: 4711 }, done);
else
	session.trap(snmp.TrapType.ColdStart, varbinds, { upTime: 4711 }, done);
