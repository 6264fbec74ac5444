// SPDX-License-Identifier: Apache-2.0
#include "cli/run_loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "io/sandbox.h"

static void on_signal(void *arg, uint32_t events)
{
	loop_stop(arg);
}

int run_loop(const struct args *a, struct loop *l)
{
	struct sandbox box = { 0 };
	struct sandbox_state state;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int scoped(fd_close) signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	enum st st = signals < 0 ? ST_SYSTEM : loop_add(l, signals, EPOLLIN, on_signal, l);
	if (st == ST_OK)
		st = sandbox_enter(&box, &state);
	if (st == ST_OK)
		st = loop_run(l);
	if (signals >= 0)
		loop_remove(l, signals);
	return st ? args_failed(a, "cannot run: %s", strerror(errno)) : CLI_DONE;
}
