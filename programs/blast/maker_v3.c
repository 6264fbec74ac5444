// SPDX-License-Identifier: Apache-2.0
// See maker_v3.h.
#include "maker_v3.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/scoped.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "snmp/usm_users.h"
#include "snmp/v3_message.h"
#include "train.h"

enum {
	ENGINE_OCTETS = 12,
	DISCOVERY_TRIES = 3,
	DISCOVERY_MS = 1000,
	WIDE = 1 << MAKER_REQUEST_BITS, // set in a msgID, so that it has four octets always
};

struct maker_engine {
	uint8_t id[SNMP_ENGINE_ID_MAX];
	uint8_t id_n;
	struct usm_keys keys;
};

struct maker_v3 {
	struct crypto *crypto;
	struct ciphers *ciphers;
	struct usm_users *users;
	struct maker_engine *engines;
	uint32_t count;
	uint32_t boots, time_at_start, time;
	uint64_t salt;
	bool inform;
	uint8_t plain[V3_PLAIN_MAX];
};

void maker_v3_free(struct maker_v3 *v3)
{
	if (!v3)
		return;
	usm_users_free(v3->users);
	ciphers_free(v3->ciphers);
	crypto_free(v3->crypto);
	free(v3->engines);
	free(v3);
}

void maker_v3_clock(struct maker_v3 *v3, uint32_t seconds)
{
	v3->time = v3->time_at_start + seconds;
}

static struct v3_outgoing outgoing(struct maker_v3 *v3, uint64_t seq)
{
	const struct maker_engine *e = &v3->engines[seq / TRAIN_DATAGRAMS % v3->count];
	const struct usm_entry *entry = &v3->users->entries[0];
	struct span id = span_of(e->id, e->id_n);
	return (struct v3_outgoing){
		.msg_id = (int32_t)(WIDE | (seq & (WIDE - 1))),
		.reportable = v3->inform,
		.level = entry->priv   ? USM_AUTHPRIV
		         : entry->auth ? USM_AUTH
		                       : USM_NOAUTH,
		.engine = id,
		.boots = v3->boots,
		.time = v3->time,
		.user = usm_entry_name(entry),
		.auth = entry->auth,
		.priv = entry->priv,
		.keys = &e->keys,
		.extension = USM_BLUMENTHAL,
		.salt = v3->salt++,
		.context_engine = id,
	};
}

static void make_v3(const struct maker *m, uint64_t seq, uint8_t *out)
{
	uint8_t pdu[MAKER_SIZE_MAX], whole[MAKER_SIZE_MAX];
	struct v3_outgoing o = outgoing(m->v3, seq);
	struct wr w = wr_of(whole, sizeof whole);
	maker_patch(m, seq, pdu);
	o.pdu = span_of(pdu, m->template_n);
	if (v3_message_write(&o, m->v3->ciphers, m->v3->plain, &w) == ST_OK)
		memcpy(out, w.at, wr_span(&w).n);
}

// A Response repeats the msgID and is encrypted like its inform; a Report is not, and is no acknowledgement.
static enum st acknowledged_v3(const struct maker *m, struct span reply, uint64_t newest, uint64_t *seq)
{
	struct v3_message r;
	enum st st = v3_message_parse(reply, &r);
	if (st)
		return st;
	if (r.flags & V3_FLAG_REPORTABLE || v3_message_level(&r) != outgoing(m->v3, 0).level)
		return ST_PDU_TYPE;
	*seq = maker_sequence((uint32_t)r.msg_id, newest);
	return ST_OK;
}

static enum st make_users(struct maker_v3 *v3, const struct maker_user *u)
{
	size_t which;
	struct usm_user user = {
		.name = span_str(u->name),
		.auth = u->auth ? usm_auth_by_name(u->auth) : NULL,
		.auth_password = span_str(u->auth_password),
		.priv = u->priv ? usm_priv_by_name(u->priv) : NULL,
		.priv_password = span_str(u->priv_password),
	};
	if ((u->auth && !user.auth) || (u->priv && !user.priv))
		return ST_SYNTAX;
	return usm_users_new(&user, 1, span_of("trapline-blast", 14), NULL, &v3->users, &which);
}

// 0x80 and an example's enterprise number (RFC 5612), then the engine's own number.
static void make_engine(struct maker_v3 *v3, const struct maker_options *o, uint32_t i)
{
	static const uint8_t head[ENGINE_OCTETS - 4] = { 0x80, 0x00, 0x7e, 0xd9, 0x05, 'b', 'l', 'a' };
	struct maker_engine *e = &v3->engines[i];
	const struct usm_entry *entry = &v3->users->entries[0];
	if (o->inform) {
		e->id_n = o->authority_n;
		memcpy(e->id, o->authority, e->id_n);
	} else {
		e->id_n = ENGINE_OCTETS;
		memcpy(e->id, head, sizeof head);
		for (int k = 0; k < 4; k++)
			e->id[sizeof head + (size_t)k] = (uint8_t)(i >> (24 - 8 * k));
	}
	struct span id = span_of(e->id, e->id_n);
	if (entry->auth)
		usm_entry_auth_keys(entry, id, &e->keys);
	if (entry->priv)
		usm_entry_priv_key(entry, id, USM_BLUMENTHAL, &e->keys);
}

static enum st fill(struct maker_v3 *v3, const struct maker_options *o)
{
	v3->inform = o->inform;
	v3->count = o->inform ? 1 : o->user.engines;
	v3->engines = calloc(v3->count, sizeof *v3->engines);
	v3->boots = o->inform ? o->boots : 1;
	v3->time = v3->time_at_start = o->inform ? o->time : (uint32_t)time(NULL);
	enum st st = v3->engines ? crypto_init(&v3->crypto) : ST_NO_MEMORY;
	if (!st)
		st = ciphers_new(v3->crypto, &v3->ciphers);
	if (!st)
		st = make_users(v3, &o->user);
	if (!st)
		st = random_bytes(random_system(), &v3->salt, sizeof v3->salt);
	for (uint32_t i = 0; !st && i < v3->count; i++)
		make_engine(v3, o, i);
	return st;
}

enum st maker_v3_init(struct maker *m, const struct maker_options *o)
{
	struct maker_v3 *v3 = calloc(1, sizeof *v3);
	enum st st = v3 ? fill(v3, o) : ST_NO_MEMORY;
	if (st) {
		maker_v3_free(v3);
		return st;
	}
	uint8_t pdu[MAKER_SIZE_MAX], whole[MAKER_SIZE_MAX];
	struct v3_outgoing first = outgoing(v3, 0);
	struct wr w = wr_of(whole, sizeof whole);
	m->v3 = v3;
	m->make = make_v3;
	m->acknowledged = acknowledged_v3;
	maker_patch(m, 0, pdu);
	first.pdu = span_of(pdu, m->template_n);
	st = v3_message_write(&first, v3->ciphers, v3->plain, &w);
	m->size = wr_span(&w).n;
	return st;
}

// Sends an empty authoritative engine ID, or a known one with boots and time 0; the Report's header says what is right.
static enum st ask(int fd, struct maker_options *o, struct maker_v3 *v3, const struct maker *m)
{
	uint8_t pdu[MAKER_SIZE_MAX], whole[MAKER_SIZE_MAX], reply[TRAIN_REPLY_MAX];
	struct v3_outgoing q = { .msg_id = WIDE, .reportable = true, .level = USM_NOAUTH };
	struct v3_message r;
	if (o->authority_n) {
		q = outgoing(v3, 0);
		q.boots = q.time = 0;
	}
	struct wr w = wr_of(whole, sizeof whole);
	maker_patch(m, 0, pdu);
	q.pdu = span_of(pdu, m->template_n);
	enum st st = v3_message_write(&q, v3->ciphers, v3->plain, &w);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (st || send(fd, w.at, wr_span(&w).n, 0) < 0 || poll(&p, 1, DISCOVERY_MS) != 1)
		return ST_NONE;
	ssize_t n = recv(fd, reply, sizeof reply, 0);
	if (n <= 0 || v3_message_parse(span_of(reply, (size_t)n), &r) || r.usm.engine.n > sizeof o->authority)
		return ST_NONE;
	o->authority_n = (uint8_t)r.usm.engine.n;
	memcpy(o->authority, r.usm.engine.p, r.usm.engine.n);
	o->boots = r.usm.boots;
	o->time = r.usm.time;
	return ST_OK;
}

enum st maker_v3_discover(const struct addr *to, struct maker_options *o)
{
	struct sockaddr_storage sa;
	socklen_t sa_n = addr_to_sockaddr(to, false, &sa);
	int scoped(fd_close) fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sa_n) < 0)
		return ST_SYSTEM;
	enum st st = ST_NONE;
	for (int i = 0; i < DISCOVERY_TRIES && !(st == ST_OK && o->boots); i++) {
		struct maker m;
		st = maker_init(&m, o);
		if (st)
			return st;
		st = ask(fd, o, m.v3, &m);
		maker_done(&m);
	}
	return st;
}
