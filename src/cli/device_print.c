// SPDX-License-Identifier: Apache-2.0
#include "cli/device_print.h"

#include <jansson.h>
#include <stdio.h>

static json_t *parse(const struct text *t)
{
	return t->n ? json_loadb(t->p, t->n, JSON_DECODE_ANY, NULL) : NULL;
}

static void print_state(const json_t *status, const json_t *errors)
{
	size_t i;
	const json_t *e;
	printf("   %s", json_string_value(status) ? json_string_value(status) : "status not said");
	json_array_foreach(errors, i, e) printf(", %s", json_string_value(e) ? json_string_value(e) : "?");
	putchar('\n');
}

// A text of a device in an event is one clean line already.
static void print_supply(const json_t *s)
{
	const char *name = json_string_value(json_object_get(s, "description"));
	const json_t *percent = json_object_get(s, "percent"), *level = json_object_get(s, "level");
	long long left = json_integer_value(level);
	printf("   %s: ", name ? name : "a supply");
	if (percent)
		printf("%lld %%\n", (long long)json_integer_value(percent));
	else if (level && left == -3) // prtMarkerSuppliesLevel, RFC 3805
		puts("some is left");
	else if (level && left >= 0)
		printf("%lld left\n", left);
	else
		puts("not said");
}

void device_print_readings(const struct device_readings *r)
{
	json_t *status = parse(&r->value[READING_STATUS]), *errors = parse(&r->value[READING_ERRORS]);
	json_t *supplies = parse(&r->value[READING_SUPPLIES]), *s;
	size_t i;
	if (status || errors)
		print_state(status, errors);
	json_array_foreach(supplies, i, s) print_supply(s);
	json_decref(status);
	json_decref(errors);
	json_decref(supplies);
}
