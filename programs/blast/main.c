// SPDX-License-Identifier: Apache-2.0
// trapline-blast: the load generator of the tests and the benchmark. One thread: every turn sends what the pace says is
// due, sends unanswered informs again, and takes the replies that are there; then it sleeps until the next turn. It
// speaks only to the address it is given, as much as it is told, and prints one JSON object at the end.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/scoped.h"
#include "event/event.h"
#include "histogram.h"
#include "maker_v3.h"
#include "options.h"
#include "window.h"

enum {
	TURN_NS = 200000, // pace: what is due goes out this often
	CATCH_UP = 4,     // after a pause: at most so many turns' worth in one turn
	REPLY_TURNS = 64, // receive calls of one turn
	SEQ_LINE = 21,    // "18446744073709551615\n"
};

struct blast {
	struct options o;
	struct maker maker;
	struct train train;
	struct window window;
	struct histogram latency;
	uint64_t next, end; // sequence numbers
	uint64_t acknowledged, again, stray;
	int64_t start, now, last_new;
	int acked_fd;
	char acked[TRAIN_REPLIES * SEQ_LINE];
	size_t acked_n;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static int64_t clock_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void put(struct blast *b, uint64_t seq)
{
	uint32_t source = (uint32_t)(seq / TRAIN_DATAGRAMS % b->o.train.sources);
	b->maker.make(&b->maker, seq, train_room(&b->train, source));
}

// The sequence number up to which the pace allows now.
static uint64_t due(const struct blast *b)
{
	if (!b->o.rate)
		return b->next + CATCH_UP * TRAIN_DATAGRAMS;
	uint64_t whole = (uint64_t)(b->now - b->start);
	uint64_t paced = whole / 1000000000 * b->o.rate + whole % 1000000000 * b->o.rate / 1000000000;
	uint64_t most = 1 + CATCH_UP * (b->o.rate / (1000000000 / TURN_NS) + 1);
	uint64_t upto = b->o.first + paced;
	return upto > b->next + most ? b->next + most : upto;
}

static void send_new(struct blast *b)
{
	uint64_t upto = due(b);
	if (upto > b->end)
		upto = b->end;
	for (; b->next < upto; b->next++) {
		if (b->o.message.inform) {
			if (window_full(&b->window, b->next))
				break;
			window_add(&b->window, b->next, b->now);
		}
		put(b, b->next);
		b->last_new = b->now;
	}
}

static void send_again(struct blast *b)
{
	uint64_t seq;
	while (window_again(&b->window, b->now - b->o.timeout, b->now, &seq)) {
		put(b, seq);
		b->again++;
	}
}

static void take_reply(void *arg, struct span reply)
{
	struct blast *b = arg;
	uint64_t seq;
	int64_t first;
	if (!b->next || b->maker.acknowledged(&b->maker, reply, b->next - 1, &seq) != ST_OK ||
	    !window_take(&b->window, seq, &first)) {
		b->stray++;
		return;
	}
	b->acknowledged++;
	histogram_add(&b->latency, (uint64_t)(b->now - first));
	b->acked_n += (size_t)sprintf(b->acked + b->acked_n, "%llu\n", (unsigned long long)seq);
}

static bool take_replies(struct blast *b)
{
	int n = TRAIN_REPLIES;
	for (int i = 0; i < REPLY_TURNS && n == TRAIN_REPLIES; i++) {
		b->now = clock_now();
		b->acked_n = 0;
		n = train_replies(&b->train, take_reply, b);
		if (b->acked_fd >= 0 && b->acked_n && write(b->acked_fd, b->acked, b->acked_n) != (ssize_t)b->acked_n) {
			perror("trapline-blast: --late-ack");
			return false;
		}
	}
	return true;
}

static bool sending(const struct blast *b)
{
	return b->next < b->end && !(b->o.duration && b->now - b->start >= b->o.duration);
}

static bool waiting(const struct blast *b)
{
	return b->window.outstanding && b->now - b->last_new < b->o.linger;
}

// Sleeps until the next turn, or until a reply comes.
static void rest(struct blast *b)
{
	int64_t turn = TURN_NS;
	if (b->o.rate && 1000000000 / (int64_t)b->o.rate > turn)
		turn = 1000000000 / (int64_t)b->o.rate;
	int64_t left = b->now - b->now % turn + turn - clock_now();
	if (left <= 0 || (!b->o.rate && !b->o.message.inform))
		return;
	struct timespec t = { left / 1000000000, left % 1000000000 };
	struct pollfd p = { .fd = b->o.message.inform ? b->train.fd : -1, .events = POLLIN };
	ppoll(&p, 1, &t, NULL);
}

static bool run(struct blast *b)
{
	b->start = b->now = b->last_new = clock_now();
	bool fine = true;
	while (fine && !stopped && (sending(b) || waiting(b))) {
		if (sending(b))
			send_new(b);
		if (b->o.message.inform)
			send_again(b);
		train_flush(&b->train);
		rest(b);
		if (b->o.message.inform)
			fine = take_replies(b);
		b->now = clock_now();
		maker_clock(&b->maker, (uint32_t)((b->now - b->start) / 1000000000));
	}
	return fine;
}

static void report_latency(const struct blast *b, struct json *j)
{
	static const struct {
		const char *name;
		unsigned permille;
	} rows[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 }, { "p999", 999 }, { "max", 1000 } };
	json_key(j, "latency_us");
	json_open(j, '{');
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		json_key_uint(j, rows[i].name, histogram_at(&b->latency, rows[i].permille) / 1000);
	json_close(j, '}');
}

static uint64_t own_cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void report(const struct blast *b)
{
	struct text out = { 0 };
	struct json j = json_of(&out);
	uint64_t elapsed_ms = (uint64_t)(b->last_new - b->start) / 1000000;
	uint64_t fresh = b->train.sent - b->again;
	json_open(&j, '{');
	json_key_uint(&j, "first", b->o.first);
	json_key_uint(&j, "next", b->next);
	json_key_uint(&j, "size", b->maker.size);
	json_key_uint(&j, "sent", b->train.sent);
	json_key_uint(&j, "send_errors", b->train.errors);
	json_key_uint(&j, "elapsed_ms", elapsed_ms);
	json_key_uint(&j, "rate", elapsed_ms ? fresh * 1000 / elapsed_ms : 0);
	json_key_uint(&j, "cpu_ms", own_cpu_ms());
	if (b->o.message.inform) {
		json_key_uint(&j, "acknowledged", b->acknowledged);
		json_key_uint(&j, "outstanding", b->window.outstanding);
		json_key_uint(&j, "retransmitted", b->again);
		json_key_uint(&j, "stray_replies", b->stray);
		report_latency(b, &j);
	}
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

static enum st prepare(struct blast *b)
{
	bool discover = b->o.message.version == SNMP_V3 && b->o.message.inform;
	enum st st = discover ? maker_v3_discover(&b->o.train.to, &b->o.message) : ST_OK;
	if (st != ST_OK) {
		fprintf(stderr, "trapline-blast: the receiver's engine cannot be discovered\n");
		return st;
	}
	st = maker_init(&b->maker, &b->o.message);
	if (st != ST_OK) {
		fprintf(stderr, "trapline-blast: no message of that size, or with that user, can be made\n");
		return st;
	}
	b->o.train.size = b->maker.size;
	b->next = b->o.first;
	b->end = b->o.count ? b->o.first + b->o.count : UINT64_MAX;
	if (b->o.message.inform && window_init(&b->window, b->o.window) != ST_OK)
		return ST_NO_MEMORY;
	if (b->o.acked_file) {
		b->acked_fd = open(b->o.acked_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (b->acked_fd < 0) {
			perror(b->o.acked_file);
			return ST_IO;
		}
	}
	st = train_open(&b->train, &b->o.train);
	if (st != ST_OK)
		fprintf(stderr, "trapline-blast: the socket: %s\n", st == ST_SYSTEM ? strerror(errno) : st_text(st));
	return st;
}

int main(int argc, char **argv)
{
	struct blast *b = calloc(1, sizeof *b);
	if (!b)
		return 1;
	int stop = options_parse(argc, argv, &b->o);
	b->acked_fd = b->train.fd = -1;
	bool fine = !stop && prepare(b) == ST_OK;
	if (fine) {
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		prctl(PR_SET_TIMERSLACK, 1L);
		fine = run(b);
		report(b);
	}
	window_done(&b->window);
	train_close(&b->train);
	maker_done(&b->maker);
	fd_close(&b->acked_fd);
	free(b);
	return stop ? stop - 1 : fine ? 0 : 1;
}
