// SPDX-License-Identifier: Apache-2.0
// The collector's snapshot laid out for a person. This file alone includes jansson: its names and those of base/json.h are
// the same words.
#include "cli/status_print.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

static long long number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

static const char *string(const json_t *in, const char *key)
{
	const char *s = json_string_value(json_object_get(in, key));
	return s ? s : "";
}

// A reason's name in words.
static const char *reason_text(const char *name)
{
	for (int i = 0; i < ST_COUNT; i++)
		if (strcmp(st_name((enum st)i), name) == 0)
			return st_text((enum st)i);
	return name;
}

static long long sum_refused(const json_t *in)
{
	long long sum = 0;
	const char *name;
	json_t *count, *refused = json_object_get(in, "refused");
	json_object_foreach(refused, name, count) sum += json_integer_value(count);
	return sum;
}

static void print_counts(const json_t *s)
{
	// The ends a message may have, in the contract's order; they sum to received.
	static const char *const ends[] = { "stored",  "duplicate", "answered", "waiting",
		                            "evicted", "denied",    "limited",  "in_flight" };
	printf("received %lld:", number(s, "received"));
	const char *before = " ";
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (i > 1 && number(s, ends[i]) == 0)
			continue;
		printf("%s%s %lld", before, ends[i], number(s, ends[i]));
		before = ", ";
	}
	printf("%srefused %lld\n", before, sum_refused(s));
	const char *name;
	json_t *count;
	json_object_foreach(json_object_get(s, "refused"), name, count)
	        printf("  refused %-8lld %s: %s\n", (long long)json_integer_value(count), name, reason_text(name));
	printf("acknowledged %lld informs; dropped by the kernel before they were received: %lld\n",
	       number(s, "acknowledged"), number(s, "kernel_dropped"));
}

static void print_listeners(const json_t *s)
{
	size_t i;
	json_t *l;
	puts("listeners:");
	json_array_foreach(json_object_get(s, "listeners"), i, l)
	{
		printf("  %-24s %s", string(l, "name"), string(l, "state"));
		if (*string(l, "why"))
			printf(" (%s)", string(l, "why"));
		else
			printf(", received %lld, stored %lld, refused %lld, dropped by the kernel %lld",
			       number(l, "received"), number(l, "stored"), sum_refused(l), number(l, "kernel_dropped"));
		if (number(l, "buffer"))
			printf(", buffer %lld kB", number(l, "buffer") / 1024);
		if (json_object_get(l, "connections"))
			printf(", connections %lld", number(l, "connections"));
		putchar('\n');
	}
}

static void print_journal(const json_t *s)
{
	const json_t *j = json_object_get(s, "journal");
	bool ok = strcmp(string(j, "state"), "ok") == 0;
	printf("journal: %s, next id %lld, %lld kB", ok ? "writing" : "NOT WRITING", number(j, "next_id"),
	       number(j, "bytes") / 1024);
	if (*string(j, "why"))
		printf(" (%s)", string(j, "why"));
	if (!ok)
		printf(", since %s", string(j, "since"));
	putchar('\n');
}

static void print_engines(const json_t *s)
{
	const json_t *e = json_object_get(s, "engines");
	if (number(e, "known") || number(e, "evicted"))
		printf("SNMPv3 engines: %lld known, %lld forgotten for want of room\n", number(e, "known"),
		       number(e, "evicted"));
}

static void print_alarms(const json_t *s)
{
	size_t i;
	const json_t *f, *p = json_object_get(s, "poller");
	json_array_foreach(json_object_get(s, "followers"), i, f)
	{
		printf("%s: %lld open, %lld devices", string(f, "name"), number(f, "open"), number(f, "devices"));
		if (*string(f, "why"))
			printf(", NOT FOLLOWING (%s)", string(f, "why"));
		if (number(f, "lag"))
			printf(", %lld events behind", number(f, "lag"));
		putchar('\n');
	}
	if (number(p, "wanted"))
		printf("asked back: %lld rounds, %lld answered, %lld failed; %lld not asked (trapline devices says "
		       "why)\n",
		       number(p, "asked"), number(p, "answered"), number(p, "failed"), number(p, "refused"));
}

static void print_room(const json_t *s)
{
	const json_t *room = json_object_get(s, "room");
	if (number(room, "items"))
		printf("waiting to be allowed: %lld messages of %lld senders; see them with: trapline waiting list\n",
		       number(room, "messages"), number(room, "items"));
}

static void print_tunnel(const json_t *s)
{
	const json_t *t = json_object_get(s, "tunnel");
	const char *name;
	size_t i;
	json_t *x;
	long long dropped = 0;
	if (!number(t, "pairs") && !number(t, "received"))
		return;
	json_object_foreach(json_object_get(t, "dropped"), name, x) dropped += json_integer_value(x);
	printf("tunnels: %lld pairs of keys, %s; received %lld: delivered %lld, pings answered %lld, keepalives %lld, "
	       "IKE "
	       "%lld, fragments %lld, dropped %lld\n",
	       number(t, "pairs"), string(t, "crypto"), number(t, "received"), number(t, "delivered"),
	       number(t, "answered"), number(t, "keepalive"), number(t, "ike"), number(t, "fragment"), dropped);
	json_object_foreach(json_object_get(t, "dropped"), name, x)
	        printf("  dropped %-8lld %s: %s\n", (long long)json_integer_value(x), name, reason_text(name));
	json_object_foreach(json_object_get(json_object_get(t, "keyer"), "refused"), name, x)
	        printf("  IKE     %-8lld %s: %s\n", (long long)json_integer_value(x), name, reason_text(name));
	json_array_foreach(json_object_get(t, "sites"), i, x)
	{
		printf("  site %-16s %s at %s, packets in %lld out %lld", string(x, "name"), string(x, "suite"),
		       *string(x, "peer") ? string(x, "peer") : "(not heard yet)", number(x, "packets_in"),
		       number(x, "packets_out"));
		if (json_is_integer(json_object_get(x, "heard_seconds")))
			printf(", heard %lld s ago", number(x, "heard_seconds"));
		putchar('\n');
	}
}

static void print_status(const json_t *s)
{
	const json_t *sandbox = json_object_get(s, "sandbox");
	const char *config = string(s, "config");
	size_t i;
	json_t *w;
	printf("trapline %s since %s, %lld workers\n", string(s, "version"), string(s, "since"), number(s, "workers"));
	printf("data %s, configuration %s\n", string(s, "data"), *config ? config : "built-in");
	print_counts(s);
	print_listeners(s);
	print_journal(s);
	print_alarms(s);
	print_engines(s);
	print_room(s);
	print_tunnel(s);
	printf("locked in: seccomp %s, Landlock %s\n", json_is_true(json_object_get(sandbox, "seccomp")) ? "yes" : "no",
	       number(sandbox, "landlock_abi") ? "yes" : "not in this kernel");
	json_array_foreach(json_object_get(s, "warnings"), i, w)
	        printf("warning: %s\n", json_string_value(w) ? json_string_value(w) : "");
}

bool status_print(const char *text, size_t n)
{
	json_t *s = json_loadb(text, n, 0, NULL);
	bool ok = json_is_object(s);
	if (ok)
		print_status(s);
	json_decref(s);
	return ok;
}
