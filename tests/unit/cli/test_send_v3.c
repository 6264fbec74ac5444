// SPDX-License-Identifier: Apache-2.0
// Version 3 from the command line to a receiver that is our own core, on loopback: what is answered, what is refused and
// how that is said; the sender's own engine; users and hex from words.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/send.h"
#include "event/event.h"
#include "io/system.h"
#include "snmp/v3.h"

#define ALICE "--user alice --auth sha256 --auth-password alice-auth-1 --priv aes128 --priv-password alice-priv-1 "
#define STRETCH "--user stretch --auth md5 --auth-password stretch-1 --priv aes256 "

static char folder[] = "/tmp/trapline-send-XXXXXX";
static struct crypto *crypto;
static struct send_notification sent;
static struct send_v3 v3;

static int words_of(const char *line, struct args *a)
{
	static char copy[1024];
	static char *words[64];
	size_t n = 0;
	snprintf(copy, sizeof copy, "%s --state %s", line, folder);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	return args_parse(command_find("send"), words, n, a);
}

struct receiver {
	int fd;
	struct v3_state *state;
	struct v3_scratch scratch;
	uint8_t in[4096], out[4096];
	struct v3_received last;
};

static struct usm_users *make_users(void)
{
	const struct usm_user users[] = {
		{ .name = span_str("alice"),
		  .auth = usm_auth_by_name("sha256"),
		  .auth_password = span_str("alice-auth-1"),
		  .priv = usm_priv_by_name("aes128"),
		  .priv_password = span_str("alice-priv-1") },
		{ .name = span_str("open") },
		{ .name = span_str("stretch"),
		  .auth = usm_auth_by_name("md5"),
		  .auth_password = span_str("stretch-1"),
		  .priv = usm_priv_by_name("aes256"),
		  .priv_password = span_str("stretch-1") },
	};
	struct usm_users *out;
	size_t which;
	assert_int_equal(usm_users_new(users, 3, span_of("\x80\x00\x7e\xd9\x05receiver", 13), NULL, &out, &which),
	                 ST_OK);
	return out;
}

static void answer(struct receiver *r, ssize_t n, const struct sockaddr_storage *from, socklen_t size)
{
	struct addr peer = addr_from_sockaddr((const struct sockaddr *)from);
	struct wr w = wr_of(r->out, sizeof r->out);
	int64_t now = clock_monotonic();
	enum st st = v3_receive(r->state, now, (struct span){ 0 }, &peer, span_of(r->in, (size_t)n), 0, &r->scratch,
	                        &r->last);
	if (r->last.report)
		st = v3_write_report(r->state, now, &r->last, &w);
	else if (st == ST_OK && r->last.pdu.tag == PDU_INFORM)
		st = v3_write_response(r->state, now, &r->last.reply, &r->last.pdu, &w);
	struct span s = wr_span(&w);
	if (st == ST_OK && s.n)
		sendto(r->fd, s.p, s.n, 0, (const struct sockaddr *)from, size);
}

// Answers until it is sent an empty datagram.
static void *receive_all(void *arg)
{
	struct receiver *r = arg;
	for (;;) {
		struct sockaddr_storage from;
		socklen_t size = sizeof from;
		ssize_t n = recvfrom(r->fd, r->in, sizeof r->in, 0, (struct sockaddr *)&from, &size);
		if (n <= 0)
			return NULL;
		answer(r, n, &from, size);
	}
}

static int bind_loopback(struct send_target *t)
{
	struct addr loopback;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(addr_parse("127.0.0.1:0", &loopback), ST_OK);
	*t = (struct send_target){ .timeout = 3000000000, .tries = 1 };
	t->to_length = addr_to_sockaddr(&loopback, false, &t->to);
	assert_int_equal(bind(fd, (struct sockaddr *)&t->to, t->to_length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&t->to, &t->to_length), 0);
	return fd;
}

static int prepare(const char *line, struct args *a)
{
	int code = words_of(line, a);
	if (code == CLI_DONE)
		code = send_notification_of(a, &sent);
	return code == CLI_DONE ? send_v3_of(a, &sent, &v3) : code;
}

static void finish(struct args *a)
{
	send_v3_done(&v3);
	send_notification_done(&sent);
	args_done(a);
}

static void test_exchange(void **state)
{
	static const struct {
		const char *line;
		enum st refused; // ST_OK: answered, or arrived
		const char *said;
	} rows[] = {
		{ "inform linkDown " ALICE, ST_OK, "" },
		{ "inform linkDown " ALICE "--context printers", ST_OK, "" },
		{ "inform linkDown --user open", ST_OK, "" },
		{ "inform linkDown " STRETCH, ST_OK, "" },
		{ "inform linkDown " STRETCH "--extend reeder", ST_OK, "" },
		{ "inform linkDown " ALICE "--level authNoPriv", ST_LEVEL, "may not use level authNoPriv" },
		{ "inform linkDown --user bob", ST_USER, "user bob is unknown" },
		{ "inform linkDown --user alice --auth sha256 --auth-password wrong-one", ST_LEVEL,
		  "level authNoPriv" },
		{ "inform linkDown --user alice --auth sha1 --auth-password alice-auth-1 --priv aes128", ST_DIGEST,
		  "another digest than sha1" },
		{ "inform linkDown --user alice --auth sha256 --auth-password alice-auth-1 --priv aes128", ST_DECRYPT,
		  "another cipher than aes128" },
	};
	struct usm_users *users = make_users();
	struct receiver *r = calloc(1, sizeof *r);
	const struct v3_config config = {
		.crypto = crypto, .users = users, .random = random_system(), .boots = 7, .started = clock_monotonic()
	};
	assert_int_equal(v3_state_new(&config, &r->state), ST_OK);
	struct send_target t;
	pthread_t thread;
	r->fd = bind_loopback(&t);
	assert_int_equal(pthread_create(&thread, NULL, receive_all, r), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct args a;
		struct send_result result;
		struct text why = { 0 };
		assert_int_equal(prepare(rows[i].line, &a), CLI_DONE);
		struct send_talk talk = send_v3_talk(&v3);
		assert_int_equal(send_exchange(&t, &talk, &result), ST_OK);
		if (result.refused)
			send_v3_explain(&v3, result.why, &why);
		if (result.answered != !rows[i].refused || result.refused != !!rows[i].refused ||
		    (result.refused && result.why != rows[i].refused) || !strstr(text_str(&why), rows[i].said))
			fail_msg("%s: %s", rows[i].line, text_str(&why));
		text_done(&why);
		finish(&a);
	}
	sendto(r->fd, "", 0, 0, (struct sockaddr *)&t.to, t.to_length);
	pthread_join(thread, NULL);
	close(r->fd);
	v3_state_free(r->state);
	usm_users_free(users);
	free(r);
}

// Boots rise at each start, so that a receiver takes each trap; an ID of one's own keeps its own count.
static void test_engine(void **state)
{
	struct send_engine first, second, own, again;
	int lock = -1;
	struct args a;
	assert_int_equal(words_of("trap linkDown --user open", &a), CLI_DONE);
	assert_int_equal(send_engine_start(&a, &first, &lock), CLI_DONE);
	close(lock);
	assert_int_equal(send_engine_start(&a, &second, &lock), CLI_DONE);
	close(lock);
	args_done(&a);
	assert_int_equal(first.id_n, second.id_n);
	assert_memory_equal(first.id, second.id, first.id_n);
	assert_int_equal(second.boots, first.boots + 1);
	assert_int_equal(words_of("trap linkDown --user open --engine-id 80:00:1f:88:04:01", &a), CLI_DONE);
	assert_int_equal(send_engine_start(&a, &own, &lock), CLI_DONE);
	close(lock);
	assert_int_equal(send_engine_start(&a, &again, &lock), CLI_DONE);
	close(lock);
	args_done(&a);
	assert_int_equal(own.id_n, 6);
	assert_memory_equal(own.id, "\x80\x00\x1f\x88\x04\x01", 6);
	assert_int_equal(again.boots, own.boots + 1);
	assert_int_equal(words_of("trap linkDown --user open", &a), CLI_DONE);
	assert_int_equal(send_engine_start(&a, &again, &lock), CLI_DONE);
	close(lock);
	args_done(&a);
	assert_int_equal(again.boots, second.boots + 1);
}

static void test_trap(void **state)
{
	static uint8_t bytes[SNMP_DATAGRAM_MAX];
	struct v3_message m;
	struct args a;
	assert_int_equal(prepare("trap linkDown --engine-id 80001f880402 " ALICE, &a), CLI_DONE);
	struct send_talk talk = send_v3_talk(&v3);
	struct wr w = wr_of(bytes, sizeof bytes);
	assert_false(talk.confirmed);
	assert_int_equal(talk.write(talk.arg, clock_monotonic(), &w), ST_OK);
	assert_int_equal(v3_message_parse(wr_span(&w), &m), ST_OK);
	assert_true(span_equal(m.usm.engine, span_of("\x80\x00\x1f\x88\x04\x02", 6)));
	assert_int_equal(m.usm.boots, 1);
	assert_in_range(m.usm.time, 0, 5);
	assert_int_equal(m.flags, V3_FLAG_AUTH | V3_FLAG_PRIV);
	finish(&a);
}

static void test_wrong(void **state)
{
	static const char *const lines[] = {
		"trap linkDown --version 3",
		"trap linkDown --version 3 --auth sha256 --auth-password x",
		"trap linkDown --user alice --auth sha3 --auth-password x",
		"trap linkDown --user alice --auth sha256",
		"trap linkDown --user alice --auth-password x",
		"trap linkDown --user alice --priv des --priv-password x",
		"trap linkDown --user alice --auth sha256 --auth-password x --priv rot13",
		"trap linkDown --user alice --auth sha256 --auth-password x --priv-password y",
		"trap linkDown --user alice --auth sha256 --auth-password x --auth-password-file /dev/null",
		"trap linkDown --user alice --level authNoPriv",
		"trap linkDown --user alice --level strong",
		"trap linkDown --user alice --auth sha256 --auth-password x --level authPriv",
		"trap linkDown --user alice --extend maybe",
		"trap linkDown --user alice --context 123456789012345678901234567890123",
		"trap linkDown --user alice --context-engine 1",
		"trap linkDown --user alice --engine-id 80001f88",
		"trap linkDown --user alice --engine-id spoon",
		"trap linkDown --user 123456789012345678901234567890123",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct args a;
		if (prepare(lines[i], &a) != CLI_USAGE)
			fail_msg("%s", lines[i]);
		finish(&a);
	}
}

static int set_up(void **state)
{
	return !mkdtemp(folder) || crypto_init(&crypto) != ST_OK;
}

static int tear_down(void **state)
{
	static const char *const left[] = { "80001f880401/engine", "80001f880401", "80001f880402/engine",
		                            "80001f880402",        "engine",       "" };
	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", folder, left[i]);
		remove(path);
	}
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	v3.lock = -1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_engine),
		cmocka_unit_test(test_trap),
		cmocka_unit_test(test_wrong),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
