// SPDX-License-Identifier: Apache-2.0
// Steering: which worker a source address belongs to, once as classic BPF in the kernel and once in C. The two must
// agree to the bit, because state about a source has one owner (design.md, "Threads").
//
// The hash takes the address as 32-bit words in host order, one for IPv4 and four for IPv6, and folds each in with
// h = (h ^ word) * FACTOR; h ^= h >> 16. It spreads neighbours; it is not keyed, and need not be: who chooses his
// address to meet a worker gains a share of that worker's time and no more. The program reads the network header
// (SKF_NET_OFF), since in a reuseport program the packet's data begin behind the UDP header.
#include <linux/filter.h>
#include <sys/socket.h>

#include "io/udp.h"

enum {
	FACTOR = 0x2c1b3c6d,
	SHIFT = 16,
	V4_SOURCE = 12, // offset in the header, RFC 791 section 3.1
	V6_SOURCE = 8,  // RFC 8200 section 3
	SLOT = 0,       // of the BPF scratch memory, holds h
};

// A = h of the scratch slot with the source word at `offset` folded in, and the slot too.
#define FOLD(offset)                                                                                                   \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_NET_OFF + (offset)), BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, SLOT),         \
	        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, FACTOR),                   \
	        BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, SHIFT),                           \
	        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), BPF_STMT(BPF_ST, SLOT)

enum { FOLD_LENGTH = 8 }; // instructions of one FOLD

enum st udp_steer_attach(const struct udp_socket *any, unsigned workers)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 0),
		BPF_STMT(BPF_ST, SLOT),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_NET_OFF),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, FOLD_LENGTH + 1),
		FOLD(V4_SOURCE),
		BPF_JUMP(BPF_JMP | BPF_JA, 4 * FOLD_LENGTH, 0, 0),
		FOLD(V6_SOURCE),
		FOLD(V6_SOURCE + 4),
		FOLD(V6_SOURCE + 8),
		FOLD(V6_SOURCE + 12),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	if (setsockopt(any->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0)
		return ST_SYSTEM;
	return ST_OK;
}

enum st udp_steer_by_spi(const struct udp_socket *any, unsigned workers, unsigned bits)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), // behind the UDP header; too short: 0 is returned
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (1U << bits) - 1),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, workers, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	if (setsockopt(any->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0)
		return ST_SYSTEM;
	return ST_OK;
}

unsigned udp_spi_bits(unsigned workers)
{
	unsigned bits = 0;
	while (1U << bits < workers)
		bits++;
	return bits;
}

unsigned udp_steer_spi(uint32_t spi, unsigned workers, unsigned bits)
{
	unsigned worker = spi & ((1U << bits) - 1);
	return worker < workers ? worker : 0;
}

unsigned udp_steer(const struct addr *peer, unsigned workers)
{
	struct rd words = rd_of(addr_is_v4(peer) ? span_of(peer->ip + 12, 4) : span_of(peer->ip, 16));
	uint32_t h = 0;
	while (rd_left(&words)) {
		h = (h ^ rd_u32(&words)) * (uint32_t)FACTOR;
		h ^= h >> SHIFT;
	}
	return h % workers;
}
