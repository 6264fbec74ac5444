// SPDX-License-Identifier: Apache-2.0
// The room's thread between two workers, a real journal and its real file, asked from other threads all the while. Runs under
// TSan too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../store/scratch.h"
#include "base/scoped.h"
#include "intake/waiting.h"
#include "intake/worker.h"
#include "snmp/build.h"
#include "v3_none.h"

enum { WORKERS = 2, HOSTS = 20, PER_HOST = 50, WAIT_MS = 10000 };

static const int64_t SECOND = 1000000000;

struct fixture {
	char *dir;
	struct crypto *crypto;
	struct policy *policy;
	struct worker *workers[WORKERS];
	struct writer *writer;
	struct waiting *room;
	struct addr to;
};

static struct policy *policy_of(const char *from)
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
	assert_int_equal(prefix_parse(from, p->communities->from.p), ST_OK);
	return p;
}

static void start(struct fixture *f)
{
	static const struct hash_key key = { 7, 8 };
	struct text why = { 0 };
	struct journal *j;
	struct writer_source sources[WORKERS];
	struct udp_socket sockets[WORKERS];
	struct v3_config v3 = no_v3(f->crypto, f->policy);
	assert_int_equal(journal_open(f->dir, &j, &why), ST_OK);
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
	struct waiting_options o = { .dir = f->dir, .key = key, .workers = f->workers, .worker_count = WORKERS };
	assert_int_equal(waiting_open(&o, &f->room, &why), ST_OK);
	assert_int_equal(writer_start(j, &(struct writer_options){ .dir = f->dir }, sources, WORKERS, &f->writer),
	                 ST_OK);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(worker_start(f->workers[i], f->writer), ST_OK);
	waiting_set_policy(f->room, f->policy);
	assert_int_equal(waiting_start(f->room, f->writer), ST_OK);
	text_done(&why);
}

static void quiet(struct worker *w, void *arg)
{
	worker_quiet(w);
}

static void stop(struct fixture *f)
{
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], quiet, NULL);
	waiting_stop(f->room);
	writer_stop(f->writer);
	waiting_free(f->room);
	for (int i = 0; i < WORKERS; i++)
		worker_free(f->workers[i]);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->dir = scratch_make();
	assert_int_equal(crypto_init(&f->crypto), ST_OK);
	f->policy = policy_of("10.0.0.0/8");
	start(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	stop(f);
	policy_free(f->policy);
	crypto_free(f->crypto);
	scratch_remove(f->dir);
	free(f->dir);
	free(f);
	return 0;
}

static void swap_policy(struct worker *w, void *arg)
{
	worker_set_policy(w, arg);
}

static void change_policy(struct fixture *f, const char *from)
{
	struct policy *p = policy_of(from);
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], swap_policy, p);
	waiting_set_policy(f->room, p);
	policy_free(f->policy);
	f->policy = p;
}

struct snapshot {
	struct account accounts[INTAKE_LISTENERS];
	struct worker_listener_state states[INTAKE_LISTENERS];
	struct waiting_gone gone[INTAKE_LISTENERS];
};

static void count(struct worker *w, void *arg)
{
	struct snapshot *s = arg;
	worker_count(w, s->accounts, s->states);
}

// Every snapshot sums to what was received.
static struct account counted(struct fixture *f)
{
	struct snapshot *s = calloc(1, sizeof *s);
	waiting_counts(f->room, s->gone);
	for (int i = 0; i < WORKERS; i++)
		worker_call(f->workers[i], count, s);
	waiting_account(&s->gone[0], &s->accounts[0]);
	struct account a = s->accounts[0];
	free(s);
	assert_int_equal(account_sum(&a), a.received);
	assert_true(a.waiting <= a.received);
	return a;
}

static int sender(struct fixture *f, unsigned host)
{
	struct addr from = f->to;
	struct sockaddr_storage sa;
	from.ip[15] = (uint8_t)(10 + host);
	from.port = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, addr_to_sockaddr(&from, false, &sa)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, addr_to_sockaddr(&f->to, false, &sa)), 0);
	return fd;
}

static void send_one(int fd, uint8_t tag, int32_t id)
{
	static const struct oid link_down = { { 1, 3, 6, 1, 6, 3, 1, 1, 5, 3 }, 10 };
	uint8_t room[512];
	struct wr w = wr_of(room, sizeof room);
	snmp_write_notification_v2(&w, tag, id, 1234, &link_down, NULL, 0);
	snmp_wrap_community(&w, 1, span_str("s3cret"));
	struct span s = wr_span(&w);
	assert_int_equal(send(fd, s.p, s.n, 0), s.n);
}

static unsigned stored(struct fixture *f, unsigned *late)
{
	struct text why = { 0 };
	struct journal_reader *r;
	struct journal_block b;
	unsigned n = 0;
	*late = 0;
	assert_int_equal(journal_reader_open(f->dir, &r, &why), ST_OK);
	for (uint64_t id = 1; journal_read(r, id, &b) == ST_OK; id = b.first + b.count) {
		struct rd frames = rd_of(b.frames);
		struct span record;
		struct event e;
		while (frame_next(&frames, &record)) {
			assert_int_equal(event_decode(record, &e), ST_OK);
			*late += e.waiting != 0;
			n++;
		}
	}
	journal_reader_close(r);
	return n;
}

struct asking {
	struct fixture *fixture;
	_Atomic bool done;
	pthread_t thread;
};

// An operator who looks at everything all the time.
static void *ask(void *arg)
{
	struct asking *a = arg;
	while (!a->done) {
		struct text out = { 0 };
		struct waiting_facts facts = { 0 };
		assert_int_equal(waiting_list(a->fixture->room, &out), ST_OK);
		waiting_find(a->fixture->room, 3, &facts);
		waiting_facts_done(&facts);
		text_clear(&out);
		waiting_show(a->fixture->room, 5, &out);
		waiting_state(a->fixture->room);
		counted(a->fixture);
		text_done(&out);
	}
	return NULL;
}

static void wait_received(struct fixture *f, uint64_t n)
{
	for (int i = 0; i < WAIT_MS && counted(f).received < n; i++)
		usleep(1000);
	assert_int_equal(counted(f).received, n);
}

static void wait_room(struct fixture *f, unsigned messages)
{
	for (int i = 0; i < WAIT_MS && waiting_state(f->room).messages != messages; i++)
		usleep(1000);
	assert_int_equal(waiting_state(f->room).messages, messages);
}

static void allowed_under_load(void **state)
{
	struct fixture *f = *state;
	struct asking asking = { .fixture = f };
	int fds[HOSTS];
	unsigned late;
	assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
	for (unsigned h = 0; h < HOSTS; h++)
		fds[h] = sender(f, h);
	for (int32_t id = 0; id < PER_HOST; id++)
		for (unsigned h = 0; h < HOSTS; h++)
			send_one(fds[h], id % 2 ? PDU_INFORM : PDU_TRAP_V2, id);
	wait_received(f, HOSTS * PER_HOST);
	wait_room(f, HOSTS * PER_HOST);
	assert_int_equal(stored(f, &late), 0);
	// Half of them is allowed; the informs come again meanwhile.
	change_policy(f, "127.0.0.0/28");
	unsigned allowed = 0;
	for (unsigned h = 0; h < HOSTS; h++) {
		allowed += 10 + h < 16;
		for (int32_t id = 1; id < PER_HOST; id += 2)
			send_one(fds[h], PDU_INFORM, id);
	}
	wait_received(f, HOSTS * PER_HOST + HOSTS * PER_HOST / 2);
	wait_room(f, (HOSTS - allowed) * PER_HOST);
	for (int i = 0; i < WAIT_MS && counted(f).in_flight; i++)
		usleep(1000);
	asking.done = true;
	pthread_join(asking.thread, NULL);
	assert_int_equal(stored(f, &late), allowed * PER_HOST);
	assert_true(late >= allowed * PER_HOST / 2); // the traps at least
	struct account a = counted(f);
	assert_int_equal(a.stored, allowed * PER_HOST);
	assert_int_equal(a.waiting, (HOSTS - allowed) * PER_HOST);
	assert_int_equal(a.duplicate, HOSTS * PER_HOST / 2);
	for (unsigned h = 0; h < HOSTS; h++)
		fd_close(&fds[h]);
}

static void waits_over_a_restart(void **state)
{
	struct fixture *f = *state;
	struct waiting_facts facts = { 0 };
	unsigned late;
	int scoped(fd_close) fd = sender(f, 1);
	for (int32_t id = 0; id < 5; id++)
		send_one(fd, PDU_TRAP_V2, id);
	wait_room(f, 5);
	stop(f);
	start(f);
	assert_int_equal(waiting_state(f->room).messages, 5);
	assert_int_equal(counted(f).received, 0);
	assert_int_equal(waiting_find(f->room, 1, &facts), ST_OK);
	assert_int_equal(facts.reason, ST_SOURCE);
	waiting_facts_done(&facts);
	assert_int_equal(waiting_allow(f->room, 1, 5 * SECOND), ST_OK); // verified, and still not allowed
	assert_int_equal(waiting_state(f->room).messages, 5);
	assert_int_equal(waiting_allow(f->room, 2, 5 * SECOND), ST_NONE);
	change_policy(f, "127.0.0.0/8");
	wait_room(f, 0);
	assert_int_equal(stored(f, &late), 5);
	assert_int_equal(late, 5);
	assert_int_equal(counted(f).stored, 0); // another process received them
	// Ids are not given again.
	change_policy(f, "10.0.0.0/8");
	int scoped(fd_close) again = sender(f, 1); // the port is another one now
	send_one(again, PDU_TRAP_V2, 9);
	wait_room(f, 1);
	assert_int_equal(waiting_find(f->room, 2, &facts), ST_OK);
	waiting_facts_done(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(allowed_under_load, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_over_a_restart, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
