// SPDX-License-Identifier: Apache-2.0
// Every limit of the tunnel's data plane, why, and what happens at it.
#ifndef TUNNEL_LIMITS_H
#define TUNNEL_LIMITS_H

enum plane_limits {
	PLANE_BATCH = 64,        // datagrams plane_input takes at once (ESP_BATCH)
	PLANE_LISTENERS = 64,    // listeners by number, as INTAKE_LISTENERS; more: refused
	PLANE_INNER = 16,        // our addresses inside the tunnels; more: refused
	PLANE_PORTS = 64,        // inner UDP ports served; more: refused
	PLANE_SITES = 1 << 16,   // sites by number, below this; more: refused
	PLANE_SITE_PAIRS = 16,   // pairs of one site, rekeying ones included; more: refused
	PLANE_SITE_NAME = 65,    // octets of a name, its end counted in
	PLANE_QUEUE = 256 << 10, // octets of packets that wait to be sealed; full: sealed and sent at once
	PLANE_HEARD_SECONDS = 1, // the key owner is told so often at most that a pair is heard
	PLANE_TICK_SECONDS = 1,  // keepalives and old fragments are looked for so often
	RELAY_LISTENERS = 8,     // ports of a relay; more: refused
	RELAY_PORT = 49152,   // ours inside, from here on: one for each flow whose device's address may not stand there
	PLANE_SOFT_GIB = 768, // octets under one pair before a rekey is asked for, and at which it ends: far below what
	PLANE_HARD_GIB = 1024, // AES-GCM bears, and of AES-CBC 2^36 blocks (RFC 4303 does not say)
};

#endif
