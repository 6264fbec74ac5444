// SPDX-License-Identifier: Apache-2.0
// The parts of `trapline send`: the message from the arguments (send_build.c), the exchange with the receiver
// (send_wire.c), the command (send.c).
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include <sys/socket.h>

#include "cli/options.h"
#include "snmp/build.h"

enum send_limits {
	SEND_VARBINDS_MAX = 512, // more arguments than a shell line should have; more: wrong usage
	SEND_TRIES_MAX = 100,
	SEND_TIMEOUT_MAX = 3600, // seconds
};

// What to send, before it is a message.
struct send_notification {
	bool inform;
	int32_t version;    // SNMP_V1, SNMP_V2C
	int32_t request_id; // also that of the answer
	uint32_t uptime;
	struct oid trap;
	struct snmp_out_v1 v1; // SNMP_V1
	struct snmp_out_varbind varbinds[SEND_VARBINDS_MAX];
	size_t varbind_count;
	struct span community;
};

// From the operands and options. CLI_DONE, or CLI_USAGE after a line on stderr. send_notification_done in any case.
int send_notification_of(const struct args *a, struct send_notification *out);
void send_notification_done(struct send_notification *n);
// The message, written downwards. ST_FULL: over 65,507 octets.
enum st send_write(const struct send_notification *n, struct wr *w);

struct send_target {
	struct sockaddr_storage to;
	socklen_t to_length;
	bool tcp;
	int64_t timeout; // nanoseconds, of one try
	unsigned tries;
};

struct send_result {
	bool answered;
	int32_t error_status; // of the answer, RFC 3416
	int64_t took;         // nanoseconds from the last sending to the answer
	unsigned tries;
};

// Sends; for an inform waits for the response with its request-id and community and sends again. ST_OK also without an
// answer (see *out). ST_SYSTEM with errno when the network refuses.
enum st send_exchange(const struct send_target *t, struct span message, const struct send_notification *n,
                      struct send_result *out);

#endif
