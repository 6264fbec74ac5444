// SPDX-License-Identifier: Apache-2.0
// The parts of `trapline send`: the notification from the arguments (send_build.c), what it is wrapped in (send_community.c,
// send_v3.c), the exchange with the receiver (send_wire.c), the command (send.c).
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include <sys/socket.h>

#include "cli/options.h"
#include "cli/user.h"
#include "crypto/crypto.h"
#include "snmp/build.h"
#include "snmp/v3_client.h"

enum send_limits {
	SEND_VARBINDS_MAX = 512, // more arguments than a shell line should have; more: wrong usage
	SEND_TRIES_MAX = 100,
	SEND_TIMEOUT_MAX = 3600, // seconds
	SEND_NAME_MAX = 4096,    // octets of a folder's path; longer: refused
};

// What to send, before it is a message.
struct send_notification {
	bool inform;
	int32_t version;    // SNMP_V1, SNMP_V2C, SNMP_V3
	int32_t request_id; // also that of the answer
	uint32_t uptime;
	struct oid trap;
	struct snmp_out_v1 v1; // SNMP_V1
	struct snmp_out_varbind varbinds[SEND_VARBINDS_MAX];
	size_t varbind_count;
};

// From the operands and options. CLI_DONE, or CLI_USAGE after a line on stderr. send_notification_done in any case.
int send_notification_of(const struct args *a, struct send_notification *out);
void send_notification_done(struct send_notification *n);
// The PDU, written downwards. ST_FULL: over 65,507 octets.
enum st send_write_pdu(const struct send_notification *n, struct wr *w);

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
	bool refused;         // a Report came instead:
	enum st why;          // what it said (of usmStats), ST_NONE for anything else
	int64_t took;         // nanoseconds from the last sending to the answer
	unsigned tries;
};

enum send_heard {
	SEND_NOTHING, // no answer to us: go on waiting
	SEND_AGAIN,   // it taught us what was missing: write again and send that
	SEND_ENDED,   // *out says how
};

// What is said, and what counts as an answer.
struct send_talk {
	bool confirmed; // an answer is waited for
	enum st (*write)(void *arg, int64_t now, struct wr *w);
	enum send_heard (*hear)(void *arg, int64_t now, struct span message, struct send_result *out);
	void *arg;
};

// Sends; where an answer is wanted waits for it and sends again. ST_OK also without an answer (see *out). ST_FULL: the
// message is larger than 65,507 octets. ST_SYSTEM with errno when the network refuses.
enum st send_exchange(const struct send_target *t, const struct send_talk *talk, struct send_result *out);

// Versions 1 and 2c. The notification must outlive it.
struct send_community {
	const struct send_notification *notification;
	struct text community;
};

// The community of the options, else of the configuration. CLI_DONE, or an exit code after a line on stderr.
// send_community_done in any case.
int send_community_of(const struct args *a, const struct send_notification *n, struct send_community *out);
struct send_talk send_community_talk(struct send_community *c);
void send_community_done(struct send_community *c);

// Version 3.
struct send_v3 {
	const struct send_notification *notification;
	struct user_given given;
	struct config *config; // holds the user when no option names its passwords, else NULL
	struct usm_user user;
	uint8_t level;
	struct crypto *crypto;
	struct v3_client *client;
	int lock;                       // the state folder's
	uint8_t pdu[SNMP_DATAGRAM_MAX]; // the notification, at its end
	struct span whole;              // of it
};

// The user of the options (or of the configuration), our own engine, the client. As above; send_v3_done in any case.
int send_v3_of(const struct args *a, const struct send_notification *n, struct send_v3 *out);
struct send_talk send_v3_talk(struct send_v3 *v);
// A refusal in words: what the Report means, and what to look at.
void send_v3_explain(const struct send_v3 *v, enum st why, struct text *out);
void send_v3_done(struct send_v3 *v);

// Our engine when we send: its ID and boots in a folder of the sender's own, which is locked as long as *lock is open, so
// that what has lower boots has left before higher ones do.
struct send_engine {
	uint8_t id[SNMP_ENGINE_ID_MAX];
	uint8_t id_n;
	uint32_t boots;
};

// The folder is --state, else below $XDG_STATE_HOME; --engine-id has one of its own in it, so that boots never fall.
int send_engine_start(const struct args *a, struct send_engine *out, int *lock);

#endif
