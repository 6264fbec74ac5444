// SPDX-License-Identifier: Apache-2.0
// The relay between real sockets and a plane: who keeps his address inside and who has ours, where answers and questions go,
// and what is nobody's.
#include "planes.h"

#include <sys/socket.h>
#include <unistd.h>

#include "io/loop.h"
#include "tunnel/flows.h"
#include "tunnel/relay.h"

enum { POLLER = 40161 };
static struct crypto *crypto;
static struct planes t;

static struct {
	struct loop *loop;
	struct udp_batch *batch;
	struct relay *relay;
	struct udp_socket known, other; // devices: the first may keep its address
	uint16_t port;                  // of the relay
} box;

static struct ike_ts only(const char *ip)
{
	struct ike_ts x = { .port_last = 65535 };
	struct addr a = at(ip, 0);
	memcpy(x.first, a.ip, sizeof x.first);
	memcpy(x.last, a.ip, sizeof x.last);
	return x;
}

static void site_up(void)
{
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	struct plane_way wa = { .ends = a_ends(), .natted = true }, wb = { .ends = b_ends(&t), .listener = 3 };
	a.here = (struct ike_ts_list){ .at = { only("10.99.1.1"), only("127.0.0.2") }, .n = 2 };
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
}

static void open_at(const char *ip, struct udp_socket *s)
{
	struct addr a = at(ip, 0);
	assert_int_equal(udp_open(&a, false, s), ST_OK);
}

// A port that was free a moment ago.
static uint16_t free_port(void)
{
	struct udp_socket s;
	open_at("127.0.0.1", &s);
	udp_close(&s);
	return s.local.port;
}

static void start(void)
{
	planes_init(&t, crypto, false);
	box.port = free_port();
	const struct addr listen = at("127.0.0.1", box.port), collector = at("10.99.2.1", 0);
	assert_int_equal(loop_new(&box.loop), ST_OK);
	assert_int_equal(udp_batch_new(&box.batch), ST_OK);
	const struct relay_config c = { .loop = box.loop,
		                        .batch = box.batch,
		                        .plane = t.a.plane,
		                        .listen = &listen,
		                        .listen_count = 1,
		                        .collector = &collector,
		                        .collector_count = 1,
		                        .inner = at("10.99.1.1", 0) };
	assert_int_equal(relay_new(&c, &box.relay), ST_OK);
	assert_int_equal(plane_set_ports(t.b.plane, &box.port, 1), ST_OK);
	open_at("127.0.0.2", &box.known);
	open_at("127.0.0.3", &box.other);
}

static void end(void)
{
	relay_free(box.relay);
	udp_batch_free(box.batch);
	loop_free(box.loop);
	udp_close(&box.known);
	udp_close(&box.other);
	planes_done(&t);
}

static void device_says(const struct udp_socket *s, const char *text)
{
	const struct udp_out out = { .bytes = span_str(text), .to = at("127.0.0.1", box.port) };
	assert_int_equal(udp_send(s, &out, 1), 1);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(void)
{
	struct loop_timer timer = { .fn = stop, .arg = box.loop };
	loop_timer_set(box.loop, &timer, loop_now(box.loop) + 30 * INT64_C(1000000));
	assert_int_equal(loop_run(box.loop), ST_OK);
	loop_timer_stop(box.loop, &timer);
	carry(&t, &t.a);
}

// What came out of the tunnel.
static void comes(struct addr from, struct addr to, const char *text, size_t cut)
{
	uint8_t room[256];
	struct packet p = packet_of(room, sizeof room, 64);
	struct ip_view v;
	memcpy(packet_append(&p, strlen(text)), text, strlen(text));
	assert_int_equal(inner_udp_put(&p, &from, &to, 1), ST_OK);
	assert_int_equal(ip_parse(packet_span(&p), &v), ST_OK);
	v.payload.n -= cut; // as if the UDP header lied
	const struct plane_packet x = { .bytes = &p, .ip = &v };
	assert_int_equal(relay_forward(box.relay, &x, 1), 1);
}

static bool device_hears(const struct udp_socket *s, const char *text)
{
	char heard[100];
	ssize_t n = recv(s->fd, heard, sizeof heard, MSG_DONTWAIT);
	return n == (ssize_t)strlen(text) && memcmp(heard, text, (size_t)n) == 0;
}

static void each_has_its_own_answer(void **state)
{
	start();
	device_says(&box.known, "too early");
	turn();
	assert_int_equal(relay_count(box.relay).down, 1);
	site_up();
	device_says(&box.known, "one");
	turn();
	device_says(&box.other, "two");
	turn();
	assert_int_equal(t.b.said_count, 2);
	const struct said *one = &t.b.said[0], *two = &t.b.said[1];
	struct addr known = at("127.0.0.2", box.known.local.port), ours = at("10.99.1.1", RELAY_PORT + 1);
	assert_true(same_end(&one->from, &known) && one->to.port == box.port && one->n == 3);
	assert_true(same_end(&two->from, &ours) && two->to.port == box.port);
	comes(two->to, two->from, "for two", 0);
	comes(one->to, one->from, "for one", 0);
	assert_true(device_hears(&box.known, "for one"));
	assert_true(device_hears(&box.other, "for two"));
	const struct relay_counters n = relay_count(box.relay);
	assert_true(n.heard == 3 && n.relayed == 2 && n.lost == 0 && n.answered == 2 && n.strange == 0);
	end();
}

static void what_nobody_asked_for_is_dropped(void **state)
{
	start();
	site_up();
	device_says(&box.known, "one");
	turn();
	device_says(&box.other, "two");
	turn();
	struct addr collector = at("10.99.2.1", box.port), known = at("127.0.0.2", box.known.local.port);
	comes(at("10.99.2.9", box.port), known, "somebody else", 0);
	comes(at("10.99.2.1", 5), known, "from another port", 0);
	comes(collector, at("127.0.0.2", 9), "to another port", 0);
	comes(collector, at("10.99.1.1", RELAY_PORT), "a number that keeps its address", 0);
	comes(collector, at("10.99.1.1", RELAY_PORT + 2), "a number not given", 0);
	comes(collector, at("10.99.1.1", 9), "no number", 0);
	comes(at("10.99.2.1", 5), at("10.99.1.1", RELAY_PORT + 1), "a number, from another port", 0);
	comes(collector, at("10.99.1.1", 65535), "behind every number", 0);
	comes(collector, known, "cut", 2);
	comes(at("10.99.2.1", POLLER), at("127.0.0.3", 161), "a question to who has our address", 0);
	comes(at("10.99.2.1", POLLER), at("127.0.0.9", 161), "to who was not heard", 0);
	comes(at("10.99.2.1", POLLER), at("127.0.0.2", 162), "at another port", 0);
	comes(at("10.99.2.9", POLLER), at("127.0.0.2", 161), "by somebody else", 0);
	struct relay_counters n = relay_count(box.relay);
	assert_true(n.strange == 13 && n.answered == 0 && n.asked == 0);
	char heard[100];
	assert_true(recv(box.known.fd, heard, sizeof heard, MSG_DONTWAIT) < 0);
	assert_true(recv(box.other.fd, heard, sizeof heard, MSG_DONTWAIT) < 0);
	comes(at("10.99.2.1", POLLER), at("127.0.0.2", 161), "a question", 0);
	n = relay_count(box.relay);
	assert_true(n.strange == 13 && n.asked == 1);
	end();
}

static void the_address_may_come_later(void **state)
{
	start();
	site_up();
	relay_set_inner(box.relay, &(struct addr){ 0 });
	device_says(&box.other, "nobody can be said to have said this");
	turn();
	assert_int_equal(relay_count(box.relay).lost, 1);
	struct addr given = at("10.99.1.1", 0);
	relay_set_inner(box.relay, &given);
	device_says(&box.other, "now");
	turn();
	assert_int_equal(relay_count(box.relay).relayed, 1);
	const struct addr listen[RELAY_LISTENERS + 1] = { 0 };
	const struct relay_config many = { .listen = listen, .listen_count = RELAY_LISTENERS + 1 };
	struct relay *none;
	assert_int_equal(relay_new(&many, &none), ST_FULL);
	relay_free(NULL);
	end();
}

static int make_crypto(void **state)
{
	return crypto_init(&crypto);
}

static int drop_crypto(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_has_its_own_answer),
		                            cmocka_unit_test(what_nobody_asked_for_is_dropped),
		                            cmocka_unit_test(the_address_may_come_later) };
	return cmocka_run_group_tests_name("tunnel: relay", tests, make_crypto, drop_crypto);
}
