// SPDX-License-Identifier: Apache-2.0
// The data plane, two of them back to back without sockets: what is delivered, answered, held, dropped and counted, which
// pair is sent by, and how a peer's address changes.
#include "planes.h"

static struct crypto *crypto;
static struct planes t;

static const struct plane_counters *count(const struct side *s)
{
	return plane_counters(s->plane);
}

static void one_trap_arrives(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "it burns"), ST_OK);
	assert_int_equal(carry(&t, &t.a), 1);
	assert_int_equal(t.b.said_count, 1);
	const struct said *x = &t.b.said[0];
	assert_string_equal(x->name, "rotterdam");
	assert_int_equal(x->n, 8);
	assert_memory_equal(x->bytes, "it burns", 8);
	struct addr from = at("10.99.1.1", 5000), to = at("10.99.2.1", TRAP_PORT);
	assert_true(same_end(&x->from, &from) && same_end(&x->to, &to));
	assert_int_equal(count(&t.b)->delivered, 1);
	assert_int_equal(count(&t.b)->held, 0);
	assert_int_equal(side_told(&t.b, PLANE_TELL_HEARD), 1);
	planes_done(&t);
}

static void the_answer_goes_back(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.2.1", TRAP_PORT), to = at("10.99.1.1", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("heard")), ST_OK);
	assert_int_equal(t.b.sent, 0); // waits for the end of the turn
	assert_int_equal(carry(&t, &t.b), 1);
	assert_int_equal(t.a.said_count, 1);
	assert_memory_equal(t.a.said[0].bytes, "heard", 5);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 1, &from, &to, span_str("x")), ST_NONE);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 9, &from, &to, span_str("x")), ST_NONE);
	struct addr six = at("fd00::1", 1);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &six, span_str("x")), ST_INNER_ADDRESS);
	planes_done(&t);
}

// From the first inner address of the device's family that the SA allows.
static void a_question_leaves_from_our_inner_address(void **state)
{
	struct addr to = at("10.99.1.1", 161), six = at("fd00::1:1", 161), ours = at("10.99.2.1", 40161);
	struct addr two[] = { at("10.99.7.7", 0), at("10.99.2.1", 0) };
	planes_init(&t, crypto, false);
	uint16_t agent = 161;
	assert_int_equal(plane_set_ports(t.a.plane, &agent, 1), ST_OK);
	assert_int_equal(plane_send_udp_as_us(t.b.plane, t.now, 0, 40161, &to, span_str("?")), ST_NONE);
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	struct plane_way wa = { .ends = a_ends(), .natted = true }, wb = { .ends = b_ends(&t), .listener = 3 };
	memcpy(b.here.at[0].first, ours.ip, 16);
	memcpy(b.here.at[0].last, ours.ip, 16);
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
	assert_int_equal(plane_set_inner(t.b.plane, two, 2), ST_OK);
	assert_int_equal(plane_send_udp_as_us(t.b.plane, t.now, 0, 40161, &to, span_str("?")), ST_OK);
	assert_int_equal(carry(&t, &t.b), 1);
	assert_int_equal(t.a.said_count, 1);
	assert_true(same_end(&t.a.said[0].from, &ours) && same_end(&t.a.said[0].to, &to));
	assert_int_equal(plane_set_inner(t.b.plane, two, 1), ST_OK);
	assert_int_equal(plane_send_udp_as_us(t.b.plane, t.now, 0, 40161, &to, span_str("?")), ST_ESP_SELECTOR);
	assert_int_equal(plane_send_udp_as_us(t.b.plane, t.now, 0, 40161, &six, span_str("?")), ST_INNER_ADDRESS);
	planes_done(&t);
}

static void two_sites_with_the_same_addresses(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	pair_up(&t, 1, 2, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "from rotterdam"), ST_OK);
	assert_int_equal(say(&t, 1, "10.99.1.1", "from antwerp"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 2);
	assert_string_equal(t.b.said[0].name, "rotterdam");
	assert_string_equal(t.b.said[1].name, "antwerp");
	assert_memory_equal(t.b.said[1].bytes, "from antwerp", 12);
	planes_done(&t);
}

// An echo request, whole, from the site to `to`; returns what was sent back.
static size_t ping(const char *from, const char *to, uint16_t id, size_t octets)
{
	uint8_t room[ESP_HEADROOM + 1600];
	struct packet p = packet_of(room, sizeof room, ESP_HEADROOM);
	uint8_t *data = packet_append(&p, octets);
	memset(data, 'p', octets);
	struct addr f = at(from, 0), o = at(to, 0);
	struct inner_echo echo = { .id = id, .sequence = 1 };
	assert_int_equal(inner_echo_put(&p, &f, &o, &echo), ST_OK);
	struct packet *list[] = { &p };
	assert_int_equal(plane_send_packets(t.a.plane, t.now, 0, list, 1), 1);
	carry(&t, &t.a);
	return t.b.sent;
}

static void a_ping_is_answered(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(ping("10.99.1.1", "10.99.2.1", 77, 1200), 1);
	assert_int_equal(count(&t.b)->answered, 1);
	assert_int_equal(ping("10.99.1.1", "10.99.2.2", 77, 56), 1); // not ours
	assert_int_equal(count(&t.b)->dropped[ST_INNER_DESTINATION], 1);
	assert_int_equal(ping("0.0.0.0", "10.99.2.1", 77, 56), 1);
	assert_int_equal(count(&t.b)->dropped[ST_INNER_ADDRESS], 1);
	carry(&t, &t.b);
	assert_int_equal(count(&t.a)->dropped[ST_INNER_ICMP], 1); // an answer to nobody's question
	planes_done(&t);
}

static void what_is_not_served_is_dropped(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.1.1", 5000), port = at("10.99.2.1", 53);
	assert_int_equal(plane_send_udp(t.a.plane, t.now, 0, &from, &port, span_str("x")), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(count(&t.b)->dropped[ST_INNER_PORT], 1);
	assert_int_equal(t.b.said_count, 0);
	planes_done(&t);
}

static void what_is_not_ours_goes_on_to_the_device(void **state)
{
	planes_init(&t, crypto, true);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.1.1", 5000), port = at("10.99.2.1", 53), other = at("10.99.2.9", 162);
	assert_int_equal(plane_send_udp(t.a.plane, t.now, 0, &from, &port, span_str("x")), ST_OK);
	assert_int_equal(plane_send_udp(t.a.plane, t.now, 0, &from, &other, span_str("y")), ST_OK);
	assert_int_equal(say(&t, 0, "10.99.1.1", "trap"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(t.b.onward_count, 2);
	assert_int_equal(t.b.onward[1].n, 29);
	assert_int_equal(t.b.onward[1].bytes[28], 'y');
	assert_int_equal(t.b.said_count, 1);
	assert_int_equal(count(&t.b)->forwarded, 2);
	planes_done(&t);
}

static void what_the_device_does_not_take_is_not_counted_as_forwarded(void **state)
{
	planes_init(&t, crypto, true);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.1.1", 5000), other = at("10.99.2.9", 162);
	t.b.onward_refused = 2;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(plane_send_udp(t.a.plane, t.now, 0, &from, &other, span_str("y")), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(count(&t.b)->forwarded, 1);
	assert_int_equal(count(&t.b)->dropped[ST_TUN_WRITE], 2);
	plane_unsealed(t.b.plane, ST_TUN_SPLIT);
	assert_int_equal(count(&t.b)->unsealed[ST_TUN_SPLIT], 1);
	planes_done(&t);
}

static void no_room_is_waited_for(void **state)
{
	planes_init(&t, crypto, true);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.1.1", 5000), port = at("10.99.2.1", 53);
	t.b.room = 0;
	for (unsigned i = 0; i < 40; i++) {
		char text[8];
		(void)snprintf(text, sizeof text, "%u", i);
		assert_int_equal(say(&t, 0, "10.99.1.1", text), ST_OK);
		if (i % 10 == 3)
			assert_int_equal(plane_send_udp(t.a.plane, t.now, 0, &from, &port, span_str("x")), ST_OK);
	}
	carry(&t, &t.a); // gives room for one at a time
	assert_int_equal(t.b.said_count, 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(strtoul((char *)t.b.said[i].bytes, NULL, 10), i);
	assert_int_equal(t.b.onward_count, 4);
	assert_int_equal(count(&t.b)->delivered, 40);
	planes_done(&t);
}

static void what_is_held_outlives_its_pair_but_not_its_site(void **state)
{
	for (int site_goes = 0; site_goes < 2; site_goes++) {
		planes_init(&t, crypto, false);
		pair_up(&t, 0, 1, 0);
		assert_int_equal(say(&t, 0, "10.99.1.1", "1"), ST_OK);
		assert_int_equal(say(&t, 0, "10.99.1.1", "2"), ST_OK);
		plane_flush(t.a.plane, t.now);
		struct udp_packet dg[2];
		for (size_t i = 0; i < 2; i++)
			dg[i] = (struct udp_packet){ .bytes = span_of(t.a.box[i].bytes, t.a.box[i].n),
				                     .peer = t.outside,
				                     .local = a_ends().peer };
		t.b.room = 0;
		plane_input(t.b.plane, t.now, 3, dg, 2);
		assert_true(plane_held(t.b.plane));
		assert_int_equal(count(&t.b)->held, 2);
		if (site_goes)
			plane_site_remove(t.b.plane, 0);
		else
			plane_pair_down(t.b.plane, t.now, 0x10001);
		t.b.room = BOX;
		plane_resume(t.b.plane, t.now);
		assert_false(plane_held(t.b.plane));
		assert_int_equal(t.b.said_count, site_goes ? 0 : 2);
		assert_int_equal(count(&t.b)->dropped[ST_ESP_NO_SA], site_goes ? 2 : 0);
		planes_done(&t);
	}
}

// A UDP datagram inside, in IPv4 fragments of `part` octets.
static void say_in_parts(const char *to, uint16_t port, size_t octets, size_t part)
{
	uint8_t room[4096], piece[ESP_HEADROOM + 1600];
	struct packet whole = packet_of(room, sizeof room, 200);
	uint8_t *data = packet_append(&whole, octets);
	for (size_t i = 0; i < octets; i++)
		data[i] = (uint8_t)i;
	struct addr f = at("10.99.1.1", 5000), o = at(to, port);
	assert_int_equal(inner_udp_put(&whole, &f, &o, 99), ST_OK);
	struct span body = span_of(whole.at + IPV4_HEAD, whole.n - IPV4_HEAD);
	for (size_t done = 0; done < body.n; done += part) {
		size_t n = body.n - done < part ? body.n - done : part;
		struct packet p = packet_of(piece, sizeof piece, ESP_HEADROOM);
		memcpy(packet_append(&p, n), body.p + done, n);
		assert_int_equal(ip_push(&p, &f, &o, IP_UDP, 0, 99), ST_OK);
		ip_put16(p.at + 6, (uint32_t)(done / 8) | (done + n < body.n ? 0x2000 : 0));
		ip_put16(p.at + 10, 0);
		ip_put16(p.at + 10, ip_checksum(ip_sum(0, span_of(p.at, IPV4_HEAD))));
		struct packet *list[] = { &p };
		assert_int_equal(plane_send_packets(t.a.plane, t.now, 0, list, 1), 1);
	}
}

static void fragments_are_put_together(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	t.b.room = 0; // the whole is held as well
	say_in_parts("10.99.2.1", TRAP_PORT, 1500, 512);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 1);
	assert_int_equal(t.b.said[0].n, 1500);
	assert_int_equal(t.b.said[0].bytes[1499], (uint8_t)1499);
	assert_int_equal(count(&t.b)->fragment, 2);
	assert_int_equal(count(&t.b)->delivered, 1);
	say_in_parts("10.99.2.1", TRAP_PORT, 1000, 512);
	t.a.sent = 1; // the second one is lost
	carry(&t, &t.a);
	t.now += 20 * SECOND;
	plane_tick(t.b.plane, t.now);
	assert_int_equal(count(&t.b)->fragments_expired, 1);
	assert_int_equal(count(&t.b)->fragment, 3);
	planes_done(&t);
}

// Where only some ports are allowed, fragments are put together before they go on.
static void fragments_are_checked_for_ports(void **state)
{
	planes_init(&t, crypto, true);
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	b.here.at[0].protocol = b.there.at[0].protocol = IP_UDP;
	b.here.at[0].port_first = b.here.at[0].port_last = 162;
	struct plane_way wa = { .ends = a_ends() }, wb = { .ends = b_ends(&t), .listener = 3 };
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
	say_in_parts("10.99.2.77", 162, 1000, 512);
	say_in_parts("10.99.2.77", 163, 1000, 512);
	carry(&t, &t.a);
	assert_int_equal(t.b.onward_count, 1);
	assert_int_equal(t.b.onward[0].n, 1028);
	assert_int_equal(count(&t.b)->dropped[ST_ESP_SELECTOR], 1);
	assert_int_equal(count(&t.b)->fragment, 2);
	planes_done(&t);
}

static void selectors_are_held_to(void **state)
{
	planes_init(&t, crypto, false);
	struct prefix net;
	assert_int_equal(prefix_parse("10.99.1.0/24", &net), ST_OK);
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	b.there.at[0] = ike_ts_of(&net);
	struct plane_way wa = { .ends = a_ends() }, wb = { .ends = b_ends(&t), .listener = 3 };
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
	assert_int_equal(say(&t, 0, "10.99.1.8", "mine"), ST_OK);
	assert_int_equal(say(&t, 0, "10.99.3.8", "somebody else's"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 1);
	assert_int_equal(count(&t.b)->dropped[ST_ESP_SELECTOR], 1);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.3.8", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("x")), ST_ESP_SELECTOR);
	planes_done(&t);
}

static void replays_and_forgeries_change_nothing(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "once"), ST_OK);
	plane_flush(t.a.plane, t.now);
	struct parcel again = t.a.box[0];
	for (size_t bit = 8; bit < again.n * 8; bit += 5) { // number, IV, text, tag
		struct parcel bad = again;
		bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		t.outside = at("198.51.100.66", 6);
		if (bit / 8 >= 4)
			arrive(&t, &t.b, &bad, 1);
	}
	assert_int_equal(t.b.said_count, 0);
	assert_int_equal(side_told(&t.b, PLANE_TELL_HEARD), 0);
	t.outside = at("198.51.100.7", 40001);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 1);
	arrive(&t, &t.b, &again, 1);
	assert_int_equal(count(&t.b)->dropped[ST_ESP_REPLAY], 1);
	t.outside = at("198.51.100.66", 6); // from elsewhere, too: nobody is asked anything
	arrive(&t, &t.b, &again, 1);
	assert_int_equal(count(&t.b)->dropped[ST_ESP_REPLAY], 2);
	assert_int_equal(count(&t.b)->probes, 0);
	assert_int_equal(t.b.sent, 0);
	planes_done(&t);
}

static void a_rekey_loses_nothing(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.1.1", 5000);
	assert_int_equal(say(&t, 0, "10.99.1.1", "inform"), ST_OK);
	carry(&t, &t.a);
	pair_up(&t, 0, 2, 1); // both have it, nobody has spoken on it
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("by the old")), ST_OK);
	plane_flush(t.b.plane, t.now);
	assert_int_equal(t.b.box[0].bytes[3], 1); // the SPI's last octet
	carry(&t, &t.b);
	plane_pair_down(t.a.plane, t.now, 0x20001); // the site begins with the new one
	assert_int_equal(say(&t, 0, "10.99.1.1", "on the new"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 2);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("by the new")), ST_OK);
	plane_flush(t.b.plane, t.now);
	assert_int_equal(t.b.box[0].bytes[3], 2);
	plane_pair_down(t.b.plane, t.now, 0x10001);
	carry(&t, &t.b);
	assert_int_equal(t.a.said_count, 2);
	struct plane_site_view v;
	uint32_t place = 0;
	assert_true(plane_site_next(t.b.plane, &place, &v));
	assert_int_equal(v.pairs, 1);
	assert_int_equal(v.spi, 0x10002);
	assert_int_equal(v.packets_in, 2); // of the pair that went, too
	assert_int_equal(v.packets_out, 2);
	planes_done(&t);
}

static void the_new_pair_sends_when_the_old_one_goes(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	pair_up(&t, 0, 2, 1);
	struct ike_pair lost = pair_half(3, true, 0x10001);
	lost.never = true;
	struct plane_way w = { .ends = b_ends(&t), .listener = 3 };
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &lost, &w), ST_OK);
	plane_pair_down(t.b.plane, t.now, 0x10001);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.1.1", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("x")), ST_OK);
	plane_flush(t.b.plane, t.now);
	assert_int_equal(t.b.box[0].bytes[3], 2);
	planes_done(&t);
}

static void keepalives_hold_the_mapping(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(plane_due(t.a.plane), t.now + SECOND);
	for (int i = 0; i < 60; i++) {
		t.now += SECOND;
		plane_tick(t.a.plane, t.now);
		plane_tick(t.b.plane, t.now);
	}
	assert_int_equal(t.a.sent, 3); // behind the NAT, every 20 s
	assert_int_equal(t.b.sent, 0);
	assert_int_equal(t.a.box[0].n, 1);
	carry(&t, &t.a);
	assert_int_equal(count(&t.b)->keepalive, 3);
	assert_int_equal(side_told(&t.b, PLANE_TELL_HEARD), 0);
	planes_done(&t);
}

static void the_address_changes_in_one_round_trip(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "before"), ST_OK);
	carry(&t, &t.a);
	t.now += SECOND;
	t.outside = at("198.51.100.9", 50009);
	assert_int_equal(say(&t, 0, "10.99.1.1", "after"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 2);
	assert_int_equal(count(&t.b)->probes, 1);
	assert_int_equal(carry(&t, &t.b), 1); // the probe, to the new place
	assert_int_equal(count(&t.a)->answered, 1);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.1.1", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("lost")), ST_OK);
	assert_int_equal(carry(&t, &t.b), 0); // still to the old one
	carry(&t, &t.a);
	assert_int_equal(count(&t.b)->moved, 1);
	assert_int_equal(count(&t.b)->probe, 1);
	assert_int_equal(side_told(&t.b, PLANE_TELL_MOVED), 1);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("back")), ST_OK);
	assert_int_equal(carry(&t, &t.b), 1);
	assert_int_equal(t.a.said_count, 1);
	planes_done(&t);
}

// Somebody on the path holds a packet back and sends it from elsewhere: the probe goes to him, he cannot read it.
static void an_interceptor_does_not_move_it(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "stolen"), ST_OK);
	struct addr home = t.outside;
	t.outside = at("198.51.100.66", 6);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 1);
	assert_int_equal(count(&t.b)->probes, 1);
	struct parcel probe = t.b.box[0];
	assert_true(same_end(&probe.ends.peer, &t.outside));
	t.b.sent = 0;
	arrive(&t, &t.a, &probe, 1); // he hands it on to the site, whose answer comes from home
	t.outside = home;
	carry(&t, &t.a);
	assert_int_equal(count(&t.b)->moved, 0);
	struct plane_site_view v;
	uint32_t place = 0;
	assert_true(plane_site_next(t.b.plane, &place, &v));
	assert_true(same_end(&v.ends.peer, &home));
	planes_done(&t);
}

static void ike_is_asked_where_it_owns_the_site(void **state)
{
	planes_init(&t, crypto, false);
	assert_int_equal(plane_site_set(t.b.plane, 0, &(struct plane_site){ .name = "rotterdam", .ike = true }), ST_OK);
	pair_up(&t, 0, 1, 0);
	t.outside = at("198.51.100.9", 50009);
	assert_int_equal(say(&t, 0, "10.99.1.1", "x"), ST_OK);
	carry(&t, &t.a);
	assert_int_equal(side_told(&t.b, PLANE_TELL_PROPOSED), 1);
	assert_int_equal(count(&t.b)->probes, 0);
	struct encap_ends ends = b_ends(&t);
	plane_pair_moved(t.b.plane, t.now, 0x10001, &ends, 5);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.1.1", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("x")), ST_OK);
	plane_flush(t.b.plane, t.now);
	assert_int_equal(t.b.box[0].listener, 5);
	assert_int_equal(carry(&t, &t.b), 1);
	planes_done(&t);
}

static void a_peer_nobody_knows_is_learned_from_its_first_packet(void **state)
{
	planes_init(&t, crypto, false);
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	struct plane_way wa = { .ends = a_ends() }, wb = { .listener = 0 };
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
	struct addr from = at("10.99.2.1", 162), to = at("10.99.1.1", 5000);
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("x")), ST_NONE);
	assert_int_equal(ping("10.99.1.1", "10.99.2.1", 5, 56), 1);
	assert_int_equal(t.b.box[0].listener, 3);
	assert_int_equal(count(&t.b)->probes, 0);
	assert_int_equal(carry(&t, &t.b), 1);
	planes_done(&t);
}

static void each_datagram_is_looked_at_by_itself(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	struct parcel p[7] = { 0 };
	assert_int_equal(say(&t, 0, "10.99.1.1", "trap"), ST_OK);
	plane_flush(t.a.plane, t.now);
	p[0] = t.a.box[0];
	t.a.sent = 0;
	for (size_t i = 1; i < 7; i++)
		p[i].ends = p[0].ends;
	p[1].n = 1, p[1].bytes[0] = 0xff;
	p[2].n = 0;
	p[3].n = 3;
	p[4].n = 40, memset(p[4].bytes, 0x77, 40);
	p[5].n = 32, p[5].bytes[4] = 9, p[5].bytes[31] = 1, p[5].bytes[4 + 27] = 28; // a marker and an IKE header
	p[6].n = 20, p[6].bytes[3] = 9;
	arrive(&t, &t.b, p, 7);
	const struct plane_counters *c = count(&t.b);
	assert_int_equal(c->received, 7);
	assert_int_equal(c->delivered, 1);
	assert_int_equal(c->keepalive, 2);
	assert_int_equal(c->ike, 1);
	assert_int_equal(side_told(&t.b, PLANE_TELL_IKE), 1);
	assert_int_equal(c->dropped[ST_ENCAP_RUNT], 1);
	assert_int_equal(c->dropped[ST_ESP_SPI], 1);
	assert_int_equal(c->dropped[ST_ESP_RESERVED], 1);
	planes_done(&t);
}

static void transport_mode_has_no_inner_addresses(void **state)
{
	planes_init(&t, crypto, false);
	struct ike_pair a = pair_half(1, false, 0), b = pair_half(1, true, 0);
	a.transport = b.transport = true;
	struct plane_way wa = { .ends = a_ends(), .style = ENCAP_DRAFT00 }, wb = { .ends = b_ends(&t), .listener = 3 };
	assert_int_equal(plane_pair_up(t.a.plane, t.now, 0, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &wb), ST_OK);
	assert_int_equal(say(&t, 0, "192.168.7.2", "trap"), ST_OK);
	plane_flush(t.a.plane, t.now);
	assert_true(t.a.box[0].unchecked);
	carry(&t, &t.a);
	assert_int_equal(t.b.said_count, 1);
	assert_true(addr_same_ip(&t.b.said[0].from, &t.outside));
	assert_int_equal(t.b.said[0].from.port, 5000);
	struct addr from = t.b.said[0].to, to = t.b.said[0].from;
	assert_int_equal(plane_send_udp(t.b.plane, t.now, 0, &from, &to, span_str("heard")), ST_OK);
	carry(&t, &t.b);
	assert_int_equal(t.a.said_count, 1);
	planes_done(&t);
}

static void what_cannot_be_had_is_refused(void **state)
{
	planes_init(&t, crypto, false);
	struct addr many[PLANE_INNER + 1] = { 0 };
	uint16_t ports[PLANE_PORTS + 1] = { 0 };
	struct encap_rules rules = { 0 };
	assert_int_equal(plane_set_inner(t.b.plane, many, PLANE_INNER + 1), ST_FULL);
	assert_int_equal(plane_set_ports(t.b.plane, ports, PLANE_PORTS + 1), ST_FULL);
	assert_int_equal(plane_set_listener(t.b.plane, PLANE_LISTENERS, &rules), ST_FULL);
	assert_int_equal(plane_site_set(t.b.plane, PLANE_SITES, &(struct plane_site){ .name = "x" }), ST_FULL);
	struct ike_pair b = pair_half(1, true, 0);
	struct plane_way w = { .ends = b_ends(&t), .listener = 3 };
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 9, &b, &w), ST_NONE);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &w), ST_OK);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &w), ST_BUSY);
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 1, &b, &w), ST_BUSY);
	assert_true(plane_pair_known(t.b.plane, b.in));
	for (uint32_t i = 2; i <= PLANE_SITE_PAIRS; i++) {
		b.in++;
		assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &w), ST_OK);
	}
	b.in++;
	assert_int_equal(plane_pair_up(t.b.plane, t.now, 0, &b, &w), ST_FULL);
	plane_site_remove(t.b.plane, 0);
	assert_int_equal(plane_pairs(t.b.plane), 0);
	assert_int_equal(plane_due(t.b.plane), INT64_MAX);
	planes_done(&t);
}

static void what_waits_for_a_site_that_goes_is_lost_alone(void **state)
{
	planes_init(&t, crypto, false);
	pair_up(&t, 0, 1, 0);
	pair_up(&t, 1, 2, 0);
	assert_int_equal(say(&t, 0, "10.99.1.1", "x"), ST_OK);
	assert_int_equal(say(&t, 1, "10.99.1.1", "y"), ST_OK);
	plane_site_remove(t.a.plane, 0);
	assert_int_equal(carry(&t, &t.a), 1);
	assert_int_equal(t.b.said_count, 1);
	assert_string_equal(t.b.said[0].name, "antwerp");
	planes_done(&t);
}

static int setup(void **state)
{
	return crypto_init(&crypto) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_trap_arrives),
		cmocka_unit_test(the_answer_goes_back),
		cmocka_unit_test(a_question_leaves_from_our_inner_address),
		cmocka_unit_test(two_sites_with_the_same_addresses),
		cmocka_unit_test(a_ping_is_answered),
		cmocka_unit_test(what_is_not_served_is_dropped),
		cmocka_unit_test(what_is_not_ours_goes_on_to_the_device),
		cmocka_unit_test(what_the_device_does_not_take_is_not_counted_as_forwarded),
		cmocka_unit_test(no_room_is_waited_for),
		cmocka_unit_test(what_is_held_outlives_its_pair_but_not_its_site),
		cmocka_unit_test(fragments_are_put_together),
		cmocka_unit_test(fragments_are_checked_for_ports),
		cmocka_unit_test(selectors_are_held_to),
		cmocka_unit_test(replays_and_forgeries_change_nothing),
		cmocka_unit_test(a_rekey_loses_nothing),
		cmocka_unit_test(the_new_pair_sends_when_the_old_one_goes),
		cmocka_unit_test(keepalives_hold_the_mapping),
		cmocka_unit_test(the_address_changes_in_one_round_trip),
		cmocka_unit_test(an_interceptor_does_not_move_it),
		cmocka_unit_test(ike_is_asked_where_it_owns_the_site),
		cmocka_unit_test(a_peer_nobody_knows_is_learned_from_its_first_packet),
		cmocka_unit_test(each_datagram_is_looked_at_by_itself),
		cmocka_unit_test(transport_mode_has_no_inner_addresses),
		cmocka_unit_test(what_cannot_be_had_is_refused),
		cmocka_unit_test(what_waits_for_a_site_that_goes_is_lost_alone),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
