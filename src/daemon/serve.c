// SPDX-License-Identifier: Apache-2.0
#include "daemon/serve.h"

#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/scoped.h"
#include "daemon/collector.h"
#include "daemon/control.h"
#include "daemon/log.h"
#include "event/event.h"
#include "io/loop.h"
#include "io/system.h"
#include "web/api.h"

enum { JOURNAL_LOOK_NS = 500000000, PATH_BYTES = 4096, READABLE_MAX = 64 };
#define ENGINES_SAVE_NS (INT64_C(10) * 1000000000)

struct serve {
	struct collector collector;
	struct api *api;
	struct loop *loop;
	struct loop_timer watchdog, journal_look, engines_save;
	enum st journal_said; // the journal's state that was last logged
	int signals;
};

static void reload(struct serve *s)
{
	char state[64];
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_monotonic() / 1000));
	service_notify(state);
	struct text said = { 0 };
	enum st st = collector_reload(&s->collector, &said);
	log_complaints(text_str(&said));
	if (st)
		log_line(LOG_IS_ERROR, "reload refused, everything stays as it was");
	else
		log_line(LOG_IS_NOTICE, "configuration reloaded");
	text_done(&said);
	service_notify("READY=1");
}

static void signal_ready(void *arg, uint32_t events)
{
	struct serve *s = arg;
	struct signalfd_siginfo info;
	if (read(s->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGHUP)
		reload(s);
	else
		loop_stop(s->loop);
}

static void alive(struct worker *w, void *arg)
{
}

// Every worker has to answer before the service manager hears that all is well.
static void watchdog(void *arg)
{
	struct serve *s = arg;
	for (unsigned i = 0; i < s->collector.worker_count; i++)
		worker_call(s->collector.workers[i], alive, NULL);
	service_notify("WATCHDOG=1");
	loop_timer_set(s->loop, &s->watchdog, loop_now(s->loop) + service_watchdog_interval());
}

// What the journal's state changes to is said once; the tunnels' counters are looked after.
static void journal_look(void *arg)
{
	struct serve *s = arg;
	struct writer_state w = writer_state(s->collector.writer);
	if (w.st != s->journal_said) {
		s->journal_said = w.st;
		if (w.st)
			log_line(LOG_IS_ERROR,
			         "the journal cannot be written: %s; nothing is acknowledged until it can", w.why);
		else
			log_line(LOG_IS_NOTICE, "the journal is written again");
	}
	collector_look(&s->collector);
	loop_timer_set(s->loop, &s->journal_look, loop_now(s->loop) + JOURNAL_LOOK_NS);
}

static void engines_save(void *arg)
{
	struct serve *s = arg;
	collector_save_engines(&s->collector);
	loop_timer_set(s->loop, &s->engines_save, loop_now(s->loop) + ENGINES_SAVE_NS);
}

static int prepare_loop(struct serve *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0 || loop_new(&s->loop) || loop_add(s->loop, s->signals, EPOLLIN, signal_ready, s)) {
		log_line(LOG_IS_ERROR, "cannot make the main loop: out of memory or descriptors");
		return 1;
	}
	s->watchdog = (struct loop_timer){ .fn = watchdog, .arg = s };
	s->journal_look = (struct loop_timer){ .fn = journal_look, .arg = s };
	s->engines_save = (struct loop_timer){ .fn = engines_save, .arg = s };
	return 0;
}

// Rule 11: the data folder is writable, the configuration's folder and what the libraries look at is readable.
static int lock_in(struct serve *s)
{
	char folder[PATH_BYTES] = "/etc/trapline";
	const struct config *c = s->collector.config;
	if (c->file) {
		char copy[PATH_BYTES];
		snprintf(copy, sizeof copy, "%s", c->file);
		snprintf(folder, sizeof folder, "%s", dirname(copy));
	}
	const char *const writable[] = { c->data, NULL };
	const char *readable[READABLE_MAX + 1] = { folder, "/proc", "/sys/devices/system/cpu", "/dev/urandom",
		                                   "/dev/null" };
	size_t n = 5;
	for (size_t i = 0; c->folders && c->folders[i] && n < READABLE_MAX; i++)
		readable[n++] = c->folders[i];
	struct sandbox box = { .writable = writable, .readable = readable };
	prctl(PR_SET_DUMPABLE, 0);
	enum st st = sandbox_enter(&box, &s->collector.sandbox);
	if (st) {
		log_line(LOG_IS_ERROR, "cannot lock in: %s", st_text(st));
		return 1;
	}
	if (!s->collector.sandbox.landlock_abi)
		log_line(LOG_IS_WARNING, "this kernel has no Landlock: files are not locked in");
	return 0;
}

static void say_started(const struct serve *s)
{
	const struct collector *c = &s->collector;
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		const struct listener *l = &c->listeners.list[i];
		if (!l->open)
			continue;
		log_line(LOG_IS_INFO, "listening on %s", l->name);
		if (!l->tcp && l->rcvbuf < UDP_RCVBUF_SMALL)
			log_line(LOG_IS_WARNING,
			         "the receive buffer of %s is %u kB: a burst may be lost; install "
			         "packaging/sysctl.d/60-trapline.conf",
			         l->name, l->rcvbuf / 1024);
	}
	log_line(LOG_IS_INFO, "data in %s", c->config->data);
}

// A listener that a sender on this machine reaches, or NULL.
static const struct listener *local_listener(const struct collector *c, struct addr *to)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		const struct listener *l = &c->listeners.list[i];
		if (!l->open || l->tcp)
			continue;
		*to = l->addr;
		if (addr_is_any(&l->addr))
			addr_loopback(to);
		return l;
	}
	return NULL;
}

// The line to copy: it finds the collector's community in the data folder, so it shows none.
static void say_first_trap(const struct collector *c)
{
	char program[PATH_BYTES] = { 0 }, data[PATH_BYTES], to[ADDR_TEXT];
	struct addr a;
	if (c->config->file || readlink("/proc/self/exe", program, sizeof program - 1) <= 0 ||
	    !realpath(c->config->data, data) || !local_listener(c, &a))
		return;
	log_line(LOG_IS_INFO, "send a first trap:");
	log_line(LOG_IS_INFO,
	         "  %s send trap --data %s --to %s printerV2Alert prtAlertSeverityLevel.1.1 i 3 prtAlertGroup.1.1 i 8 "
	         "prtAlertGroupIndex.1.1 i 2 prtAlertLocation.1.1 i 1 prtAlertCode.1.1 i 8",
	         program, data, addr_text(&a, to));
	log_line(LOG_IS_INFO, "and see it:");
	log_line(LOG_IS_INFO, "  %s events --data %s --follow", program, data);
	log_line(LOG_IS_INFO, "or look at a simulated fleet: %s demo", program);
}

static int run(struct serve *s)
{
	struct collector *c = &s->collector;
	if (collector_start(c) || control_start(s->api, c))
		return 1;
	pthread_mutex_lock(&c->lock); // a reload may come at once
	say_started(s);
	say_first_trap(c);
	pthread_mutex_unlock(&c->lock);
	service_notify("READY=1");
	loop_timer_set(s->loop, &s->journal_look, loop_now(s->loop) + JOURNAL_LOOK_NS);
	loop_timer_set(s->loop, &s->engines_save, loop_now(s->loop) + ENGINES_SAVE_NS);
	if (service_watchdog_interval())
		loop_timer_set(s->loop, &s->watchdog, loop_now(s->loop) + service_watchdog_interval());
	loop_run(s->loop);
	service_notify("STOPPING=1");
	log_line(LOG_IS_INFO, "stopping");
	collector_note(c, EVENT_STOPPED, span_str("{}"));
	return 0;
}

int serve_main(const struct config_flags *flags)
{
	struct serve s = { .signals = -1 };
	service_open();
	int code = prepare_loop(&s) || collector_open(&s.collector, flags);
	if (!code)
		code = control_open(s.collector.config->data, &s.api) || lock_in(&s) || run(&s);
	api_stop(s.api);
	if (s.collector.writer)
		collector_stop(&s.collector);
	collector_free(&s.collector);
	loop_free(s.loop);
	fd_close(&s.signals);
	return code;
}
