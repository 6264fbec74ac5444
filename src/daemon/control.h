// SPDX-License-Identifier: Apache-2.0
// DIR/control: what may be asked of the running collector, as routes of the HTTP API.
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

struct collector;
struct control;

// Binds the socket, before lock-in. Returns an exit code, after a line on stderr when it is not 0.
int control_open(const char *dir, struct control **out);
int control_start(struct control *ctl, struct collector *c);
void control_stop(struct control *ctl); // NULL is fine

#endif
