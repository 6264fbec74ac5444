// SPDX-License-Identifier: Apache-2.0
// The bodies of the smaller payloads: key exchange, identity, authentication, traffic selectors, configuration, delete
// (RFC 7296 3.4 to 3.15). Readers give ST_IKE_PAYLOAD for what is malformed and change nothing then.
#ifndef IKE_PAYLOAD_H
#define IKE_PAYLOAD_H

#include <assert.h>

#include "base/addr.h"
#include "ike/message.h"

struct ike_ke {
	uint16_t group;
	struct span public;
};
enum st ike_read_ke(struct span body, struct ike_ke *out);
void ike_put_ke(struct ike_writer *w, uint16_t group, struct span public);

// An identity as it stands on the wire behind the generic header: type, three octets, data. Types are enum ike_id_type.
struct ike_identity {
	uint8_t type;
	struct span data;
};
enum st ike_read_identity(struct span body, struct ike_identity *out);
void ike_put_identity(struct ike_writer *w, enum ike_payload which, const struct ike_identity *id);

struct ike_proof {
	uint8_t method;
	struct span data;
};
enum st ike_read_proof(struct span body, struct ike_proof *out);
void ike_put_proof(struct ike_writer *w, uint8_t method, struct span data);

// A range of addresses (in the form of struct addr), a protocol (0: any), a range of ports (65535 to 0: opaque).
struct ike_ts {
	uint8_t first[16], last[16];
	uint16_t port_first, port_last;
	uint8_t protocol, zero;
};
struct ike_ts_list {
	struct ike_ts at[IKE_TS_MAX];
	uint8_t n, zero;
};
static_assert(sizeof(struct ike_ts_list) == IKE_TS_MAX * 38 + 2, "compared and hashed octet by octet: it has no holes");
struct ike_ts ike_ts_of(const struct prefix *p);
struct ike_ts ike_ts_of_ip(const uint8_t ip[16]);
// More than IKE_TS_MAX, and kinds that we do not know, are passed over: a list may be narrowed.
enum st ike_read_ts(struct span body, struct ike_ts_list *out);
void ike_put_ts(struct ike_writer *w, enum ike_payload which, const struct ike_ts_list *list);
// What both allow, in the order of `theirs`, so that the pair of the packet that started it stays in front (RFC 7296 2.9).
// ST_IKE_TS: nothing.
enum st ike_narrow(const struct ike_ts_list *mine, const struct ike_ts_list *theirs, struct ike_ts_list *out);
// Every selector of `inner` lies in one of `outer`.
bool ike_ts_within(const struct ike_ts_list *inner, const struct ike_ts_list *outer);

struct ike_configuration {
	uint8_t type; // CP_REQUEST, CP_REPLY
	bool has_ip4;
	uint8_t ip4[4]; // all 0: whichever
};
enum st ike_read_configuration(struct span body, struct ike_configuration *out);
// `ip4` NULL: asks for any.
void ike_put_configuration(struct ike_writer *w, uint8_t type, const uint8_t *ip4);

struct ike_delete {
	uint8_t protocol;
	uint16_t n;
	uint32_t spi[IKE_DELETE_SPIS_MAX]; // of ESP
};
enum st ike_read_delete(struct span body, struct ike_delete *out);
// One SA of ESP; or, with spi 0, the IKE SA itself.
void ike_put_delete(struct ike_writer *w, uint32_t spi);

#endif
