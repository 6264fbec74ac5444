// SPDX-License-Identifier: Apache-2.0
// `trapline demo`: a collector of its own in a folder of its own, and a fleet that tells it a story of three minutes. A journal
// that somebody needs is never written to: a folder without the demo's mark is refused, and --remove takes the whole folder.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alarm/words.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/demo.h"
#include "event/describe.h"
#include "io/system.h"
#include "store/folder.h"
#include "store/state.h"

enum { SPEED_MAX = 100, COMMUNITY = 33, START_MS = 15000, SETTLE_MS = 60000, LOOK_MS = 250, TREE_DEPTH = 16 };
static const char mark[] = "demo.mark", config_name[] = "demo.yaml", rules_name[] = "labels.yaml",
                  log_name[] = "demo.log";

struct demo {
	const struct args *args;
	const char *dir;
	char community[COMMUNITY];
	struct demo_fleet *fleet;
	pid_t collector;
	sigset_t signals;
	unsigned long speed;
	bool stopped; // by a signal, or because the collector went
};

static bool has(const char *dir, const char *name)
{
	char path[FOLDER_PATH];
	return folder_path(dir, name, path) == ST_OK && access(path, F_OK) == 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	return remove(path);
}

// Only what the demo made. CLI_DONE also when there is nothing.
static int remove_folder(const struct args *a, const char *dir)
{
	if (access(dir, F_OK) < 0)
		return CLI_DONE;
	if (!has(dir, mark))
		return args_failed(a, "%s is no folder of the demo (it has no %s); nothing was removed", dir, mark);
	if (nftw(dir, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS) != 0)
		return args_failed(a, "%s: %s", dir, strerror(errno));
	return CLI_DONE;
}

static enum st write_config(const struct demo *d)
{
	struct text yaml = { 0 };
	text_printf(&yaml,
	            "# Made by trapline demo.\n"
	            "listen: [ \"udp:" DEMO_NETWORK "%d:%d\" ]\n"
	            "communities:\n"
	            "- { label: demo, community: %s, from: [ " DEMO_NETWORK "0/24 ] }\n"
	            "sites:\n"
	            "- { name: demo, from: [ " DEMO_NETWORK "0/24 ] }\n"
	            "read:\n"
	            "- { site: demo, from: [ " DEMO_NETWORK "0/24 ], community: %s, port: %d }\n"
	            "rules: [ %s ]\n",
	            DEMO_COLLECTOR, DEMO_TRAP_PORT, d->community, d->community, DEMO_AGENT_PORT, rules_name);
	enum st st = yaml.bad ? ST_NO_MEMORY : folder_replace(d->dir, config_name, span_of(yaml.p, yaml.n));
	if (st == ST_OK)
		st = folder_replace(d->dir, rules_name, span_str(demo_rules));
	text_done(&yaml);
	return st;
}

static int make_folder(struct demo *d)
{
	uint8_t random[(COMMUNITY - 1) / 2];
	int code = remove_folder(d->args, d->dir);
	if (code != CLI_DONE)
		return code;
	system_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(d->community + 2 * i, 3, "%02x", random[i]);
	if (mkdir(d->dir, 0700) < 0)
		return args_failed(d->args, "%s: %s", d->dir, strerror(errno));
	enum st st = folder_replace(d->dir, mark, span_str("This folder was made by trapline demo.\n"));
	if (st == ST_OK)
		st = write_config(d);
	return st ? args_failed(d->args, "%s: %s", d->dir, st == ST_IO ? strerror(errno) : st_text(st)) : CLI_DONE;
}

static void become_collector(const struct demo *d)
{
	char config[FOLDER_PATH], log[FOLDER_PATH];
	if (folder_path(d->dir, config_name, config) || folder_path(d->dir, log_name, log))
		_exit(CLI_FAILED);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(CLI_FAILED);
	sigprocmask(SIG_UNBLOCK, &d->signals, NULL);
	setpgid(0, 0); // Ctrl-C is for the demo, which stops it
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl("/proc/self/exe", "trapline", "serve", "-c", config, "--data", d->dir, (char *)NULL);
	_exit(CLI_FAILED);
}

// A signal came, or the collector is gone.
static bool is_over(struct demo *d)
{
	const struct timespec now = { 0 };
	if (sigtimedwait(&d->signals, NULL, &now) > 0)
		d->stopped = true;
	if (d->collector > 0 && waitpid(d->collector, NULL, WNOHANG) == d->collector) {
		d->collector = 0;
		d->stopped = true;
		args_failed(d->args, "the collector ended; %s/%s says why", d->dir, log_name);
	}
	return d->stopped;
}

static int start_collector(struct demo *d)
{
	struct text body = { 0 }, why = { 0 };
	d->collector = fork();
	if (d->collector == 0)
		become_collector(d);
	if (d->collector < 0)
		return args_failed(d->args, "cannot start a collector: %s", strerror(errno));
	enum st st = ST_NONE;
	for (int ms = 0; ms < START_MS && st != ST_OK && !is_over(d); ms += LOOK_MS) {
		demo_fleet_answer(d->fleet, LOOK_MS);
		text_clear(&body);
		text_clear(&why);
		st = control_ask(d->dir, "/api/v1/status", NULL, &body, &why);
	}
	text_done(&body);
	text_done(&why);
	if (st == ST_OK)
		return CLI_DONE;
	return d->stopped ? CLI_FAILED
	                  : args_failed(d->args, "the collector does not start; see %s/%s", d->dir, log_name);
}

static void stop_collector(struct demo *d)
{
	if (d->collector <= 0)
		return;
	kill(d->collector, SIGTERM);
	waitpid(d->collector, NULL, 0);
	d->collector = 0;
}

static void tell_step(const struct demo *d, const struct demo_step *s)
{
	FILE *to = args_has(d->args, "json") ? stderr : stdout; // a program that reads JSON reads nothing else there
	if (s->told)
		fprintf(to, "%u:%02u  %s\n", s->at / 60, s->at % 60, s->told);
	fflush(to);
}

static int play(struct demo *d)
{
	int64_t began = clock_monotonic();
	const struct demo_step *s;
	for (size_t i = 0; (s = demo_step_at(i)) && !is_over(d); i++) {
		int64_t at = began + s->at * INT64_C(1000000000) / (int64_t)d->speed;
		for (int64_t left; (left = (at - clock_monotonic()) / 1000000) > 0 && !is_over(d);)
			demo_fleet_answer(d->fleet, left < LOOK_MS ? (int)left : LOOK_MS);
		if (d->stopped)
			break;
		enum st st = demo_fleet_play(d->fleet, s);
		if (st)
			return args_failed(d->args, "a device cannot speak: %s", st_text(st));
		tell_step(d, s);
	}
	return d->stopped ? CLI_FAILED : CLI_DONE;
}

// What is known, beside what was expected.
struct verdict {
	bool json, quiet;
	int64_t ids[DEMO_DEVICES]; // of the devices
	unsigned met, strange;
	bool seen[64];
};

static enum st take_device(void *arg, enum row_table t, const void *row)
{
	enum { LAST_OCTET = 15 };
	struct verdict *v = arg;
	const struct device_row *d = row;
	unsigned host = d->ip.n > LAST_OCTET ? d->ip.p[LAST_OCTET] : 0;
	if (host >= 1 && host <= DEMO_DEVICES)
		v->ids[host - 1] = d->id;
	return ST_OK;
}

static bool is_as_expected(const struct demo_expected *e, const struct alarm_row *a)
{
	struct text sentence = { 0 };
	alarm_sentence(a, &sentence);
	bool open = a->state == ALARM_OPEN, text = strstr(text_str(&sentence), e->text) != NULL;
	const char *because = open ? NULL : alarm_because_name(a->because);
	text_done(&sentence);
	return open == !e->because && (!e->because || (because && strstr(because, e->because))) &&
	       strcmp(severity_name((enum severity)a->severity), e->severity) == 0 &&
	       (a->flapping != 0) == e->flapping && text;
}

static void print_alarm(const struct verdict *v, const struct alarm_row *a, bool good)
{
	struct text line = { 0 };
	if (v->quiet)
		return;
	if (v->json) {
		alarm_json(a, NULL, &line);
	} else {
		text_printf(&line, "%s  %s, ", good ? "as expected" : "UNEXPECTED ",
		            severity_name((enum severity)a->severity));
		alarm_sentence(a, &line);
		text_add(&line, a->state == ALARM_OPEN ? "; open" : "; cleared: ");
		if (a->state != ALARM_OPEN)
			text_add(&line, alarm_because_name(a->because));
		if (a->flapping)
			text_add(&line, ", flapping");
	}
	puts(text_str(&line));
	text_done(&line);
}

static enum st take_alarm(void *arg, enum row_table t, const void *row)
{
	struct verdict *v = arg;
	const struct alarm_row *a = row;
	const struct demo_expected *e;
	bool good = false;
	for (size_t i = 0; (e = demo_expected_at(i)); i++)
		if (v->ids[e->device] == a->device && span_equal(a->key, span_str(e->key)) && !v->seen[i]) {
			v->seen[i] = true;
			good = is_as_expected(e, a);
			break;
		}
	v->met += good;
	v->strange += !good;
	print_alarm(v, a, good);
	return ST_OK;
}

static bool judge(const struct demo *d, bool quiet, unsigned *expected)
{
	struct verdict v = { .json = args_has(d->args, "json"), .quiet = quiet };
	struct state *s = NULL;
	struct text why = { 0 };
	enum st st = state_open_reader(d->dir, STATE_FILE, &s, &why);
	if (st == ST_OK)
		st = state_read(s, ROW_DEVICE, STATE_ALL, 0, take_device, &v);
	if (st == ST_OK)
		st = state_read(s, ROW_ALARM, STATE_ALL, 0, take_alarm, &v);
	state_close(s);
	text_done(&why);
	for (*expected = 0; demo_expected_at(*expected);)
		++*expected;
	return st == ST_OK && v.met == *expected && v.strange == 0;
}

// The poller takes its time, whatever the story's speed.
static int settle(struct demo *d)
{
	unsigned expected;
	for (int ms = 0; ms < SETTLE_MS && !is_over(d) && !judge(d, true, &expected); ms += LOOK_MS)
		demo_fleet_answer(d->fleet, LOOK_MS);
	if (d->stopped)
		return CLI_FAILED;
	bool good = judge(d, false, &expected);
	fflush(stdout);
	fprintf(stderr,
	        good ? "all %u alarms are as the story has them\n"
	             : "not all of the %u alarms are as the story has them\n",
	        expected);
	return good ? CLI_DONE : CLI_FINDINGS;
}

static int run(struct demo *d)
{
	int code = start_collector(d);
	if (code == CLI_DONE) {
		fprintf(stderr,
		        "a fleet of %d devices, simulated, with a collector of its own in %s; look at it with\n"
		        "  trapline alarms --data %s\n  trapline devices --data %s\n",
		        DEMO_DEVICES, d->dir, d->dir, d->dir);
		code = play(d);
	}
	if (code == CLI_DONE)
		code = settle(d);
	if (code == CLI_FAILED && d->stopped && d->collector > 0)
		args_failed(d->args, "ended before its story was over: no alarm was compared");
	if (code != CLI_FAILED && !args_has(d->args, "once")) {
		fprintf(stderr,
		        "the devices go on answering; Ctrl-C ends it, trapline demo --remove takes all of it away\n");
		while (!is_over(d))
			demo_fleet_answer(d->fleet, LOOK_MS);
	}
	stop_collector(d);
	return code;
}

int cmd_demo(const struct args *a)
{
	const char *dir = args_value(a, "data");
	struct demo d = { .args = a, .dir = dir ? dir : "trapline-demo", .speed = 1 };
	if (!args_number(a, "speed", 1, SPEED_MAX, &d.speed))
		return CLI_USAGE;
	enum st st = demo_fleet_new(d.community, &d.fleet);
	if (st == ST_IN_USE)
		return args_failed(a, "another demo runs; end it first");
	if (st)
		return args_failed(a, "no devices can be simulated: %s", st_text(st));
	sigemptyset(&d.signals);
	sigaddset(&d.signals, SIGINT);
	sigaddset(&d.signals, SIGTERM);
	int code;
	if (args_has(a, "remove")) {
		code = remove_folder(a, d.dir);
	} else {
		sigprocmask(SIG_BLOCK, &d.signals, NULL);
		code = make_folder(&d);
		if (code == CLI_DONE)
			code = run(&d);
		sigprocmask(SIG_UNBLOCK, &d.signals, NULL);
	}
	demo_fleet_free(d.fleet);
	return code;
}
