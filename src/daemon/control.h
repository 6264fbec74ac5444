// SPDX-License-Identifier: Apache-2.0
// DIR/control: what may be asked of the running collector, as routes of the HTTP API (web/api.h).
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

struct api;
struct collector;

// Binds the socket, before lock-in; api_stop ends it. Returns an exit code, after a line on stderr when it is not 0.
int control_open(const char *dir, struct api **out);
int control_start(struct api *api, struct collector *c);

#endif
