// SPDX-License-Identifier: Apache-2.0
// What people do to alarms, asked of the running collector: the body of the request, who asks, and the answer in words.
#ifndef CLI_ACT_H
#define CLI_ACT_H

#include "base/json.h"
#include "cli/options.h"

// Members `by` and `note` into an open object: --by, else the user who called sudo, else the user who runs this.
void act_who(const struct args *a, struct json *j);
// POSTs `body` to /api/v1/PATH. Prints the answer with --json, else a line: `done` and what it was done to. CLI_DONE or
// CLI_FAILED.
int act_post(const struct args *a, const char *dir, const char *path, const struct text *body, const char *done);

#endif
