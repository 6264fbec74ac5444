// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file: read, written out and read again; what was accepted must come back the same.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct config_tree *a = config_tree_new(), *b = config_tree_new();
	if (!copy || !a || !b)
		abort();
	if (n)
		memcpy(copy, data, n);
	struct config_report report = { 0 }, again = { 0 };
	struct text first = { 0 }, second = { 0 };
	enum st st = config_tree_read(a, span_of(copy, n), "fuzz.yaml", &report);
	config_tree_write(a, false, &first);
	if (st == ST_OK && first.n) {
		if (config_tree_read(b, span_of(first.p, first.n), "again.yaml", &again) || again.errors)
			abort();
		config_tree_write(b, false, &second);
		if (!span_equal(span_of(first.p, first.n), span_of(second.p, second.n)))
			abort();
	}
	text_done(&first);
	text_done(&second);
	text_done(&report.text);
	text_done(&again.text);
	config_tree_free(a);
	config_tree_free(b);
	free(copy);
	return 0;
}
