// SPDX-License-Identifier: Apache-2.0
// UDP over loopback: GRO trains, the largest datagrams, who was addressed and who answers, drops, errors, steering.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/udp.h"

enum { WAIT_MS = 2000 };

static struct addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static bool has_ipv6(void)
{
	struct udp_socket s;
	struct addr one = address("[::1]:0");
	if (udp_open(&one, false, &s) != ST_OK)
		return false;
	udp_close(&s);
	return true;
}

static void need_ipv6(void)
{
	if (!has_ipv6()) {
		print_message("skipped: no ::1 on this machine\n");
		skip();
	}
}

static struct udp_socket opened(const char *text, bool shared)
{
	struct udp_socket s;
	struct addr a = address(text);
	assert_int_equal(udp_open(&a, shared, &s), ST_OK);
	return s;
}

static struct udp_batch *batch(void)
{
	struct udp_batch *b;
	assert_int_equal(udp_batch_new(&b), ST_OK);
	return b;
}

// A plain socket of the other side, bound to `from` and connected to where s can be reached at `to`.
static int sender(const char *from, struct addr to)
{
	struct sockaddr_storage ss;
	struct addr a = address(from);
	bool v6 = !addr_is_v4(&to);
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	socklen_t n = addr_to_sockaddr(&a, v6, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, n), 0);
	n = addr_to_sockaddr(&to, v6, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, n), 0);
	return fd;
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

static struct udp_packet receive_one(const struct udp_socket *s, struct udp_batch *b)
{
	struct udp_packet p;
	wait_readable(s->fd);
	assert_int_equal(udp_receive(s, b), 1);
	assert_true(udp_next(b, &p));
	return p;
}

static void test_open(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false), t;
	assert_true(s.local.port != 0);
	assert_false(s.v6);
	assert_true(s.rcvbuf >= 100000);
	assert_int_equal(udp_open(&s.local, false, &t), ST_IN_USE);
	struct addr nowhere = address("192.0.2.77:0");
	assert_int_equal(udp_open(&nowhere, false, &t), ST_SYSTEM);
	assert_int_equal(errno, EADDRNOTAVAIL);
	// "[::]" beside "0.0.0.0" on one port: IPV6_V6ONLY
	if (has_ipv6()) {
		struct udp_socket any = opened("0.0.0.0:0", false);
		struct addr any6 = address("[::]:0");
		any6.port = any.local.port;
		assert_int_equal(udp_open(&any6, false, &t), ST_OK);
		assert_true(t.v6);
		udp_close(&t);
		udp_close(&any);
	}
	struct udp_batch *b = batch();
	assert_int_equal(udp_receive(&s, b), 0);
	struct udp_packet p;
	assert_false(udp_next(b, &p));
	udp_batch_free(b);
	udp_batch_free(NULL);
	udp_close(&s);
	udp_close(&s);
}

static void test_adopt(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false), t = { 0 };
	int copy = dup(s.fd);
	assert_int_equal(udp_adopt(copy, &t), ST_OK);
	assert_int_equal(t.local.port, s.local.port);
	assert_false(t.v6);
	udp_close(&t);
	int stream = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(udp_adopt(stream, &t), ST_SYSTEM);
	assert_int_equal(errno, EPROTOTYPE);
	close(stream);
	udp_close(&s);
}

// What systemd forced past net.core.rmem_max, we without privileges must not cut down again.
static void test_adopt_keeps_the_buffer(void **state)
{
	enum { FORCED = 48 << 20, NOBODY = 65534 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = FORCED;
	if (geteuid() != 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) {
		close(fd);
		skip(); // needs CAP_NET_ADMIN
	}
	struct udp_socket s;
	assert_int_equal(seteuid(NOBODY), 0);
	enum st st = udp_adopt(fd, &s);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(st, ST_OK);
	assert_int_equal(s.rcvbuf, FORCED);
	udp_close(&s);
}

// A socket that systemd made may serve both families; its IPv4 peers are IPv4 for us, and are answered.
static void test_adopt_both_families(void **state)
{
	need_ipv6();
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), off = 0;
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
	struct udp_socket s;
	assert_int_equal(udp_adopt(fd, &s), ST_OK);
	struct addr to = address("127.0.0.2:0");
	to.port = s.local.port;
	int scoped(fd_close) peer = sender("127.0.0.3:0", to);
	assert_int_equal(send(peer, "hello", 5, 0), 5);
	struct udp_batch *b = batch();
	struct udp_packet p = receive_one(&s, b);
	assert_true(addr_is_v4(&p.peer));
	assert_true(addr_same_ip(&p.local, &to));
	struct udp_out out = { .bytes = span_str("hi"), .to = p.peer, .from = p.local, .ifindex = p.ifindex };
	assert_int_equal(udp_send(&s, &out, 1), 1);
	wait_readable(peer); // connected: only an answer from 127.0.0.2 gets here
	udp_batch_free(b);
	udp_close(&s);
}

static void check_answer(const char *listen, const char *at, const char *from)
{
	struct udp_socket s = opened(listen, false);
	struct udp_batch *b = batch();
	struct addr to = address(at);
	to.port = s.local.port;
	int scoped(fd_close) peer = sender(from, to);
	assert_int_equal(send(peer, "hello", 5, 0), 5);
	struct udp_packet p = receive_one(&s, b);
	assert_true(span_equal(p.bytes, span_str("hello")));
	assert_true(addr_same_ip(&p.local, &to));
	assert_int_equal(p.local.port, s.local.port);
	struct addr wanted = address(from);
	assert_true(addr_same_ip(&p.peer, &wanted));
	assert_true(p.ifindex != 0);
	assert_false(p.truncated);
	struct udp_out out[100];
	for (int i = 0; i < 100; i++)
		out[i] = (struct udp_out){
			.bytes = span_str("answer"), .to = p.peer, .from = p.local, .ifindex = p.ifindex
		};
	assert_int_equal(udp_send(&s, out, 100), 100); // more than one batch
	for (int i = 0; i < 100; i++) {
		wait_readable(peer); // connected: the kernel drops an answer from another address or port
		char got[16];
		assert_int_equal(recv(peer, got, sizeof got, 0), 6);
	}
	udp_batch_free(b);
	udp_close(&s);
}

static void test_answer_v4(void **state)
{
	check_answer("0.0.0.0:0", "127.0.0.2:0", "127.0.0.9:0");
	check_answer("127.0.0.5:0", "127.0.0.5:0", "127.0.0.1:0");
}

static void test_answer_v6(void **state)
{
	need_ipv6();
	check_answer("[::]:0", "[::1]:0", "[::1]:0");
}

static void test_answer_chosen_by_kernel(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false);
	int scoped(fd_close) peer = sender("127.0.0.1:0", s.local);
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	assert_int_equal(getsockname(peer, (struct sockaddr *)&ss, &n), 0);
	struct udp_out out = { .bytes = span_str("x"), .to = addr_from_sockaddr((struct sockaddr *)&ss) };
	assert_int_equal(udp_send(&s, &out, 1), 1);
	wait_readable(peer);
	udp_close(&s);
}

// A reply that cannot be sent does not hold up the others.
static void test_send_refused(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false);
	int scoped(fd_close) peer = sender("127.0.0.1:0", s.local);
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	assert_int_equal(getsockname(peer, (struct sockaddr *)&ss, &n), 0);
	struct udp_out good = { .bytes = span_str("x"), .to = addr_from_sockaddr((struct sockaddr *)&ss) };
	struct udp_out bad = good;
	bad.from = address("192.0.2.99:1"); // not ours
	struct udp_out out[] = { bad, good, bad, bad, good, bad };
	assert_int_equal(udp_send(&s, out, 6), 6);
	for (int i = 0; i < 2; i++) {
		char got[4];
		wait_readable(peer);
		assert_int_equal(recv(peer, got, sizeof got, 0), 1);
	}
	udp_close(&s);
}

// A message of n datagrams of `size` bytes and one of `last`, sent as one by UDP_SEGMENT. Byte 0 of each is its number.
static void send_train(int fd, int n, size_t size, size_t last)
{
	static uint8_t bytes[65536];
	for (int i = 0; i <= n; i++)
		memset(bytes + (size_t)i * size, i, i < n ? size : last);
	uint16_t segment = (uint16_t)size;
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof segment)];
	} control = { 0 };
	struct iovec iov = { bytes, (size_t)n * size + last };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	control.align.cmsg_level = SOL_UDP;
	control.align.cmsg_type = UDP_SEGMENT;
	control.align.cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(&control.align), &segment, sizeof segment);
	assert_int_equal(sendmsg(fd, &m, 0), (ssize_t)iov.iov_len);
}

static void check_trains(const char *text)
{
	static const struct {
		int n;
		size_t size, last;
	} trains[] = {
		{ 1, 100, 0 }, { 2, 100, 0 }, { 63, 247, 246 }, { 63, 247, 1 }, { 1, 1000, 999 }, { 40, 1400, 7 }
	};
	struct udp_socket s = opened(text, false);
	struct udp_batch *b = batch();
	assert_int_equal(udp_trains(&s), ST_OK);
	int scoped(fd_close) peer = sender(text, s.local);
	int wanted = 0, got = 0, messages = 0;
	for (size_t t = 0; t < sizeof trains / sizeof *trains; t++) {
		send_train(peer, trains[t].n, trains[t].size, trains[t].last);
		wanted += trains[t].n + (trains[t].last > 0);
	}
	wait_readable(s.fd);
	messages = udp_receive(&s, b);
	struct udp_packet p;
	for (size_t t = 0; t < sizeof trains / sizeof *trains; t++) {
		for (int i = 0; i < trains[t].n + (trains[t].last > 0); i++, got++) {
			assert_true(udp_next(b, &p));
			assert_int_equal(p.bytes.n, i < trains[t].n ? trains[t].size : trains[t].last);
			for (size_t k = 0; k < p.bytes.n; k++)
				assert_int_equal(p.bytes.p[k], i);
			assert_false(p.truncated);
			assert_true(addr_same_ip(&p.local, &s.local));
		}
	}
	assert_false(udp_next(b, &p));
	assert_false(udp_next(b, &p));
	assert_int_equal(got, wanted);
	assert_int_equal(messages, sizeof trains / sizeof *trains); // they did come as trains
	udp_batch_free(b);
	udp_close(&s);
}

static void test_trains(void **state)
{
	check_trains("127.0.0.1:0");
	if (has_ipv6())
		check_trains("[::1]:0");
}

static void check_size(const char *text, size_t n, bool truncated)
{
	static uint8_t bytes[65536];
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7);
	struct udp_socket s = opened(text, false);
	struct udp_batch *b = batch();
	int scoped(fd_close) peer = sender(text, s.local);
	assert_int_equal(send(peer, bytes, n, 0), (ssize_t)n);
	struct udp_packet p = receive_one(&s, b);
	assert_true(span_equal(p.bytes, span_of(bytes, n)));
	assert_int_equal(p.truncated, truncated);
	assert_false(udp_next(b, &p));
	udp_batch_free(b);
	udp_close(&s);
}

static void test_sizes(void **state)
{
	check_size("127.0.0.1:0", 0, false);
	check_size("127.0.0.1:0", 1, false);
	check_size("127.0.0.1:0", 65507, false);
	if (!has_ipv6())
		return;
	check_size("[::1]:0", 0, false);
	check_size("[::1]:0", 65507, false);
	check_size("[::1]:0", 65508, true);
	check_size("[::1]:0", 65527, true);
}

// How many bytes of the batch's buffers are resident.
static size_t resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	unsigned long total, resident;
	assert_int_equal(fscanf(f, "%lu %lu", &total, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void test_idle_memory(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false);
	int scoped(fd_close) peer = sender("127.0.0.1:0", s.local);
	size_t before = resident_kib();
	struct udp_batch *b = batch();
	assert_int_equal(send(peer, "x", 1, 0), 1);
	receive_one(&s, b);
	assert_true(resident_kib() < before + 200);
	udp_batch_free(b);
	udp_close(&s);
}

static void test_drops(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false);
	int small = 4096;
	assert_int_equal(setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	int scoped(fd_close) peer = sender("127.0.0.1:0", s.local);
	assert_int_equal(udp_drops(&s), 0);
	uint8_t bytes[1000] = { 0 };
	for (int i = 0; i < 200; i++)
		assert_int_equal(send(peer, bytes, sizeof bytes, 0), sizeof bytes);
	struct udp_batch *b = batch();
	struct udp_packet p;
	uint32_t got = 0;
	while (udp_receive(&s, b) > 0)
		while (udp_next(b, &p))
			got++;
	assert_true(got < 200);
	assert_int_equal(udp_drops(&s) + got, 200);
	udp_batch_free(b);
	udp_close(&s);
}

// An ICMP error pending on the socket (here it is connected, so that it gets one) is swallowed.
static void test_icmp_error(void **state)
{
	struct udp_socket s = opened("127.0.0.1:0", false), gone = opened("127.0.0.1:0", false);
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(&gone.local, false, &ss);
	int peer = gone.fd;
	assert_int_equal(connect(s.fd, (struct sockaddr *)&ss, n), 0);
	close(peer);
	struct udp_batch *b = batch();
	assert_int_equal(send(s.fd, "x", 1, 0), 1);
	wait_readable(s.fd); // the error makes it readable
	assert_int_equal(udp_receive(&s, b), 0);
	struct udp_out out = { .bytes = span_str("y"), .to = gone.local };
	assert_int_equal(udp_send(&s, &out, 1), 1);
	assert_int_equal(udp_send(&s, &out, 1), 1);
	assert_int_equal(udp_receive(&s, b), 0);
	udp_batch_free(b);
	udp_close(&s);
}

enum { WORKERS = 4 };

static void check_steering(const char *listen, int peers, int (*peer)(int i, struct addr to))
{
	struct udp_socket s[WORKERS];
	struct udp_batch *b = batch();
	struct addr local = address(listen);
	assert_int_equal(udp_open_group(&local, WORKERS, s), ST_OK);
	unsigned at[WORKERS] = { 0 }, total = 0;
	for (int i = 0; i < peers; i++) {
		int scoped(fd_close) fd = peer(i, s[0].local);
		assert_int_equal(send(fd, "one", 3, 0), 3);
		assert_int_equal(send(fd, "two", 3, 0), 3);
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		struct udp_packet p;
		while (udp_receive(&s[w], b) > 0)
			while (udp_next(b, &p)) {
				assert_int_equal(udp_steer(&p.peer, WORKERS), w);
				at[w]++;
				total++;
			}
		udp_close(&s[w]);
	}
	assert_int_equal(total, 2 * peers);
	for (int w = 0; peers >= 100 && w < WORKERS; w++)
		assert_in_range(at[w], total / 8, total / 2);
	udp_batch_free(b);
}

static void test_steering_by_spi(void **state)
{
	struct udp_socket s[WORKERS];
	struct udp_batch *b = batch();
	struct addr local = address("127.0.0.1:0");
	unsigned total = 0, at[WORKERS] = { 0 };
	assert_int_equal(udp_open_group(&local, WORKERS, s), ST_OK);
	assert_int_equal(udp_steer_by_spi(&s[0], WORKERS, 3), ST_OK);
	int scoped(fd_close) fd = sender("127.0.0.1:0", s[0].local);
	for (uint32_t spi = 0; spi < 64; spi++) {
		uint8_t bytes[5] = { spi ? 0x80 : 0, 0, 0, (uint8_t)spi, 9 };
		assert_int_equal(send(fd, bytes, spi == 33 ? 3 : sizeof bytes, 0), spi == 33 ? 3 : sizeof bytes);
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		struct udp_packet p;
		while (udp_receive(&s[w], b) > 0)
			while (udp_next(b, &p)) {
				struct rd r = rd_of(p.bytes);
				uint32_t spi = p.bytes.n == 3 ? 0 : rd_u32(&r);
				assert_int_equal(udp_steer_spi(spi, WORKERS, 3), w);
				at[w]++;
				total++;
			}
		udp_close(&s[w]);
	}
	assert_int_equal(total, 64);
	for (unsigned w = 1; w < WORKERS; w++)
		assert_in_range(at[w], 7, 8);
	udp_batch_free(b);
}

static int peer_v4(int i, struct addr to)
{
	char text[ADDR_TEXT];
	snprintf(text, sizeof text, "127.%d.%d.%d:0", i * 37 % 251, i * 11 % 253, 1 + i % 254);
	return sender(text, to);
}

static void test_steering_v4(void **state)
{
	check_steering("127.0.0.1:0", 500, peer_v4);
}

static int peer_v6(int i, struct addr to)
{
	char text[ADDR_TEXT];
	snprintf(text, sizeof text, "[2001:db8:%x:%x::%x]:0", i * 37 % 251, i * 11 % 253, 1 + i);
	return sender(text, to);
}

static void enter_own_network(const char *set_up)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: only root can make a network namespace\n");
		skip();
	}
	if (system(set_up) != 0) {
		print_message("skipped: the network namespace could not be set up (no ip command, or no veth)\n");
		skip();
	}
}

// A second collector of the same user is told that the port is taken.
static void test_group(void **state)
{
	struct udp_socket a[WORKERS], b[WORKERS];
	struct addr local = address("127.0.0.1:0");
	assert_int_equal(udp_open_group(&local, WORKERS, a), ST_OK);
	assert_int_equal(udp_open_group(&a[0].local, WORKERS, b), ST_IN_USE);
	assert_int_equal(udp_open_group(&a[0].local, 1, b), ST_IN_USE);
	for (int w = 0; w < WORKERS; w++) {
		assert_int_equal(a[w].local.port, a[0].local.port);
		udp_close(&a[w]);
	}
	assert_int_equal(udp_open_group(&a[0].local, 1, b), ST_OK);
	udp_close(&b[0]);
}

static void test_steering_v6(void **state)
{
	enter_own_network("ip link set lo up && ip -6 route add local 2001:db8::/32 dev lo && "
	                  "echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind");
	check_steering("[::1]:0", 500, peer_v6);
}

// What was sent to a link-local address of d1 is answered through d1.
static void check_link_local(const char *from)
{
	struct udp_socket s = opened("[::]:0", false);
	struct udp_batch *b = batch();
	struct addr to = address("[fe80::7%d1]:0"), wanted = address(from);
	to.port = s.local.port;
	int scoped(fd_close) peer = sender(from, to);
	assert_int_equal(send(peer, "hello", 5, 0), 5);
	struct udp_packet p = receive_one(&s, b);
	assert_true(addr_same_ip(&p.local, &to));
	assert_true(addr_same_ip(&p.peer, &wanted));
	assert_int_equal(p.ifindex, to.scope);
	struct udp_out out = { .bytes = span_str("hi"), .to = p.peer, .from = p.local, .ifindex = p.ifindex };
	assert_int_equal(udp_send(&s, &out, 1), 1);
	wait_readable(peer);
	udp_batch_free(b);
	udp_close(&s);
}

static void test_answer_link_local(void **state)
{
	// The kernel may take up to a second to call a new link up, and until then drops what is sent over it.
	enter_own_network("ip link set lo up && ip link add d0 type veth peer name d1 && "
	                  "ip link set d0 up && ip link set d1 up && ip addr add 2001:db8::5/64 dev d1 nodad && "
	                  "ip addr add fe80::7/64 dev d0 nodad && ip addr add fe80::7/64 dev d1 nodad && "
	                  "for d in d0 d1; do for i in $(seq 50); do ip -o link show $d | grep -q 'state UP' && break; "
	                  "sleep 0.1; done; done");
	check_link_local("[fe80::7%d1]:0");
	check_link_local("[2001:db8::5]:0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_adopt_keeps_the_buffer),
		cmocka_unit_test(test_adopt_both_families),
		cmocka_unit_test(test_answer_v4),
		cmocka_unit_test(test_answer_v6),
		cmocka_unit_test(test_answer_chosen_by_kernel),
		cmocka_unit_test(test_send_refused),
		cmocka_unit_test(test_trains),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_idle_memory),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_icmp_error),
		cmocka_unit_test(test_steering_v4),
		cmocka_unit_test(test_steering_by_spi),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_steering_v6), // this and what follows is in a network of its own
		cmocka_unit_test(test_answer_link_local),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
