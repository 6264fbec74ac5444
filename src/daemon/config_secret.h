// SPDX-License-Identifier: Apache-2.0
// Secrets that stand in files of their own (`...-file` keys).
#ifndef DAEMON_CONFIG_SECRET_H
#define DAEMON_CONFIG_SECRET_H

#include "daemon/config_put.h"
#include "daemon/limits.h"

enum { CONFIG_SECRET_ROOM = CONFIG_SECRET_MAX + 3 }; // one octet over the limit, and a line end

// The secret in the regular file that the setting names, without its last line end; the file's folder is noted in
// config->folders. Complains itself; 0: nothing usable. The caller wipes `out`.
// The folder of a file that the configuration names stays readable after lock-in.
void config_note_folder(struct config_build *b, const char *path);
size_t config_read_secret(struct config_build *b, const struct setting *s, uint8_t out[static CONFIG_SECRET_ROOM]);

#endif
