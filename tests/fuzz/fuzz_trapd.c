// SPDX-License-Identifier: Apache-2.0
// Any bytes as an snmptrapd.conf: what is made of it must be read by the configuration's own reader without an error.
#include <stdlib.h>
#include <string.h>

#include "cli/trapd.h"
#include "fuzz.h"

static void include(void *arg, const char *name, bool folder, struct config_place at)
{
}

static void read_lines(struct trapd *t, const uint8_t *p, const uint8_t *end)
{
	struct config_place at = { "fuzz", 0, 0 };
	while (p < end) {
		const uint8_t *stop = memchr(p, '\n', (size_t)(end - p));
		at.line++;
		trapd_line(t, at, span_of(p, (size_t)((stop ? stop : end) - p)), include, NULL);
		p = stop ? stop + 1 : end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct config_tree *made = config_tree_new(), *again = config_tree_new();
	struct config_report report = { 0 };
	struct trapd t = { 0 };
	struct text yaml = { 0 };
	if (!copy || !made || !again)
		abort();
	if (n)
		memcpy(copy, data, n);
	read_lines(&t, copy, copy + n);
	if (trapd_write(&t, made))
		abort();
	config_tree_write(made, false, &yaml);
	enum st st = config_tree_read(again, span_of(text_str(&yaml), yaml.n), "again.yaml", &report);
	if ((st && st != ST_NONE) || report.errors)
		abort();
	trapd_done(&t);
	text_done(&yaml);
	text_done(&report.text);
	config_tree_free(made);
	config_tree_free(again);
	free(copy);
	return 0;
}
