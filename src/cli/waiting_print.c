// SPDX-License-Identifier: Apache-2.0
#include "cli/waiting_print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static long long number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

static const char *string(const json_t *in, const char *key)
{
	const char *s = json_string_value(json_object_get(in, key));
	return s ? s : "";
}

// A sender's own words, without what would move the cursor.
static void print_clean(const char *format, const char *s)
{
	struct text t = { 0 };
	text_clean(&t, span_str(s));
	printf(format, text_str(&t));
	text_done(&t);
}

// The next object of a text of lines; NULL at its end. *lines moves on, *line is what was read of it.
static json_t *next_object(const char **lines, struct span *line)
{
	while (**lines) {
		size_t n = strcspn(*lines, "\n");
		*line = span_of(*lines, n);
		*lines += n + ((*lines)[n] != 0);
		json_t *o = json_loadb((const char *)line->p, n, 0, NULL);
		if (json_is_object(o))
			return o;
		json_decref(o);
	}
	return NULL;
}

// "2026-11-20T22:33:28.123456789Z" down to the second.
static void print_time(const char *time)
{
	enum { TO_THE_SECOND = 19 };
	printf("%.*sZ", TO_THE_SECOND, time);
}

static void print_row(const json_t *o)
{
	bool v3 = strcmp(string(o, "version"), "3") == 0;
	printf("%6lld  ", number(o, "id"));
	print_time(string(o, "last"));
	printf(" %7lld  %-24s %-2s ", number(o, "count"), string(o, "peer"), string(o, "version"));
	print_clean(v3 ? "user '%s'" : "%s", string(o, v3 ? "user" : "community"));
	if (*string(o, "site"))
		print_clean(", site %s", string(o, "site"));
	printf(": %s\n", string(o, "reason"));
}

static void print_heading(void)
{
	puts("    id  last                   count  peer                     v  who: why it waits");
}

void waiting_print_list(const char *lines)
{
	struct span line;
	json_t *o = next_object(&lines, &line);
	if (!o) {
		fputs("nothing waits\n", stderr);
		return;
	}
	print_heading();
	for (; o; o = next_object(&lines, &line)) {
		print_row(o);
		json_decref(o);
	}
}

static void print_message(const json_t *m)
{
	const json_t *event = json_object_get(m, "event");
	printf("  %s  %s, %lld octets", string(m, "received"), string(m, "transport"), number(m, "octets"));
	if (json_is_object(event))
		print_clean(": %s\n", string(event, "text"));
	else
		puts(", encrypted or unreadable");
}

bool waiting_print_one(const char *object)
{
	size_t i;
	json_t *m, *o = json_loads(object, 0, NULL);
	bool good = json_is_object(o);
	if (good) {
		print_heading();
		print_row(o);
		printf("first %s, last %s\n", string(o, "first"), string(o, "last"));
		if (*string(o, "engine"))
			printf("engine %s\n", string(o, "engine"));
		if (*string(o, "oid"))
			printf("oid %s\n", string(o, "oid"));
		printf("%lld of %lld messages are kept:\n", number(o, "kept"), number(o, "count"));
		json_array_foreach(json_object_get(o, "messages"), i, m) print_message(m);
	}
	json_decref(o);
	return good;
}

void waiting_print_decision(const char *what, const char *object)
{
	json_t *o = json_loads(object, 0, NULL);
	bool allowed = strcmp(what, "allow") == 0;
	printf("%lld: %s\n", number(o, "id"),
	       allowed ? "allowed; what waited is in the journal" : "denied; it will not wait again");
	fputs(string(o, "said"), stderr);
	json_decref(o);
}

// True when it was not shown with this count.
static bool is_news(struct waiting_seen *seen, long long id, long long count)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->list[i].id == id) {
			bool more = seen->list[i].count != count;
			seen->list[i].count = count;
			return more;
		}
	struct waiting_seen_one *more = reallocarray(seen->list, seen->n + 1, sizeof *more);
	if (more) {
		seen->list = more;
		seen->list[seen->n++] = (struct waiting_seen_one){ id, count };
	}
	return true;
}

void waiting_print_news(struct waiting_seen *seen, const char *lines, bool json)
{
	struct span line;
	for (json_t *o; (o = next_object(&lines, &line)); json_decref(o)) {
		if (!is_news(seen, number(o, "id"), number(o, "count")))
			continue;
		if (json)
			printf("%.*s\n", (int)line.n, (const char *)line.p);
		else
			print_row(o);
	}
}
