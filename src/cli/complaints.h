// SPDX-License-Identifier: Apache-2.0
// What a file's reader complained of, as `--json` has it.
#ifndef CLI_COMPLAINTS_H
#define CLI_COMPLAINTS_H

#include "daemon/config_report.h"

// Prints one object for each complaint, then one that sums up.
void complaints_json(const struct config_report *report);

#endif
