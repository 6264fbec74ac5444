// SPDX-License-Identifier: Apache-2.0
// From a command line to a message, read back by the parser; and the exchange with a receiver that answers wrongly first.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/send.h"
#include "event/event.h"
#include "snmp/notification.h"

static struct send_notification sent; // large; one at a time
static uint8_t bytes[SNMP_DATAGRAM_MAX];

static char secret[] = "secret";
static struct send_community community = { .notification = &sent, .community = { secret, sizeof secret - 1 } };

static struct send_talk talk(void)
{
	return send_community_talk(&community);
}

static int build(const char *line, struct span *message)
{
	static char copy[512];
	char *words[40];
	size_t n = 0;
	struct args a;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	assert_int_equal(args_parse(command_find("send"), words, n, &a), CLI_DONE);
	int code = send_notification_of(&a, &sent);
	struct wr w = wr_of(bytes, sizeof bytes);
	if (code == CLI_DONE)
		assert_int_equal(talk().write(&community, 0, &w), ST_OK);
	*message = wr_span(&w);
	args_done(&a);
	return code;
}

static void test_v2(void **state)
{
	struct span message;
	struct snmp_message m;
	struct snmp_notification n;
	struct oid trap;
	assert_int_equal(
	        build("inform printerV2Alert prtAlertCode.1.5 i 8 sysObjectID.0 o linkUp --uptime 77", &message),
	        CLI_DONE);
	assert_int_equal(snmp_parse_message(message, &m), ST_OK);
	assert_int_equal(m.version, SNMP_V2C);
	assert_true(span_equal(m.community, span_str("secret")));
	assert_int_equal(m.pdu.tag, PDU_INFORM);
	assert_int_equal(m.pdu.request_id, sent.request_id);
	assert_int_equal(m.pdu.varbind_count, 4);
	assert_int_equal(snmp_normalise(&m.pdu, &n), ST_OK);
	assert_int_equal(n.uptime, 77);
	oid_parse("1.3.6.1.2.1.43.18.2.0.1", &trap);
	assert_int_equal(oid_compare(&n.trap_oid, &trap), 0);
	send_notification_done(&sent);

	assert_int_equal(build("trap 1.3.6.1.4.1.9.9.1 1.3.6.1.4.1.9.9 n x 1.3.6.1.4.1.9.8 b 0", &message), CLI_DONE);
	assert_int_equal(snmp_parse_message(message, &m), ST_OK);
	assert_int_equal(m.pdu.tag, PDU_TRAP_V2);
	send_notification_done(&sent);
}

// RFC 3584 3.2, there and (by snmp_normalise, 3.1) back.
static void test_v1(void **state)
{
	static const struct {
		const char *line, *enterprise;
		int32_t generic, specific;
		const char *back;
	} rows[] = {
		{ "trap coldStart --version 1", "1.3.6.1.6.3.1.1.5", 0, 0, "1.3.6.1.6.3.1.1.5.1" },
		{ "trap linkDown --version 1", "1.3.6.1.6.3.1.1.5", 2, 0, "1.3.6.1.6.3.1.1.5.3" },
		{ "trap 1.3.6.1.6.3.1.1.5.6 --version 1", "1.3.6.1.6.3.1.1.5", 5, 0, "1.3.6.1.6.3.1.1.5.6" },
		{ "trap printerV2Alert --version 1", "1.3.6.1.2.1.43.18.2", 6, 1, "1.3.6.1.2.1.43.18.2.0.1" },
		{ "trap 1.3.6.1.4.1.9.7 --version 1", "1.3.6.1.4.1.9", 6, 7, "1.3.6.1.4.1.9.0.7" },
		{ "trap coldStart --version 1 --enterprise 1.3.6.1.4.1.9", "1.3.6.1.4.1.9", 0, 0,
		  "1.3.6.1.6.3.1.1.5.1" },
		{ "trap --version 1 --enterprise 1.3.6.1.4.1.9 --generic 6 --specific 3", "1.3.6.1.4.1.9", 6, 3,
		  "1.3.6.1.4.1.9.0.3" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span message;
		struct snmp_message m;
		struct snmp_notification n;
		struct oid enterprise, want;
		assert_int_equal(build(rows[i].line, &message), CLI_DONE);
		assert_int_equal(snmp_parse_message(message, &m), ST_OK);
		assert_int_equal(m.version, SNMP_V1);
		oid_decode(m.pdu.enterprise, &enterprise);
		oid_parse(rows[i].enterprise, &want);
		if (oid_compare(&enterprise, &want) || m.pdu.generic != rows[i].generic ||
		    m.pdu.specific != rows[i].specific)
			fail_msg("%s", rows[i].line);
		assert_int_equal(snmp_normalise(&m.pdu, &n), ST_OK);
		oid_parse(rows[i].back, &want);
		if (oid_compare(&n.trap_oid, &want))
			fail_msg("%s comes back as something else", rows[i].line);
	}
	struct span message;
	struct snmp_message m;
	assert_int_equal(build("trap coldStart --version 1 --agent 10.1.2.3", &message), CLI_DONE);
	assert_int_equal(snmp_parse_message(message, &m), ST_OK);
	assert_memory_equal(m.pdu.agent, "\x0a\x01\x02\x03", 4);
}

static void test_wrong(void **state)
{
	static const char *const lines[] = {
		"nonsense linkDown",
		"trap",
		"trap spoon",
		"trap linkDown ifIndex.1 i",
		"trap linkDown spoon i 1",
		"trap linkDown ifIndex.1 z 1",
		"trap linkDown ifIndex.1 ii 1",
		"trap linkDown ifIndex.1 i one",
		"trap linkDown ifIndex.1 i 99999999999",
		"trap linkDown ifIndex.1 C 1 --version 1",
		"trap linkDown --version 4",
		"trap linkDown --version 2c --user alice",
		"trap linkDown --version 3 --user alice --community public",
		"trap linkDown --context printers",
		"trap linkDown --user alice --enterprise 1.3.6.1.4.1.9",
		"trap linkDown --uptime 4294967296",
		"trap linkDown --generic 1",
		"trap linkDown --version 1 --generic 7",
		"trap linkDown --version 1 --agent ::1",
		"inform linkDown --version 1",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct span message;
		if (build(lines[i], &message) != CLI_USAGE)
			fail_msg("%s", lines[i]);
		send_notification_done(&sent);
	}
}

// A receiver that lets the first inform go unanswered, then sends what is no answer to it, then the answer.
static void *receiver(void *arg)
{
	int fd = *(int *)arg;
	static uint8_t in[2048], out[2048];
	struct sockaddr_storage from;
	socklen_t size = sizeof from;
	struct snmp_message m;
	if (recv(fd, in, sizeof in, 0) < 0)
		return NULL;
	ssize_t n = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &size);
	if (n < 0 || snmp_parse_message(span_of(in, (size_t)n), &m))
		return NULL;
	for (int i = 0; i < 3; i++) {
		struct wr w = wr_of(out, sizeof out);
		struct snmp_pdu other = m.pdu;
		other.request_id += i == 0;
		snmp_write_response_pdu(&w, &other, i < 2 ? 5 : 0);
		snmp_wrap_community(&w, SNMP_V2C, i == 1 ? span_str("others") : m.community);
		struct span answer = wr_span(&w);
		sendto(fd, answer.p, answer.n, 0, (struct sockaddr *)&from, size);
	}
	return NULL;
}

static int bind_loopback(struct send_target *t)
{
	struct addr loopback;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(addr_parse("127.0.0.1:0", &loopback), ST_OK);
	*t = (struct send_target){ .timeout = 200000000, .tries = 4 };
	t->to_length = addr_to_sockaddr(&loopback, false, &t->to);
	assert_int_equal(bind(fd, (struct sockaddr *)&t->to, t->to_length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&t->to, &t->to_length), 0);
	return fd;
}

static void test_exchange(void **state)
{
	struct send_target t;
	struct send_result r;
	struct span message;
	pthread_t thread;
	int fd = bind_loopback(&t);
	assert_int_equal(build("inform linkDown ifIndex.1 i 1", &message), CLI_DONE);
	struct send_talk say = talk();
	assert_int_equal(pthread_create(&thread, NULL, receiver, &fd), 0);
	assert_int_equal(send_exchange(&t, &say, &r), ST_OK);
	pthread_join(thread, NULL);
	assert_true(r.answered);
	assert_int_equal(r.tries, 2);
	assert_int_equal(r.error_status, 0);
	assert_in_range(r.took, 1, t.timeout);

	t.tries = 2;
	t.timeout = 20000000;
	assert_int_equal(send_exchange(&t, &say, &r), ST_OK);
	assert_false(r.answered);
	assert_int_equal(r.tries, 2);
	close(fd);
	say.confirmed = false;
	assert_int_equal(send_exchange(&t, &say, &r), ST_SYSTEM); // nobody listens any more
	send_notification_done(&sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_exchange),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
