// SPDX-License-Identifier: Apache-2.0
// Reading one configuration file from disk into a tree.
#ifndef DAEMON_CONFIG_FILE_H
#define DAEMON_CONFIG_FILE_H

#include <stdbool.h>

#include "daemon/config_tree.h"

// Reads `path` into the empty tree `t`; complains into `report`. With `optional` a file that is not there or is empty is
// no complaint. ST_OK also when there were complaints; ST_NO_MEMORY.
enum st config_file_read(const char *path, bool optional, struct config_tree *t, struct config_report *report);

#endif
