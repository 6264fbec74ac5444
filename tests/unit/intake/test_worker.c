// SPDX-License-Identifier: Apache-2.0
// Two workers, a real journal and real sockets on loopback, asked by worker_call from another thread all the while. Runs
// under TSan too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/scoped.h"
#include "intake/worker.h"
#include "snmp/build.h"
#include "v3_none.h"

enum { WORKERS = 2, SENDERS = 8, PER_SENDER = 200, WAIT_MS = 5000 };

struct fixture {
	char dir[64];
	struct policy *policy;
	struct crypto *crypto;
	struct worker *workers[WORKERS];
	struct writer *writer;
	struct addr to;
};

static struct policy *everybody(void)
{
	struct policy *p = policy_new();
	p->users = no_users();
	p->communities = calloc(1, sizeof *p->communities);
	p->community_count = 1;
	p->communities->label = strdup("ops");
	p->communities->community = (uint8_t *)strdup("s3cret");
	p->communities->n = 6;
	p->communities->from.p = calloc(1, sizeof(struct prefix));
	p->communities->from.n = 1;
	assert_int_equal(prefix_parse("127.0.0.0/8", p->communities->from.p), ST_OK);
	return p;
}

static int setup(void **state)
{
	static const struct hash_key key = { 7, 8 };
	struct fixture *f = calloc(1, sizeof *f);
	struct text why = { 0 };
	struct journal *j;
	struct writer_source sources[WORKERS];
	struct udp_socket sockets[WORKERS];
	snprintf(f->dir, sizeof f->dir, "/tmp/trapline-worker-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(journal_open(f->dir, &j, &why), ST_OK);
	f->policy = everybody();
	assert_int_equal(crypto_init(&f->crypto), ST_OK);
	struct v3_config v3 = no_v3(f->crypto, f->policy);
	assert_int_equal(addr_parse("127.0.0.1:0", &f->to), ST_OK);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(udp_open(&f->to, true, &sockets[i]), ST_OK);
		f->to = sockets[i].local;
		assert_int_equal(worker_new((unsigned)i, &key, &v3, &f->workers[i]), ST_OK);
		worker_set_policy(f->workers[i], f->policy);
		assert_int_equal(worker_add_udp(f->workers[i], 0, &f->to, &sockets[i]), ST_OK);
		sources[i] = worker_source(f->workers[i]);
	}
	assert_int_equal(udp_steer_attach(&sockets[0], WORKERS), ST_OK);
	struct writer_options o = { .dir = f->dir };
	assert_int_equal(writer_start(j, &o, sources, WORKERS, &f->writer), ST_OK);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(worker_start(f->workers[i], f->writer), ST_OK);
	*state = f;
	return 0;
}

static void quiet(struct worker *w, void *arg)
{
	worker_quiet(w);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], quiet, NULL);
	writer_stop(f->writer);
	for (int i = 0; i < WORKERS; i++)
		worker_free(f->workers[i]);
	policy_free(f->policy);
	crypto_free(f->crypto);
	snprintf(command, sizeof command, "rm -r %s", f->dir);
	int gone = system(command);
	free(f);
	return gone;
}

struct snapshot {
	struct account accounts[INTAKE_LISTENERS];
	struct worker_listener_state states[INTAKE_LISTENERS];
};

static void count(struct worker *w, void *arg)
{
	struct snapshot *s = arg;
	worker_count(w, s->accounts, s->states);
}

static struct account counted(struct fixture *f)
{
	struct snapshot *s = calloc(1, sizeof *s);
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], count, s);
	struct account a = s->accounts[0];
	free(s);
	return a;
}

static int sender(struct fixture *f, unsigned host)
{
	struct sockaddr_storage sa;
	struct addr from;
	char text[32];
	snprintf(text, sizeof text, "127.0.1.%u:0", host + 1);
	assert_int_equal(addr_parse(text, &from), ST_OK);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	socklen_t n = addr_to_sockaddr(&from, false, &sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	n = addr_to_sockaddr(&f->to, false, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

static void send_padded(int fd, int32_t id, size_t octets)
{
	static const struct oid cold_start = { { 1, 3, 6, 1, 6, 3, 1, 1, 5, 1 }, 10 };
	static uint8_t zeros[SNMP_DATAGRAM_MAX], bytes[SNMP_DATAGRAM_MAX];
	struct snmp_out_varbind pad = { .oid = { { 1, 3, 6, 1, 4, 1, 1 }, 7 }, BER_OCTETS, zeros, octets };
	struct wr w = wr_of(bytes, sizeof bytes);
	snmp_write_notification_v2(&w, PDU_INFORM, id, 1, &cold_start, &pad, octets > 0);
	snmp_wrap_community(&w, 1, span_str("s3cret"));
	assert_int_equal(send(fd, w.at, wr_span(&w).n, 0), wr_span(&w).n);
}

static void send_inform(int fd, int32_t id)
{
	send_padded(fd, id, 0);
}

static bool answered(int fd)
{
	uint8_t bytes[256];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, WAIT_MS) == 1 && recv(fd, bytes, sizeof bytes, 0) > 0;
}

// Every inform is answered, each snapshot sums to what was received, and resends are stored once.
static void informs_from_many_sources(void **state)
{
	struct fixture *f = *state;
	int fds[SENDERS];
	for (unsigned i = 0; i < SENDERS; i++)
		fds[i] = sender(f, i);
	for (int32_t id = 0; id < PER_SENDER; id++) {
		for (unsigned i = 0; i < SENDERS; i++)
			send_inform(fds[i], id / 2); // each is sent twice
		struct account a = counted(f);
		assert_int_equal(account_sum(&a), a.received);
		for (unsigned i = 0; i < SENDERS; i++)
			assert_true(answered(fds[i]));
	}
	struct account a = counted(f);
	assert_int_equal(a.received, SENDERS * PER_SENDER);
	assert_int_equal(a.stored, SENDERS * PER_SENDER / 2);
	assert_int_equal(a.duplicate, SENDERS * PER_SENDER / 2);
	assert_int_equal(a.acknowledged, SENDERS * PER_SENDER);
	assert_int_equal(a.in_flight, 0);
	for (unsigned i = 0; i < SENDERS; i++)
		fd_close(&fds[i]);
}

static void swap_policy(struct worker *w, void *arg)
{
	worker_set_policy(w, arg);
}

static void policy_is_swapped_while_running(void **state)
{
	struct fixture *f = *state;
	int scoped(fd_close) fd = sender(f, 1);
	struct policy *nobody = policy_new();
	nobody->users = no_users();
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], swap_policy, nobody);
	policy_free(f->policy);
	f->policy = nobody;
	send_inform(fd, 1);
	struct account a = { 0 };
	for (int i = 0; i < WAIT_MS && a.received == 0; i++) {
		usleep(1000);
		a = counted(f);
	}
	assert_int_equal(a.waiting, 1);
	assert_int_equal(a.acknowledged, 0);
}

static void serve(struct worker *w, void *arg)
{
	const struct udp_socket *sockets = arg;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(worker_add_udp(w, i, &sockets[i].local, &sockets[i]), ST_OK);
}

static void remove_first(struct worker *w, void *arg)
{
	worker_remove(w, 0);
}

// As the writer does after a commit.
static void commit(struct worker *w, void *arg)
{
	struct ring *r = &worker_intake(w)->ring;
	ring_free_to(r, atomic_load(&r->head));
}

static struct account of_worker(struct worker *w, unsigned listener)
{
	struct snapshot *s = calloc(1, sizeof *s);
	worker_call(w, count, s);
	struct account a = s->accounts[listener];
	free(s);
	return a;
}

static struct account until_received(struct worker *w, unsigned listener, uint64_t n)
{
	struct account a = of_worker(w, listener);
	for (int i = 0; i < WAIT_MS && a.received < n; i++) {
		usleep(1000);
		a = of_worker(w, listener);
	}
	return a;
}

// The journal stands still, the ring is full, and a reload closes the very listener whose datagram found no room.
static void a_full_ring_outlives_its_listener(void **state)
{
	enum { LARGE = 60000, FIT = INTAKE_ANSWERS / LARGE - 2, HELD = 4 }; // what the answers have room for
	static const struct hash_key key = { 7, 8 };
	struct fixture f = { .policy = everybody() };
	struct udp_socket sockets[2];
	struct worker *w;
	assert_int_equal(crypto_init(&f.crypto), ST_OK);
	struct v3_config v3 = no_v3(f.crypto, f.policy);
	assert_int_equal(worker_new(0, &key, &v3, &w), ST_OK);
	worker_set_policy(w, f.policy);
	assert_int_equal(addr_parse("127.0.0.1:0", &f.to), ST_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(udp_open(&f.to, false, &sockets[i]), ST_OK);
	serve(w, sockets);
	assert_int_equal(worker_start(w, NULL), ST_OK);
	f.to = sockets[0].local;
	int scoped(fd_close) first = sender(&f, 0);
	f.to = sockets[1].local;
	int scoped(fd_close) second = sender(&f, 1);

	for (int32_t id = 0; id < FIT; id++) {
		send_padded(first, id, LARGE);
		assert_int_equal(until_received(w, 0, (uint64_t)id + 1).received, id + 1);
	}
	for (int32_t id = FIT; id < FIT + HELD; id++)
		send_padded(first, id, LARGE);
	usleep(50000);
	uint64_t taken = of_worker(w, 0).received;
	assert_true(taken < FIT + HELD);
	worker_call(w, remove_first, NULL);
	send_inform(second, 1);
	worker_call(w, commit, NULL);
	assert_int_equal(until_received(w, 1, 1).received, 1);
	assert_true(of_worker(w, 0).received > taken);

	worker_free(w);
	policy_free(f.policy);
	crypto_free(f.crypto);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(informs_from_many_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(policy_is_swapped_while_running, setup, teardown),
		cmocka_unit_test(a_full_ring_outlives_its_listener),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
