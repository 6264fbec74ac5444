// SPDX-License-Identifier: Apache-2.0
// Asking the running collector over DIR/control.
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "base/json.h"
#include "base/status.h"

// One request; `post` may be NULL for GET, else the body to POST. ST_OK with the answer's body when the collector said
// 2xx. ST_NONE: no collector runs there; ST_DENIED; ST_IO: it refused or broke off. `why` gets a sentence.
enum st control_ask(const char *dir, const char *path, const char *post, struct text *body, struct text *why);

#endif
