// SPDX-License-Identifier: Apache-2.0
// The TCP server over loopback: frames cut everywhere, push-back, half-open and dribbling peers, its limits in number,
// bytes and time (shortened). A frame here is two bytes of length, of itself included, and what they say.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/tcp_connection.h"
#include "io/udp.h"

#define MILLISECOND INT64_C(1000000)

enum { FRAME_MAX = 60000, WAIT_MS = 3000 };

struct bench {
	struct loop *loop;
	struct tcp_server *server;
	struct loop_timer stop;
	int listener;
	struct addr at;
	int frames, refusals;
	size_t bytes;
	uint8_t last; // last byte of the last frame
	enum st why;
	struct tcp_meta meta;
	bool push_back, echo;
	int big_answer; // bytes to answer with
};

static enum st frame_of(struct span s, size_t *length)
{
	struct rd r = rd_of(s);
	size_t n = rd_u16(&r);
	if (r.bad)
		return ST_SHORT;
	if (n < 3 || n > FRAME_MAX)
		return ST_FRAME;
	*length = n;
	return ST_OK;
}

static bool on_message(void *arg, const struct tcp_meta *meta, struct span frame)
{
	static uint8_t answer[TCP_OUT_MAX + 1];
	struct bench *b = arg;
	if (b->push_back)
		return false;
	b->frames++;
	b->bytes += frame.n;
	b->last = frame.p[frame.n - 1];
	b->meta = *meta;
	if (b->echo)
		assert_int_equal(tcp_send(b->server, meta->token, frame), ST_OK);
	if (b->big_answer)
		tcp_send(b->server, meta->token, span_of(answer, (size_t)b->big_answer));
	return true;
}

static void on_refused(void *arg, const struct tcp_meta *meta, enum st why)
{
	struct bench *b = arg;
	b->refusals++;
	b->why = why;
	assert_true(meta->token != 0);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void bench_start(struct bench *b, const char *at)
{
	const struct tcp_events events = { frame_of, on_message, on_refused, b };
	struct addr a;
	*b = (struct bench){ 0 };
	assert_int_equal(addr_parse(at, &a), ST_OK);
	assert_int_equal(loop_new(&b->loop), ST_OK);
	b->stop = (struct loop_timer){ .fn = stop, .arg = b->loop };
	assert_int_equal(tcp_server_new(b->loop, &events, &b->server), ST_OK);
	assert_int_equal(tcp_listen(&a, &b->listener, &b->at), ST_OK);
	assert_int_equal(tcp_server_add(b->server, b->listener), ST_OK);
}

static void short_times(struct bench *b)
{
	const struct tcp_times times = { .frame = 200 * MILLISECOND,
		                         .idle = 1000 * MILLISECOND,
		                         .spare = 300 * MILLISECOND,
		                         .stall = 200 * MILLISECOND,
		                         .linger = 800 * MILLISECOND,
		                         .pause = 50 * MILLISECOND };
	tcp_server_set_times(b->server, &times);
}

static void bench_end(struct bench *b)
{
	tcp_server_free(b->server);
	loop_free(b->loop);
	fd_close(&b->listener);
}

static void run(struct bench *b, int ms)
{
	loop_timer_set(b->loop, &b->stop, loop_now(b->loop) + ms * MILLISECOND);
	assert_int_equal(loop_run(b->loop), ST_OK);
}

// Runs until *what reaches a value, or fails.
static void run_until(struct bench *b, const int *what, int value)
{
	for (int i = 0; i < WAIT_MS / 5 && *what < value; i++)
		run(b, 5);
	assert_int_equal(*what, value);
}

static void run_until_open(struct bench *b, uint64_t open)
{
	for (int i = 0; i < WAIT_MS / 5 && tcp_count(b->server).open != open; i++)
		run(b, 5);
	assert_int_equal(tcp_count(b->server).open, open);
}

static int client(const struct bench *b, const char *from)
{
	struct sockaddr_storage ss;
	struct addr a;
	bool v6 = !addr_is_v4(&b->at);
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (from) {
		assert_int_equal(addr_parse(from, &a), ST_OK);
		socklen_t n = addr_to_sockaddr(&a, v6, &ss);
		assert_int_equal(bind(fd, (struct sockaddr *)&ss, n), 0);
	}
	socklen_t n = addr_to_sockaddr(&b->at, v6, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, n), 0);
	return fd;
}

static size_t put_frame(uint8_t *to, size_t length, uint8_t fill)
{
	memset(to, fill, length);
	to[0] = (uint8_t)(length >> 8);
	to[1] = (uint8_t)length;
	return length;
}

static void say(int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void say_frame(int fd, size_t length, uint8_t fill)
{
	static uint8_t frame[65536];
	say(fd, frame, put_frame(frame, length, fill));
}

// Reads what is left, and whether the end comes.
static bool is_closed(int fd)
{
	char bytes[4096];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (poll(&p, 1, WAIT_MS) == 1)
		if (recv(fd, bytes, sizeof bytes, 0) <= 0)
			return true;
	return false;
}

static void test_frames(void **state)
{
	struct bench b;
	uint8_t bytes[400];
	bench_start(&b, "127.0.0.1:0");
	b.echo = true;
	int scoped(fd_close) fd = client(&b, "127.0.0.7:0");
	size_t n = put_frame(bytes, 3, 1);
	n += put_frame(bytes + n, 200, 2);
	n += put_frame(bytes + n, 99, 3);
	// Cut in two and in three everywhere.
	for (size_t cut = 1; cut < n; cut += 7) {
		b.frames = 0;
		say(fd, bytes, cut);
		run(&b, 1);
		say(fd, bytes + cut, n - cut);
		run_until(&b, &b.frames, 3);
		assert_int_equal(b.last, 3);
	}
	for (size_t i = 0; i < n; i++) {
		say(fd, bytes + i, 1);
		run(&b, 0);
	}
	run_until(&b, &b.frames, 6);
	struct addr peer;
	addr_parse("127.0.0.7:0", &peer);
	assert_true(addr_same_ip(&b.meta.peer, &peer));
	assert_true(addr_same_ip(&b.meta.local, &b.at));
	assert_int_equal(b.meta.local.port, b.at.port);
	uint8_t back[400];
	assert_int_equal(recv(fd, back, n, MSG_WAITALL), (ssize_t)n);
	assert_memory_equal(back, bytes, n);
	assert_int_equal(b.refusals, 0);
	assert_int_equal(b.server->memory.used <= BUFFER_FIRST, true);
	// The largest, ten of them at once.
	b.echo = false;
	b.frames = 0;
	for (int i = 0; i < 10; i++) {
		say_frame(fd, FRAME_MAX, (uint8_t)i);
		run(&b, 2);
	}
	run_until(&b, &b.frames, 10);
	assert_int_equal(b.last, 9);
	assert_int_equal(b.server->memory.used <= BUFFER_FIRST, true);
	bench_end(&b);
	assert_true(is_closed(fd));
}

static void test_ipv6(void **state)
{
	struct addr a, bound;
	int probe;
	assert_int_equal(addr_parse("[::1]:0", &a), ST_OK);
	if (tcp_listen(&a, &probe, &bound) != ST_OK) {
		print_message("skipped: no ::1 on this machine\n");
		skip();
	}
	assert_int_equal(tcp_listen(&bound, &(int){ 0 }, &a), ST_IN_USE);
	close(probe);
	struct bench b;
	bench_start(&b, "[::1]:0");
	int scoped(fd_close) fd = client(&b, NULL);
	say_frame(fd, 10, 5);
	run_until(&b, &b.frames, 1);
	assert_true(addr_is_loopback(&b.meta.peer));
	assert_false(addr_is_v4(&b.meta.peer));
	bench_end(&b);
}

static void check_refused(const void *bytes, size_t n, bool end, enum st why)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	int scoped(fd_close) fd = client(&b, NULL);
	say_frame(fd, 50, 1);
	say(fd, bytes, n);
	if (end)
		shutdown(fd, SHUT_WR);
	run_until(&b, &b.refusals, 1);
	assert_int_equal(b.why, why);
	assert_int_equal(b.frames, 1); // what stood before it counts
	assert_true(is_closed(fd));
	assert_int_equal(tcp_count(b.server).open, 0);
	assert_int_equal(b.server->memory.used, 0);
	bench_end(&b);
}

static void test_refused(void **state)
{
	check_refused("\0\0", 2, false, ST_FRAME);
	check_refused("\0\2", 2, false, ST_FRAME);
	check_refused("\xff\xff", 2, false, ST_FRAME);
	check_refused("\0", 1, true, ST_SHORT);
	check_refused("\0\7abcd", 6, true, ST_SHORT);
}

// A length that claims much takes no memory before the bytes are there.
static void test_claimed_length(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	int fd[50];
	for (int i = 0; i < 50; i++) {
		fd[i] = client(&b, NULL);
		say(fd[i], "\xea\x60x", 3); // 60,000
	}
	run(&b, 50);
	assert_int_equal(b.server->memory.used, 50 * BUFFER_FIRST);
	for (int i = 0; i < 50; i++)
		close(fd[i]);
	run_until(&b, &b.refusals, 50);
	assert_int_equal(b.server->memory.used, 0);
	bench_end(&b);
}

static void test_dribble(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	short_times(&b);
	int scoped(fd_close) fd = client(&b, NULL), scoped(fd_close) other = client(&b, NULL);
	say(fd, "\x01\x00", 2);
	int said = 0;
	for (; said < 100 && b.refusals == 0; said++) {
		send(fd, "x", 1, MSG_NOSIGNAL); // never silent for long, and never done
		say_frame(other, 10, 1);        // a busy one is not touched
		run(&b, 10);
	}
	assert_int_equal(b.refusals, 1);
	assert_int_equal(b.why, ST_SHORT);
	assert_true(is_closed(fd));
	struct tcp_counters c = tcp_count(b.server);
	assert_int_equal(c.timed_out, 1);
	assert_int_equal(c.open, 1);
	run_until_open(&b, 0); // the other one has gone silent
	c = tcp_count(b.server);
	assert_int_equal(c.idle, 1);
	assert_int_equal(c.accepted, 2);
	assert_int_equal(b.refusals, 1);
	assert_int_equal(b.frames, said);
	bench_end(&b);
}

static void turn_count(void *arg)
{
	++*(int *)arg;
}

static void test_push_back(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	short_times(&b);
	int scoped(fd_close) fd = client(&b, NULL);
	b.push_back = true;
	for (uint8_t i = 1; i <= 5; i++)
		say_frame(fd, 1000, i);
	run(&b, 20);
	assert_int_equal(b.frames, 0);
	tcp_resume(b.server); // still full
	assert_int_equal(b.frames, 0);
	// The sender meets a closed window, and our waiting is not counted as his.
	fcntl(fd, F_SETFL, O_NONBLOCK);
	static uint8_t many[FRAME_MAX];
	put_frame(many, FRAME_MAX, 9);
	size_t sent = 0;
	for (ssize_t n; (n = send(fd, many + sent % FRAME_MAX, FRAME_MAX - sent % FRAME_MAX, 0)) > 0;)
		sent += (size_t)n;
	assert_int_equal(errno, EAGAIN);
	int turns = 0;
	loop_each_turn(b.loop, turn_count, &turns);
	run(&b, 1300);
	assert_in_range(turns, 1, 10); // nor does the loop spin on what it does not read
	loop_each_turn(b.loop, NULL, NULL);
	assert_true(b.server->memory.used <= TCP_IN_MAX);
	assert_int_equal(tcp_count(b.server).open, 1);
	assert_int_equal(b.refusals, 0);
	b.push_back = false;
	tcp_resume(b.server);
	assert_true(b.frames >= 5);
	run_until(&b, &b.frames, 5 + (int)(sent / FRAME_MAX));
	assert_int_equal(b.bytes, 5000 + sent / FRAME_MAX * FRAME_MAX);
	bench_end(&b);
}

// A frame that was pushed back is kept even when its sender has gone.
static void test_push_back_and_reset(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	int fd = client(&b, NULL);
	b.push_back = true;
	say_frame(fd, 1000, 1);
	run(&b, 20);
	struct linger hard = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd); // a reset
	run(&b, 20);
	assert_int_equal(tcp_count(b.server).open, 1);
	b.push_back = false;
	b.big_answer = 10;
	tcp_resume(b.server);
	assert_int_equal(b.frames, 1);
	assert_int_equal(tcp_count(b.server).open, 0);
	assert_int_equal(tcp_send(b.server, b.meta.token, span_str("x")), ST_NONE);
	bench_end(&b);
}

// A peer that has said all can still be answered, but only for a while.
static void test_half_closed(void **state)
{
	struct bench b;
	char got[8];
	bench_start(&b, "127.0.0.1:0");
	short_times(&b);
	int scoped(fd_close) fd = client(&b, NULL);
	say_frame(fd, 10, 1);
	shutdown(fd, SHUT_WR);
	run_until(&b, &b.frames, 1);
	run(&b, 20);
	assert_int_equal(tcp_send(b.server, b.meta.token, span_str("late")), ST_OK);
	assert_int_equal(recv(fd, got, 4, MSG_WAITALL), 4);
	run_until_open(&b, 0);
	assert_true(is_closed(fd));
	assert_int_equal(tcp_send(b.server, b.meta.token, span_str("later")), ST_NONE);
	assert_int_equal(b.refusals, 0);
	assert_int_equal(tcp_count(b.server).idle, 0);
	bench_end(&b);
}

static void test_answers_not_taken(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	int scoped(fd_close) fd = client(&b, NULL);
	b.big_answer = 100000;
	uint64_t taken = 0;
	// The kernel's buffers take the first ones; then they queue here, then the connection ends.
	for (int i = 0; i < 200 && tcp_count(b.server).open + (i == 0); i++, taken++) {
		uint8_t frame[10];
		put_frame(frame, 10, 1);
		if (send(fd, frame, 10, MSG_NOSIGNAL) < 0)
			break;
		run(&b, 1);
		assert_true(b.server->memory.used <= 2 * TCP_OUT_MAX);
	}
	assert_in_range(taken, 1, 199);
	assert_int_equal(tcp_count(b.server).stalled, 1);
	assert_int_equal(b.server->memory.used, 0);
	bench_end(&b);
}

static void test_stalled(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	short_times(&b);
	int scoped(fd_close) fd = client(&b, NULL);
	int small = 4096;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say_frame(fd, 10, 1);
	run_until(&b, &b.frames, 1);
	static uint8_t bytes[50000];
	while (!b.server->memory.used)
		assert_int_equal(tcp_send(b.server, b.meta.token, span_of(bytes, sizeof bytes)), ST_OK);
	run_until_open(&b, 0);
	assert_int_equal(tcp_count(b.server).stalled, 1);
	bench_end(&b);
	// One that reads slowly gets all of it.
	bench_start(&b, "127.0.0.1:0");
	int scoped(fd_close) slow = client(&b, NULL);
	say_frame(slow, 10, 1);
	run_until(&b, &b.frames, 1);
	size_t sent = 0, got = 0;
	for (; b.server->memory.used == 0; sent += sizeof bytes)
		assert_int_equal(tcp_send(b.server, b.meta.token, span_of(bytes, sizeof bytes)), ST_OK);
	fcntl(slow, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2000 && got < sent; i++) {
		static uint8_t sink[40000];
		ssize_t n = recv(slow, sink, sizeof sink, 0);
		got += n > 0 ? (size_t)n : 0;
		run(&b, 1);
	}
	assert_int_equal(got, sent);
	assert_int_equal(tcp_count(b.server).stalled, 0);
	bench_end(&b);
}

static void test_too_many_of_one(void **state)
{
	struct bench b;
	int fd[TCP_CONNECTIONS_PER_PEER + 3];
	bench_start(&b, "127.0.0.1:0");
	for (int i = 0; i < TCP_CONNECTIONS_PER_PEER + 3; i++)
		fd[i] = client(&b, "127.0.0.2:0");
	int scoped(fd_close) other = client(&b, "127.0.0.3:0");
	run(&b, 30);
	struct tcp_counters c = tcp_count(b.server);
	assert_int_equal(c.refused_peer, 3);
	assert_int_equal(c.open, TCP_CONNECTIONS_PER_PEER + 1);
	for (int i = 0; i < 3; i++)
		assert_true(is_closed(fd[TCP_CONNECTIONS_PER_PEER + i]));
	// One whose peer ended does not count any more.
	shutdown(fd[0], SHUT_WR);
	run(&b, 30);
	int scoped(fd_close) again = client(&b, "127.0.0.2:0");
	say_frame(again, 10, 1);
	run_until(&b, &b.frames, 1);
	assert_int_equal(tcp_count(b.server).refused_peer, 3);
	for (int i = 0; i < TCP_CONNECTIONS_PER_PEER + 3; i++)
		close(fd[i]);
	say_frame(other, 10, 1);
	run_until(&b, &b.frames, 2);
	bench_end(&b);
}

static bool may_open(rlim_t files)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < files && limit.rlim_max >= files) {
		limit.rlim_cur = files;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur >= files;
}

static void test_too_many(void **state)
{
	static int fd[TCP_CONNECTIONS_MAX + 5];
	if (!may_open(2 * TCP_CONNECTIONS_MAX + 100)) {
		print_message("skipped: not enough descriptors allowed (ulimit -n)\n");
		skip();
	}
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	for (int i = 0; i < TCP_CONNECTIONS_MAX + 5; i++) {
		char from[32];
		snprintf(from, sizeof from, "127.0.1.%d:0", 1 + i / 50);
		fd[i] = client(&b, from);
		if (i == TCP_CONNECTIONS_MAX - 1)
			run(&b, 100);
		else if (i % 100 == 0)
			run(&b, 2);
	}
	run(&b, 20);
	struct tcp_counters c = tcp_count(b.server);
	assert_int_equal(c.refused_full, 5);
	assert_int_equal(c.open, TCP_CONNECTIONS_MAX);
	assert_int_equal(b.server->memory.used, 0); // silent ones hold no buffer
	// One whose peer has ended makes room.
	shutdown(fd[700], SHUT_WR);
	run(&b, 20);
	int scoped(fd_close) late = client(&b, "127.0.0.9:0");
	say_frame(late, 10, 1);
	run_until(&b, &b.frames, 1);
	assert_int_equal(tcp_count(b.server).refused_full, 5);
	// The one that has been idle for longest does too, but not when that is a moment ago, and not while it says something.
	int scoped(fd_close) soon = client(&b, "127.0.0.10:0");
	assert_true(soon >= 0);
	run(&b, 20);
	assert_int_equal(tcp_count(b.server).refused_full, 6);
	say(fd[0], "\x30", 1);
	run(&b, 20);
	b.server->times.spare = 10 * MILLISECOND;
	int scoped(fd_close) later = client(&b, "127.0.0.11:0");
	say_frame(later, 10, 1);
	run_until(&b, &b.frames, 2);
	c = tcp_count(b.server);
	assert_int_equal(c.refused_full, 6);
	assert_int_equal(c.idle, 1);
	assert_int_equal(recv(fd[0], &(char){ 0 }, 1, MSG_DONTWAIT), -1); // still there
	assert_int_equal(recv(fd[1], &(char){ 0 }, 1, MSG_DONTWAIT), 0);
	for (int i = 0; i < TCP_CONNECTIONS_MAX + 5; i++)
		close(fd[i]);
	bench_end(&b);
}

// Without descriptors accepting pauses instead of spinning, and goes on when there are some.
static void child_without_descriptors(void)
{
	struct bench b;
	int turns = 0, probe, fd[8], spare[4];
	bench_start(&b, "127.0.0.1:0");
	short_times(&b);
	loop_each_turn(b.loop, turn_count, &turns);
	for (int i = 0; i < 8; i++)
		fd[i] = client(&b, NULL);
	for (int i = 0; i < 4; i++)
		spare[i] = dup(fd[0]);
	probe = dup(0);
	close(probe);
	struct rlimit limit = { .rlim_cur = (rlim_t)probe, .rlim_max = (rlim_t)probe };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	run(&b, 300);
	assert_int_equal(tcp_count(b.server).open, 0);
	assert_in_range(tcp_count(b.server).paused, 2, 8);
	assert_in_range(turns, 2, 30);
	for (int i = 0; i < 4; i++)
		close(spare[i]);
	run_until_open(&b, 4);
	say_frame(fd[0], 10, 1);
	run_until(&b, &b.frames, 1);
	bench_end(&b);
	for (int i = 0; i < 8; i++)
		close(fd[i]);
}

static void test_no_descriptors(void **state)
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		child_without_descriptors();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

// The last descriptors of the process are not for connections.
static void test_few_descriptors(void **state)
{
	enum { CLIENTS = 8, ADMITTED = 4 };
	struct bench b;
	int fd[CLIENTS];
	bench_start(&b, "127.0.0.1:0");
	assert_int_equal(b.server->descriptors, sysconf(_SC_OPEN_MAX) - TCP_DESCRIPTORS_LEFT);
	for (int i = 0; i < CLIENTS; i++)
		fd[i] = client(&b, NULL);
	int next = dup(fd[0]);
	close(next);
	b.server->descriptors = next + ADMITTED;
	run(&b, 50);
	assert_int_equal(tcp_count(b.server).open, ADMITTED);
	assert_int_equal(tcp_count(b.server).refused_full, CLIENTS - ADMITTED);
	assert_int_equal(tcp_count(b.server).paused, 0);
	bench_end(&b);
	for (int i = 0; i < CLIENTS; i++)
		close(fd[i]);
}

static void test_memory(void **state)
{
	enum { PEERS = 40 };
	struct bench b;
	int fd[PEERS];
	bench_start(&b, "127.0.0.1:0");
	b.server->memory.max = 20 * BUFFER_FIRST;
	for (int i = 0; i < PEERS; i++) {
		fd[i] = client(&b, NULL);
		say(fd[i], "\x10\x00x", 3);
	}
	run(&b, 50);
	assert_int_equal(tcp_count(b.server).open, 20);
	assert_int_equal(tcp_count(b.server).no_memory, PEERS - 20);
	assert_int_equal(b.refusals, PEERS - 20);
	assert_int_equal(b.why, ST_NO_MEMORY);
	for (int i = 0; i < PEERS; i++)
		close(fd[i]);
	bench_end(&b);
}

static void test_listen_and_remove(void **state)
{
	struct bench b;
	bench_start(&b, "127.0.0.1:0");
	int scoped(fd_close) fd = client(&b, NULL);
	run_until_open(&b, 1);
	tcp_server_remove(b.server, b.listener);
	tcp_server_remove(b.server, b.listener);
	say_frame(fd, 10, 1); // its connections stay
	run_until(&b, &b.frames, 1);
	uint64_t token = b.meta.token;
	close(fd);
	fd = client(&b, NULL); // the kernel still queues it
	run(&b, 20);
	assert_int_equal(tcp_count(b.server).accepted, 1);
	assert_int_equal(tcp_server_add(b.server, b.listener), ST_OK);
	say_frame(fd, 10, 1);
	run_until(&b, &b.frames, 2);
	assert_true(b.meta.token != token);
	assert_int_equal(tcp_send(b.server, 0, span_str("x")), ST_NONE);
	bench_end(&b);
}

// A source comes to the worker that UDP's steering says, and a second group cannot take its share.
static void test_group(void **state)
{
	enum { WORKERS = 4, SOURCES = 24 };
	struct bench b = { 0 };
	struct addr a, other;
	int fds[WORKERS], others[WORKERS];
	assert_int_equal(addr_parse("127.0.0.1:0", &a), ST_OK);
	assert_int_equal(tcp_listen_group(&a, WORKERS, fds, &b.at), ST_OK);
	assert_int_equal(tcp_listen_group(&b.at, WORKERS, others, &other), ST_IN_USE);
	assert_int_equal(others[0], -1);
	for (int i = 0; i < SOURCES; i++) {
		char from[32];
		struct sockaddr_storage ss;
		socklen_t n = sizeof ss;
		snprintf(from, sizeof from, "127.0.2.%d:0", i + 1);
		int scoped(fd_close) fd = client(&b, from);
		assert_true(fd >= 0);
		assert_int_equal(addr_parse(from, &a), ST_OK);
		int scoped(fd_close) accepted = accept(fds[udp_steer(&a, WORKERS)], (struct sockaddr *)&ss, &n);
		assert_true(accepted >= 0);
		struct addr peer = addr_from_sockaddr((struct sockaddr *)&ss);
		assert_true(addr_same_ip(&a, &peer));
	}
	for (int i = 0; i < WORKERS; i++)
		fd_close(&fds[i]);
}

// An answer to a connection of the server before must not find one of the server that took its place.
static void test_tokens_outlive_a_server(void **state)
{
	struct bench b;
	uint64_t last = 0;
	for (int i = 0; i < 3; i++) {
		bench_start(&b, "127.0.0.1:0");
		int scoped(fd_close) fd = client(&b, NULL);
		say_frame(fd, 10, 1);
		run_until(&b, &b.frames, 1);
		assert_true(b.meta.token > last);
		last = b.meta.token;
		bench_end(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_claimed_length),
		cmocka_unit_test(test_dribble),
		cmocka_unit_test(test_push_back),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_push_back_and_reset),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_answers_not_taken),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_too_many_of_one),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_listen_and_remove),
		cmocka_unit_test(test_tokens_outlive_a_server),
		cmocka_unit_test(test_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
