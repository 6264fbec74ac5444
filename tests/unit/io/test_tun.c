// SPDX-License-Identifier: Apache-2.0
// A TUN device in a network of our own, with headers and without: what the kernel routes there is read, one owner at a time,
// and what is no IP packet is not taken. Skipped where no network can be made.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/tun.h"

enum { SAID = 5, PACKET = 20 + 8 + SAID };

static int network(void **state)
{
	static bool made;
	made = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
	*state = &made;
	return 0;
}

static void open_device(void **state, bool offload, struct tun *t)
{
	enum st st = *(const bool *)*state ? tun_open("t0", offload, t) : ST_NONE;
	if (st == ST_NONE) // no network of our own, or no /dev/net/tun
		skip();
	assert_int_equal(st, ST_OK);
}

static struct sockaddr_in at(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(162) };
	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

// Up, with 10.99.1.1/24; then a datagram to 10.99.1.2, which the kernel routes to the device.
static void say(const char *name)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in own = at("10.99.1.1"), mask = at("255.255.255.0"), to = at("10.99.1.2");
	struct ifreq r = { 0 };
	memcpy(r.ifr_name, name, TUN_NAME);
	memcpy(&r.ifr_addr, &own, sizeof own);
	assert_int_equal(ioctl(s, SIOCSIFADDR, &r), 0);
	memcpy(&r.ifr_addr, &mask, sizeof mask);
	assert_int_equal(ioctl(s, SIOCSIFNETMASK, &r), 0);
	r.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(s, SIOCSIFFLAGS, &r), 0);
	assert_int_equal(sendto(s, "hello", SAID, 0, (const struct sockaddr *)&to, sizeof to), SAID);
	close(s);
}

static void read_and_refuse(void **state, bool offload)
{
	struct tun t, other;
	static uint8_t room[TUN_HEAD + TUN_PACKET_MAX];
	open_device(state, offload, &t);
	assert_string_equal(t.name, "t0");
	assert_int_equal(t.head, offload);
	assert_true(!t.tso || t.head);
	assert_true(!t.uso || t.tso);
	assert_int_equal(tun_open("t0", offload, &other), ST_IN_USE);
	assert_int_equal(tun_read(&t, room, sizeof room), 0);
	say(t.name);
	size_t skip_head = offload ? TUN_HEAD : 0, n;
	// The kernel says things of its own, by IPv6.
	while ((n = tun_read(&t, room, sizeof room)) && room[skip_head] >> 4 != 4)
		;
	assert_int_equal(n, skip_head + PACKET);
	assert_memory_equal(room + n - SAID, "hello", SAID);
	struct iovec parts[2] = { { room, n - SAID }, { room + n - SAID, SAID } };
	assert_true(tun_write(&t, parts, 2));
	room[skip_head] = 0x95; // of no IP version
	assert_false(tun_write(&t, parts, 2));
	tun_close(&t);
	assert_int_equal(t.fd, -1);
}

static void test_with_headers(void **state)
{
	read_and_refuse(state, true);
}

static void test_without(void **state)
{
	read_and_refuse(state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_headers),
		cmocka_unit_test(test_without),
	};
	return cmocka_run_group_tests(tests, network, NULL);
}
