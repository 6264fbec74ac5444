// SPDX-License-Identifier: Apache-2.0
// NAT detection (RFC 7296 2.23). A process without raw sockets hears no ESP but in UDP, so our own address is always said
// to be translated: the source hash is made of no address at all, always the same one, and the peer wraps ESP in UDP.
#include "ike/private.h"

enum { HASH = 20 };

static void hash_of(uint64_t spi_i, uint64_t spi_r, const struct addr *a, bool nowhere, uint8_t out[HASH])
{
	uint8_t octets[16 + 16 + 2];
	bool v4 = addr_is_v4(a);
	struct wr w = wr_of(octets, sizeof octets);
	static const uint8_t zeros[16];
	wr_be(&w, nowhere ? 0 : a->port, 2);
	wr_bytes(&w, span_of(nowhere ? zeros : a->ip + (v4 ? 12 : 0), v4 ? 4 : 16));
	wr_be(&w, spi_r, 8);
	wr_be(&w, spi_i, 8);
	digest_of(&digest_sha1, wr_span(&w), out);
}

void ike_put_nat(struct ike_writer *w, uint64_t spi_i, uint64_t spi_r, const struct ike_path *path)
{
	uint8_t hash[HASH];
	hash_of(spi_i, spi_r, &path->remote, false, hash);
	ike_put_notify(w, N_NAT_DETECTION_DESTINATION_IP, span_of(hash, HASH));
	hash_of(spi_i, spi_r, &path->local, true, hash);
	ike_put_notify(w, N_NAT_DETECTION_SOURCE_IP, span_of(hash, HASH));
}

bool ike_see_nat(struct ike_sa *sa, const struct ike_message *m, const struct ike_path *path)
{
	uint8_t there[HASH], here[HASH];
	const struct ike_notify *dest = ike_find_notify(m, N_NAT_DETECTION_DESTINATION_IP);
	hash_of(m->spi_i, m->spi_r, &path->remote, false, there);
	hash_of(m->spi_i, m->spi_r, &path->local, false, here);
	bool source = false, same = false;
	for (size_t i = 0; i < m->n_notify; i++) {
		if (m->notify[i].type != N_NAT_DETECTION_SOURCE_IP)
			continue;
		source = true;
		same |= span_equal(m->notify[i].data, span_of(there, HASH));
	}
	if (!source || !dest || dest->data.n != HASH)
		return false;
	sa->nat_there = !same;
	sa->nat_here = !span_equal(dest->data, span_of(here, HASH));
	return true;
}
