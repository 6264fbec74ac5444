// SPDX-License-Identifier: Apache-2.0
// Every limit and span of time of asking devices, why, and what happens at it.
#ifndef POLL_LIMITS_H
#define POLL_LIMITS_H

#include <stdint.h>

enum poll_limits {
	POLL_OUTSTANDING = 1024, // devices being asked at once; more wait
	POLL_FAILING = 256,      // of those, how many may have failed the last time: the dead cannot fill the places
	POLL_WAITING = 65536,    // devices that wait to be asked; more: not taken, and counted
	POLL_REMEMBERED =
	        65536, // devices whose last answer is known (a power of two); two in one place: the older is forgotten
	POLL_KNOWN = 256, // open alarms of one device that are compared; more: none of it is called gone
	POLL_ALERTS =
	        64, // rows of prtAlertTable kept, twice what printers keep themselves; more: nothing is called gone
	POLL_SUPPLIES = 64,       // rows of prtMarkerSuppliesTable kept; the rest is left out
	POLL_TEXT = 255,          // octets of one text of a device; the rest is cut
	POLL_EXCHANGES = 400,     // messages to one device; more: ST_WALK_ENDLESS
	POLL_TRIES = 3,           // sendings of one message
	POLL_REQUEST_MAX = 1400,  // octets of a message to a device
	POLL_NOTE_MAX = 16 << 10, // octets of one event's note; a longer one is left out
	POLL_RING = 1 << 20,      // bytes of events on their way to the journal; full: told the next time
	POLL_WATCH_SECONDS = 2,   // between looks at the state
	POLL_WATCH_ALL = 30,      // looks between which every device with open alarms is wanted once
	POLL_HEARD = 1024,        // printers heard between two looks; two in one place: the later one is asked
	POLL_CREDENTIALS = 1000,  // entries of `read`
	POLL_INNER_PORT = 40161,  // ours inside tunnels, where answers come: no port of `listen` may be this one
	POLL_INSIDE_WORKERS = 64, // workers that carry tunnels; more: refused
	POLL_INSIDE_RING =
	        1 << 20, // bytes on their way to or from one of them; full: lost like any datagram, and counted
};

#define POLL_SECOND INT64_C(1000000000)

#define POLL_TIMEOUT_NS POLL_SECOND            // of the first try; twice as long with each
#define POLL_DEVICE_NS (30 * POLL_SECOND)      // for one device in all; longer: ST_SLOW
#define POLL_SETTLE_NS (2 * POLL_SECOND)       // from the trap to the question: the alerts of one fault come together
#define POLL_SPREAD_NS POLL_SECOND             // at random on top
#define POLL_OPEN_SPREAD_NS (30 * POLL_SECOND) // the same while alarms are open, when nobody waits
#define POLL_GAP_NS (10 * POLL_SECOND)         // between two rounds of one device; twice as long for each failure
#define POLL_GAP_MAX_NS (600 * POLL_SECOND)
#define POLL_OPEN_NS (300 * POLL_SECOND) // while alarms are open a device is asked so often
#define POLL_BUSY_NS (POLL_SECOND / 2) // until another try when its address is just being asked, or no place is for it

#endif
