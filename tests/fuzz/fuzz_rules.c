// SPDX-License-Identifier: Apache-2.0
// Any bytes as a rule file. What is taken without complaint compiles, and has a hash of its own.
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alarm/rules.h"
#include "daemon/rule_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[32];
	int fd = memfd_create("rules", MFD_CLOEXEC);
	fuzz_require(fd >= 0 && write(fd, data, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	const char *const paths[] = { path };
	struct rule_set set;
	struct config_report report = { 0 };
	fuzz_require(rule_set_read(paths, 1, &set, &report) == ST_OK);
	fuzz_require(!report.errors || (!set.count && !set.list.n));
	if (!report.errors) {
		struct rules *rules = NULL;
		struct text why = { 0 };
		fuzz_require(rules_compile(span_of(set.list.p, set.list.n), &rules, &why) == ST_OK);
		fuzz_require(rules->count == set.count && set.hash.n == 64);
		rules_free(rules);
		text_done(&why);
	}
	text_done(&report.text);
	rule_set_done(&set);
	close(fd);
	return 0;
}
