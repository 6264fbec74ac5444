// SPDX-License-Identifier: Apache-2.0
// Locking in: no new privileges, then Landlock, then the system call filter, in this order, because each needs what
// the next one takes away. Called by the daemon once everything is opened. What is allowed stands in io/calls.c.
#include "io/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/calls.h"
#include "io/landlock.h"

static void filter_release(scmp_filter_ctx *f)
{
	int error = errno;
	seccomp_release(*f);
	errno = error;
}

static int allow_all(scmp_filter_ctx f, const int *calls)
{
	int failed = 0;
	for (; *calls != CALLS_END && !failed; calls++)
		failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, *calls, 0);
	return failed;
}

static int allow_if(scmp_filter_ctx f, const struct call_if *c)
{
	int failed = 0;
	for (; c->number != CALLS_END && !failed; c++)
		failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, c->number, 1,
		                          SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
	return failed;
}

static int allow_on_self(scmp_filter_ctx f, const int *calls)
{
	int failed = 0;
	for (; *calls != CALLS_END && !failed; calls++)
		failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, *calls, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return failed;
}

// Every function here returns 0 or a negative errno, as libseccomp does.
static int filter_fill(scmp_filter_ctx f)
{
	int failed = allow_all(f, calls_allowed);
	if (!failed)
		failed = allow_all(f, calls_extra);
	if (!failed)
		failed = allow_if(f, calls_if);
	if (!failed)
		failed = allow_on_self(f, calls_on_self);
	// Its flags are behind a pointer, which a filter cannot follow; told that it is missing, glibc uses clone.
	if (!failed)
		failed = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	// A search tree instead of a list of more than a hundred comparisons.
	if (!failed)
		failed = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return failed;
}

static enum st filter_enter(bool *entered)
{
	*entered = false;
	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL)
		return ST_OK; // a kernel without it
	scmp_filter_ctx scoped(filter_release) f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!f)
		return ST_NO_MEMORY;
	int failed = filter_fill(f);
	if (!failed)
		failed = seccomp_load(f);
	if (failed) {
		errno = -failed;
		return ST_SYSTEM;
	}
	*entered = true;
	return ST_OK;
}

enum st sandbox_enter(const struct sandbox *s, struct sandbox_state *out)
{
	struct sandbox_state state = { 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ST_SYSTEM;
	enum st st = landlock_enter(s, &state.landlock_abi);
	if (st == ST_OK)
		st = filter_enter(&state.seccomp);
	if (st == ST_OK)
		*out = state;
	return st;
}
