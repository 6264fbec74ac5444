// SPDX-License-Identifier: Apache-2.0
// `trapline explain`: the dictionary's entry of a name or number.
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "mib/mib.h"

enum { LABEL_FROM = -1, LABEL_TO = 65535 }; // the numbers that are asked for labels; PrtAlertCodeTC ends at 1,999

static void print_json(const struct oid *o, const struct mib_object *m)
{
	struct text out = { 0 }, part = { 0 };
	struct json j = json_of(&out);
	json_open(&j, '{');
	oid_text(o, &part);
	json_key_str(&j, "oid", text_str(&part));
	text_clear(&part);
	mib_name(o, &part);
	json_key_str(&j, "name", text_str(&part));
	json_key_str(&j, "object", m->name);
	json_key_str(&j, "object_oid", m->oid);
	json_key_str(&j, "syntax", m->syntax ? m->syntax : "");
	json_key_str(&j, "meaning", m->meaning ? m->meaning : "");
	json_key(&j, "labels");
	json_open(&j, '{');
	for (int64_t i = LABEL_FROM; m->convention && i <= LABEL_TO; i++) {
		const char *label = mib_label(m->convention, i);
		char number[24];
		snprintf(number, sizeof number, "%" PRId64, i);
		if (label)
			json_key_str(&j, number, label);
	}
	json_close(&j, '}');
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&part);
	text_done(&out);
}

static void print_text(const struct oid *o, const struct mib_object *m)
{
	struct text name = { 0 }, number = { 0 };
	mib_name(o, &name);
	oid_text(o, &number);
	printf("%s\n  number   %s\n", text_str(&name), text_str(&number));
	if (m->syntax && *m->syntax)
		printf("  type     %s\n", m->syntax);
	if (m->meaning && *m->meaning)
		printf("  meaning  %s\n", m->meaning);
	const char *head = "  values  ";
	for (int64_t i = LABEL_FROM; m->convention && i <= LABEL_TO; i++) {
		const char *label = mib_label(m->convention, i);
		if (label)
			printf("%s %" PRId64 " %s\n", head, i, label);
		head = label ? "          " : head;
	}
	text_done(&name);
	text_done(&number);
}

int cmd_explain(const struct args *a)
{
	struct oid o = { 0 };
	size_t matched = 0;
	const char *text = a->operands[0];
	if (mib_parse(text, &o))
		return args_failed(
		        a, "%s: no name that is known here, and no OID; OIDs are written 1.3.6.1.2.1.43.18.2.0.1",
		        text);
	const struct mib_object *m = mib_lookup(&o, &matched);
	if (!m)
		return args_failed(a, "%s: nothing is known about it or what is above it", text);
	if (args_has(a, "json"))
		print_json(&o, m);
	else
		print_text(&o, m);
	return CLI_DONE;
}
