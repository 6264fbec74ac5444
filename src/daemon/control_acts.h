// SPDX-License-Identifier: Apache-2.0
// What people do to alarms, over DIR/control. Each is answered when its event is on disk and the alarm follower has seen it, with
// what it was done to: { "event": ID, "alarm": {...} }, or "silence", or "device". 202 without that: it is on disk, and the
// state is behind.
#ifndef DAEMON_CONTROL_ACTS_H
#define DAEMON_CONTROL_ACTS_H

#include "web/api.h"

// api_route_fn; arg is the collector.
unsigned control_post_alarm(void *arg, const struct api_request *request,
                            struct text *body); // /alarms/ID/ack, unack, clear
unsigned control_post_silences(void *arg, const struct api_request *request, struct text *body); // a new one
unsigned control_post_silence(void *arg, const struct api_request *request, struct text *body);  // /silences/ID/end
unsigned control_post_device(void *arg, const struct api_request *request, struct text *body);   // /devices/ID/merge

#endif
