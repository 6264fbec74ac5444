// SPDX-License-Identifier: Apache-2.0
// Every limit of the configuration and of the collector's own files, why, and what happens at it: the complaint names the limit.
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

enum config_limits {
	CONFIG_FILE_MAX = 8 << 20,   // bytes of one file; room for 50,000 senders in local.yaml; larger: refused
	CONFIG_DEPTH_MAX = 8,        // lists and mappings inside each other; the grammar needs 4; deeper: refused
	CONFIG_COMPLAINTS_MAX = 100, // lines in a report; more are only counted
	CONFIG_NAME_MAX = 64,        // octets of a label, site or user name; longer: refused
	CONFIG_TEXT_MAX = 4096,      // octets of any other value, a path for instance; longer: refused
	CONFIG_SECRET_MAX = 255,     // octets of a community or password (SNMP_COMMUNITY_MAX); longer: refused
	CONFIG_ENGINE_ID_TOLD = 23,  // octets of engine-id that fit into twice the shortest question; more: warned
	CONFIG_RATE_MAX = 1000000,   // messages per second and source; more than a machine can take is no limit
	CONFIG_PORT_MAX = 65535,
	CONFIG_WORKERS_MAX = 16,       // INTAKE_WORKERS; more: refused
	CONFIG_DAYS_MAX = 36500,       // a century
	CONFIG_SPAN_MAX = 366 * 86400, // seconds of a span of time; a longer one is a mistake
	CONFIG_LIFE_MIN =
	        10, // seconds of keys: new ones are made in the last two, and a lost datagram takes one; shorter: refused
	CONFIG_SUGGEST_DISTANCE = 3, // edits between what was written and the key that is suggested
	CONFIG_KEYS_MAX = 128,       // rows of the key table; asserted when it is built
	CONFIG_FIRST_COMMUNITY = 24, // characters of the community made at the first start: 142 random bits
};

enum {
	ENGINES_FILE_MAX = 256 << 20, // bytes of DIR/engines; 16 workers with full tables stay below; larger: left out
};

enum {
	ACT_COMMIT_MS = 5000, // an act is not on disk by then: 503, and it happens when the disk lets it
	ACT_STATE_MS = 3000,  // it is on disk, but the state is behind: 202
};

#endif
