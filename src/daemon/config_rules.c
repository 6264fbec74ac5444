// SPDX-License-Identifier: Apache-2.0
// The configuration's rule files.
#include <stdlib.h>

#include "daemon/config_put.h"
#include "daemon/config_secret.h"

void put_rules(struct config_build *b, void *target, const struct setting *list)
{
	char **paths = NULL;
	size_t n = 0;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		char **more = reallocarray(paths, n + 1, sizeof *more);
		char *path = more ? config_path(b, item) : NULL;
		paths = more ? more : paths;
		if (!path) {
			b->st = ST_NO_MEMORY;
			break;
		}
		paths[n++] = path;
		config_note_folder(b, path);
	}
	if (b->st == ST_OK)
		b->st = rule_set_read((const char *const *)paths, n, &b->config->rules, b->report);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}
