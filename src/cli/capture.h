// SPDX-License-Identifier: Apache-2.0
// A capture file (pcap or pcapng) read by libpcap, which only this file's .c includes.
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include <stdio.h>

#include "base/json.h"
#include "cli/packet.h"

struct capture;

// Opens a file, "-" for stdin; or (capture_of) takes over a stream. ST_OK, ST_SYNTAX or ST_NO_MEMORY, and `why` says it.
enum st capture_open(const char *path, struct capture **out, struct text *why);
enum st capture_of(FILE *file, struct capture **out, struct text *why);
// The next packet and its time (nanoseconds since the epoch); it is valid until the next call. ST_NONE: the end.
// ST_DAMAGED: the file ends or goes on in another way than it should, `why` says how.
enum st capture_next(struct capture *c, struct packet *out, int64_t *at, struct text *why);
void capture_close(struct capture *c); // NULL is fine

#endif
