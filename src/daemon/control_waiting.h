// SPDX-License-Identifier: Apache-2.0
// Routes about what waits. /api/v1/waiting: all of it, an object a line; below it ID: one item with its messages; ID/allow
// and ID/deny: what an operator decides. Allow takes an object with label, from, user, auth, auth-password, priv, priv-password
// and level, all of them optional strings, or no body.
#ifndef DAEMON_CONTROL_WAITING_H
#define DAEMON_CONTROL_WAITING_H

#include "web/api.h"

api_route_fn control_get_waiting, control_get_one, control_post_one;

#endif
