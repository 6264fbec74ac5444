// SPDX-License-Identifier: Apache-2.0
// UDP in batches: recvmmsg with UDP_GRO, sendmmsg, and replies that leave from the address that was addressed
// (IP_PKTINFO, IPV6_RECVPKTINFO).
#ifndef IO_UDP_H
#define IO_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

enum udp_limits {
	UDP_BATCH = 32,               // datagrams (or GRO trains) a receive call takes
	UDP_PAYLOAD_MAX = 65507,      // what IPv4 can carry, and the limit for IPv6 too (RFC 3417 names no larger one)
	UDP_BUFFER = 65536,           // bytes for one; a larger datagram is marked truncated
	UDP_SEND_BATCH = 64,          // replies a send call takes
	UDP_RCVBUF_WANTED = 64 << 20, // asked for; SO_RCVBUFFORCE where allowed, else SO_RCVBUF
	UDP_RCVBUF_SMALL = 4 << 20,   // effective size below this is warned of
};

struct udp_socket {
	int fd;
	struct addr local; // as bound (the port is known even when 0 was asked)
	bool v6;
	uint32_t rcvbuf; // effective, in bytes of payload as the kernel accounts them (SO_RCVBUF / 2)
};

// One datagram. `local` is the address it was sent to; for a broadcast the interface's own address, for an IPv6
// multicast "::" (the kernel chooses). `truncated`: over 65,507 bytes, or cut.
struct udp_packet {
	struct span bytes;
	struct addr peer, local;
	uint32_t ifindex;
	bool truncated;
};

struct udp_out {
	struct span bytes;
	struct addr to, from; // from: as udp_packet.local; all zero: let the kernel choose
	uint32_t ifindex;
};

// Binds with SO_REUSEPORT when `shared` (several workers), IPV6_V6ONLY for IPv6. ST_IN_USE, ST_DENIED, ST_SYSTEM.
enum st udp_open(const struct addr *local, bool shared, struct udp_socket *out);
// Opens n sockets in one SO_REUSEPORT group, one for each worker in worker order, and attaches steering. The first is
// bound alone, so a port that another group holds is ST_IN_USE: by SO_REUSEPORT alone a second collector of the same
// user would silently take its share of the traps. On failure none is open.
enum st udp_open_group(const struct addr *local, unsigned n, struct udp_socket *out);
// Lets the kernel hand over trains of datagrams of one flow (UDP_GRO), which udp_next splits: a third less work for bulk
// traffic, but a dropped train counts as one in udp_drops, so not for ports whose losses are accounted. ST_SYSTEM: the
// kernel has none (before 5.0).
enum st udp_trains(const struct udp_socket *s);
// Takes over a socket from the service manager (LISTEN_FDS): sets options, reads its address.
enum st udp_adopt(int fd, struct udp_socket *out);
void udp_close(struct udp_socket *s);

// The receive buffers of one thread.
struct udp_batch;
enum st udp_batch_new(struct udp_batch **out);
void udp_batch_free(struct udp_batch *b);
// Fills the batch from the socket without waiting; returns the number of kernel messages (0: nothing there).
// Only call it when the batch is used up.
int udp_receive(const struct udp_socket *s, struct udp_batch *b);
// The next datagram of the batch (GRO trains are split here); false when it is used up. Views stay valid until the
// next udp_receive.
bool udp_next(struct udp_batch *b, struct udp_packet *out);

// Sends without waiting; returns how many of the n are done with (the rest may be tried again). What the kernel refuses
// for a reason of its own (no route, not our address any more) is done with too: one dead peer must not block the rest.
// `ifindex` counts only between link-local addresses; elsewhere the route decides, which may be another interface than
// the datagram came by.
int udp_send(const struct udp_socket *s, const struct udp_out *out, int n);

// The same in trains (UDP_SEGMENT) where neighbours go the same way and are of one size but for the last: for bulk. Falls back to
// udp_send where the kernel or the device refuses.
int udp_send_trains(const struct udp_socket *s, const struct udp_out *out, int n);

// Octets of the largest IP packet that the way to `to` takes, as far as the kernel knows: its device, its routes, and what routers
// on the way said, which is nobody's word but a hint. 0: there is no way.
uint32_t udp_path_mtu(const struct addr *to);

// Whether what is sent from now on has a UDP checksum (RFC 768: over IPv4 it need not; over IPv6 it keeps it).
void udp_checksum(const struct udp_socket *s, bool on);

// What the kernel dropped for lack of buffer since the socket was opened, by SO_MEMINFO.
uint32_t udp_drops(const struct udp_socket *s);

// Steering: with several sockets in one SO_REUSEPORT group (opened in worker order), sends a source address always
// to the same worker (SO_ATTACH_REUSEPORT_CBPF on any one of them). udp_steer gives the same answer in C.
enum st udp_steer_attach(const struct udp_socket *any, unsigned workers);
unsigned udp_steer(const struct addr *peer, unsigned workers);
// The same for ESP in UDP, by what the datagram says: the low `bits` of its first word, its SPI, are the number of the worker.
// A word of 0, in front of IKE, and a number that no worker has go to the first one, and so does what is shorter.
enum st udp_steer_by_spi(const struct udp_socket *any, unsigned workers, unsigned bits);
unsigned udp_steer_spi(uint32_t spi, unsigned workers, unsigned bits);
// As many low bits as it takes to name so many workers.
unsigned udp_spi_bits(unsigned workers);

#endif
