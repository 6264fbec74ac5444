// SPDX-License-Identifier: Apache-2.0
// An end that has no more numbers stops, and says so: it does not go on under a counter that is not reserved on disk, and
// it is not taken for one that was told to stop. What its device refuses, or gives and cannot be cut, is counted as that.
// A dense stream is read to its end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scoped.h"
#include "esp/inner.h"
#include "io/system.h"
#include "tunnel/offload.h"
#include "tunnel/end.h"

static const char text[] =
        "suite aes128gcm16\ncollector.spi 0x10001\ncollector.key 000102030405060708090a0b0c0d0e0f10111213\n"
        "collector.address 127.0.0.1:2797\ncollector.networks 10.99.2.0/24\nsite.spi 131073\n"
        "site.key f00102030405060708090a0b0c0d0e0f10111213\nsite.networks 10.99.1.0/24\n";

static struct end *make(struct lab_keys *k, struct lab_counter *counter, struct crypto **crypto)
{
	struct text why = { 0 };
	struct end *e = NULL;
	assert_int_equal(lab_keys_parse(span_str(text), k, &why), ST_OK);
	text_done(&why);
	assert_int_equal(crypto_init(crypto), ST_OK);
	const struct end_config c = { .crypto = *crypto, .keys = k, .us = LAB_SITE, .counter = counter };
	struct end_config local = c;
	assert_int_equal(addr_parse("127.0.0.1:0", &local.listen), ST_OK);
	assert_int_equal(end_new(&local, &e), ST_OK);
	return e;
}

// `file`: where the next block would be written. Loops until it stops by itself.
static enum st stopped_by(const char *file, struct lab_counter counter)
{
	struct lab_keys k;
	struct crypto *crypto = NULL;
	counter.fd = open(file, O_WRONLY | O_CLOEXEC);
	assert_true(counter.fd >= 0);
	struct end *e = make(&k, &counter, &crypto);
	assert_int_equal(end_why(e), ST_OK);
	assert_int_equal(loop_run(end_loop(e)), ST_OK);
	enum st st = end_why(e);
	end_free(e);
	lab_keys_wipe(&k);
	crypto_free(crypto);
	lab_counter_close(&counter);
	return st;
}

static void test_no_more_numbers(void **state)
{
	const struct lab_counter last = { .from = UINT32_MAX - 9,
		                          .until = UINT32_MAX,
		                          .block_bits = LAB_BLOCK_SHORT_BITS };
	assert_int_equal(stopped_by("/dev/null", last), ST_FULL);
}

static void test_disk_full(void **state)
{
	const struct lab_counter early = { .from = 0, .until = 10, .block_bits = LAB_BLOCK_SHORT_BITS };
	assert_int_equal(stopped_by("/dev/full", early), ST_IO);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void test_told_to_stop(void **state)
{
	struct lab_keys k;
	struct crypto *crypto = NULL;
	struct lab_counter counter = {
		.fd = -1, .until = UINT64_C(1) << LAB_BLOCK_BITS, .block_bits = LAB_BLOCK_BITS, .esn = true
	};
	struct end *e = make(&k, &counter, &crypto);
	struct loop_timer t = { .fn = stop, .arg = end_loop(e) };
	loop_timer_set(end_loop(e), &t, loop_now(end_loop(e)) + 600 * INT64_C(1000000)); // two ticks
	assert_int_equal(loop_run(end_loop(e)), ST_OK);
	assert_int_equal(end_why(e), ST_OK);
	end_free(e);
	lab_keys_wipe(&k);
	crypto_free(crypto);
}

// Both ends in this thread, with one end of a socket pair each for a device: it takes what its other end has room for.
struct ends {
	struct lab_keys keys;
	struct crypto *crypto;
	struct lab_counter counter[LAB_ENDS];
	struct end *end[LAB_ENDS];
	int device[LAB_ENDS];
};

static void open_one(struct ends *t, enum lab_end us, bool head)
{
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int)), 0); // the least there is
	struct tun tun = { .fd = fd[0], .head = head, .tso = head };
	struct end_config c = {
		.crypto = t->crypto, .keys = &t->keys, .us = us, .counter = &t->counter[us], .tun = &tun
	};
	t->counter[us] = (struct lab_counter){
		.fd = -1, .until = UINT64_C(1) << LAB_BLOCK_BITS, .block_bits = LAB_BLOCK_BITS, .esn = true
	};
	t->device[us] = fd[1];
	assert_int_equal(addr_parse("127.0.0.1:0", &c.listen), ST_OK);
	assert_int_equal(end_new(&c, &t->end[us]), ST_OK);
}

static void run_one(const struct ends *t, enum lab_end us)
{
	struct loop *l = end_loop(t->end[us]);
	struct loop_timer timer = { .fn = stop, .arg = l };
	loop_timer_set(l, &timer, loop_now(l) + 50 * INT64_C(1000000));
	assert_int_equal(loop_run(l), ST_OK);
	loop_timer_stop(l, &timer);
}

// A whole inner packet, as the device of the site gives it, with its head. false: it has no room for more.
static bool give(const struct ends *t, const struct offload_head *head, size_t octets)
{
	uint8_t room[2000];
	struct packet p = packet_of(room, sizeof room, 64);
	struct addr from, to;
	assert_int_equal(addr_parse("10.99.1.1:5000", &from), ST_OK);
	assert_int_equal(addr_parse("10.99.2.1:9", &to), ST_OK);
	memset(packet_append(&p, octets), 'x', octets);
	assert_int_equal(inner_udp_put(&p, &from, &to, 1), ST_OK);
	memcpy(packet_push(&p, sizeof *head), head, sizeof *head);
	return write(t->device[LAB_SITE], p.at, p.n) == (ssize_t)p.n;
}

static void begin(struct ends *t)
{
	struct text why = { 0 };
	*t = (struct ends){ 0 };
	assert_int_equal(crypto_init(&t->crypto), ST_OK);
	assert_int_equal(lab_keys_parse(span_str(text), &t->keys, &why), ST_OK);
	text_done(&why);
	open_one(t, LAB_COLLECTOR, false);
	t->keys.side[LAB_COLLECTOR].address = *end_local(t->end[LAB_COLLECTOR]);
	open_one(t, LAB_SITE, true);
}

static void done(struct ends *t)
{
	for (int i = 0; i < LAB_ENDS; i++) {
		end_free(t->end[i]);
		close(t->device[i]);
	}
	lab_keys_wipe(&t->keys);
	crypto_free(t->crypto);
}

static void test_refused_packets_are_counted(void **state)
{
	enum { GIVEN = 40, TURN = 5 };
	const struct offload_head plain = { 0 }, lie = { .kind = OFFLOAD_TCP4, .size = 100 };
	struct ends t;
	char buffer[2000];
	begin(&t);
	assert_true(give(&t, &lie, 100));
	for (unsigned i = 0; i < GIVEN; i += TURN) {
		for (unsigned k = 0; k < TURN; k++)
			assert_true(give(&t, &plain, 100));
		run_one(&t, LAB_SITE);
		run_one(&t, LAB_COLLECTOR);
	}
	const struct plane_counters *site = end_counters(t.end[LAB_SITE]), *here = end_counters(t.end[LAB_COLLECTOR]);
	unsigned came = 0;
	while (read(t.device[LAB_COLLECTOR], buffer, sizeof buffer) > 0)
		came++;
	assert_int_equal(site->unsealed[ST_TUN_SPLIT], 1);
	assert_int_equal(site->sent, GIVEN);
	assert_int_equal(here->received, GIVEN);
	assert_true(came > 0 && came < GIVEN);
	assert_int_equal(here->forwarded, came);
	assert_int_equal(here->dropped[ST_TUN_WRITE], GIVEN - came);
	assert_int_equal(plane_sum(here), here->received);
	done(&t);
}

// Who gives a few datagrams every 100 microseconds, so often.
struct giver {
	const struct ends *ends;
	struct loop_timer timer;
	unsigned left;
};

static void give_some(void *arg)
{
	enum { AT_A_TIME = 8 };
	const struct offload_head plain = { 0 };
	struct giver *g = arg;
	struct loop *l = end_loop(g->ends->end[LAB_SITE]);
	for (int i = 0; i < AT_A_TIME && g->left && give(g->ends, &plain, 64); i++)
		g->left--;
	if (g->left)
		loop_timer_set(l, &g->timer, loop_now(l) + 100000);
}

// A dense stream is taken by the clock: all of it, and after it the device wakes the end again, for one datagram and for the next
// stream.
static void test_dense_stream(void **state)
{
	enum { STREAM = 1600, RUNS_MAX = 100 };
	const struct offload_head plain = { 0 };
	struct ends t;
	begin(&t);
	const struct plane_counters *site = end_counters(t.end[LAB_SITE]);
	unsigned given = 0;
	for (int i = 0; i < 3; i++) {
		struct giver g = { .ends = &t, .timer = { .fn = give_some, .arg = &g }, .left = STREAM };
		loop_timer_set(end_loop(t.end[LAB_SITE]), &g.timer, 0);
		given += STREAM;
		for (int k = 0; k < RUNS_MAX && (g.left || site->sent < given); k++)
			run_one(&t, LAB_SITE);
		assert_int_equal(g.left, 0);
		assert_int_equal(site->sent, given);
		assert_true(give(&t, &plain, 64));
		given++;
		run_one(&t, LAB_SITE);
		assert_int_equal(site->sent, given);
	}
	done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_more_numbers), cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_told_to_stop),    cmocka_unit_test(test_refused_packets_are_counted),
		cmocka_unit_test(test_dense_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
